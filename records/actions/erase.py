"""Erasing a selection: every row, every stored byte, every unfinished upload and every job.

Crash-safe in four steps: the selection is marked and its jobs lose their leases (from then on nobody sees it and
nothing can be published for it); its key is destroyed; its bytes go; its rows go. Recovery ends what a crash
interrupted (resume_erasures).
"""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from records.actions.withdraw import withdraw_selection
from records.audit.act import mark_noted
from records.audit.erasure_register import ErasureKind, note_erasure
from records.database import Database
from records.families.families import delete_if_empty
from records.keys.families import destroy_family_key, destroy_selection_key
from records.ledger.selections import lock_family
from records.models import ErasureRow, FamilyRow, JobRow, JobState, SelectionRow, UploadRow, utcnow
from records.retention.holds import require_not_held
from records.settings import Settings
from records.storage.contract import Storage
from records.training.logbook import keep_counts
from records.uploads.partial_file import erase_partial


def erase_selection(db: Database, storage: Storage, settings: Settings, selection_id: str) -> bool:
    """Erase a selection for good, with what others made of its moments; False where there is none to be seen.

    The logbook keeps its counts (see records/training/logbook.py).
    Raises: FamilyHeld; StorageUnavailable, DatabaseUnavailable: then the selection is gone from sight and recovery
    erases the rest.
    """
    with db.session() as session:
        family_id = session.scalar(select(SelectionRow.family_id).where(SelectionRow.id == selection_id))
        if family_id is not None:
            require_not_held(session, family_id)
        if not mark_erased(session, selection_id):
            mark_noted()  # nothing is done, so there is no line to write
            return False
    erase_marked(db, storage, settings, selection_id)
    return True


def mark_erased(session: Session, selection_id: str) -> bool:
    """Mark a selection for erasing: nobody sees it any more, and nothing can be published for it.

    Whether its family is on hold is asked by who has one selection erased.

    What others made of its moments goes too. False where there is none to be seen.
    """
    selection = lock_family(session, selection_id)
    if selection is None:
        return False
    keep_counts(session, selection)
    withdraw_selection(session, selection_id)
    selection.begin_erasing()
    session.execute(
        update(JobRow)
        .where(
            JobRow.selection_id == selection_id,
            JobRow.state.in_([JobState.QUEUED, JobState.HELD, JobState.RUNNING]),
        )
        .values(state=JobState.CANCELLED, cancel_requested=True, lease_token=None, finished_at=utcnow())
    )
    # A request that is writing loses its hold and stops.
    session.execute(update(UploadRow).where(UploadRow.selection_id == selection_id).values(holder=None))
    note_erasure(session, ErasureKind.SELECTION, selection_id)
    return True


def resume_erasures(db: Database, storage: Storage, settings: Settings) -> int:
    """End the erasures that a crash or an outage interrupted; how many."""
    with db.reading() as session:
        marked = session.scalars(select(SelectionRow.id).where(~SelectionRow.visible)).all()
    for selection_id in marked:
        erase_marked(db, storage, settings, selection_id)
    return len(marked)


def selection_folder(selection_id: str) -> str:
    """The folder in storage that holds everything of a selection."""
    return f"selections/{selection_id}/"


def artifact_folder(selection_id: str, job_id: str, token: str = "") -> str:
    """The folder in storage for what one job makes, or for what one attempt at it makes."""
    return f"{selection_folder(selection_id)}jobs/{job_id}/" + (f"{token}/" if token else "")


def erase_marked(db: Database, storage: Storage, settings: Settings, selection_id: str) -> None:
    """Erase a selection that is marked: its key first, of a family that is marked the family's; then bytes and rows.

    Raises: StorageUnavailable, DatabaseUnavailable, KeyStoreUnavailable.
    """
    with db.reading() as session:
        doomed = select(FamilyRow.id).join(SelectionRow, SelectionRow.family_id == FamilyRow.id)
        doomed = doomed.where(SelectionRow.id == selection_id, ~FamilyRow.visible)
        if (doomed_id := session.scalar(doomed)) is not None:
            destroy_family_key(settings, doomed_id)
        destroy_selection_key(settings, selection_id)
        uploads = session.execute(
            select(UploadRow.id, UploadRow.storage_key).where(UploadRow.selection_id == selection_id)
        ).all()
    for upload in uploads:
        erase_partial(settings, upload.id)
        if upload.storage_key:
            storage.delete(upload.storage_key)
    for key in list(storage.keys(selection_folder(selection_id))):
        storage.delete(key)
    with db.session() as session:
        # An upload that began before the mark may have added its row after we looked: the cascade takes the row, and
        # sweeping takes its bytes: what the register names is known to be ours. A version of before may not have named
        # it when it set the mark.
        if session.scalar(select(ErasureRow.id).where(ErasureRow.target == selection_id).limit(1)) is None:
            note_erasure(session, ErasureKind.SELECTION, selection_id)
        family_id = session.scalar(select(SelectionRow.family_id).where(SelectionRow.id == selection_id))
        session.execute(delete(SelectionRow).where(SelectionRow.id == selection_id))
        emptied = family_id is not None and delete_if_empty(session, family_id)
    if family_id is not None and emptied:
        destroy_family_key(settings, family_id)
