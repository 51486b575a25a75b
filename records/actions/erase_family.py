"""Erasing a whole family: its key, its selections with every byte, everything said of it, and the traces in the
database's own files; a certificate says so.

Crash-safe: one transaction marks the family and all its selections and begins the certificate; from then on nobody sees
it. Then its key goes, then bytes, then rows. A certificate that is not finished is taken up again.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from records.actions.erase import erase_marked, mark_erased
from records.audit.act import mark_noted
from records.audit.actions import Action
from records.audit.actor import Actor
from records.audit.erasure_register import ErasureKind, note_erasure
from records.audit.log import note
from records.copies.register import Carrier, Ended, forget_ended
from records.database import Database
from records.database_traces import scrub_if_needed
from records.families.families import FamilyGone
from records.keys.families import destroy_family_key
from records.models import (
    CopyLinkRow,
    ErasureCertificateRow,
    FamilyRow,
    HandedOutCopyRow,
    JobRow,
    JobState,
    SelectionRow,
    UploadRow,
    utcnow,
)
from records.retention.certificates import (
    Cause,
    ErasureCertificate,
    certificate_view,
    copies_still_out,
    count_family,
    unfinished,
)
from records.retention.holds import require_not_held
from records.settings import Settings
from records.storage.contract import Storage
from records.training.logbook import forget_family


def erase_family(
    db: Database,
    storage: Storage,
    settings: Settings,
    who: Actor,
    family_id: str,
    *,
    cause: Cause = Cause.ASKED,
    rule: str = "",
    still_wanted: Callable[[Session, FamilyRow], bool] = lambda _session, _family: True,
) -> ErasureCertificate | None:
    """Erase everything of a family for good; the certificate. The caller asked whether they may.

    None where ``still_wanted``, which is asked once nothing of the family can change any more, says no.
    Raises: FamilyGone, FamilyHeld; StorageUnavailable, DatabaseUnavailable, KeyStoreUnavailable: then the family is
    gone from sight, and what is left is erased by resume_family_erasures().
    """
    with db.session() as session:
        family = _locked(session, family_id)
        if family is None:
            raise FamilyGone(family_id)
        require_not_held(session, family_id)
        if not still_wanted(session, family):
            mark_noted()
            return None
        certificate_id = mark_family_erased(session, who, family, cause, rule)
    _end(db, storage, settings, certificate_id, family_id)
    return find_certificate(db, certificate_id)


def mark_family_erased(session: Session, who: Actor, family: FamilyRow, cause: Cause, rule: str = "") -> str:
    """Mark a family and all its selections for erasing, and begin its certificate; the certificate's id."""
    links = (HandedOutCopyRow.family_id == family.id) & (HandedOutCopyRow.carrier == Carrier.LINK)
    ended = update(HandedOutCopyRow).where(links, HandedOutCopyRow.ended_at.is_(None))
    session.execute(ended.values(ended_at=utcnow(), ended_how=Ended.REVOKED))
    session.execute(
        delete(CopyLinkRow).where(
            CopyLinkRow.copy_id.in_(select(HandedOutCopyRow.id).where(HandedOutCopyRow.family_id == family.id))
        )
    )
    certificate = ErasureCertificateRow(
        family_id=family.id,
        owner_account_id=family.owner_account_id,
        by=who.account_id,
        cause=cause,
        rule=rule,
        counts=count_family(session, family.id),
        copies_out=copies_still_out(session, family.id),
    )
    session.add(certificate)
    session.flush()
    figures = {"selections": certificate.counts.selections, "copies_out": len(certificate.copies_out)}
    note(session, who, Action.ERASE_FAMILY, certificate.id, family_id=family.id, figures=figures)
    for selection_id in _selections_to_mark(session, family.id):
        mark_erased(session, selection_id)
    forget_family(session, family.id)
    family.begin_erasing()
    note_erasure(session, ErasureKind.FAMILY, family.id)
    return certificate.id


def resume_family_erasures(db: Database, storage: Storage, settings: Settings) -> int:
    """End the erasures of families that a crash or an outage interrupted; how many."""
    with db.reading() as session:
        begun = unfinished(session)
    for certificate_id, family_id in begun:
        _end(db, storage, settings, certificate_id, family_id)
    return len(begun)


def find_certificate(db: Database, certificate_id: str) -> ErasureCertificate:
    """The certificate of this id."""
    with db.reading() as session:
        return certificate_view(session.get_one(ErasureCertificateRow, certificate_id))


def family_folder(family_id: str) -> str:
    """The folder in storage that holds what is of a family and of none of its selections."""
    return f"families/{family_id}/"


def _end(db: Database, storage: Storage, settings: Settings, certificate_id: str, family_id: str) -> None:
    destroy_family_key(settings, family_id)
    with db.session() as session:
        _mark_late_ones(session, family_id)
    with db.reading() as session:
        its = select(SelectionRow.id).where(SelectionRow.family_id == family_id)
        selections = session.scalars(its).all()
    for selection_id in selections:
        erase_marked(db, storage, settings, selection_id)
    for key in list(storage.keys(family_folder(family_id))):
        storage.delete(key)
    with db.session() as session:
        session.execute(delete(FamilyRow).where(FamilyRow.id == family_id))
        forget_ended(session, family_id)
    if not scrub_if_needed(db):
        return  # somebody reads just now: recovery tries again
    with db.session() as session:
        begun = (ErasureCertificateRow.id == certificate_id) & ErasureCertificateRow.finished_at.is_(None)
        session.execute(update(ErasureCertificateRow).where(begun).values(finished_at=utcnow()))


def _locked(session: Session, family_id: str) -> FamilyRow | None:
    """The family, held with all its selections: nothing of it begins meanwhile."""
    query = select(FamilyRow).where(FamilyRow.id == family_id, FamilyRow.visible)
    family = session.scalars(query.with_for_update().execution_options(populate_existing=True)).one_or_none()
    its = select(SelectionRow.id).where(SelectionRow.family_id == family_id).order_by(SelectionRow.id)
    session.execute(its.with_for_update()).all()
    return family


def _mark_late_ones(session: Session, family_id: str) -> None:
    """Mark what was begun while the family was marked, without reading a word of it: the key may be gone."""
    late = _selections_to_mark(session, family_id)
    if not late:
        return
    live = JobRow.selection_id.in_(late) & JobRow.state.in_([JobState.QUEUED, JobState.HELD, JobState.RUNNING])
    ended = {"state": JobState.CANCELLED, "cancel_requested": True, "lease_token": None, "finished_at": utcnow()}
    session.execute(update(JobRow).where(live).values(ended))
    session.execute(update(UploadRow).where(UploadRow.selection_id.in_(late)).values(holder=None))
    session.execute(update(SelectionRow).where(SelectionRow.id.in_(late)).values(erasing_at=utcnow()))
    for selection_id in late:
        note_erasure(session, ErasureKind.SELECTION, selection_id)


def _selections_to_mark(session: Session, family_id: str) -> list[str]:
    its = select(SelectionRow.id).where(SelectionRow.family_id == family_id, SelectionRow.visible)
    return list(session.scalars(its.order_by(SelectionRow.id)))
