"""The one task: claim a job, make it, publish it, finish it. A message is only a wake-up; the ledger says which job."""

from __future__ import annotations

import errno
import os
import re
import time
import traceback
from pathlib import Path

from celery.exceptions import SoftTimeLimitExceeded

from pipeline.artifact import MEDIA_TYPES
from pipeline.errors import NoSpace, PipelineError, TooMuchMemory
from pipeline.jail.jail import WorkBroke
from records.actions.complete_job import fail, finish
from records.actions.erase import artifact_folder
from records.actions.sweep import sweep_attempts
from records.errors import DatabaseUnavailable, LeaseLost, NoRoom, TookTooLong, Unexpected
from records.ledger.jobs import Claim, claim_next, is_any_due
from records.ledger.workers import is_draining
from records.logs import bound_contextvars, get_logger
from records.models import ArtifactRow
from records.storage.contract import Storage, StorageUnavailable
from worker.broker import enqueue, send
from worker.context import WorkerContext, worker_context
from worker.jobs.dispatch import make
from worker.jobs.made import JobResult
from worker.lease import KeptLease
from worker.os_limits import end_worker
from worker.scratch import scratch_folder

log = get_logger("worker")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What comes out of the jail may say anything; browsers are told of names and kinds."""


def run_job(job_id: str, most_long: int | None = None) -> None:
    """Do the job whose turn it is, most often another than the message names; then wake workers for what follows.

    Nothing happens where none is due: the message came twice or late.
    ``most_long``: how many of the worker's processes may do what is not short, at one time; None: all of them.
    """
    ctx = worker_context()
    try:
        if (claimed := claim_next(ctx.db, ctx.worker, ctx.settings, most_long=most_long)) is None:
            if is_draining(ctx.db, ctx.worker):  # this message is for another worker
                end_worker()
                enqueue(job_id, ctx.settings, ctx.db)
            return
        with bound_contextvars(job=claimed.job_id, attempt=claimed.attempt):
            attempt(ctx, claimed)
        if most_long is not None and not claimed.is_short and is_any_due(ctx.db):
            send(job_id, ctx.settings)  # what it was asked for meanwhile had to wait: those messages are spent
    except (DatabaseUnavailable, StorageUnavailable) as error:
        # The row stays as it is; recovery brings it back when these do and the lease has run out.
        log.warning("job_waits", woken_for=job_id, code=error.code, cause=str(error))


def attempt(ctx: WorkerContext, claimed: Claim) -> None:
    """One attempt at a claimed job: finished, or its failure recorded.

    Raises: DatabaseUnavailable, when neither could be recorded.
    """
    began = time.monotonic()
    try:
        with scratch_folder(ctx.settings, claimed) as folder:
            _work(ctx, claimed, folder)
        log.info("job_done", kind=claimed.kind, seconds=round(time.monotonic() - began, 3))
        return
    except LeaseLost as error:
        log.info("lease_lost", cause=str(error))
    except SoftTimeLimitExceeded:
        _record(ctx, claimed, TookTooLong(f"longer than {ctx.settings.job_limit_s} s"))
    except DatabaseUnavailable:
        raise
    except NoSpace as error:  # on this machine, and not on the guider's
        _record(ctx, claimed, NoRoom(str(error)))
    except PipelineError as error:
        _record(ctx, claimed, error)
    except WorkBroke as error:
        _record(ctx, claimed, Unexpected(str(error)))
    except MemoryError as error:
        _record(ctx, claimed, TooMuchMemory(f"{type(error).__name__} at {_where(error)}"))
    except Exception as error:  # noqa: BLE001 whatever it is, the ledger must know that this attempt ended
        number = f" {error.errno}" if isinstance(error, OSError) else ""
        what = f"{type(error).__name__}{number} at {_where(error)}"
        _record(ctx, claimed, NoRoom(what) if _tells_of_a_full_disk(error) else Unexpected(what))
    _clear_away(ctx, claimed)


def _work(ctx: WorkerContext, claimed: Claim, folder: Path) -> None:
    with KeptLease(ctx.db, claimed, ctx.settings.heartbeat_s, ctx.settings.job_limit_s) as lease:
        result = make(ctx, claimed, folder, lease.report)
        published = _publish(ctx.storage, claimed, result)
        lease.check()
        finish(ctx.db, claimed, published, result.facts, result.hidden, result.sources)
    _clear_away(ctx, claimed)  # of earlier attempts, and what was made before


def _publish(storage: Storage, claimed: Claim, result: JobResult) -> list[ArtifactRow]:
    """Put the files where only this attempt writes, so that two attempts never touch the same key."""
    published = []
    for kind, file in [(kind, file) for kind, files in result.files.items() for file in files]:
        if not _NAME.fullmatch(file.path.name) or MEDIA_TYPES.get(file.path.suffix) != file.media_type:
            raise WorkBroke("a file of it has another name or kind than any of ours")
        key = artifact_folder(claimed.selection_id, claimed.job_id, claimed.token) + file.path.name
        stored = storage.put(file.path, key)
        if (stored.bytes, stored.sha256) != (file.bytes, file.sha256):
            raise StorageUnavailable(f"{key} was stored as {stored.bytes} bytes {stored.sha256}")
        published.append(
            ArtifactRow(
                kind=kind,
                name=file.path.name,
                storage_key=key,
                media_type=file.media_type,
                bytes=file.bytes,
                sha256=file.sha256,
            )
        )
    return published


def _clear_away(ctx: WorkerContext, claimed: Claim) -> None:
    """Delete what attempts at this job stored in vain; what cannot be deleted now, the hourly sweep will."""
    try:
        sweep_attempts(ctx.db, ctx.storage, claimed.selection_id, claimed.job_id)
    except (DatabaseUnavailable, StorageUnavailable) as error:
        log.warning("files_left_behind_for_now", code=error.code, cause=str(error))


def _record(ctx: WorkerContext, claimed: Claim, error: PipelineError) -> None:
    try:
        again = fail(ctx.db, claimed, error, ctx.settings)
    except LeaseLost:
        log.info("lease_lost", failed_with=error.code)
        return
    log.warning("attempt_failed", code=error.code, then="tried again" if again else "given up")


def _tells_of_a_full_disk(error: BaseException | None) -> bool:
    """Whether a full disk is at the bottom of it. Libraries that are no Python say so in words only."""
    while error is not None:
        if getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT} or os.strerror(errno.ENOSPC) in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _where(error: Exception) -> str:
    """Where it happened, innermost last. Never its text: that may hold what a guider wrote."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
