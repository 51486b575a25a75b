"""What the first page of an answer shows."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ShownFile(_Shown):
    """A file of the answer."""

    path: str
    title: str
    media_type: str
    bytes: int


class ShownThing(_Shown):
    """A moment, a film or a photograph, with its file and its words, or why it is left out."""

    title: str
    when: str = ""
    """Where in its film it is."""
    file: ShownFile | None = None
    words: tuple[str, ...] = ()
    about: str = ""
    left_out: str = ""
    """Why; empty: it is in."""


class ShownLine(_Shown):
    """Something that was written, and of what it is."""

    about: str
    words: str


class ShownReview(_Shown):
    """Everything of one review."""

    title: str
    written: tuple[ShownLine, ...]
    words_left_out: str
    things: tuple[ShownThing, ...]


class ShownTable(_Shown):
    """A table to read."""

    title: str
    about: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str


class LeftOut(_Shown):
    """Something that is not in the answer, and why."""

    what: str
    why: str


class ListedFile(_Shown):
    """A file as the list of contents names it."""

    path: str
    bytes: int
    sha256: str
    about: str


class Answer(_Shown):
    """All of it."""

    code: str
    """Of the family."""
    asked_by: str
    people: tuple[str, ...]
    """Whose data it is about."""
    received_on: date
    made_on: date
    checker: str
    """Who looked at everything before it left."""
    checked_on: date
    reviews: tuple[ShownReview, ...]
    forms: tuple[ShownThing, ...]
    notes: tuple[ShownLine, ...]
    tables: tuple[ShownTable, ...]
    left_out: tuple[LeftOut, ...]
