"""What is in an answer and what is not: files with the names they get, and the first page, by what a person decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.moments import Clip
from pipeline.outputs.kinds import KINDS
from pipeline.player.review import shown_principle
from pipeline.subject_access.answer import Answer, LeftOut, ShownFile, ShownLine, ShownReview, ShownThing
from records.clock import local_day
from records.documents import times_of
from records.models import (
    ArtifactRow,
    ConsentRow,
    FamilyRow,
    HidingRow,
    OutputRow,
    OutputSourceRow,
    RatingRow,
    SelectionRow,
    SubjectAccessRow,
    UploadRow,
    WithheldRow,
    WordsRow,
)
from records.retention_policy.policy import Policy
from records.storage.contract import Storage
from records.subject_access.items import (
    Decision,
    FoundItem,
    ItemKind,
    asked_people,
    review_title,
    reviews_of,
    written_in,
)
from records.subject_access.notes import notes_of
from records.subject_access.requests import handed_out_last, require_answer
from records.subject_access.shown_tables import shown_tables
from records.subject_access.tables import ABOUT_OTHERS, Asked, names_of_accounts

_ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "application/pdf": ".pdf"}
_HEAD_BYTES = 12
_RATED = "rating_scale"
"""An output that scores how the practitioner works."""


@dataclass(frozen=True)
class AnswerFile:
    """A stored file, and the path it gets."""

    path: str
    storage_key: str
    sha256: str
    about: str


@dataclass
class Contents:
    """Everything that an answer is put together from."""

    asked: Asked
    answer: Answer
    files: list[AnswerFile] = field(default_factory=list)


def find_contents(session: Session, storage: Storage, policy: Policy, request: SubjectAccessRow) -> Contents:
    """What is in the answer now. Raises: SubjectAccessGone, SubjectAccessUnready, StorageMissing."""
    items = require_answer(session, request)
    family = session.get_one(FamilyRow, request.family_id)
    reviews = reviews_of(session, family.id)
    asked = Asked(
        family_id=family.id,
        code_index=family.code_index,
        people=frozenset(request.people),
        selections=tuple(one.id for one in reviews),
        requests=_requests(session, request),
        is_everybody=len(asked_people(family, request)) == len(family.people),
        items={one.item.id: one for one in items},
        names=names_of_accounts(session),
        until=handed_out_last(session, request),
    )
    parts = _Parts(session, storage, asked)
    shown = tuple(parts.review(number, one) for number, one in enumerate(reviews, 1))
    forms = tuple(parts.form(one) for one in items if one.item.kind is ItemKind.FORM)
    notes = notes_of(session, family.id, request) if asked.includes(f"notes:{family.id}") else []
    assert request.checked_at is not None  # noqa: S101 require_answer() has seen to it
    answer = Answer(
        code=family.code,
        asked_by=request.asked_by,
        people=tuple(one.title for one in asked_people(family, request)),
        received_on=request.received_on,
        made_on=local_day(asked.until),
        checker=request.checker,
        checked_on=local_day(request.checked_at),
        reviews=shown,
        forms=forms,
        notes=tuple(ShownLine(about=about, words=words) for about, words in notes),
        tables=tuple(shown_tables(session, policy, family, asked)),
        left_out=(*_left_out(items), *parts.left_out, *_of_others(session, family, request, asked)),
    )
    return Contents(asked, answer, parts.files)


def _requests(session: Session, request: SubjectAccessRow) -> tuple[str, ...]:
    its = select(SubjectAccessRow).where(SubjectAccessRow.family_id == request.family_id)
    return tuple(row.id for row in session.scalars(its) if set(row.people) <= set(request.people))


class _Parts:
    """Gathers files while it tells what is shown of each review."""

    def __init__(self, session: Session, storage: Storage, asked: Asked) -> None:
        self._session, self._storage, self._asked = session, storage, asked
        self.files: list[AnswerFile] = []
        self.left_out: list[LeftOut] = []

    def review(self, number: int, selection: SelectionRow) -> ShownReview:
        folder = f"reviews/{number:02d}-cycle-{selection.cycle}"
        its = [one for one in self._asked.items.values() if one.item.selection_id == selection.id]
        words = next((one for one in its if one.item.kind is ItemKind.WORDS), None)
        lines = written_in(selection, self._session.get(WordsRow, selection.id), selection.outputs)
        things = [self._thing(folder, one, place) for place, one in enumerate(its, 1) if one is not words]
        return ShownReview(
            title=review_title(selection),
            written=tuple(
                ShownLine(about=about, words=one) for about, one in lines if words is not None and words.included
            ),
            words_left_out=words.item.reason if words is not None and not words.included else "",
            things=(*things, *self._outputs(folder, selection)),
        )

    def form(self, one: FoundItem) -> ShownThing:
        return self._thing("consent-forms", one, 0)

    def _thing(self, folder: str, one: FoundItem, place: int) -> ShownThing:
        item, moment = one.item, one.rows.get("moment")
        if not one.included:
            return ShownThing(title=item.title, left_out=item.reason)
        file = None
        if one.storage_key:
            media_type, ending = self._type_of(one)
            name = item.title.lower().replace(",", "").replace(" ", "-")
            path = f"{folder}/{place:02d}-{name}{ending}" if place else f"{folder}/{name}{ending}"
            file = self._add(
                path, one.storage_key, one.sha256, media_type, item.bytes, f"{item.review}: {item.title}".lstrip(": ")
            )
        principle = shown_principle(moment.moment.principle) if moment is not None else None
        about = f"Principle: {principle.heading}" if principle else ""
        if moment is not None and not file:
            about = f"It was never finished, so there is no file of it. {about}".strip()
        return ShownThing(
            title=item.title,
            when=_when(moment.moment) if moment is not None else "",
            file=file,
            words=item.words,
            about=about,
        )

    def _outputs(self, folder: str, selection: SelectionRow) -> Iterator[ShownThing]:
        for output in selection.outputs:
            made = select(ArtifactRow).where(
                ArtifactRow.selection_id == selection.id,
                ArtifactRow.kind == output.kind,
                ArtifactRow.moment_id.is_(None),
            )
            files = self._session.scalars(made.order_by(ArtifactRow.name)).all()
            if not files:
                continue
            kind = KINDS.get(output.kind)
            title = kind.title if kind else output.kind
            if why := self._why_not(output):
                self.left_out.append(LeftOut(what=f"{review_title(selection)}: {title}", why=why))
                continue
            for row in files:
                file = self._add(
                    f"{folder}/made-of-it/{row.name}", row.storage_key, row.sha256, row.media_type, row.bytes,
                    f"{review_title(selection)}: {title}",
                )  # fmt: skip
                yield ShownThing(title=title, file=file)

    def _why_not(self, output: OutputRow) -> str:
        """Why what was made of several moments is not in the answer; empty where it is."""
        if output.kind == _RATED:
            return ABOUT_OTHERS["ratings"]
        if output.made_at is None or output.made_at < output.asked_at:
            return "It is just being made anew."
        shown = self._session.scalars(select(OutputSourceRow).where(OutputSourceRow.output_id == output.id)).all()
        its = {output.selection_id, *(one.selection_id for one in shown)}
        if not its <= set(self._asked.selections):
            return "It shows something that is not of this family, or is not kept any more."
        pictures = [(one.moment_id, one.artwork_id) for one in shown if one.moment_id or one.artwork_id]
        words = [f"words:{one}" for one in its if f"words:{one}" in self._asked.items]
        if all(self._includes(*one) for one in pictures) and all(map(self._asked.includes, words)):
            return ""
        return "It shows something that is left out by itself."

    def _includes(self, moment_id: str, artwork_id: str) -> bool:
        named = [f"artwork:{artwork_id}"] if artwork_id else [f"clip:{moment_id}", f"still:{moment_id}"]
        return any(map(self._asked.includes, named))

    def _type_of(self, one: FoundItem) -> tuple[str, str]:
        if file := one.rows.get("file"):
            return file.media_type, "." + file.name.rpartition(".")[2]
        if one.item.kind is not ItemKind.FILM:
            return one.item.media_type, _ENDINGS.get(one.item.media_type, "")
        head = b"".join(self._storage.read(one.storage_key, 0, _HEAD_BYTES))
        ending = ending_of(head)
        return (one.item.media_type if ending in {".mp4", ".webm"} else "application/octet-stream"), ending

    def _add(self, path: str, key: str, sha256: str, media_type: str, size: int, about: str) -> ShownFile:
        taken = {one.path for one in self.files}
        stem, dot, ending = path.rpartition(".")
        number = 2
        while path in taken:
            path, number = f"{stem}-{number}{dot}{ending}", number + 1
        self.files.append(AnswerFile(path, key, sha256, about))
        return ShownFile(path=path, title=about, media_type=media_type, bytes=size)


def ending_of(head: bytes) -> str:
    """How the name of a film ends, by its first bytes."""
    if head[4:8] == b"ftyp":
        return ".mov" if head[8:10] == b"qt" else ".mp4"
    return ".webm" if head.startswith(b"\x1a\x45\xdf\xa3") else ".bin"


def _left_out(items: list[FoundItem]) -> Iterator[LeftOut]:
    for one in items:
        if one.item.decision is Decision.LEAVE_OUT:
            what = f"{one.item.review}: {one.item.title}" if one.item.review else one.item.title
            yield LeftOut(what=what, why=one.item.reason)


def _of_others(session: Session, family: FamilyRow, request: SubjectAccessRow, asked: Asked) -> Iterator[LeftOut]:
    for name, table in (("ratings", RatingRow), ("hidings", HidingRow), ("withheld", WithheldRow)):
        its = select(func.count()).select_from(table).where(table.selection_id.in_(asked.selections))
        if number := session.scalar(its) or 0:
            yield LeftOut(what=f"{_OTHERS[name]} ({number})", why=ABOUT_OTHERS[name])
    if others := [one for one in family.people if one.id not in request.people]:
        its = select(func.count()).select_from(ConsentRow)
        said = session.scalar(its.where(ConsentRow.family_id == family.id, ConsentRow.person_id.not_in(request.people)))
        yield LeftOut(
            what=f"What others of the family are called here ({len(others)}), and what they agreed to ({said or 0})",
            why="It is about them, and they did not ask.",
        )
    receiving = select(func.count()).select_from(UploadRow)
    receiving = receiving.where(UploadRow.selection_id.in_(asked.selections), UploadRow.storage_key.is_(None))
    if number := session.scalar(receiving.where(UploadRow.offset_bytes > 0)) or 0:
        yield LeftOut(
            what=f"Films that did not arrive whole ({number})", why="They cannot be played, and go by themselves."
        )
    yield LeftOut(
        what="How the service works: places in its store, passwords, hashes",
        why="It says nothing about anybody, and keeps the rest safe.",
    )


_OTHERS = {
    "ratings": "Ratings of recordings of reviews",
    "hidings": "Where somebody else is covered in pictures",
    "withheld": "Pictures in which somebody else is still to be hidden",
}


def _when(moment: object) -> str:
    times = times_of(moment)  # type: ignore[arg-type]
    first, end = _clock(times.first_ms), _clock(times.end_ms)
    return f"{first} to {end} of the film" if isinstance(moment, Clip) else f"at {first} of the film"


def _clock(ms: int) -> str:
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes}:{seconds:02}"
