"""The incident report: what one needs to know to help from afar, as text to copy, with nothing of a family in it."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version

from api.diagnostics.checks import check_everything
from api.diagnostics.recent_log import recent_lines
from pipeline.errors import PipelineError
from records.audit import log as audit
from records.clock import utcnow
from records.database import Database, password_in
from records.redaction import redact
from records.settings import Settings
from records.views.jobs import JobFilter, JobLine, job_page
from records.views.queue_stats import QueueFigures
from records.views.selections import written_words
from worker.monitoring.health import Health

_PACKAGES = ("celery", "kombu", "redis", "sqlalchemy", "psycopg", "fastapi", "uvicorn", "av", "imageio-ffmpeg")
_MOST_JOBS = 20
_MOST_LINES = 80
_MOST_LOG_BYTES = 1 << 16


def incident_report(settings: Settings, db: Database | None, found: Health | None) -> str:
    """The whole report. Never raises for a part that is away; the checks in it store and erase one small file.

    ``db`` and ``found`` are None where there is no database yet.
    """
    parts = [_head(found), *_versions(db), *_checks(settings)]
    if found is not None:
        parts += _figures(found)
    if db is not None:
        parts += _from_ledger(db)
    parts += _logs(settings)
    return redact("\n".join(parts), _words(settings, db)) + "\n"


def _head(found: Health | None) -> str:
    lines = [f"vigpack incident report, {_time(utcnow())}", "It names no family and shows no footage or caption."]
    if found is None:
        return "\n".join([*lines, "", "There is no database yet."])
    since = "since an unknown time" if found.since is None else f"since {_time(found.since)}"
    lines += ["", f"VERDICT: {found.verdict.state}, {since}. {found.verdict.sentence}"]
    lines += [f"  {alert.level} {alert.code}: {alert.message} → {alert.remedy}" for alert in found.verdict.alerts]
    return "\n".join(lines)


def _versions(db: Database | None) -> Iterator[str]:
    yield "\nVERSIONS"
    machine = f"{platform.system()} {platform.release()}"
    yield f"  vigpack {version('vigpack')}, Python {platform.python_version()}, {machine}"
    yield "  " + ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    if db is not None:
        yield f"  {db.engine.dialect.name} {_database_version(db)}"


def _database_version(db: Database) -> str:
    try:
        return db.version()
    except PipelineError:
        return "of an unknown version"


def _checks(settings: Settings) -> Iterator[str]:
    yield "\nCHECKS"
    for check in check_everything(settings):
        yield f"  {check.state:5}{check.part}: {check.found}" + (f" → {check.remedy}" if check.remedy else "")


def _figures(found: Health) -> Iterator[str]:
    yield "\nFIGURES"
    yield f"  queue ({found.broker}): {_or_unknown(found.broker_messages)} messages"
    days = _or_unknown(found.disk_days_left)
    if found.disk_fills_per_day_bytes is not None and found.disk_fills_per_day_bytes <= 0:
        days = "no end of"
    yield f"  disk: {_gb(found.disk_free_bytes)} free of {_gb(found.disk_total_bytes)}, {days} days left"
    yield f"  last backup: {'none' if found.queue and not found.last_backup_at else _time(found.last_backup_at)}"
    yield f"  clocks differ by {_or_unknown(found.clock_skew_s)} s"
    if found.queue is None:
        yield "  jobs and workers: unknown"
        return
    yield from _queue(found.queue)


def _queue(queue: QueueFigures) -> Iterator[str]:
    yield "  jobs: " + (", ".join(f"{one.kind} {one.state} {one.jobs}" for one in queue.jobs) or "none")
    yield f"  due {queue.due}, the oldest for {queue.oldest_waiting_s:.0f} s; stalled {queue.stalled}"
    yield f"  done in 24 h {queue.done_24h}, per hour {queue.done_per_hour}, last {_time(queue.last_done_at)}"
    ready = queue.ready_24h
    times = f"p50 {_s(ready.p50_s)}, p95 {_s(ready.p95_s)}, p99 {_s(ready.p99_s)}"
    yield f"  time to ready of {ready.jobs} moments: {times}"
    pictures = ", ".join(f"{one.how} {one.clips}" for one in queue.pictures_24h)
    yield f"  clips' pictures in 24 h, copied or encoded because of: {pictures or 'none'}"
    failed = ", ".join(f"{one.code} {one.jobs}" for one in queue.failed_24h)
    yield f"  given up in 24 h: {failed or 'none'}; not tried again since: {queue.failed_now}"
    yield f"  lost work last looked for: {_time(queue.last_recovery_at)}"
    yield "\nWORKERS"
    for worker in queue.workers:
        what = f"{worker.state}, {worker.jobs_done} jobs done, runs {len(worker.runs)}, skew {_s(worker.skew_s)}"
        yield f"  {worker.name} {worker.version}: seen {worker.seen_s:.0f} s ago, {what}"


def _from_ledger(db: Database) -> Iterator[str]:
    try:
        with db.reading() as session:
            now = utcnow()
            for which in (JobFilter.STALLED, JobFilter.FAILED):
                page = job_page(session, which, now, limit=_MOST_JOBS)
                yield f"\nJOBS {which.upper()}: {page.total}"
                for job in page.jobs:
                    yield from _job(job)
            acts = audit.newest(session, _MOST_JOBS)
    except PipelineError as error:
        yield f"\nJOBS: unknown ({error.code})"
        return
    yield "\nLAST ACTS"
    for act in acts:
        yield f"  {_time(act.at)} {act.account_id} {act.action} {act.target} {act.detail}".rstrip()


def _job(job: JobLine) -> Iterator[str]:
    why = job.reason.code if job.reason else "no reason noted"
    yield f"  {job.id} {job.kind} {job.state}, attempt {job.attempts}, {job.progress:.0%}, on {job.worker}: {why}"
    yield from (f"      {line}" for line in job.log.splitlines()[-8:])


def _logs(settings: Settings) -> Iterator[str]:
    """Of the parts that ``vigpack up`` started, or that write to ``log_dir``; else we know our own lines."""
    found = sorted((settings.log_dir or settings.data_dir / "logs").glob("*.log"))
    for path in found:
        try:
            with path.open("rb") as log:
                log.seek(max(0, path.stat().st_size - _MOST_LOG_BYTES))
                lines = log.read().decode(errors="replace").splitlines()[-_MOST_LINES:]
        except OSError as error:
            lines = [f"cannot be read: {error.strerror}"]
        yield f"\nLOG {path.name}"
        yield from (f"  {line}" for line in lines)
    if not found:
        yield "\nLOG of this process (of the others: docker compose logs --since 1h)"
        yield from (f"  {line}" for line in recent_lines()[-_MOST_LINES:])


def _words(settings: Settings, db: Database | None) -> set[str]:
    """What must not stand in the report: our secrets, and everything that guiders wrote."""
    words = {settings.token.get_secret_value(), settings.it_token.get_secret_value(), settings.s3_access_key_id}
    words.add(settings.s3_secret_access_key.get_secret_value())
    words |= set(settings.master_key.get_secret_value().split())
    for address in (settings.database_url, settings.broker_url):
        words.add(password_in(address))
    if db is not None:
        try:
            with db.reading() as session:
                words |= written_words(session)
        except PipelineError:
            return words  # what has the shape of a code is taken out in any case
    return words


def _time(moment: datetime | None) -> str:
    return "unknown" if moment is None else moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _or_unknown(value: float | None) -> str:
    return "unknown" if value is None else f"{value:g}"


def _gb(size: int | None) -> str:
    return "unknown" if size is None else f"{size / 1e9:.1f} GB"


def _s(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds:g} s"
