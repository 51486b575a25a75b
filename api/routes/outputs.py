"""Kinds of output over HTTP: what can be made of a selection, and asking for it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import Asker, Ctx, GivenId
from api.errors import described
from api.routes.new_selection import KindName
from api.routes.selections import PREFIX, view_now
from pipeline.closing_notes import is_written
from pipeline.moments import FilmOf
from pipeline.outputs.kinds import KINDS, find_kind, parse_recipe
from pipeline.purposes import Purpose
from records.actions.closing_notes import find_words
from records.actions.request_output import ask_for_output
from records.consent.uses import require_output
from records.ledger.selections import has_picture, visible_selection
from records.views.other_selections import companions, earlier_reviews
from records.views.output_inputs import gather_inputs
from records.views.selections import SelectionSummary, SelectionView, summaries

router = APIRouter(tags=["outputs"])


class KindView(BaseModel):
    """A kind of output and what can be chosen for it."""

    name: str
    title: str
    about: str
    needs_picture: bool
    """Of a recording without a picture there is nothing to make."""
    of: FilmOf | None
    """The only film of which something can be made; null: of any."""
    files: dict[str, str]
    """What a file is for, by its name, where there are several."""
    purpose: Purpose | None
    """What it is for where nothing else is said; null: what the film's own moments are for."""
    also_for: list[Purpose]
    shows_people: bool
    """Somebody can be seen, heard or is written of in it, so that it waits for their agreement."""
    recipe: dict[str, Any]
    """JSON schema of the recipe; titles and descriptions are meant to be shown."""


class OutputRequest(BaseModel):
    """A kind, and what is chosen for it; what is left out stays as is usual."""

    model_config = ConfigDict(extra="forbid")

    kind: KindName
    recipe: Annotated[dict[str, Any], Field(max_length=100, default_factory=dict)]
    purpose: Purpose | None = None
    """What it is for; null: what such a kind is usually for."""


class RequestedOutput(BaseModel):
    """The selection with the output in it, and what will not come out as written."""

    selection: SelectionView
    remarks: list[str]


@router.get("/api/v1/kinds", summary="Kinds of output", responses=described(401))
def list_output_kinds() -> list[KindView]:
    """Every kind of output, in the order in which to offer them."""
    return [
        KindView(
            name=kind.name,
            title=kind.title,
            about=kind.about,
            needs_picture=kind.needs_picture,
            of=kind.of,
            files=dict(kind.files),
            purpose=kind.purpose,
            also_for=list(kind.also_for),
            shows_people=kind.shows_people,
            recipe=kind.recipe.model_json_schema(),
        )
        for kind in KINDS.values()
    ]


@router.post(
    f"{PREFIX}/{{selection_id}}/outputs",
    status_code=202,
    summary="Request an output, or a new version of it",
    responses=described(401, 403, 404, 422),
)
def request_output(selection_id: GivenId, wanted: OutputRequest, ctx: Ctx) -> RequestedOutput:
    """It is made as soon as every moment is ready; what was made of the kind before stays until then, unless it may
    show another selection that is no longer chosen.
    """
    kind = find_kind(wanted.kind)
    recipe = parse_recipe(kind, wanted.recipe)
    with ctx.db.session() as session:
        selection = visible_selection(session, selection_id)
        inputs = gather_inputs(session, selection, recipe)
        require_output(session, kind.name, kind.purpose_of(selection.shape.of, wanted.purpose), inputs.sources())
        ask_for_output(session, selection_id, kind.name, wanted.recipe, wanted.purpose)
        notes = find_words(session, selection_id)
        written = notes is not None and is_written(notes.words)
        remarks = kind.remark(selection.shape, recipe, picture=has_picture(selection), written=written)
    return RequestedOutput(selection=view_now(ctx, selection_id), remarks=remarks)


@router.get(
    f"{PREFIX}/{{selection_id}}/earlier",
    summary="Earlier reviews whose pictures may join a booklet",
    responses=described(401, 404),
)
def list_earlier_reviews(selection_id: GivenId, asker: Asker, ctx: Ctx) -> list[SelectionSummary]:
    """Those of the same family that are ready, in the order of their cycles."""
    with ctx.db.reading() as session:
        return summaries(earlier_reviews(session, visible_selection(session, selection_id), asker))


@router.get(
    f"{PREFIX}/{{selection_id}}/companions",
    summary="Selections of the other film of the same cycle",
    responses=described(401, 404),
)
def list_companions(selection_id: GivenId, asker: Asker, ctx: Ctx) -> list[SelectionSummary]:
    """Of a family's film those of the review recording and the other way round, newest first."""
    with ctx.db.reading() as session:
        return summaries(companions(session, visible_selection(session, selection_id), asker))
