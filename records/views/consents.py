"""What a family said, as its guider sees it: everybody by every purpose, and what a no would take with it."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.purposes import Purpose
from records.actions.record_consents import Consequences, copies_against
from records.consent.check import Said, grace_until, in_grace, missing, newest_consents
from records.consent.in_force import policy_of
from records.consent.policy import Basis
from records.copies.register import HandedOutCopy
from records.documents import FamilyPerson
from records.families.families import FamilyGone
from records.models import ConsentFormRow, FamilyRow
from records.retention.holds import is_held


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class PurposeNeeds(_View):
    """A purpose, as the service's policy has it."""

    purpose: Purpose
    title: str
    about: str
    basis: Basis
    needed: bool
    """Nothing is used for it before everybody agreed."""


class PurposeView(PurposeNeeds):
    """A purpose, and whether everybody of the family may be used for it."""

    open: bool
    """Everybody of the family may be used for it now; a moment without somebody may be all the same."""


class SaidView(_View):
    """What one person said to one purpose last."""

    person_id: str
    purpose: Purpose
    said: Said
    given_by: str
    said_on: date
    own_words: str
    form_id: str | None


class FormView(_View):
    """A photograph or PDF of a form."""

    id: str
    media_type: str
    bytes: int
    created_at: datetime


class ConsentsView(_View):
    """Everything a family said."""

    family_id: str
    people: list[FamilyPerson]
    purposes: list[PurposeView]
    said: list[SaidView]
    forms: list[FormView]
    grace_until: datetime | None
    """Until when a family of before goes on without a record; null where that is over or never was."""


class ConsequencesView(_View):
    """What a no takes with it, or took."""

    selections: int
    """Reviews that go altogether."""
    moments: int
    outputs: int
    """Packs, notes and other files made for the purpose."""
    shares: int
    """Supervisors who see them no more."""
    copies_out: list[HandedOutCopy]
    """Copies that were handed out for the purpose and are not back."""
    held: bool
    """The family is on hold: a no is written down and heeded, and nothing goes before the hold is released."""


def purposes_view(session: Session) -> list[PurposeNeeds]:
    """Every purpose and what it needs here."""
    return [
        PurposeNeeds(purpose=purpose, title=one.title, about=one.about, basis=one.basis, needed=one.waits)
        for purpose, one in policy_of(session).items()
    ]


def consents_view(session: Session, family_id: str) -> ConsentsView:
    """What everybody of a family said. Raises: FamilyGone."""
    family = session.get(FamilyRow, family_id)
    if family is None:
        raise FamilyGone(family_id)
    forms = select(ConsentFormRow).where(ConsentFormRow.family_id == family_id)
    return ConsentsView(
        family_id=family_id,
        people=list(family.people),
        purposes=[
            PurposeView(**dict(one), open=not missing(session, one.purpose, family_id=family_id))
            for one in purposes_view(session)
        ],
        said=[
            SaidView(
                person_id=row.person_id,
                purpose=Purpose(row.purpose),
                said=Said(row.said),
                given_by=row.given_by,
                said_on=row.said_on,
                own_words=row.own_words,
                form_id=row.form_id,
            )
            for row in newest_consents(session, family_id)
        ],
        forms=[
            FormView(id=row.id, media_type=row.media_type, bytes=row.bytes, created_at=row.created_at)
            for row in session.scalars(forms.order_by(ConsentFormRow.created_at, ConsentFormRow.id))
        ],
        grace_until=grace_until(session, family) if in_grace(session, family) else None,
    )


def consequences_view(session: Session, family_id: str, found: Consequences) -> ConsequencesView:
    """In figures, and the copies that have to be brought back.

    Of a purpose for which moments are kept at all every copy does: nothing of it may be anywhere.
    """
    return ConsequencesView(
        selections=len(found.selection_ids),
        moments=len(found.moment_ids),
        outputs=len(found.output_ids),
        shares=len(found.share_ids),
        copies_out=copies_against(session, family_id, found),
        held=found.held or is_held(session, family_id),
    )
