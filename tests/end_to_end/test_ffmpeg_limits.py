"""Every ffmpeg is the one that was chosen, within the limits that were set: in jobs, previews and commands alike."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from api.app import create_app
from api.diagnostics.checks import check_ffmpeg
from records.settings import GIB, Settings
from tests.api.conftest import client_of
from tests.api.service import SELECTIONS
from tests.databases import make_tables
from tests.effects import woken_by
from tests.footage import RUNNER, numbered_film
from tests.records.cast import take
from tests.worker.service import running_service
from worker import context
from worker.tasks import attempt

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds memory")
SHAPE = {"family": "K-104", "clip": [{"in": 0, "out": 500}]}
FFMPEG_SETTINGS = ("ffmpeg", "job_memory_bytes", "job_file_bytes")
MOMENTS = 'family = "K-104"\n[[clip]]\nin = 0\nout = 500\n'


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    """Settings that name an ffmpeg which notes the limits it was started with."""
    program = tmp_path / "ffmpeg-of-the-house"
    noted = f"echo $(ulimit -d) $(ulimit -f) >> '{program}.noted'"
    program.write_text(f"#!/bin/sh\n{noted}\nexec '{RUNNER.executable()}' \"$@\"\n")
    program.chmod(0o755)
    return Settings(
        data_dir=tmp_path, min_free_bytes=0, ffmpeg=str(program), job_memory_bytes=GIB, job_file_bytes=GIB // 2
    )


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return numbered_film(tmp_path / "film.mp4", frames=20, width=64, height=48)


def limits_noted(settings: Settings) -> set[str]:
    """In KiB of memory and blocks of 512 bytes of a file, since this was last asked."""
    noted = Path(f"{settings.ffmpeg}.noted")
    lines = set(noted.read_text().splitlines())
    noted.unlink()
    return lines


EXPECTED = {f"{GIB // 1024} {GIB // 2 // 512}"}


def test_the_doctor_s_looks_are_bounded(chosen: Settings) -> None:
    assert check_ffmpeg(chosen).state == "ok"
    assert limits_noted(chosen) == EXPECTED


WATCHED = """
import sys

def watch(event, given):
    if event in {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork"}:
        print("started", given[0], file=sys.stderr)

sys.addaudithook(watch)
from cli import main

main(sys.argv[1:])
"""


def test_preparing_by_hand_is_bounded_and_starts_no_other_program(chosen: Settings, film: Path, tmp_path: Path) -> None:
    (tmp_path / "moments.toml").write_text(MOMENTS)
    argv = ["prepare", film, "--moments", tmp_path / "moments.toml", "--out", tmp_path / "out", "--also", "reel"]
    given = {f"VIGPACK_{name.upper()}": str(getattr(chosen, name)) for name in FFMPEG_SETTINGS}
    told = subprocess.run(
        [sys.executable, "-c", WATCHED, *argv], env=os.environ | given, check=True, capture_output=True, text=True
    )
    assert set(re.findall("^started (.*)", told.stderr, re.MULTILINE)) == {chosen.ffmpeg}
    assert limits_noted(chosen) == EXPECTED


def test_a_job_and_a_preview_are_bounded_alike(chosen: Settings, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_tables(chosen)
    monkeypatch.setattr(context, "settings", lambda: chosen)
    monkeypatch.setattr(context, "_places", {})
    with running_service(chosen) as service:
        selection_id, [job] = service.send_film(film, SHAPE, outputs=())
        woken_by(service.db, partial(attempt, context.worker_context(), take(service.db, chosen, job)))
    assert limits_noted(chosen) == EXPECTED
    client = client_of(create_app(chosen))
    shown = client.post(f"{SELECTIONS}/{selection_id}/preview", json={"kind": "strip"}).raise_for_status().json()
    assert len(shown["pages"]) == 1
    assert limits_noted(chosen) == EXPECTED
