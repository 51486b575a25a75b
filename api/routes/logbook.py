"""The logbook over HTTP: what is in it, what a requirement profile still asks for, and documents of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.dependencies import AppContext, Asker, Ctx, GivenId
from api.errors import NotInScope, described
from pipeline.limits import ID_PATTERN, LIMITS, or_empty
from pipeline.moments import FamilyCode
from pipeline.training.logbook.book import CycleEntry, HoursEntry, HoursKind, Logbook, Role
from pipeline.training.logbook.pages import to_pdf
from pipeline.training.logbook.profiles import CheckedStage, Profile, check, profile, profiles
from pipeline.training.logbook.sheet import Sheet, lay_out, to_csv
from pipeline.training.logbook.word_document import to_docx
from records.accounts.principal import OF_AN_ACCOUNT, guider_of
from records.clock import local_day, utcnow
from records.documents import GivenDay
from records.training.logbook import choose, erase_entry, profile_name, read_logbook, write_cycle, write_hours
from records.training.reports import is_logbook_shown, show_logbook

PREFIX = "/api/v1/logbook"
router = APIRouter(prefix=PREFIX, tags=["logbook"])


def _guider(
    asker: Asker,
    guider: Annotated[
        str,
        Query(
            pattern=or_empty(LIMITS.browser_code),
            description="Of an account that several share, the code that the page sends with selections; empty: "
            "everything that they sent. Whoever has an account of their own sees their own logbook, whatever is here.",
        ),
    ] = "",
) -> str:
    return guider_of(asker, guider) or ""


GivenGuider = Annotated[str, Depends(_guider)]


class ProfileView(BaseModel):
    """A requirement profile to choose."""

    name: str
    title: str
    about: str


class CycleView(CycleEntry):
    """A cycle, how its client is called, and whether it counts."""

    name: str
    counts: bool


class LogbookView(BaseModel):
    """A logbook, checked on the day of the answer."""

    profile: str
    profiles: list[ProfileView]
    shown_to_managers: bool
    """Whether managers and information governance may read it, without codes."""
    began_on: date | None
    beginning: date | None
    """From when the months count: `began_on`, or the first entry."""
    stages: list[CheckedStage]
    cycles: list[CycleView]
    hours: list[HoursEntry]


class Choice(BaseModel):
    """What the logbook is checked against."""

    model_config = ConfigDict(extra="forbid")

    profile: Annotated[str, Field(max_length=32)]
    began_on: GivenDay | None = None


class NewCycle(BaseModel):
    """A cycle written by hand; a day that is left out is read from the films of that family and cycle."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str | None, Field(pattern=ID_PATTERN)] = None
    """Of an entry whose family is erased."""
    family: FamilyCode | None
    cycle: Annotated[int, Field(ge=1, le=99)]
    role: Role = Role.TRAINEE_GUIDER
    filmed_on: GivenDay | None = None
    reviewed_on: GivenDay | None = None
    left_out: bool = False


class NewHours(BaseModel):
    """A session or training day written by hand."""

    model_config = ConfigDict(extra="forbid")

    kind: HoursKind
    on: GivenDay
    minutes: Annotated[int, Field(ge=0, le=24 * 60)] = 0
    role: Role = Role.SUPERVISEE


class Format(StrEnum):
    """What a logbook can be taken away as."""

    CSV = "csv"
    DOCX = "docx"
    PDF = "pdf"


_MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Format.PDF: "application/pdf",
}
_DOCUMENTS: dict[Format, Callable[[Sheet], bytes]] = {Format.DOCX: to_docx, Format.PDF: to_pdf}


@router.get("", summary="The logbook", responses=described(401, 422))
def get_logbook(ctx: Ctx, guider: GivenGuider) -> LogbookView:
    """Cycles are read from the selections; supervision and training were written by hand. No person is named in it."""
    with ctx.db.reading() as session:
        book, chosen = read_logbook(session, guider), profile_name(session, guider)
        shown = is_logbook_shown(session, guider)
    return view_of(book, chosen, shown=shown)


