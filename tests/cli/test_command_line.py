from __future__ import annotations

import inspect
import json
import re
import socket
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import select

from cli import COMMANDS, main, module_of
from cli.screen import sentence_for
from pipeline.errors import NoSpace
from pipeline.moments import FilmOf
from pipeline.outputs.kinds import KINDS, usual_kinds
from records.database import Database
from records.models import SelectionRow, WorkerRow, utcnow
from records.settings import Settings
from tests.databases import make_tables
from tests.effects import open_alone
from tests.records.cast import add_selection as cast_selection


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command, in this process."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    said = capsys.readouterr()
    code = ended.value.code
    assert isinstance(code, int)
    return code, said.out, said.err


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of an empty, migrated service, named in the environment."""
    monkeypatch.setenv("VIGPACK_DATA_DIR", str(tmp_path / "data"))
    settings = Settings()
    make_tables(settings)
    return settings


@pytest.fixture
def database(home: Settings) -> Database:
    return open_alone(home)


def add_selection(database: Database, family: str) -> None:
    cast_selection(database, {"family": family, "clip": [{"in": 0, "out": 1000}]})


def families(database: Database) -> list[str]:
    with database.reading() as session:
        return [row.family for row in session.query(SelectionRow)]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert all(f"\n  {name} " in out for name in COMMANDS)


@pytest.mark.parametrize(
    "words", [("prepare",), ("erase",), ("migrate", "now"), ("up", "--port", "x"), ("doctor", "--loud")]
)
def test_wrong_usage_ends_with_2(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    code, out, err = run(capsys, *words)
    assert code == 2
    assert out == ""
    assert "Error" in err


def test_an_unknown_command_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "prepair")[0] == 2


def test_version_is_the_distribution_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version") == (0, "0.1.0\n", "")


def test_a_failure_is_one_plain_sentence_on_stderr(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    missing = str(tmp_path / "none.toml")
    code, out, err = run(capsys, "prepare", "none.mp4", "--moments", missing, "--out", str(tmp_path / "out"))
    assert (code, out) == (1, "")
    assert err == "There is no list of moments named none.toml here.\n"


def test_a_failure_is_told_to_a_program_as_json(capsys: pytest.CaptureFixture[str], home: Settings) -> None:
    assert home
    code, out, err = run(capsys, "erase", "K-207", "--json")
    assert code == 1
    assert json.loads(out)["error"] == {"code": "command_failed", "sentence": err.strip()}


def test_a_setting_that_cannot_be_understood_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGPACK_PORT", "eight thousand")
    code, _, err = run(capsys, "doctor")
    assert code == 1
    assert err == "These settings cannot be understood: VIGPACK_PORT.\n"


def test_an_unforeseen_error_shows_its_kind_and_not_its_text() -> None:
    code, sentence = sentence_for(RuntimeError("postgresql://vigpack:secret@db"))
    assert code == "unexpected"
    assert "RuntimeError" in sentence
    assert "secret" not in sentence


def test_a_full_disk_is_told_as_such() -> None:
    assert sentence_for(OSError(28, "No space left on device")) == (NoSpace.code, NoSpace.for_guider)


def test_migrate_can_be_run_again(capsys: pytest.CaptureFixture[str], home: Settings) -> None:
    assert home
    assert run(capsys, "migrate") == (0, "The database is up to date.\n", "")


def test_the_api_refuses_to_be_reached_from_elsewhere_without_a_token(
    capsys: pytest.CaptureFixture[str], home: Settings
) -> None:
    assert home
    code, _, err = run(capsys, "api", "--host", "0.0.0.0", "--port", "1")  # noqa: S104 it is refused
    assert code == 1
    assert "VIGPACK_TOKEN" in err
    assert err.count("\n") == 1


def test_erase_takes_one_family_and_leaves_the_others(capsys: pytest.CaptureFixture[str], database: Database) -> None:
    for family in ("K-104", "K-207", "K-104"):
        add_selection(database, family)
    code, out, _ = run(capsys, "erase", "K-104", "--yes")
    assert code == 0
    assert re.fullmatch(
        r"2 selections of family K-104 erased\.\n"
        r"Certificate [0-9a-f]{32}: 1 cycles, 2 moments, 0 files, 0\.0 MB; copies still out: 0\.\n",
        out,
    )
    assert families(database) == ["K-207"]


def test_erase_asks_and_does_nothing_without_a_yes(
    capsys: pytest.CaptureFixture[str], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_selection(database, "K-104")
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115, PTH123 closed with the process
    assert run(capsys, "erase", "K-104")[0] == 1
    assert families(database) == ["K-104"]


def test_worker_check_fails_where_no_worker_of_this_machine_reported(
    capsys: pytest.CaptureFixture[str], database: Database
) -> None:
    with database.session() as session:
        session.add(WorkerRow(name="elsewhere:1", version="0"))
        session.add(WorkerRow(name=f"{socket.gethostname()}:7", version="0", seen_at=utcnow() - timedelta(hours=1)))
    assert run(capsys, "worker", "--check")[0] == 1


def test_worker_check_is_well_when_one_reported_lately(capsys: pytest.CaptureFixture[str], database: Database) -> None:
    with database.session() as session:
        session.add(WorkerRow(name=f"{socket.gethostname()}:7", version="0"))
    assert run(capsys, "worker", "--check")[0] == 0


def test_a_worker_is_drained_and_back_by_its_name_or_as_all_of_this_machine(
    capsys: pytest.CaptureFixture[str], database: Database
) -> None:
    here, other = f"{socket.gethostname()}:moments", "elsewhere:moments"
    with database.session() as session:
        session.add_all([WorkerRow(name=here, version="0"), WorkerRow(name=other, version="0")])

    def drained() -> list[str]:
        with database.reading() as session:
            return list(session.scalars(select(WorkerRow.name).where(WorkerRow.draining)))

    assert run(capsys, "worker", "--drain") == (
        0,
        f"Worker {here} takes no more jobs and ends with those it has.\n",
        "",
    )
    assert drained() == [here]
    assert "drained" in run(capsys, "worker", "--check")[1]
    assert run(capsys, "worker", "--drain", other)[0] == 0
    assert run(capsys, "worker", "moments", "--undrain")[0] == 0
    assert drained() == [other]
    code, _, sentence = run(capsys, "worker", "--drain", "nobody")
    assert (code, sentence) == (1, "There is no worker of that name.\n")


@pytest.mark.parametrize("words", [("--drain", "--undrain"), ("--check", "--drain")])
def test_a_worker_can_be_asked_one_thing_at_a_time(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    assert run(capsys, "worker", *words)[0] == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_s_summary_is_how_its_own_help_begins(name: str) -> None:
    told = inspect.getdoc(getattr(import_module(f"cli.{module_of(name)}"), module_of(name))) or ""
    summary = COMMANDS[name].removesuffix(".")
    assert told.startswith(summary)
    assert told[len(summary)] in ".,:"


def test_the_help_of_prepare_names_every_further_kind(capsys: pytest.CaptureFixture[str]) -> None:
    further = set(KINDS) - set(usual_kinds(FilmOf.FAMILY_FILM))
    told = " ".join(run(capsys, "prepare", "--help")[1].split())
    assert set(told.partition("Make this too: ")[2].partition(".")[0].split(", ")) == further


def test_governance_writes_each_paper_as_markdown_and_pdf(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "governance", str(tmp_path / "papers"))
    assert (code, "5 papers" in out) == (0, True)
    names = {path.name for path in (tmp_path / "papers").iterdir()}
    assert names >= {"dpia.md", "dpia.pdf", "data-flow.svg", "accessibility-statement.pdf", "record-of-processing.md"}
    code, out, _ = run(capsys, "governance", "--json")
    assert (code, json.loads(out)["is_one_machine"]) == (0, True)
    assert run(capsys, "governance")[0] == 1
