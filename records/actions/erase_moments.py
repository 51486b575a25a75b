"""Erasing some moments of a selection: their rows, files and uploads, and what shows them; the others stay."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from records.actions.erase import mark_erased
from records.actions.withdraw import withdraw_moments
from records.consent.in_force import settings_of
from records.effects import effects_of
from records.ledger.moment_order import in_order, number_anew
from records.ledger.selections import settle
from records.models import ArtifactRow, JobRow, MomentState, SelectionRow, UploadRow, WithheldRow
from records.uploads.partial_file import erase_partial


def moments_to_erase(selection: SelectionRow, showing: Collection[str]) -> list[str]:
    """The ids of those that go with the moments ``showing`` somebody who must not be seen any more, here or elsewhere.

    Of a film that was sent whole and shows them nothing more can be cut: moments of it that are not ready go as well.
    """
    shows_them = any(moment.id in showing for moment in selection.moments)
    return [
        moment.id
        for moment in selection.moments
        if moment.id in showing or (shows_them and selection.whole_film and moment.state != MomentState.READY)
    ]


def erase_moments(session: Session, selection: SelectionRow, moment_ids: Collection[str]) -> bool:
    """Erase moments for good, and with the last of them the selection, which is marked; whether it was.

    The caller holds the whole family. What others made of them is made again without.
    """
    going = [moment for moment in selection.moments if moment.id in moment_ids]
    if len(going) == len(selection.moments):
        return mark_erased(session, selection.id)
    ids = [moment.id for moment in going]
    for row in (ArtifactRow, WithheldRow):
        effects_of(session).delete(session.scalars(select(row.storage_key).where(row.moment_id.in_(ids))))
    sent = select(UploadRow).where(UploadRow.selection_id == selection.id)
    for upload in session.scalars(sent.where(or_(UploadRow.moment_id.in_(ids), UploadRow.moment_id.is_(None)))).all():
        if upload.storage_key:
            effects_of(session).delete([upload.storage_key])
        erase_partial(settings_of(session), upload.id)
        session.delete(upload)
    session.execute(delete(JobRow).where(JobRow.moment_id.in_(ids)))
    for moment in going:
        selection.moments.remove(moment)
    session.flush()
    number_anew(session, selection, in_order(selection))
    withdraw_moments(session, selection, ids)
    settle(session, selection)
    return False
