"""Hiding a bystander over HTTP: say where they are, look at every picture, and only then have it handed out."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.dependencies import Asker, Ctx, GivenId
from api.errors import NothingHere, described
from api.routes.artifacts import FILE_ANSWERS, GivenAsking, answer_file, asked_again
from api.routes.selections import PREFIX, view_now
from pipeline.marks import MOST_MARKS, Mark, Picture, Wanted, wanted_boxes
from records.actions import hide
from records.actions.hide import (
    COVERED,
    FINISHED,
    UNCOVERED,
    ask_hiding,
    find_hiding,
    find_withheld,
    lift_hiding,
)
from records.audit.act import Transaction
from records.audit.actions import Action
from records.audit.log import note
from records.documents import CoveredPicture
from records.families.uses import check_look
from records.views.files import StoredFile, withheld_file
from records.views.selections import SelectionView

router = APIRouter(prefix=PREFIX, tags=["hiding"])
_HIDING = "/{selection_id}/moments/{moment_id}/hiding"


class Marks(BaseModel):
    """What was marked on the moment's pictures. None: they are only made ready to be marked."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"marks": [{"at": 0, "covers": "box", "box": {"x": 0.6, "y": 0.2, "width": 0.2, "height": 0.7}}]}
            ]
        },
    )

    marks: Annotated[tuple[Mark, ...], Field(max_length=MOST_MARKS)] = ()
    even_in_doubt: bool = True
    """False: where more boxes are wanted the person is only followed, and nothing is made."""


class Seen(BaseModel):
    """Pictures that were looked at: numbers from 0, each range without its end."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"sha256": "0" * 64, "pictures": [[0, 48]]}]}
    )

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    pictures: Annotated[tuple[tuple[int, int], ...], Field(max_length=MOST_MARKS)]


class WantedBox(BaseModel):
    """A stretch, in ms, in which what is covered is in doubt, and where (``at``) one more box would help."""

    model_config = ConfigDict(from_attributes=True)

    from_ms: int
    to_ms: int
    at_ms: int
    why: str


class Confirmed(BaseModel):
    """The file whose every picture was looked at."""

    model_config = ConfigDict(extra="forbid")

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class HidingView(BaseModel):
    """What is hidden in a moment, and what there is to look at."""

    marks: list[Mark]
    pictures: tuple[CoveredPicture, ...]
    """Empty while they are being made, and once they were confirmed."""
    sha256: str | None
    """Of the file to be confirmed; null where there is none."""
    confirmed: bool
    wanted: list[WantedBox]
    seen: list[tuple[int, int]]
    """Which pictures of that file were looked at: numbers from 0, each range without its end."""


class Part(StrEnum):
    """Which pictures: as they are, or as they would be handed out."""

    UNCOVERED = UNCOVERED
    COVERED = COVERED


@router.put(_HIDING, status_code=202, summary="Hide somebody in a moment", responses=described(401, 404, 422))
def save_hiding(selection_id: GivenId, moment_id: GivenId, asked: Marks, who: Asker, ctx: Ctx) -> SelectionView:
    """Everything that was made of the moment is taken back at once, and nothing of it is handed out until every picture
    has been looked at and confirmed. Asking again, with other marks, begins again. Sound is left as it is.
    """
    with ctx.db.session() as session:
        ask_hiding(session, selection_id, moment_id, asked.marks, even_in_doubt=asked.even_in_doubt)
        note(
            session,
            who,
            Action.HIDE,
            selection_id=selection_id,
            moment_id=moment_id,
            figures={"marks": len(asked.marks)},
        )
    return view_now(ctx, selection_id)


@router.delete(_HIDING, status_code=202, summary="Stop hiding anybody in a moment", responses=described(401, 404))
def delete_hiding(selection_id: GivenId, moment_id: GivenId, who: Asker, ctx: Ctx) -> SelectionView:
    """The moment is prepared again as it is."""
    with ctx.db.session() as session:
        lift_hiding(session, selection_id, moment_id)
        note(session, who, Action.LIFT_HIDING, selection_id=selection_id, moment_id=moment_id)
    return view_now(ctx, selection_id)


@router.get(_HIDING, summary="Marks, covers and pictures of a hidden moment", responses=described(401, 404))
def get_hiding(selection_id: GivenId, moment_id: GivenId, ctx: Ctx) -> HidingView:
    """The marks, every picture with its cover, and the file to confirm."""
    with ctx.db.reading() as session:
        hiding = find_hiding(session, selection_id, moment_id)
        finished = find_withheld(session, selection_id, moment_id, FINISHED)
    return HidingView(
        marks=list(hiding.marks),
        pictures=hiding.pictures,
        sha256=finished.sha256 if finished else None,
        confirmed=hiding.confirmed_sha256 is not None,
        wanted=[WantedBox.model_validate(one) for one in _wanted(hiding.marks, hiding.pictures)],
        seen=list(hiding.seen),
    )


def _wanted(marks: Sequence[Mark], pictures: Sequence[CoveredPicture]) -> list[Wanted]:
    """Nothing before somebody was marked: then everything is in doubt."""
    if not marks:
        return []
    return wanted_boxes([Picture(p.at_ms, p.covers, p.box, p.drawn, p.doubt) for p in pictures])


@router.put(
    _HIDING + "/seen",
    status_code=204,
    summary="Remember which pictures were looked at",
    responses=described(401, 404, 409, 422),
)
def save_seen(selection_id: GivenId, moment_id: GivenId, seen: Seen, ctx: Ctx) -> None:
    """They are added to those that were seen before. Forgotten with the file that they were looked at in."""
    with ctx.db.session() as session:
        hide.note_seen(session, selection_id, moment_id, seen.sha256, seen.pictures)


@router.get(
    _HIDING + "/pictures/{part}",
    summary="Pictures to review before a hidden moment is handed out",
    response_class=Response,
    responses=FILE_ANSWERS,
)
@router.head(_HIDING + "/pictures/{part}", include_in_schema=False)
def download_hiding_pictures(
    selection_id: GivenId, moment_id: GivenId, part: Part, asking: GivenAsking, asker: Asker, ctx: Ctx
) -> Response:
    """JPEGs one after another; ask for the range of one. They are gone once the hiding is confirmed."""

    def look(session: Transaction) -> StoredFile:
        check_look(session, asker, selection_id, moment_id)
        file = withheld_file(session, selection_id, moment_id, part)
        if file is None:
            raise NothingHere
        return file

    with ctx.db.reading() as session:
        file = look(session)
    return answer_file(ctx.storage, file, asking, may_go_on=asked_again(ctx, look))


@router.put(
    _HIDING + "/confirmation",
    status_code=202,
    summary="Confirm that every picture was reviewed",
    responses=described(401, 404, 409, 422),
)
def confirm_hiding(selection_id: GivenId, moment_id: GivenId, seen: Confirmed, who: Asker, ctx: Ctx) -> SelectionView:
    """Refused unless the file with this SHA-256 is the one that lies there now."""
    with ctx.db.session() as session:
        hide.confirm_hiding(session, selection_id, moment_id, seen.sha256)
        note(session, who, Action.CONFIRM_HIDING, selection_id=selection_id, moment_id=moment_id)
    return view_now(ctx, selection_id)
