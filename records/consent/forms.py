"""Photographs and PDFs of the forms that people signed: kept with the family, erased with it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.audit.actions import Action
from records.audit.actor import Actor
from records.audit.log import note
from records.effects import effects_of
from records.errors import RecordsError
from records.models import ConsentFormRow, FamilyRow, new_id
from records.storage.contract import Storage

_ENDINGS = {"image/jpeg": "jpg", "application/pdf": "pdf"}
MOST_FORMS = 50


class ConsentFormWrong(RecordsError):
    """What was sent is no form that can be kept."""

    code = "consent_form_wrong"
    for_guider = "This is neither a photograph (JPEG or PNG) nor a PDF, so it cannot be kept as a signed form."


class ConsentFormsFull(RecordsError):
    """A family has as many forms as one may."""

    code = "consent_forms_full"
    for_guider = "Very many forms are kept with this family already."


class ConsentFormGone(RecordsError):
    """There is no such form with this family."""

    code = "consent_form_gone"
    for_guider = "This form is not here any more. Add it again."


def form_folder(family_id: str) -> str:
    """The folder in storage for the forms of a family."""
    return f"families/{family_id}/forms/"


def is_form(key: str) -> bool:
    """Whether this is the place of a form in storage, of any family."""
    match key.split("/"):
        case ["families", _, "forms", _]:
            return True
    return False


def keep_form(
    session: Session, storage: Storage, who: Actor, family_id: str, file: Path, media_type: str, sha256: str
) -> ConsentFormRow:
    """Keep a form; its row. Raises: ConsentFormGone, ConsentFormsFull, NoRoom, StorageUnavailable.

    The family is held before the file is there: what sweeps the store holds it too, and sees both or neither.
    """
    if session.get(FamilyRow, family_id, with_for_update=True) is None:
        raise ConsentFormGone(family_id)
    there = session.scalars(select(ConsentFormRow.id).where(ConsentFormRow.family_id == family_id)).all()
    if len(there) >= MOST_FORMS:
        raise ConsentFormsFull
    form_id = new_id()
    row = ConsentFormRow(
        id=form_id,
        family_id=family_id,
        storage_key=f"{form_folder(family_id)}{form_id}.{_ENDINGS[media_type]}",
        media_type=media_type,
        bytes=file.stat().st_size,
        sha256=sha256,
    )
    storage.put(file, row.storage_key)
    session.add(row)
    session.flush()
    note(session, who, Action.ADD_CONSENT_FORM, form_id, family_id=family_id)
    return row


def find_form(session: Session, family_id: str, form_id: str) -> ConsentFormRow:
    """One of a family's. Raises: ConsentFormGone."""
    row = session.get(ConsentFormRow, form_id)
    if row is None or row.family_id != family_id:
        raise ConsentFormGone(form_id)
    return row


def take_back_forms(session: Session, family_id: str) -> None:
    """Have the files of a family's forms deleted; their rows go with the family's."""
    effects_of(session).delete(
        session.scalars(select(ConsentFormRow.storage_key).where(ConsentFormRow.family_id == family_id))
    )
