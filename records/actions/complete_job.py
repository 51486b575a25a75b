"""How a job ends: finished with what it made, failed in words, or given back for another attempt.

Each end is one transaction that first locks the selection, then changes job, moment and selection together; so two
moments that end at the same instant see one another, and nothing is published for a selection that is being erased.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from pipeline.errors import Cancelled, PipelineError
from pipeline.purposes import Purpose
from records.actions.hide import hold_back
from records.consent.uses import require_moment, require_output
from records.database import Database, rows_changed
from records.documents import CoveredPicture, MomentFacts
from records.errors import LeaseLost, WorkerLost
from records.ledger.jobs import MOMENT, WITHOUT_REASON, Claim, back_off, holds
from records.ledger.moment_order import file_name, number_of
from records.ledger.outcome_counts import Outcome, count_outcome
from records.ledger.outputs import Source, find_output, note_made
from records.ledger.selections import lock_selection, moment_finished, settle
from records.models import (
    ArtifactRow,
    HidingRow,
    JobRow,
    JobState,
    MomentRow,
    MomentState,
    SelectionRow,
    WithheldRow,
    WorkerRow,
    utcnow,
)
from records.settings import Settings

_LONGEST_DETAIL = 4000
_IN_DATABASE = {"synchronize_session": False}


@dataclass(frozen=True)
class Hidden:
    """That a moment was made with somebody hidden: for which asking, and what is covered on each picture."""

    revision: str
    pictures: tuple[CoveredPicture, ...]


def finish(
    db: Database,
    claim: Claim,
    files: Sequence[ArtifactRow],
    facts: MomentFacts | None = None,
    hidden: Hidden | None = None,
    sources: Collection[Source] = (),
) -> None:
    """Record what the job made and that it is done; workers are woken for the jobs that follow from it.

    ``files`` are in storage; whose they are is filled in here.
    ``sources`` is what an output was made from: all that it shows from now on. Where somebody is hidden in a moment,
    its files are withheld; each one's kind then says which part it is.
    Raises: LeaseLost where the claim is no longer good, or hiding was asked for or lifted meanwhile; ConsentMissing
    where somebody in it no longer agrees. Nothing is recorded then, and the files are the caller's to delete.
    """
    with db.session() as session:
        selection = _locked(session, claim)
        _check_hiding(session, claim, hidden)
        _check_consent(session, claim, sources)
        now = utcnow()
        done = {"state": JobState.DONE, "progress": 1.0, "finished_at": now, "lease_token": None}
        _end(session, claim, {**done, "error_code": None, "error_sentence": None, "error_detail": None})
        credit = update(WorkerRow).where(
            WorkerRow.name == select(JobRow.worker).where(JobRow.id == claim.job_id).scalar_subquery()
        )
        session.execute(credit.values(jobs_done=WorkerRow.jobs_done + 1), execution_options=_IN_DATABASE)
        whose = ArtifactRow.moment_id == claim.moment_id if claim.moment_id else ArtifactRow.kind == claim.kind
        earlier = delete(ArtifactRow).where(ArtifactRow.selection_id == claim.selection_id, whose)
        session.execute(earlier, execution_options=_IN_DATABASE)  # what was made before is replaced
        asked_at = session.scalars(select(JobRow.queued_at).where(JobRow.id == claim.job_id)).one()
        picture = facts.picture if facts else None
        count_outcome(session, claim.kind, Outcome.DONE, code=picture or "", ready_after=now - asked_at)
        if hidden is not None:
            covered = session.get_one(MomentRow, claim.moment_id)
            withheld = [_withheld(claim, covered, file) for file in files]
            hold_back(session, selection, covered, withheld, hidden.pictures, facts)
            return
        moment = session.get_one(MomentRow, claim.moment_id) if claim.kind == MOMENT else None
        for file in files:
            file.selection_id, file.moment_id = claim.selection_id, claim.moment_id
            if moment is not None:  # it may have got another place while it was made
                file.name = file_name(number_of(session, moment), file.name)
            session.add(file)
        if moment is not None:
            moment_finished(session, selection, moment, facts)
        else:
            if (output := find_output(session, claim.selection_id, claim.kind)) is None:
                raise LeaseLost(f"{claim.job_id}: what it makes is not wanted any more")
            note_made(session, output, sources)
            settle(session, selection)


def fail(db: Database, claim: Claim, error: PipelineError, settings: Settings) -> bool:
    """Record why an attempt failed; True when there will be another one, after a rest.

    An attempt that an outage spoiled does not count: three of them pass in a minute, and all that waits would fail.
    Raises: LeaseLost.
    """
    with db.session() as session:
        selection = _locked(session, claim)
        spoiled = error.outage and _asked_within(session, claim, settings.outage_patience_s)
        again = spoiled or (error.retryable and claim.attempt < settings.max_attempts)
        values = _failure(error, claim.attempt, again=again, settings=settings)
        if spoiled:
            rest_s = max(settings.recovery_s, settings.retry_after_s)
            values |= {"attempts": claim.attempt - 1, "not_before": utcnow() + timedelta(seconds=rest_s)}
        _end(session, claim, values)
        _note(session, claim.kind, error, again=again)
        _show(session, selection, claim.moment_id, again=again)
    return again


def requeue_expired(db: Database, settings: Settings) -> tuple[int, int]:
    """Give back the jobs whose worker went silent: how many were queued again, and how many were given up."""
    queued = failed = 0
    with db.reading() as session:
        expired = select(JobRow.id, JobRow.selection_id).where(*_expired())
        found = session.execute(expired.order_by(JobRow.lease_until)).all()
    for job_id, selection_id in found:
        with db.session() as session:
            selection = lock_selection(session, selection_id)
            query = select(JobRow).options(*WITHOUT_REASON).where(JobRow.id == job_id, *_expired()).with_for_update()
            job = session.scalars(query).one_or_none()
            if selection is None or job is None:
                continue  # renewed, taken over or erased meanwhile
            error: PipelineError = WorkerLost(f"lease of attempt {job.attempts} on {job.worker} ran out")
            if job.cancel_requested:  # nobody may take it, so it would wait for ever
                error = Cancelled()
            again = error.retryable and job.attempts < settings.max_attempts
            values = _failure(error, job.attempts, again=again, settings=settings)
            session.execute(update(JobRow).where(JobRow.id == job_id).values(values))
            _note(session, job.kind, error, again=again)
            _show(session, selection, job.moment_id, again=again)
            queued, failed = queued + again, failed + (not again)
    return queued, failed


def _check_hiding(session: Session, claim: Claim, hidden: Hidden | None) -> None:
    """Make sure that a moment is made with somebody hidden exactly where that is asked, and for the newest asking."""
    asked = None
    if claim.moment_id is not None:
        asked = session.scalar(select(HidingRow.revision).where(HidingRow.moment_id == claim.moment_id))
    if asked != (hidden.revision if hidden else None):
        raise LeaseLost(f"{claim.job_id}: it was asked for otherwise meanwhile")


def _check_consent(session: Session, claim: Claim, sources: Collection[Source]) -> None:
    if claim.moment_id is not None:
        require_moment(session, claim.moment_id)
    elif (output := find_output(session, claim.selection_id, claim.kind)) is not None:
        require_output(session, output.kind, Purpose(output.purpose), sources)


def _withheld(claim: Claim, moment: MomentRow, file: ArtifactRow) -> WithheldRow:
    return WithheldRow(
        moment_id=moment.id, part=file.kind, selection_id=claim.selection_id, name=file.name,
        storage_key=file.storage_key, media_type=file.media_type, bytes=file.bytes, sha256=file.sha256,
    )  # fmt: skip


def _expired() -> tuple[Any, ...]:
    return (JobRow.state == JobState.RUNNING, JobRow.lease_until < utcnow())


def _locked(session: Session, claim: Claim) -> SelectionRow:
    selection = lock_selection(session, claim.selection_id)
    if selection is None:
        raise LeaseLost(f"{claim.job_id}: its selection is erased")
    return selection


def _asked_within(session: Session, claim: Claim, seconds: float) -> bool:
    since = utcnow() - timedelta(seconds=seconds)
    return bool(session.scalar(select(JobRow.queued_at >= since).where(JobRow.id == claim.job_id)))


def _end(session: Session, claim: Claim, values: dict[str, Any]) -> None:
    if rows_changed(session, update(JobRow).where(*holds(claim)).values(values)) != 1:
        raise LeaseLost(claim.job_id)


def _failure(error: PipelineError, attempt: int, *, again: bool, settings: Settings) -> dict[str, Any]:
    now = utcnow()
    values: dict[str, Any] = {
        "lease_token": None,
        "lease_until": None,
        "error_code": error.code,
        "error_sentence": error.for_guider,
        "error_detail": str(error)[-_LONGEST_DETAIL:],
    }
    if again:
        rest = {"state": JobState.QUEUED, "not_before": now + back_off(settings, attempt), "sent_at": None}
        return {**values, **rest, "progress": 0.0}
    state = JobState.CANCELLED if isinstance(error, Cancelled) else JobState.FAILED
    return {**values, "state": state, "finished_at": now}


def _note(session: Session, kind: str, error: PipelineError, *, again: bool) -> None:
    ended = Outcome.CANCELLED if isinstance(error, Cancelled) else Outcome.FAILED
    count_outcome(session, kind, Outcome.RETRIED if again else ended, code=error.code)


def _show(session: Session, selection: SelectionRow, moment_id: str | None, *, again: bool) -> None:
    if moment_id is not None:
        session.get_one(MomentRow, moment_id).state = MomentState.QUEUED if again else MomentState.FAILED
    settle(session, selection)
