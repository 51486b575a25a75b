from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from records.clock import local_day


@pytest.fixture
def auckland(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as here:
        here.setenv("TZ", "Pacific/Auckland")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("auckland")
def test_a_day_is_the_one_that_people_here_write_down() -> None:
    assert local_day(datetime(2026, 11, 27, 20, 0, tzinfo=UTC)) == date(2026, 11, 28)