def view_of(book: Logbook, chosen: str, *, shown: bool) -> LogbookView:
    """A logbook checked against its profile today."""
    asked, names = _profile_of(chosen), book.names()
    return LogbookView(
        profile=asked.name,
        profiles=[ProfileView(name=one.name, title=one.title, about=one.about) for one in profiles().values()],
        shown_to_managers=shown,
        began_on=book.began_on,
        beginning=book.beginning,
        stages=check(book, asked, _today()),
        cycles=[CycleView(**entry.model_dump(), name=names[entry.client], counts=entry.whole) for entry in book.cycles],
        hours=list(book.hours),
    )


class Visibility(BaseModel):
    """Who may read it."""

    model_config = ConfigDict(extra="forbid")

    shown_to_managers: bool


@router.put("/visibility", summary="Show the logbook to managers, or no more", responses=described(401, 403, 422))
def save_logbook_visibility(given: Visibility, ctx: Ctx, guider: GivenGuider) -> LogbookView:
    """Without codes, to managers and information governance; for those who have an account of their own."""
    if not guider.startswith(OF_AN_ACCOUNT):
        raise NotInScope
    with ctx.db.session() as session:
        show_logbook(session, guider, shown=given.shown_to_managers)
    return get_logbook(ctx, guider)


@router.put("", summary="Choose a requirement profile", responses=described(401, 422))
def choose_logbook_profile(choice: Choice, ctx: Ctx, guider: GivenGuider) -> LogbookView:
    """And from when the months count."""
    profile(choice.profile)
    with ctx.db.session() as session:
        choose(session, guider, profile=choice.profile, began_on=choice.began_on)
    return get_logbook(ctx, guider)


@router.put("/cycles", summary="Write a cycle by hand", responses=described(401, 404, 422))
def save_logbook_cycle(new: NewCycle, ctx: Ctx, guider: GivenGuider) -> LogbookView:
    """Instead of what was written of this family and cycle before."""
    with ctx.db.session() as session:
        write_cycle(session, guider, CycleEntry(client="", **new.model_dump()))
    return get_logbook(ctx, guider)


@router.post("/hours", status_code=201, summary="Add a session or training day", responses=described(401, 422))
def add_logbook_hours(new: NewHours, ctx: Ctx, guider: GivenGuider) -> LogbookView:
    """Supervision received counts for a profile; what was given, and peers' hours, only stand in the logbook."""
    with ctx.db.session() as session:
        write_hours(session, guider, HoursEntry(**new.model_dump()))
    return get_logbook(ctx, guider)


@router.delete("/entries/{entry_id}", summary="Delete an entry made by hand", responses=described(401, 404))
def delete_logbook_entry(entry_id: GivenId, ctx: Ctx, guider: GivenGuider) -> LogbookView:
    """A cycle whose films are here is read from them as before."""
    with ctx.db.session() as session:
        erase_entry(session, guider, entry_id)
    return get_logbook(ctx, guider)


@router.get(
    "/logbook.{format_}",
    summary="The logbook as a document",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in _MEDIA_TYPES.values()}}, **described(401, 404, 422)},
)
def download_logbook(format_: Format, ctx: Ctx, guider: GivenGuider) -> Response:
    """CSV with every entry, or a document that shows it against the chosen profile."""
    book, asked = _read(ctx, guider)
    made = to_csv(book).encode() if format_ == Format.CSV else _DOCUMENTS[format_](lay_out(book, asked, _today()))
    headers = {"Content-Disposition": f'attachment; filename="logbook.{format_}"'}
    return Response(made, headers=headers, media_type=_MEDIA_TYPES[format_])


def _read(ctx: AppContext, guider: str) -> tuple[Logbook, Profile]:
    with ctx.db.reading() as session:
        book, chosen = read_logbook(session, guider), profile_name(session, guider)
    return book, _profile_of(chosen)


def _profile_of(chosen: str) -> Profile:
    return profiles().get(chosen) or next(iter(profiles().values()))


def _today() -> date:
    return local_day(utcnow())
