"""How jobs ended, counted: figures of a day and a week that outlive the selections they came from.

Counted in the transaction that ends the job, so that every ending counts once. A count knows a quarter of an hour, a
kind, an outcome and a rounded time; nothing in it leads to a job, a selection or a family.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from records.database import Database
from records.models import JobOutcomeCountRow, utcnow

KEPT = timedelta(days=8)
"""Older counts lose their time and are added up, so that totals never fall."""
_QUARTER_S = 900
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_KEY = ("quarter", "kind", "outcome", "code", "ready_ms")


class Outcome(StrEnum):
    """How an attempt or a job ended; only a retried one goes on."""

    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    RETRIED = "retried"


def count_outcome(
    session: Session, kind: str, outcome: Outcome, *, code: str = "", ready_after: timedelta | None = None
) -> None:
    """Count one ending in the caller's transaction; ``ready_after`` runs from the complete upload, or the asking.

    code: why it failed; of a clip that is done, how its picture came about.
    """
    ready_ms = 0 if ready_after is None else round_up_ms(max(0, round(ready_after.total_seconds() * 1000)))
    _add(session, (quarter_of(utcnow()), kind, outcome, code, ready_ms), 1)


def round_up_ms(ms: int) -> int:
    """The next number of two significant digits: exact enough for a median, and few different ones in a table."""
    step = int(10 ** max(0, len(str(ms)) - 2))
    return -(-ms // step) * step


def quarter_of(moment: datetime) -> datetime:
    """When the quarter of an hour that holds this moment began."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % _QUARTER_S, UTC)


def _add(session: Session, key: Sequence[object], jobs: int) -> None:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = insert(JobOutcomeCountRow).values(dict(zip(_KEY, key, strict=True)) | {"jobs": jobs})
    session.execute(row.on_conflict_do_update(index_elements=_KEY, set_={"jobs": JobOutcomeCountRow.jobs + jobs}))


def fold_outcome_counts(db: Database) -> None:
    """Add what is older than ``KEPT`` to the totals of long ago. Raises: DatabaseUnavailable."""
    old = (JobOutcomeCountRow.quarter > _LONG_AGO, JobOutcomeCountRow.quarter < utcnow() - KEPT)
    row = JobOutcomeCountRow
    columns = (row.kind, row.outcome, row.code, row.ready_ms)
    with db.session() as session:
        found = session.execute(select(*columns, func.sum(row.jobs)).where(*old).group_by(*columns)).all()
        session.execute(delete(JobOutcomeCountRow).where(*old), execution_options={"synchronize_session": False})
        for *key, jobs in found:
            _add(session, (_LONG_AGO, *key), int(jobs))


class OutcomeCounts:
    """How jobs ended within some time, counted."""

    def __init__(self, rows: Iterable[tuple[str, str, str, int, int]]) -> None:
        self._rows = list(rows)

    def by_outcome(self) -> dict[tuple[str, str], int]:
        """(kind, outcome) → jobs."""
        found: Counter[tuple[str, str]] = Counter()
        for kind, outcome, _, _, jobs in self._rows:
            found[kind, outcome] += jobs
        return dict(found)

    def failed_by_code(self) -> dict[str, int]:
        """Code of the reason → jobs that were given up, most first."""
        found: Counter[str] = Counter()
        for _, outcome, code, _, jobs in self._rows:
            if outcome == Outcome.FAILED:
                found[code] += jobs
        return dict(found.most_common())

    def clips_by_picture(self) -> dict[str, int]:
        """``copied``, or the code of why it was encoded → finished clips, most first."""
        found: Counter[str] = Counter()
        for _, outcome, code, _, jobs in self._rows:
            if outcome == Outcome.DONE and code:
                found[code] += jobs
        return dict(found.most_common())

    def count(self, outcome: Outcome) -> int:
        """How many ended so."""
        return sum(jobs for _, found, _, _, jobs in self._rows if found == outcome)

    def ready_ms(self) -> dict[str, list[tuple[int, int]]]:
        """Kind → (milliseconds to ready, jobs), shortest first."""
        found: dict[str, Counter[int]] = {}
        for kind, outcome, _, ready_ms, jobs in self._rows:
            if outcome == Outcome.DONE:
                found.setdefault(kind, Counter())[ready_ms] += jobs
        return {kind: sorted(times.items()) for kind, times in found.items()}


def outcome_counts(session: Session, since: datetime | None = None) -> OutcomeCounts:
    """What ended since then, to the quarter of an hour; without a time: all that ever did."""
    row = JobOutcomeCountRow
    columns = (row.kind, row.outcome, row.code, row.ready_ms)
    query = select(*columns, func.sum(row.jobs)).group_by(*columns)
    if since is not None:
        query = query.where(row.quarter >= quarter_of(since))
    return OutcomeCounts(
        (kind, outcome, code, ms, int(jobs)) for kind, outcome, code, ms, jobs in session.execute(query)
    )


def quantile_s(times: Sequence[tuple[int, int]], share: float) -> float | None:
    """The time within which this share of the jobs was ready, to two digits; None where there are none."""
    left = share * sum(jobs for _, jobs in times)
    for ready_ms, jobs in times:
        left -= jobs
        if left <= 1e-9:
            return ready_ms / 1000
    return None
