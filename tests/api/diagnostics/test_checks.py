from __future__ import annotations

import http.server
import json
import os
import pwd
import shutil
import tempfile
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.diagnostics import checks
from api.diagnostics.check import Check
from api.diagnostics.checks import check_everything
from cli import main
from pipeline.jail.jail import Locks
from records.clock import utcnow
from records.ledger.workers import beat
from records.settings import Settings
from records.views.queue_stats import queue_figures
from tests.databases import make_tables
from tests.effects import open_alone
from tests.servers import RedisServer, free_port


def check(settings: Settings, part: str) -> Check:
    [found] = [one for one in check_everything(settings) if one.part == part]
    return found


@pytest.fixture
def well(tmp_path: Path) -> Settings:
    """The settings of an empty service that is well."""
    settings = Settings(data_dir=tmp_path / "data", min_free_bytes=0)
    make_tables(settings)
    return settings


def test_every_part_of_a_new_service_is_well(well: Settings) -> None:
    found = list(check_everything(well))
    assert {one.part for one in found} >= {"Python", "ffmpeg", "fonts", "folders", "disk", "database", "clock", "queue"}
    assert [one.part for one in found if one.state == "bad"] == ["workers"]


def test_no_worker_is_bad_until_one_takes_jobs(well: Settings) -> None:
    assert check(well, "workers").remedy == "Start one: docker compose up -d worker, or vigpack up on one machine."
    database = open_alone(well)
    beat(database, "here:1", utcnow())
    assert check(well, "workers").state == "ok"
    beat(database, "there:1", utcnow(), jail="none", jail_missing_because="only Linux has it")
    database.dispose()
    found = check(well, "workers")
    assert found.state == "warn"
    assert found.found == "2 take jobs; 1 without a jail for films, there:1 because only Linux has it"


def test_what_decodes_films_is_named_and_missed_only_where_it_was_asked_for(well: Settings) -> None:
    off = check(well.model_copy(update={"decode_by": "off"}), "decoding")
    assert (off.state, off.found) == ("ok", "by the processor: VIGPACK_DECODE_BY is off")
    named = check(well.model_copy(update={"decode_by": "videotoolbox"}), "decoding")
    assert (named.state, named.found) == ("warn", "by the processor: there is no device that ffmpeg calls videotoolbox")
    database = open_alone(well)
    beat(database, "here:1", utcnow(), decoding=named.found)
    with database.reading() as session:
        [told] = queue_figures(session, well, utcnow()).workers
    database.dispose()
    assert told.decoding == named.found  # as the IT page has it


def test_a_proxy_that_browsers_do_not_reach_is_bad(well: Settings) -> None:
    away = well.model_copy(update={"proxy_url": "https://localhost", "proxy_via": f"127.0.0.1:{free_port()}"})
    found = check(away, "proxy")
    assert (found.state, "--force-recreate proxy" in found.remedy) == ("bad", True)


@pytest.mark.parametrize(
    ("changes", "state", "found"),
    [
        ({"token": SecretStr("t" * 20), "local_accounts": True}, "warn", "VIGPACK_TOKEN: one factor"),
        ({"local_accounts": True}, "warn", "no list of stolen ones"),
        ({"local_accounts": True, "breached_passwords": Path("list")}, "ok", "two factors"),
    ],
    ids=["shared", "without a list", "with a list"],
)
def test_doctor_says_what_signing_in_lacks(well: Settings, changes: dict[str, object], state: str, found: str) -> None:
    told = check(well.model_copy(update=changes), "sign-in")
    assert (told.state, found in told.found) == (state, True)


def test_nothing_is_made_where_nothing_was(tmp_path: Path) -> None:
    list(check_everything(Settings(data_dir=tmp_path / "data")))
    assert list(tmp_path.iterdir()) == []


def test_whatever_is_not_well_says_how_to_mend_it(well: Settings) -> None:
    ill = well.model_copy(
        update={
            "ffmpeg": "/bin/true",
            "broker_url": f"redis://127.0.0.1:{free_port()}/0",
            "database_url": f"postgresql+psycopg://ada@127.0.0.1:{free_port()}/none",
            "min_free_bytes": 1 << 60,
            "storage_url": "s3://bucket/here",
            "s3_endpoint": f"http://127.0.0.1:{free_port()}",
            "s3_access_key_id": "key",
            "s3_secret_access_key": SecretStr("secret"),
        }
    )
    bad = {one.part: one.remedy for one in check_everything(ill) if one.state == "bad"}
    assert set(bad) == {"ffmpeg", "queue", "database", "disk", "storage"}
    assert all(bad.values())


