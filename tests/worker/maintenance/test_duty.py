from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.pool import Pool

import pytest

from worker.maintenance.duty import TAKEN_OVER_AFTER_S, MaintenanceDuty

_shared: list[MaintenanceDuty] = []


def _take(after_s: float = 0.0) -> bool:
    """Asked in another process, so much later."""
    real = time.monotonic
    try:
        time.monotonic = lambda: real() + after_s
        return _shared[-1].take()
    finally:
        time.monotonic = real


@pytest.fixture
def other_process() -> Iterator[Pool]:
    """A process forked from this one, as a pool's are from their worker."""
    _shared.append(MaintenanceDuty())
    with multiprocessing.get_context("fork").Pool(1) as pool:
        yield pool
    _shared.clear()


def test_one_process_is_on_duty_and_stays_so(other_process: Pool) -> None:
    assert other_process.apply(_take)
    assert not _take()
    assert other_process.apply(_take)
    assert not _take()


def test_another_takes_over_when_it_is_silent_and_the_former_steps_back(other_process: Pool) -> None:
    assert other_process.apply(_take)
    assert _take(TAKEN_OVER_AFTER_S + 1)
    assert not other_process.apply(_take)
