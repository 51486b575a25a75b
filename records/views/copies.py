"""The register of copies as those read it whose families they are; and what a link shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from pipeline.outputs.kinds import find_kind
from pipeline.player.review import Review, ShownWords, shown_words
from pipeline.purposes import Purpose
from records.accounts.principal import Principal
from records.actions.closing_notes import find_words
from records.actions.hand_out import require_agreement
from records.consent.check import ConsentMissing
from records.copies.carriers import REVIEW_PACK
from records.copies.links import LinkGone, live_link
from records.copies.register import CopyGone, HandedOutCopy, end_copy, find_copies
from records.errors import SelectionGone
from records.families.access import Right, check_selection, may_still_hand_out, may_with_family
from records.families.families import FamilyGone
from records.ledger.outputs import find_output
from records.models import ArtifactRow, FamilyRow, HandedOutCopyRow
from records.views.files import StoredFile
from records.views.review import review_of


class LinkedFile(BaseModel):
    """A file that a link shows."""

    model_config = ConfigDict(frozen=True)

    name: str
    media_type: str
    bytes: int
    address: str


class LinkView(BaseModel):
    """What a link shows: a review to play, or files to look at."""

    model_config = ConfigDict(frozen=True)

    id: str
    title: str
    """Of the kind of output."""
    until: datetime | None
    review: Review | None
    files: list[LinkedFile]


def list_copies(
    session: Session, who: Principal, *, family_id: str = "", selection_id: str = ""
) -> list[HandedOutCopy]:
    """The copies of a family or of a selection that one works on; without either, those that one handed out of families
    that are gone.

    Raises: FamilyGone, SelectionGone.
    """
    if selection_id:
        check_selection(session, who, selection_id, Right.WORK)
        return find_copies(session, HandedOutCopyRow.selection_id == selection_id)
    if not family_id:
        gone = ~exists().where(FamilyRow.id == HandedOutCopyRow.family_id)
        return find_copies(session, gone & (HandedOutCopyRow.by == who.account_id))
    family = session.get(FamilyRow, family_id)
    if family is None or not may_with_family(session, who, family, Right.WORK):
        raise FamilyGone
    return find_copies(session, HandedOutCopyRow.family_id == family_id)


def end_own_copy(session: Session, who: Principal, copy_id: str) -> None:
    """Say that a copy of a family that one works on is back, or end its link. Raises: CopyGone."""
    row = session.get(HandedOutCopyRow, copy_id)
    if row is None:
        raise CopyGone
    family = session.get(FamilyRow, row.family_id)
    may = row.by == who.account_id if family is None else may_with_family(session, who, family, Right.WORK)
    if not may:
        raise CopyGone
    end_copy(session, who, copy_id)


def shown_by_link(session: Session, copy_id: str, address: Callable[[str], str]) -> LinkView:
    """What a link shows now; ``address`` tells where a file is, by its id. Raises: LinkGone.

    A review that was erased, an agreement that was withdrawn, a link that was ended, and one of a colleague whose share
    has ended are answered alike, at once.
    """
    row = _usable(session, copy_id)
    review, files = None, list[LinkedFile]()
    if row.kind == REVIEW_PACK:
        words = find_words(session, row.selection_id)
        written: ShownWords | None = shown_words(words.words if words else None)
        review = review_of(session, row.selection_id, address).model_copy(update={"words": written})
    else:
        files = [
            LinkedFile(name=one.name, media_type=one.media_type, bytes=one.bytes, address=address(one.id))
            for one in _made(session, row)
        ]
    return LinkView(id=row.id, title=find_kind(row.kind).title, until=row.until, review=review, files=files)


def linked_file(session: Session, copy_id: str, artifact_id: str) -> StoredFile:
    """A file that a link shows. Raises: LinkGone."""
    row = _usable(session, copy_id)
    file = session.get(ArtifactRow, artifact_id)
    if file is None or file.selection_id != row.selection_id:
        raise LinkGone
    is_shown = file.moment_id is not None if row.kind == REVIEW_PACK else file.kind == row.kind and not file.moment_id
    if not is_shown:
        raise LinkGone
    return StoredFile(file.storage_key, file.sha256, file.media_type)


def _usable(session: Session, copy_id: str) -> HandedOutCopyRow:
    row = live_link(session, copy_id)
    try:
        output = find_output(session, row.selection_id, row.kind)
        if output is None or not output.selection.visible or not may_still_hand_out(session, row.by, row.family_id):
            raise LinkGone
        require_agreement(session, output)
        if row.purpose != output.purpose:  # it was made for another since
            require_agreement(session, output, Purpose(row.purpose))
    except (SelectionGone, ConsentMissing) as error:
        raise LinkGone from error
    return row


def _made(session: Session, row: HandedOutCopyRow) -> list[ArtifactRow]:
    made = (ArtifactRow.selection_id == row.selection_id) & (ArtifactRow.kind == row.kind)
    query = select(ArtifactRow).where(made, ArtifactRow.moment_id.is_(None)).order_by(ArtifactRow.name)
    return list(session.scalars(query))