def test_an_ffmpeg_that_lacks_a_filter_is_bad(well: Settings, tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text(
        "#!/bin/sh\necho 'ffmpeg version 9.0 Copyright'\necho ' T.. scale V->V Scale'\necho ' V..... libx264 H.264 '\n"
    )
    program.chmod(0o755)
    found = check(well.model_copy(update={"ffmpeg": str(program)}), "ffmpeg")
    assert found.state == "bad"
    assert "zscale" in found.found
    assert "libx264" not in found.found


@pytest.mark.parametrize(
    ("locks", "required", "state"),
    [
        (Locks(namespaces=True, landlock=7, filter=True), True, "ok"),
        (Locks(namespaces=False, landlock=7, filter=True, why_not="no namespaces"), True, "ok"),
        (Locks(namespaces=False, why_not="no namespaces"), False, "warn"),
        (Locks(namespaces=False, why_not="no namespaces"), True, "bad"),
    ],
)
def test_doctor_says_what_keeps_films_in(
    well: Settings, monkeypatch: pytest.MonkeyPatch, locks: Locks, required: bool, state: str
) -> None:
    monkeypatch.setattr("pipeline.jail.jail.find_locks", lambda: locks)
    check = checks.check_jail(well.model_copy(update={"jail_required": required}))
    assert (check.part, check.state) == ("jail", state)
    assert bool(check.remedy) == (state != "ok")
    assert ("no namespaces" in check.found) == bool(locks.why_not)


def test_a_database_of_another_version_is_bad(well: Settings) -> None:
    found = check(well.model_copy(update={"database_url": f"sqlite:///{well.data_dir}/empty.sqlite3"}), "database")
    assert found.state == "bad"
    assert "migrate" in found.remedy


def test_a_postgresql_database_is_well_and_in_time(well: Settings, postgres_url: str) -> None:
    there = well.model_copy(update={"database_url": postgres_url})
    assert check(there, "database").state == "ok"
    assert "database" in check(there, "clock").found


def test_a_clock_that_is_off_is_bad(well: Settings, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MOST_SKEW_S", -1.0)
    assert check(well.model_copy(update={"database_url": postgres_url}), "clock").state == "bad"


def test_a_redis_that_keeps_what_it_is_given_is_well(well: Settings, redis_server: RedisServer) -> None:
    assert check(well.model_copy(update={"broker_url": redis_server.url}), "queue").state == "ok"


def test_a_redis_that_forgets_is_warned_of(well: Settings, empty_redis: RedisServer) -> None:
    empty_redis.client().config_set("appendonly", "no")
    try:
        assert check(well.model_copy(update={"broker_url": empty_redis.url}), "queue").state == "warn"
    finally:
        empty_redis.client().config_set("appendonly", "yes")


def test_a_folder_that_cannot_be_written_is_bad() -> None:
    found = check(Settings(data_dir=Path("/proc/vigpack")), "folders")
    assert found.state == "bad"
    assert found.remedy


@pytest.mark.parametrize("name", ["incoming", "store"])
def test_every_folder_of_the_service_is_looked_at(well: Settings, name: str) -> None:
    assert check(well, "folders").state == "ok"
    shutil.rmtree(well.data_dir / name, ignore_errors=True)
    (well.data_dir / name).write_text("in the way")
    found = check(well, "folders")
    assert found.state == "bad"
    assert str(well.data_dir / name) in found.found
    assert "move it away" in found.remedy


def test_doctor_ends_with_1_where_something_is_bad(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGPACK_FFMPEG", "/bin/true")
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--json"])
    assert ended.value.code == 1
    told = json.loads(capsys.readouterr().out)
    assert {one["part"]: one["state"] for one in told}["ffmpeg"] == "bad"


def test_a_line_that_doctor_gives_can_be_copied(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of another user's, with a path that is longer than the screen is wide."""
    with tempfile.TemporaryDirectory(prefix="vigpack-" + "long-" * 20) as name:
        data, user = Path(name, "data"), os.geteuid()
        data.mkdir()
        Path(name).chmod(0o755)
        if user != 0:
            data.chmod(0o500)
        monkeypatch.setenv("VIGPACK_DATA_DIR", str(data))
        os.seteuid(pwd.getpwnam("nobody").pw_uid if user == 0 else user)
        try:
            with pytest.raises(SystemExit):
                main(["doctor"])
        finally:
            os.seteuid(user)
            data.chmod(0o700)
    [line] = [line for line in capsys.readouterr().out.splitlines() if " ch" in line]
    assert line.endswith(str(data))


def test_doctor_tells_an_incident_report_without_making_anything(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, well: Settings, tmp_path: Path
) -> None:
    monkeypatch.setenv("VIGPACK_DATA_DIR", str(well.data_dir))
    monkeypatch.setenv("VIGPACK_MIN_FREE_BYTES", "0")
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--report"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "VERDICT: bad" in told
    assert "no_worker" in told
    monkeypatch.setenv("VIGPACK_DATA_DIR", str(tmp_path / "nothing"))
    with pytest.raises(SystemExit):
        main(["doctor", "--report"])
    assert "There is no database yet." in capsys.readouterr().out
    assert not (tmp_path / "nothing").exists()


class Answering(http.server.BaseHTTPRequestHandler):
    """Whatever stands at an address: its server's ``said``."""

    def do_GET(self) -> None:
        status, body = self.server.said  # type: ignore[attr-defined]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("said", "state", "words"),
    [
        ((200, b'{"status":"alive"}'), "ok", "vigpack answers at"),
        ((200, b"<html>It works!</html>"), "bad", "something else answers"),
        ((200, b'{"status":"other"}'), "bad", "something else answers"),
        ((502, b""), "bad", "answers 502"),
        (None, "warn", "cannot be reached from here"),
    ],
)
def test_doctor_asks_whether_vigpack_answers_where_browsers_are_told_to_go(
    well: Settings, said: tuple[int, bytes] | None, state: str, words: str
) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Answering) as server:
        server.said = said  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        port = server.server_port if said else free_port()
        found = checks.check_public_url(well.model_copy(update={"public_url": f"http://127.0.0.1:{port}"}))
        server.shutdown()
    assert (found.state, words in found.found) == (state, True)
    assert bool(found.remedy) == (state != "ok")
