"""Recovery: what crashes and outages leave behind is brought back or cleared away, by one worker at a time.

Every process of every worker asks for the turn; one ``UPDATE`` on the clock's row gives it to one of them. A process
that dies at it loses nothing: the turn comes again.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select, update

from records.actions.complete_job import requeue_expired
from records.actions.returned_keys import destroy_returned_keys
from records.actions.seal_files import seal_files
from records.actions.sweep import sweep_store
from records.audit.erasure_register import copy_register
from records.database import Database
from records.ledger.clock_repair import clamp_future_timestamps
from records.ledger.jobs import count_due, take_unsent
from records.ledger.outcome_counts import fold_outcome_counts
from records.ledger.recurring import RECOVERY, SWEEPING, note_ended
from records.ledger.store_identity import keep_in_step
from records.ledger.workers import forget_workers
from records.logs import get_logger
from records.models import ClockRow, JobRow, JobState, utcnow
from records.settings import Settings
from records.storage.contract import Storage
from records.storage.sealed import SealedStorage
from worker.broker import queue_length, send

_MOST_SENT_AT_ONCE = 500
log = get_logger("worker")


def recover_lost_jobs(db: Database, storage: Storage, settings: Settings) -> None:
    """One round: dead leases and lost messages. Raises: DatabaseUnavailable, StorageUnavailable."""
    if shortened := clamp_future_timestamps(db, settings):
        log.warning("future_timestamps_clamped", jobs=shortened)
    queued, failed = requeue_expired(db, settings)
    if queued or failed:
        log.warning("jobs_of_silent_workers_recovered", queued_again=queued, given_up=failed)
    if sent := resend_lost(db, settings):
        log.info("lost_messages_sent_again", jobs=sent)
    _wake_for_next_retry(db, settings)
    copy_register(db, storage)
    note_ended(db, RECOVERY)
    keep_in_step(db, storage)


def resend_lost(db: Database, settings: Settings) -> int:
    """Send due jobs again, but only as many as the broker holds too few messages; how many.

    Sending every waiting job again made 241 messages of 41 jobs in a trial. A job sent within the last ``recovery_s``
    is left alone: its message may be on its way into a worker.
    """
    due = count_due(db)
    held = queue_length(settings) if due else None
    if held is None or held >= due:
        return 0
    sent = 0
    for job_id in take_unsent(db, min(due - held, _MOST_SENT_AT_ONCE), silent_s=settings.recovery_s):
        if not send(job_id, settings):
            break
        sent += 1
    return sent


def _wake_for_next_retry(db: Database, settings: Settings) -> None:
    """Bring the next round forward to when a resting job may be tried again."""
    now = utcnow()
    resting = select(func.min(JobRow.not_before)).where(JobRow.state == JobState.QUEUED, JobRow.not_before > now)
    with db.reading() as session:
        next_retry = session.scalar(resting)
    if next_retry is not None and next_retry < now + timedelta(seconds=settings.recovery_s):
        with db.session() as session:
            clock = update(ClockRow).where(ClockRow.name == RECOVERY, ClockRow.due_at > next_retry)
            session.execute(clock.values(due_at=next_retry))


def sweep(db: Database, storage: Storage, settings: Settings) -> None:
    """Clear away what killed processes left in storage, and workers long gone; seal files that are from before.

    Raises: DatabaseUnavailable, StorageUnavailable, KeyStoreUnavailable.
    """
    storage.clear_unfinished()
    if destroyed := destroy_returned_keys(db, storage, settings):
        log.warning("keys_of_erased_families_destroyed_again", keys=destroyed)
    if isinstance(storage, SealedStorage) and (sealed := seal_files(db, storage, settings)):
        log.info("files_from_before_sealed", files=sealed)
    if swept := sweep_store(db, storage):
        log.info("unreferenced_files_deleted", files=swept)
    forget_workers(db)
    fold_outcome_counts(db)
    note_ended(db, SWEEPING)
