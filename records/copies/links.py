"""What opens a copy that is a link: a secret that the service keeps a hash of, until its day or until it is ended."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from records.audit.actions import Action
from records.audit.actor import Actor, NamedActor
from records.audit.log import note
from records.clock import utcnow
from records.copies.register import Carrier, CopyGone, end_copy, is_out
from records.models import CopyLinkRow, HandedOutCopyRow

LONGEST: Final = timedelta(days=90)
_SECRET_BYTES: Final = 32


class LinkGone(CopyGone):
    """A link that was ended, has run out, or never was."""

    code = "link_gone"
    for_guider = "This link does not work any more. Please ask who gave it to you."


def link_actor(copy_id: str) -> NamedActor:
    """Who the audit says it was that used a link: nobody knows more."""
    return NamedActor("link", "link", copy_id)


def add_link(session: Session, copy_id: str) -> str:
    """The secret of a new link, which is told once and kept nowhere."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    session.add(CopyLinkRow(copy_id=copy_id, secret_hash=_hash(secret)))
    return secret


def open_link(session: Session, secret: str) -> HandedOutCopyRow:
    """The copy that a secret opens, one opening more counted and noted. Raises: LinkGone."""
    copy_id = session.scalar(select(CopyLinkRow.copy_id).where(CopyLinkRow.secret_hash == _hash(secret)))
    row = live_link(session, copy_id or "")
    counted = update(CopyLinkRow).where(CopyLinkRow.copy_id == row.id)
    session.execute(counted.values(opened=CopyLinkRow.opened + 1, last_opened_at=utcnow()))
    note(
        session,
        link_actor(row.id),
        Action.OPEN_LINK,
        row.id,
        family_id=row.family_id,
        selection_id=row.selection_id,
    )
    return row


def live_link(session: Session, copy_id: str) -> HandedOutCopyRow:
    """The copy behind a link that still opens something. Raises: LinkGone."""
    this = (HandedOutCopyRow.id == copy_id) & (HandedOutCopyRow.carrier == Carrier.LINK) & is_out()
    query = select(HandedOutCopyRow).join(CopyLinkRow, CopyLinkRow.copy_id == HandedOutCopyRow.id)
    row = session.scalars(query.where(this)).one_or_none()
    if row is None:
        raise LinkGone
    return row


def end_links(session: Session, who: Actor, family_id: str, *, by: str = "") -> None:
    """End the links of a family that still open something: all, or those that one account made."""
    query = select(HandedOutCopyRow.id).where(
        HandedOutCopyRow.family_id == family_id, HandedOutCopyRow.carrier == Carrier.LINK, is_out()
    )
    for copy_id in session.scalars(query.where(HandedOutCopyRow.by == by) if by else query).all():
        end_copy(session, who, copy_id)


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8")).hexdigest()
