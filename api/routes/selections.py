"""Selections over HTTP: begin one, look at it, try it again, erase it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field

from api.dependencies import AppContext, Asker, Ctx, GivenCursor, GivenId, next_page, position_of
from api.errors import described
from api.middleware.limits import UPLOADS
from api.middleware.person import Person, hash_person
from api.routes.new_selection import NewSelection
from pipeline.hints import hints
from pipeline.limits import ID_PATTERN
from records.accounts.principal import guider_of
from records.actions.create import begin_selection, compose_selection
from records.actions.erase import erase_selection
from records.errors import SelectionGone
from records.ledger import selections as ledger
from records.states import MomentState
from records.views.selection_list import list_selections as list_page
from records.views.selections import SelectionSummary, SelectionView, selection_view

PREFIX = "/api/v1/selections"
router = APIRouter(prefix=PREFIX, tags=["selections"])


class AwaitedUpload(BaseModel):
    """One upload to be sent: announce it at `url` with this Upload-Metadata (values still to be put in base64)."""

    url: str = Field(examples=[UPLOADS])
    metadata: dict[Literal["moment", "selection"], str]
    kind: Literal["clip", "still", "film"]
    position: int | None
    """Of the moment, from 0, clips first; None for the whole film."""


class CreatedSelection(BaseModel):
    """A selection and the uploads that it still awaits."""

    selection: SelectionView
    uploads: list[AwaitedUpload]
    hints: list[str]
    """Friendly remarks; none of them forbids anything."""


class SelectionPage(BaseModel):
    """Some selections, newest first."""

    items: list[SelectionSummary]
    next: str | None
    """Where the next ones are; None at the end."""


GivenKey = Annotated[
    str,
    Header(
        pattern="^[!-~]{16,128}$",
        description="Something random, 16 to 128 characters, made anew for each list of moments that a guider sends. "
        "Asking again with the same key, when an answer was lost, begins no second selection.",
        examples=["5f0c2a4e-7f0e-4f4b-9a53-1d1f3c1f9c55"],
    ),
]


@router.post(
    "",
    status_code=201,
    summary="Create a selection",
    responses=described(400, 401, 403, 404, 409, 413, 422, 429, 503, 507),
)
def create_selection(
    new: NewSelection, asker: Asker, ctx: Ctx, person: Person, response: Response, idempotency_key: GivenKey = ""
) -> CreatedSelection:
    """Say which moments of which film are coming and what shall be made of them; learn what to send where."""
    new.check()
    selection = new.selection()
    asked = compose_selection(
        selection,
        new.cuts(),
        new.stated_film(),
        new.preset,
        new.kinds(),
        whole_film=new.whole_film,
        recipes=new.recipes,
        guider=guider_of(asker, new.guider),
        begun_by=hash_person(person),
        review_on=new.review_on,
    )
    begun = begin_selection(ctx.db, ctx.settings, asker, asked, idempotency_key, agreed=new.agreed, seen=new.seen())
    view = view_now(ctx, begun)
    response.headers["Location"] = f"{PREFIX}/{view.id}"
    return CreatedSelection(selection=view, uploads=awaited_uploads(view), hints=hints(selection))


@router.get("", summary="Selections, newest first", responses=described(401, 422))
def list_selections(
    asker: Asker,
    ctx: Ctx,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: GivenCursor = "",
    family_id: Annotated[str, Query(pattern=f"^$|{ID_PATTERN}", description="Only those of this family.")] = "",
    offset: Annotated[int, Query(ge=0, le=1_000_000, deprecated=True)] = 0,
) -> SelectionPage:
    """A page of summaries, of those that one may see."""
    with ctx.db.reading() as session:
        items, last = list_page(
            session, asker, limit=limit, after=position_of(cursor), family_id=family_id, offset=offset
        )
    return SelectionPage(items=items, next=next_page(PREFIX, {"limit": limit, "family_id": family_id}, last))


@router.get("/{selection_id}", summary="One selection", responses=described(401, 404))
def get_selection(selection_id: GivenId, ctx: Ctx) -> SelectionView:
    """Its state, and that of every moment, output and upload; a figure that is unknown is null."""
    return view_now(ctx, selection_id)


@router.post("/{selection_id}/retry", status_code=202, summary="Retry what failed", responses=described(401, 404))
def retry_selection(selection_id: GivenId, ctx: Ctx) -> SelectionView:
    """Queue its failed work again, with all attempts."""
    with ctx.db.session() as session:
        ledger.retry_selection(session, selection_id)
    return view_now(ctx, selection_id)


@router.delete("/{selection_id}", status_code=204, summary="Erase a selection", responses=described(401, 404, 503))
def delete_selection(selection_id: GivenId, ctx: Ctx) -> None:
    """Everything of it goes: words, uploads, moments, packs. This cannot be undone."""
    if not erase_selection(ctx.db, ctx.storage, ctx.settings, selection_id):
        raise SelectionGone(selection_id)


def view_now(ctx: AppContext, selection_id: str) -> SelectionView:
    """The selection as it stands. Raises: SelectionGone."""
    with ctx.db.reading() as session:
        view = selection_view(session, selection_id)
    if view is None:
        raise SelectionGone(selection_id)
    return view


def awaited_uploads(view: SelectionView) -> list[AwaitedUpload]:
    """What is still to be sent of a selection."""
    awaiting = [moment for moment in view.moments if moment.state == MomentState.AWAITING_UPLOAD]
    if view.whole_film and awaiting:
        return [AwaitedUpload(url=UPLOADS, metadata={"selection": view.id}, kind="film", position=None)]
    return [
        AwaitedUpload.model_validate(
            {"url": UPLOADS, "metadata": {"moment": moment.id}, "kind": moment.kind, "position": moment.position}
        )
        for moment in awaiting
    ]
