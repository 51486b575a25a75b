"""One round of retention: guiders are told what goes, and what is due goes. Safe to be stopped at any point.

Each thing goes in a transaction of its own in which its date is worked out anew, from what is there then: what changed
since it was listed counts. A round that is stopped is done again, and finds less to do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, load_only

from pipeline.errors import PipelineError
from records.actions.end_hold import families_waiting, heed_waiting
from records.actions.erase import erase_marked
from records.actions.erase_family import erase_family
from records.audit.actions import Action
from records.audit.actor import SERVICE
from records.audit.log import note
from records.database import Database
from records.effects import effects_of
from records.families.families import FamilyGone
from records.ledger.outputs import drop_output, find_output
from records.ledger.selections import lock_selection, settle
from records.logs import get_logger
from records.models import FamilyRetentionRow, FamilyRow, UploadRow, UploadState
from records.retention.certificates import Cause, drop_old
from records.retention.dates import family_dates, outputs_due, sources_due
from records.retention.errors import FamilyHeld
from records.retention_policy.policy import Policy, policy_of
from records.settings import Settings
from records.storage.contract import Storage, StorageUnavailable

EVERY_S = 3600
_NO_WORDS = (FamilyRow.id, FamilyRow.opened_at, FamilyRow.ended_at)
log = get_logger("records")


@dataclass
class Round:
    """What one round did, or would do."""

    noticed: list[str] = field(default_factory=list)
    """The families whose guiders were told."""
    sources: list[str] = field(default_factory=list)
    """The selections of which what was sent of the film went."""
    outputs: list[tuple[str, str]] = field(default_factory=list)
    """What was made for one purpose and went: selections and kinds."""
    noes: list[str] = field(default_factory=list)
    """The families in which somebody said no while they were on hold, which they are no more: it went."""
    families: list[str] = field(default_factory=list)
    """The families that went."""
    certificates: int = 0
    """Old ones that went."""


def apply_retention(db: Database, storage: Storage, settings: Settings, now: datetime) -> Round:
    """Do what is due. Raises: RetentionFileWrong, DatabaseUnavailable.

    What cannot go because the store is away goes with the next round; the others do not wait for it.
    """
    policy, done = policy_of(settings), Round()
    due = find_due(db, settings, now)
    for family_id in due.noticed:
        with db.session() as session:
            if _give_notice(session, policy, family_id, now):
                done.noticed.append(family_id)
    for selection_id in due.sources:
        try:
            with db.session() as session:
                gone = _erase_sources(session, policy, selection_id, now)
            done.sources += [selection_id] if gone else []
        except StorageUnavailable as error:  # their rows are gone: sweeping takes the files
            log.warning("sources_not_deleted_yet", selection=selection_id, code=error.code)
    for selection_id, kind in due.outputs:
        try:
            with db.session() as session:
                gone = _erase_output(session, policy, selection_id, kind, now)
            done.outputs += [(selection_id, kind)] if gone else []
        except StorageUnavailable as error:
            log.warning("output_not_deleted_yet", selection=selection_id, code=error.code)
    for family_id in due.noes:
        try:
            if _heed_noes(db, storage, settings, family_id):
                done.noes.append(family_id)
        except PipelineError as error:
            log.warning("no_not_heeded_yet", family=family_id, code=error.code)
    for family_id in due.families:
        try:
            if _erase_due(db, storage, settings, policy, family_id, now):
                done.families.append(family_id)
        except PipelineError as error:
            log.warning("family_not_erased_yet", family=family_id, code=error.code)
    with db.session() as session:
        done.certificates = drop_old(session, policy, now)
    if done != Round():
        log.info(
            "retention_applied",
            noticed=len(done.noticed),
            sources=len(done.sources),
            outputs=len(done.outputs),
            noes=len(done.noes),
            families=len(done.families),
            certificates=done.certificates,
        )
    return done


def find_due(db: Database, settings: Settings, now: datetime) -> Round:
    """What a round would do now. Raises: RetentionFileWrong, DatabaseUnavailable."""
    policy = policy_of(settings)
    with db.reading() as session:
        there = select(FamilyRow).where(FamilyRow.visible)
        families = session.scalars(there.options(load_only(*_NO_WORDS))).all()  # of a lost key nothing else waits
        dates = family_dates(session, policy, families, now)
        sources = sources_due(session, policy)
        return Round(
            noticed=[one for one, found in dates.items() if found.wants_notice(now)],
            sources=[one for one, due in sources.items() if due is not None and due <= now],
            outputs=outputs_due(session, policy, now),
            noes=families_waiting(session),
            families=[one for one, found in dates.items() if found.goes_by(now)],
        )


def _give_notice(session: Session, policy: Policy, family_id: str, now: datetime) -> bool:
    family = session.get(FamilyRow, family_id, with_for_update=True)
    if family is None or not family.visible:
        return False
    found = family_dates(session, policy, [family], now)[family_id]
    if not found.wants_notice(now):
        return False
    decided = session.get(FamilyRetentionRow, family_id) or FamilyRetentionRow(family_id=family_id, schedule="")
    decided.noticed_at, decided.noticed_for = now, found.due_at
    session.add(decided)
    note(session, SERVICE, Action.GIVE_NOTICE, family_id=family_id)
    return True


def _erase_sources(session: Session, policy: Policy, selection_id: str, now: datetime) -> bool:
    selection = lock_selection(session, selection_id)
    if selection is None:
        return False
    session.get(FamilyRow, selection.family_id, with_for_update={"read": True})  # no hold begins meanwhile
    due = sources_due(session, policy, [selection_id]).get(selection_id)
    if due is None or due > now:
        return False
    its = (UploadRow.selection_id == selection_id) & (UploadRow.state == UploadState.COMPLETE)
    keys = [key for key in session.scalars(select(UploadRow.storage_key).where(its)) if key]
    session.execute(delete(UploadRow).where(its))
    effects_of(session).delete(keys)  # what a crash leaves of them, sweeping takes
    note(session, SERVICE, Action.ERASE_SOURCES, selection_id=selection_id, figures={"files": len(keys)})
    return True


def _erase_output(session: Session, policy: Policy, selection_id: str, kind: str, now: datetime) -> bool:
    selection = lock_selection(session, selection_id)
    if selection is None:
        return False
    session.get(FamilyRow, selection.family_id, with_for_update={"read": True})  # no hold begins meanwhile
    output = find_output(session, selection_id, kind)
    if output is None or (selection_id, kind) not in outputs_due(session, policy, now):
        return False
    drop_output(session, output)
    settle(session, selection)
    note(session, SERVICE, Action.ERASE_OUTPUT, kind, selection_id=selection_id)
    return True


def _heed_noes(db: Database, storage: Storage, settings: Settings, family_id: str) -> bool:
    with db.session() as session:
        found = heed_waiting(session, SERVICE, family_id)
    for selection_id in sorted(found.selection_ids):
        erase_marked(db, storage, settings, selection_id)
    return not found.held


def _erase_due(
    db: Database, storage: Storage, settings: Settings, policy: Policy, family_id: str, now: datetime
) -> bool:
    def still_due(session: Session, family: FamilyRow) -> bool:
        return family_dates(session, policy, [family], now)[family.id].goes_by(now)

    with db.reading() as session:
        family = session.get(FamilyRow, family_id)
        rule = "" if family is None else family_dates(session, policy, [family], now)[family_id].rule
    try:
        made = erase_family(
            db, storage, settings, SERVICE, family_id, cause=Cause.POLICY, rule=rule, still_wanted=still_due
        )
    except (FamilyGone, FamilyHeld):  # somebody was faster
        return False
    return made is not None
