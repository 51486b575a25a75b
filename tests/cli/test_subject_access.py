"""``vigpack subject-access``: opened, written and closed at the console, and nothing decided there."""

from __future__ import annotations

import io
import json
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from pipeline.pack.passphrase import passphrase_words
from records.audit.log import newest
from records.backup.sealing import make_key, parse_identity, unseal
from records.models import HandedOutCopyRow
from records.settings import Settings
from records.subject_access.items import Decision
from records.subject_access.requests import COPY_KIND, check, decide, request_for, view_request
from tests.cli.test_command_line import run
from tests.databases import make_tables
from tests.effects import open_alone
from tests.pipeline.pack.test_sealed import opened
from tests.records.cast import EVERYBODY_HERE
from tests.records.subject_access.families import fill_family

MARKER = "Quittenbaum"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("VIGPACK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("VIGPACK_MIN_FREE_BYTES", "0")
    made = Settings()
    make_tables(made)
    return made


def expect_answer(archived: bytes) -> None:
    with ZipFile(io.BytesIO(archived)) as archive:
        assert archive.testzip() is None
        assert MARKER in archive.read("index.html").decode()


def test_it_is_opened_exported_and_closed_at_the_console(
    home: Settings, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_alone(home)
    family = fill_family(database, home, tmp_path, "K-104", MARKER)
    out = tmp_path / "answer.zip"
    asked = ("--asked-by", "mother Z", "--about", "mother Z", "--about", "child Z", "--received-on", "2026-01-31")
    code, said, _ = run(capsys, "subject-access", "open", "K-104", *asked, "--json")
    told = json.loads(said)
    assert (code, told["state"], told["due_on"], told["undecided"]) == (0, "open", "2026-02-28", told["items"])
    export = ("subject-access", "export", "K-104", "--out", str(out), "--to-whom", "mother Z")
    code, _, why = run(capsys, *export)
    assert (code, out.exists()) == (1, False)
    assert "by name" in why
    with database.session() as session:
        row = request_for(session, family.id)
        for one in view_request(session, row).items:
            decision = Decision.INCLUDE if one.may_include else Decision.LEAVE_OUT
            decide(session, EVERYBODY_HERE, row, one.id, decision, "It is another’s.", one.fingerprint)
        check(session, EVERYBODY_HERE, row, "Ada")
    assert run(capsys, "subject-access", "show", "K-104")[1].endswith("0 to be looked at, 0 to be covered.\n")
    recipient, private = make_key()
    code, _, why = run(capsys, *export, "--recipient", private.splitlines()[-1])
    assert (code, out.exists(), "private key" in why) == (1, False, True)
    assert run(capsys, *export, "--plain", "--recipient", recipient)[0] == 2
    code, said, _ = run(capsys, *export, "--json")
    passphrase = json.loads(said)["passphrase"]
    assert (code, MARKER in said, len(passphrase.split()), set(passphrase.split()) <= set(passphrase_words())) == (
        0, False, 6, True,
    )  # fmt: skip
    assert MARKER.encode() not in out.read_bytes()
    contents, inside = opened(out, passphrase)
    [place] = dict(contents["files"]).values()  # type: ignore[call-overload]
    expect_answer(inside[: place["bytes"]])
    assert out.stat().st_mode & 0o077 == 0
    assert [one.name for one in tmp_path.iterdir() if "answer" in one.name] == ["answer.zip"]
    assert run(capsys, *export)[0] == 1  # it is there already
    out.unlink()
    assert run(capsys, *export, "--recipient", recipient)[0] == 0
    assert MARKER.encode() not in out.read_bytes()
    text = bytearray()
    unseal(out, parse_identity(private), text.extend)
    expect_answer(bytes(text))
    out.unlink()
    assert run(capsys, *export, "--plain")[0] == 0
    expect_answer(out.read_bytes())
    assert out.stat().st_mode & 0o077 == 0
    with monkeypatch.context() as smaller:
        smaller.setattr("cli.subject_access.MOST_SEALED_BYTES", 1)
        code, _, why = run(capsys, *export[:-3], str(tmp_path / "large.zip"), *export[-2:])
        assert (code, "--recipient" in why, (tmp_path / "large.zip").exists()) == (1, True, False)
    assert run(capsys, "subject-access", "close", "K-104")[0] == 0
    assert run(capsys, "subject-access", "show", "K-104")[0] == 1
    with database.reading() as session:
        noted = [line.action for line in newest(session, 100) if line.via == "command_line"]
        its = select(HandedOutCopyRow.carrier).where(HandedOutCopyRow.kind == COPY_KIND)
        left = session.scalars(its.order_by(HandedOutCopyRow.carrier)).all()
    handed = ["hand_out"] * 3
    assert noted[::-1] == ["hold_family", "open_subject_access", *handed, "close_subject_access", "release_family"]
    assert left == ["plain", "sealed", "sealed"]
    database.dispose()
