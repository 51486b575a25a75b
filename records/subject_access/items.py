"""What a person looks at before an answer leaves: everything in which somebody else could be seen, heard or named.

Each thing is decided about by itself, and as it was when it was looked at: its fingerprint is of the file and of the
words. A moment that was trimmed, covered or captioned anew has another, and nothing is decided about it any more.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.images.photograph import MEDIA_TYPE
from pipeline.moments import Clip, FilmOf
from pipeline.times import LONGEST_MS
from records.documents import FamilyPerson
from records.ledger.selections import starts_ms
from records.models import (
    ArtifactRow,
    ArtworkRow,
    ConsentFormRow,
    FamilyRow,
    HidingRow,
    MomentRow,
    MomentState,
    OutputRow,
    SelectionRow,
    SubjectAccessDecisionRow,
    SubjectAccessRow,
    UploadRow,
    WordsRow,
)
from records.subject_access.notes import notes_of


class ItemKind(StrEnum):
    """What kind of thing it is."""

    FILM = "film"
    """What was sent of a film: it shows more than the moments."""
    CLIP = "clip"
    STILL = "still"
    ARTWORK = "artwork"
    """A photograph of what a child made, with the child's words."""
    FORM = "form"
    """A signed form."""
    WORDS = "words"
    """What was written about a review."""
    NOTES = "notes"
    """What was written about the family: reasons, and to whom copies went."""


class Decision(StrEnum):
    """What becomes of it."""

    INCLUDE = "include"
    LEAVE_OUT = "leave_out"
    COVER = "cover"
    """Somebody in it is to be covered first; until that is done the answer waits."""


class SubjectAccessItem(BaseModel):
    """One thing that is held, and what was decided about it."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)

    id: str
    kind: ItemKind
    selection_id: str = ""
    """The review that it is of; empty: it is of the family."""
    moment_id: str = ""
    review: str = ""
    """The same in words: cycle 2, 3 November 2026."""
    title: str
    words: tuple[str, ...] = ()
    media_type: str = ""
    """Of its file; empty where it has none."""
    bytes: int = 0
    others: tuple[str, ...] = ()
    """Whoever of the family is recorded to be in it and does not ask: mother M."""
    may_include: bool = True
    may_cover: bool = False
    """Somebody in it can be covered with the service's own tool."""
    why_not: str = ""
    """Why it cannot be included as it is."""
    fingerprint: str
    decision: Decision | None = None
    """Null: nobody has looked at it, or not since it changed."""
    reason: str = ""
    changed: bool = False
    """Something was decided about it as it was before."""
    decided_at: datetime | None = None


@dataclass(frozen=True)
class FoundItem:
    """An item, and where its file is stored."""

    item: SubjectAccessItem
    storage_key: str = ""
    sha256: str = ""
    rows: Mapping[str, Any] = field(default_factory=dict)
    """What it was found in, for who puts the answer together."""

    @property
    def included(self) -> bool:
        return self.item.decision is Decision.INCLUDE and self.item.may_include


def find_items(session: Session, request: SubjectAccessRow) -> list[FoundItem]:
    """Everything of the family that a person looks at, in the order of the reviews."""
    family = session.get_one(FamilyRow, request.family_id)
    decided = {
        row.item: row
        for row in session.scalars(
            select(SubjectAccessDecisionRow).where(SubjectAccessDecisionRow.request_id == request.id)
        )
    }
    others = {one.id: one.title for one in family.people if one.id not in request.people}
    found = [*_of_reviews(session, family, others), *_of_family(session, family, request)]
    return [_with_decision(one, decided.get(one.item.id)) for one in found]


def reviews_of(session: Session, family_id: str) -> Sequence[SelectionRow]:
    """The family's selections that are not being erased, oldest first."""
    its = select(SelectionRow).where(SelectionRow.family_id == family_id, SelectionRow.visible)
    return session.scalars(its.order_by(SelectionRow.created_at, SelectionRow.id)).all()


def review_title(selection: SelectionRow) -> str:
    """As a person reads it."""
    what = "Recording of the review, cycle" if selection.shape.of is FilmOf.REVIEW_RECORDING else "Cycle"
    sent = selection.created_at.astimezone()
    return f"{what} {selection.cycle}, sent {sent.day} {sent:%B %Y}"


def asked_people(family: FamilyRow, request: SubjectAccessRow) -> list[FamilyPerson]:
    """Those of the family whose data the answer is about."""
    return [one for one in family.people if one.id in request.people]


