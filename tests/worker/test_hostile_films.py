"""Films made to harm, each beside a healthy one in the same worker: they end in words, and the healthy one is ready."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from records.models import SelectionState
from tests.footage import run
from tests.records.cast import K_104, K_207
from tests.worker.service import Service, encoders_of

MIB = 1 << 20
TIGHT = {"job_memory_bytes": 600 * MIB, "job_file_bytes": MIB // 4}
"""Limits that a healthy small film does not notice."""


def bomb(path: Path) -> Path:
    """Pictures that take 512 MB each, in a file of a few."""
    picture = ["-f", "lavfi", "-i", "color=size=8000x8000:rate=2:duration=1"]
    run(*picture, "-c:v", "png", "-pred", "none", "-pix_fmt", "rgba64be", str(path))
    return path


def noise(path: Path) -> Path:
    """A second that no encoder can make smaller."""
    picture = ["-f", "lavfi", "-i", "nullsrc=size=640x360:rate=25:duration=1,geq=random(1)*255:128:128,format=yuv420p"]
    run(*picture, "-c:v", "libx264", "-preset", "ultrafast", "-crf", "10", str(path))
    return path


@pytest.mark.parametrize(
    ("make", "code"),
    [(bomb, "too_much_memory"), (noise, "output_too_large")],
)
def test_a_hostile_film_harms_no_other_job(
    folder_service: Service, short_film: Path, tmp_path: Path, make: Any, code: str
) -> None:
    folder_service.settings = folder_service.settings.model_copy(update=TIGHT)
    film = make(tmp_path / "hostile.mov")
    worker = folder_service.start_worker(2)
    hostile, its_jobs = folder_service.send_film(film, K_207)
    healthy, jobs = folder_service.send_film(short_film, K_104)
    folder_service.enqueue([*its_jobs, *jobs])
    seen = folder_service.wait_until_settled(healthy)
    assert seen.state == SelectionState.READY
    assert [moment.attempts for moment in seen.moments] == [1, 1, 1]
    error = folder_service.wait_until_settled(hostile, within_s=90).moments[0].error
    assert error is not None
    assert error.code == code, error
    assert encoders_of(worker) == []
