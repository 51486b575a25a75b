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
from records.models import JobState
from records.settings import GIB, Settings
from tests.api.conftest import client_of
from tests.api.service import SELECTIONS
from tests.databases import make_tables
from tests.effects import woken_by
from tests.footage import RUNNER, numbered_film
from tests.records.cast import job_row, take
from tests.worker.service import running_service
from worker import context
from worker.tasks import attempt

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds memory")
SHAPE = {"family": "K-104", "clip": [{"in": 0, "out": 500}]}
FFMPEG_SETTINGS = ("ffmpeg", "job_memory_bytes", "job_file_bytes")
MOMENTS = 'family = "K-104"\n[[clip]]\nin = 0\nout = 500\n'


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    """Settings that name an ffmpeg which does nothing unless it was started with the limits that they set."""
    program = tmp_path / "ffmpeg-of-the-house"
    ours = f'"$(ulimit -d) $(ulimit -f)" = "{GIB // 1024} {GIB // 2 // 512}"'  # KiB of memory, blocks of 512 bytes
    program.write_text(f"#!/bin/sh\n[ {ours} ] || exit 9\nexec '{RUNNER.executable()}' \"$@\"\n")
    program.chmod(0o755)
    return Settings(
        data_dir=tmp_path, min_free_bytes=0, ffmpeg=str(program), job_memory_bytes=GIB, job_file_bytes=GIB // 2
    )


def with_other_limits(settings: Settings) -> Settings:
    """With which that ffmpeg does nothing: so it is the one that is started."""
    return settings.model_copy(update={"job_memory_bytes": 2 * GIB})


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return numbered_film(tmp_path / "film.mp4", frames=20, width=64, height=48)


def test_the_doctor_s_looks_are_bounded(chosen: Settings) -> None:
    assert check_ffmpeg(chosen).state == "ok"
    assert check_ffmpeg(with_other_limits(chosen)).state == "bad"


WATCHED = """
import sys
from pathlib import Path

def watch(event, given):
    if event in {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork"}:
        print("started", given[0], file=sys.stderr)

sys.addaudithook(watch)
from pipeline.moments import read_selection
from pipeline.presets import preset
from pipeline.run.orders import Ffmpeg, SelectionOrder
from pipeline.run.prepare import prepare
from records.settings import load_settings

film, moments, out = map(Path, sys.argv[1:])
ffmpeg = Ffmpeg.of(load_settings().ffmpeg_runner())
prepare(SelectionOrder(film, read_selection(moments), preset(), ffmpeg, kinds=("review_pack", "reel")), out)
"""


def test_preparing_is_bounded_and_starts_no_other_program(chosen: Settings, film: Path, tmp_path: Path) -> None:
    (tmp_path / "moments.toml").write_text(MOMENTS)
    given = {f"VIGPACK_{name.upper()}": str(getattr(chosen, name)) for name in FFMPEG_SETTINGS}
    told = subprocess.run(
        [sys.executable, "-c", WATCHED, film, tmp_path / "moments.toml", tmp_path / "out"],
        env=os.environ | given, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert set(re.findall("^started (.*)", told.stderr, re.MULTILINE)) == {chosen.ffmpeg}


def test_the_command_hands_them_on(chosen: Settings, film: Path, tmp_path: Path) -> None:
    (tmp_path / "moments.toml").write_text(MOMENTS)
    for settings, status in ((chosen, 0), (with_other_limits(chosen), 1)):
        given = {f"VIGPACK_{name.upper()}": str(getattr(settings, name)) for name in FFMPEG_SETTINGS}
        argv = ["prepare", film, "--moments", tmp_path / "moments.toml", "--out", tmp_path / f"out-{status}"]
        done = subprocess.run([sys.executable, "-m", "cli", *argv], env=os.environ | given, check=False)
        assert done.returncode == status


def test_a_job_and_a_preview_are_bounded_alike(chosen: Settings, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_tables(chosen)
    monkeypatch.setattr(context, "settings", lambda: chosen)
    monkeypatch.setattr(context, "_contexts", {})
    with running_service(chosen) as service:
        selection_id, [job] = service.send_film(film, SHAPE, outputs=())
        woken_by(service.db, partial(attempt, context.worker_context(), take(service.db, chosen, job)))
        assert job_row(service.db, job).state == JobState.DONE
    for settings, status in ((chosen, 200), (with_other_limits(chosen), 422)):
        client = client_of(create_app(settings))
        answer = client.post(f"{SELECTIONS}/{selection_id}/preview", json={"kind": "strip"})
        assert answer.status_code == status or status != 200, answer.text
        assert len(answer.json().get("pages", [])) == (1 if status == 200 else 0)
