"""How the service is: every part, the queue in figures, what is wrong and what to do.

What is unknown is None, never 0.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any, Literal

from pydantic import computed_field

from pipeline.errors import PipelineError
from records.backup.state import last_backup_at, unsaved_since
from records.database import Database, clock_skew_s
from records.errors import DatabaseUnavailable
from records.folders import FULL_DATABASE, folder_problems
from records.keys.health import find_key_problem
from records.ledger.store_identity import compare_store
from records.migrations.migrate import is_current
from records.models import SampleRow, utcnow
from records.settings import Settings
from records.storage.contract import Storage
from records.storage.open import open_storage
from records.views.queue_stats import QueueFigures, queue_figures
from records.views.samples import filling_per_day, keep_sample, since_when
from worker.broker import queue_length
from worker.monitoring.alerts import Assessment, assess
from worker.monitoring.proxy import proxy_found
from worker.monitoring.snapshot import AnotherAddress, Facts

_MOODS = {"well": "well", "busy": "well", "warn": "warn", "bad": "bad"}


class Health(Facts):
    """The facts and the verdict over them."""

    verdict: Assessment
    since: datetime | None
    """Since when it has been well, or not; None: unknown."""

    @computed_field  # type: ignore[prop-decorator]  # mypy issue 14461
    @property
    def problems(self) -> list[str]:
        """What is wrong, in plain words; empty when nothing is."""
        return [alert.message for alert in self.verdict.alerts]


def health(
    db: Database,
    settings: Settings,
    storage: Storage | None = None,
    *,
    another_address: AnotherAddress | None = None,
) -> Health:
    """Ask every part; never raises for one that is away, and takes a few seconds at most."""
    now = utcnow()
    free_bytes, total_bytes = _disk(settings)
    messages = queue_length(settings)
    folders = folder_problems(settings, "api")
    known = _ask_database(db, settings, now, free_bytes)
    facts = Facts(
        at=now,
        version=version("vigpack"),
        database="postgresql" if db.engine.dialect.name == "postgresql" else "sqlite",
        database_full=db.is_full or _told_by_a_worker(known.get("queue")),
        broker=_broker(settings),
        broker_answers=messages is not None,
        broker_messages=messages,
        storage="s3" if settings.storage_url else "folder",
        storage_writable=not folders and _is_writable(settings, storage),
        folder_problems=folders,
        key_problem=find_key_problem(settings),
        disk_free_bytes=free_bytes,
        disk_total_bytes=total_bytes,
        disk_reserve_bytes=settings.min_free_bytes,
        most_waiting_jobs=settings.most_waiting_jobs,
        backup_max_age_days=settings.backup_max_age_days,
        jail=(kept := settings.jail_for_media().held_by()).kept_by,
        jail_missing_because=kept.why_not,
        jail_required=settings.jail_required,
        public_url=settings.public_url,
        **_ask_proxy(settings, now),
        another_address=another_address,
        **known,
        **(_ask_store(db, settings, storage) if known.get("database_current") else {}),
    )
    verdict = assess(facts)
    return Health(**dict(facts), verdict=verdict, since=_since(db, facts, verdict))


def take_sample(db: Database, found: Health, *, after_outage: bool = False) -> None:
    """Remember how it is at this minute, for the charts and for "since when". Raises: DatabaseUnavailable.

    ``after_outage``: the database was away since the last sample, which nobody could write down.
    """
    queue = found.queue
    sample = SampleRow(state=_MOODS[found.verdict.state], disk_free_bytes=found.disk_free_bytes)
    if queue is not None:
        sample.waiting, sample.running = queue.due, len(queue.running)
        sample.oldest_waiting_s, sample.workers = queue.oldest_waiting_s, found.workers_alive
    keep_sample(db, sample, after_outage=after_outage)


def _told_by_a_worker(queue: QueueFigures | None) -> bool:
    working = [] if queue is None else [worker for worker in queue.workers if worker.state == "working"]
    return any(FULL_DATABASE in worker.folder_problems for worker in working)


def _broker(settings: Settings) -> Literal["redis", "rabbitmq", "folder"]:
    if not settings.broker_url:
        return "folder"
    return "rabbitmq" if settings.broker_url.startswith("amqp") else "redis"


def _disk(settings: Settings) -> tuple[int | None, int | None]:
    """Free bytes and all of them, on the disk that receives uploads."""
    try:
        usage = shutil.disk_usage(settings.data_dir)
    except OSError:
        return None, None
    return usage.free, usage.total


def _ask_database(db: Database, settings: Settings, now: datetime, free_bytes: int | None) -> dict[str, Any]:
    try:
        if not is_current(db):
            return {"database_answers": True, "database_current": False}
        own_skew_s = clock_skew_s(db)
        with db.reading() as session:
            queue = queue_figures(session, settings, now - timedelta(seconds=own_skew_s))  # by the database's clock
            fills = None if free_bytes is None else filling_per_day(session, free_bytes, now)
            backup = {"last_backup_at": last_backup_at(session), "unsaved_since": unsaved_since(session)}
        skews = [worker.skew_s for worker in queue.workers if worker.state != "left" and worker.skew_s is not None]
        skews.append(own_skew_s)
    except DatabaseUnavailable:
        return {"database_answers": False}
    room = None if free_bytes is None else max(free_bytes - settings.min_free_bytes, 0)
    return {
        "database_answers": True,
        "database_current": True,
        "queue": queue,
        **backup,
        "clock_skew_s": max(skews, key=abs),
        "disk_fills_per_day_bytes": fills,
        "disk_days_left": round(room / fills, 1) if room is not None and fills is not None and fills > 0 else None,
    }


def _ask_proxy(settings: Settings, now: datetime) -> dict[str, Any]:
    found = proxy_found(settings)
    if found is None:
        return {}
    return {
        "proxy_url": found.url,
        "proxy_problem": found.problem,
        "certificate_ends_at": found.certificate_ends_at,
        "certificate_ends_soon": found.ends_soon(now),
    }


def _ask_store(db: Database, settings: Settings, storage: Storage | None) -> dict[str, Any]:
    try:
        found = compare_store(db, storage or open_storage(settings))
    except PipelineError:
        return {}
    return {"store_match": found.match, "store_strange_files": found.strange_files}


def _since(db: Database, facts: Facts, verdict: Assessment) -> datetime | None:
    if facts.queue is None:
        return None
    try:
        with db.reading() as session:
            return since_when(session, _MOODS[verdict.state], facts.at)
    except DatabaseUnavailable:
        return None


def _is_writable(settings: Settings, storage: Storage | None) -> bool:
    try:
        (storage or open_storage(settings)).check_writable()
    except (PipelineError, OSError):
        return False
    return True
