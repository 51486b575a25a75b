"""How it was over a day or a week, in steps for a small chart. A step of which nothing is known holds None, never 0."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from records.ledger.jobs import MOMENT
from records.ledger.outcome_counts import Outcome, quantile_s
from records.models import JobOutcomeCountRow, SampleRow

_T = TypeVar("_T")
_Sample = Row[datetime, int | None, float | None, int | None, int | None]
_Outcome = Row[datetime, str, str, int, int]


class Span(StrEnum):
    """How far back."""

    DAY = "24h"
    WEEK = "7d"


_STEPS = {Span.DAY: (96, 900), Span.WEEK: (84, 7200)}
"""How many steps, and how many seconds each: whole quarters of an hour, as outcomes are counted."""


class Step(BaseModel):
    """A quarter of an hour, or two hours."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    """When it began."""
    waiting: int | None
    """The most that waited."""
    oldest_waiting_s: float | None
    """The longest that any had waited."""
    workers: int | None
    """The fewest that were alive."""
    disk_free_bytes: int | None
    """The least that was free."""
    done: int | None
    failed: int | None
    """Jobs given up."""
    ready_p95_s: float | None
    """The time within which 95 of 100 moments were ready; None also where none was."""


class Series(BaseModel):
    """Steps from the oldest to the present one, which is not over yet."""

    model_config = ConfigDict(frozen=True)

    step_s: int
    steps: list[Step]


def series(session: Session, span: Span, now: datetime) -> Series:
    """A day in quarters of an hour, or a week in steps of two hours."""
    number, step_s = _STEPS[span]
    last = int(now.timestamp()) // step_s
    begin = datetime.fromtimestamp((last - number + 1) * step_s, UTC)
    samples: dict[int, list[_Sample]] = defaultdict(list)
    looks = select(
        SampleRow.at, SampleRow.waiting, SampleRow.oldest_waiting_s, SampleRow.workers, SampleRow.disk_free_bytes
    )
    for sample in session.execute(looks.where(SampleRow.at >= begin)):
        samples[int(sample[0].timestamp()) // step_s].append(sample)
    ended: dict[int, list[_Outcome]] = defaultdict(list)
    counts = select(
        JobOutcomeCountRow.quarter,
        JobOutcomeCountRow.kind,
        JobOutcomeCountRow.outcome,
        JobOutcomeCountRow.ready_ms,
        JobOutcomeCountRow.jobs,
    )
    for ending in session.execute(counts.where(JobOutcomeCountRow.quarter >= begin)):
        ended[int(ending[0].timestamp()) // step_s].append(ending)
    steps = []
    for n in range(last - number + 1, last + 1):
        looked, outcomes = samples.get(n, []), ended.get(n, [])
        known = bool(looked or outcomes)
        moments = sorted((ms, jobs) for _, kind, how, ms, jobs in outcomes if (kind, how) == (MOMENT, Outcome.DONE))
        steps.append(
            Step(
                at=datetime.fromtimestamp(n * step_s, UTC),
                waiting=max(_known(one[1] for one in looked), default=None),
                oldest_waiting_s=max(_known(one[2] for one in looked), default=None),
                workers=min(_known(one[3] for one in looked), default=None),
                disk_free_bytes=min(_known(one[4] for one in looked), default=None),
                done=_count(outcomes, Outcome.DONE) if known else None,
                failed=_count(outcomes, Outcome.FAILED) if known else None,
                ready_p95_s=quantile_s(moments, 0.95),
            )
        )
    return Series(step_s=step_s, steps=steps)


def _count(outcomes: Iterable[_Outcome], outcome: Outcome) -> int:
    return sum(jobs for _, _, how, _, jobs in outcomes if how == outcome)


def _known(values: Iterable[_T | None]) -> list[_T]:
    return [value for value in values if value is not None]