def written_in(selection: SelectionRow, words: WordsRow | None, outputs: Iterable[OutputRow]) -> list[tuple[str, str]]:
    """What was written about a review: of what it is, and the words."""
    shape = selection.shape
    lines = [("Helping question", shape.helping_question)]
    lines += [("Working point", one) for one in shape.working_points]
    if words is not None:
        lines += [("What already works", one) for one in words.words.strengths]
        lines += [("What to build on", one) for one in words.words.working_points]
        lines += [("Plan until next time", one) for one in words.words.plan]
    for output in outputs:
        lines += [(output.kind.replace("_", " ").capitalize(), one) for one in _texts(output.recipe)]
    return [(about, one) for about, one in lines if one]


def fingerprint_of(*parts: Any) -> str:
    """Tells apart what was looked at from anything else."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()


def _of_reviews(session: Session, family: FamilyRow, others: Mapping[str, str]) -> Iterator[FoundItem]:
    for selection in reviews_of(session, family.id):
        title = review_title(selection)
        its: dict[str, Any] = {"selection_id": selection.id, "review": title}
        files = _files_of_moments(session, selection.id)
        hidden = {
            row.moment_id: row
            for row in session.scalars(select(HidingRow).where(HidingRow.selection_id == selection.id))
        }
        for number, moment in enumerate(selection.moments, 1):
            yield _moment(moment, number, files.get(moment.id), hidden.get(moment.id), others, its)
        artwork = select(ArtworkRow).where(ArtworkRow.selection_id == selection.id)
        for number, row in enumerate(session.scalars(artwork.order_by(ArtworkRow.created_at, ArtworkRow.id)), 1):
            item = SubjectAccessItem(
                id=f"artwork:{row.id}",
                kind=ItemKind.ARTWORK,
                title=f"Photograph {number} of what the child made",
                words=(row.words,) if row.words else (),
                media_type=MEDIA_TYPE,
                bytes=row.bytes,
                fingerprint=fingerprint_of(row.sha256, row.words),
                **its,
            )
            yield FoundItem(item, row.storage_key, row.sha256, {"artwork": row})
        lines = written_in(selection, session.get(WordsRow, selection.id), selection.outputs)
        if lines:
            item = SubjectAccessItem(
                id=f"words:{selection.id}",
                kind=ItemKind.WORDS,
                title="What was written about it",
                words=tuple(f"{about}: {one}" for about, one in lines),
                fingerprint=fingerprint_of(lines),
                **its,
            )
            yield FoundItem(item, rows={"selection": selection})
        for upload in _kept(session, selection.id):
            yield _film(upload, selection, hidden, others, its)


def _film(
    upload: UploadRow, selection: SelectionRow, hidden: Mapping[str, HidingRow], others: Mapping[str, str], its: Any
) -> FoundItem:
    shown = [one for one in selection.moments if one.upload_id == upload.id]
    covered, heard = any(one.id in hidden for one in shown), _holds_silenced(upload, selection, shown)
    why_not = ""
    if covered:
        why_not = "Somebody is hidden in a moment of it and can be seen in this."
    elif heard:
        why_not = "Something that was said is silenced in a moment of it and is heard in this."
    number = next((n for n, one in enumerate(selection.moments, 1) if one.upload_id == upload.id), 0)
    item = SubjectAccessItem(
        id=f"film:{upload.id}",
        kind=ItemKind.FILM,
        title="The film as it was sent"
        if upload.moment_id is None
        else f"What was sent of the film around moment {number}",
        media_type="video/mp4" if selection.film.picture else "audio/mp4",
        bytes=upload.length_bytes,
        others=_others(others, shown),
        may_include=not why_not,
        why_not=why_not,
        fingerprint=fingerprint_of(upload.sha256, [one.people for one in shown], covered, *[heard] * heard),
        **its,
    )
    return FoundItem(item, upload.storage_key or "", upload.sha256 or "", {"upload": upload})


def _holds_silenced(upload: UploadRow, selection: SelectionRow, shown: Sequence[MomentRow]) -> bool:
    """Whether something can be heard in it that is silenced in any moment of the same film."""
    begin_ms = 0 if upload.moment_id is None else min((starts_ms(one) for one in shown), default=0)
    end_ms = LONGEST_MS if upload.held_ms is None else begin_ms + upload.held_ms
    clips = [one.moment for one in selection.moments if isinstance(one.moment, Clip)]
    return any(one.to_ms > begin_ms and one.from_ms < end_ms for clip in clips for one in clip.silences)


_COVERED = "Somebody was covered in it before it was sent; the service has never held it uncovered."


def _moment(
    moment: MomentRow,
    number: int,
    file: ArtifactRow | None,
    hiding: HidingRow | None,
    others: Mapping[str, str],
    its: Any,
) -> FoundItem:
    waits = hiding is not None and file is None
    caption, drawn = moment.moment.caption, "; ".join(one.name for one in moment.moment.drawings)
    item = SubjectAccessItem(
        id=f"{moment.kind}:{moment.id}",
        kind=ItemKind(moment.kind),
        moment_id=moment.id,
        title=f"Moment {number}, a {moment.kind}",
        words=tuple(
            word
            for word, is_so in (
                (caption, caption),
                (f"Drawn on it: {drawn}.", drawn),
                (_COVERED, moment.moment.covered),
            )
            if is_so
        ),
        media_type=file.media_type if file else "",
        bytes=file.bytes if file else 0,
        others=_others(others, [moment]),
        may_include=not waits,
        may_cover=moment.upload_id is not None and moment.state in {MomentState.READY, MomentState.UNCONFIRMED},
        why_not="Somebody is to be hidden in it, and nobody has confirmed yet that they are." if waits else "",
        fingerprint=fingerprint_of(file.sha256 if file else "", moment.moment, moment.people, *moment.moment.drawings),
        **its,
    )
    rows = {"moment": moment, "file": file}
    return FoundItem(item, file.storage_key if file else "", file.sha256 if file else "", rows)


def _of_family(session: Session, family: FamilyRow, request: SubjectAccessRow) -> Iterator[FoundItem]:
    forms = select(ConsentFormRow).where(ConsentFormRow.family_id == family.id)
    for number, row in enumerate(session.scalars(forms.order_by(ConsentFormRow.created_at, ConsentFormRow.id)), 1):
        item = SubjectAccessItem(
            id=f"form:{row.id}",
            kind=ItemKind.FORM,
            title=f"Signed form {number}",
            media_type=row.media_type,
            bytes=row.bytes,
            fingerprint=row.sha256,
        )
        yield FoundItem(item, row.storage_key, row.sha256, {"form": row})
    notes = notes_of(session, family.id, request)
    if notes:
        item = SubjectAccessItem(
            id=f"notes:{family.id}",
            kind=ItemKind.NOTES,
            title="Reasons and remarks",
            words=tuple(f"{about}: {one}" for about, one in notes),
            fingerprint=fingerprint_of(notes),
        )
        yield FoundItem(item)


def _with_decision(one: FoundItem, row: SubjectAccessDecisionRow | None) -> FoundItem:
    if row is None:
        return one
    holds = row.fingerprint == one.item.fingerprint
    told = {"decision": Decision(row.decision), "reason": row.reason, "decided_at": row.decided_at} if holds else {}
    item = one.item.model_copy(update={**told, "changed": not holds})
    return FoundItem(item, one.storage_key, one.sha256, one.rows)


def _files_of_moments(session: Session, selection_id: str) -> dict[str, ArtifactRow]:
    made = select(ArtifactRow).where(ArtifactRow.selection_id == selection_id, ArtifactRow.moment_id.is_not(None))
    return {row.moment_id: row for row in session.scalars(made) if row.moment_id}


def _kept(session: Session, selection_id: str) -> Sequence[UploadRow]:
    its = select(UploadRow).where(UploadRow.selection_id == selection_id, UploadRow.storage_key.is_not(None))
    return session.scalars(its.order_by(UploadRow.created_at, UploadRow.id)).all()


def _others(others: Mapping[str, str], moments: Iterable[MomentRow]) -> tuple[str, ...]:
    """Of a moment of which nothing is said, everybody of the family."""
    seen: set[str] = set()
    for moment in moments:
        seen |= set(others) if moment.people is None else set(moment.people)
    return tuple(title for one, title in others.items() if one in seen)


_ID = re.compile(r"[0-9a-f]{32}")
_WORD = re.compile(r"[a-z0-9_-]*")


def _texts(value: Any) -> Iterator[str]:
    """What somebody wrote in a recipe; ids and words of a closed list are none."""
    if isinstance(value, str):
        if not (_ID.fullmatch(value) or _WORD.fullmatch(value)):
            yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
