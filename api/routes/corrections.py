"""Correcting over HTTP what was written and chosen for a review, and making again what was made before."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import Asker, Ctx, GivenId
from api.errors import described
from api.routes.new_selection import FilmFacts, NewClip, NewStill, check_moments, seen_in, state_film
from api.routes.selections import PREFIX, CreatedSelection, GivenKey, awaited_uploads, view_now
from pipeline.moments import MOST_MOMENTS, Clip, Still
from records.actions import add_moments as adding
from records.actions import correct
from records.actions.correct import MomentCorrection, SelectionCorrection
from records.actions.request_output import make_stale_again
from records.documents import Statements
from records.views.selections import SelectionView

router = APIRouter(prefix=PREFIX, tags=["selections"])
GivenMatch = Annotated[
    str,
    Header(
        pattern=r'^"?\d{1,9}"?$',
        description="The `revision` of what one has before oneself. Where somebody corrected it since, nothing is "
        "changed, and the answer is 412.",
        examples=['"3"'],
    ),
]


class MoreMoments(BaseModel):
    """Moments to be added, and what the page knows of the film they are from."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    clips: Annotated[tuple[NewClip, ...], Field(alias="clip", max_length=MOST_MOMENTS)] = ()
    stills: Annotated[tuple[NewStill, ...], Field(alias="still", max_length=MOST_MOMENTS)] = ()
    film: FilmFacts
    agreed: Annotated[Statements, Field(description="As for a new selection.")] = ()

    def moments(self) -> list[Clip | Still]:
        """As moments.toml would hold them, clips first."""
        clips: list[Clip | Still] = [
            Clip.model_validate(one.model_dump(exclude={"cut", "people"})) for one in self.clips
        ]
        return clips + [Still.model_validate(one.model_dump(exclude={"cut", "people"})) for one in self.stills]


class AddedMoments(CreatedSelection):
    """The selection with what was added, and what is still to be sent of it."""

    added: list[str]
    """The ids of the moments, in the order in which they were given, clips first."""


@router.patch(
    "/{selection_id}",
    summary="Correct the question, the working points, the cycle or the order",
    responses=described(401, 404, 412, 422),
)
def correct_selection(
    selection_id: GivenId, wanted: SelectionCorrection, if_match: GivenMatch, ctx: Ctx, response: Response
) -> SelectionView:
    """The words take the place of those before, which are kept nowhere. What was made with them stays, and says in
    `made_before` what it lacks, until it is made again.
    """
    with ctx.db.session() as session:
        correct.correct_selection(session, selection_id, wanted, seen=if_match.strip('"'))
    view = view_now(ctx, selection_id)
    response.headers["ETag"] = f'"{view.revision}"'
    return view


@router.patch(
    "/{selection_id}/moments/{moment_id}",
    summary="Correct the caption or the principle of a moment",
    responses=described(401, 404, 412, 422),
)
def correct_moment(
    selection_id: GivenId, moment_id: GivenId, wanted: MomentCorrection, if_match: GivenMatch, ctx: Ctx
) -> SelectionView:
    """As for a selection; the revision is the moment's own, so that two people can write under two moments at once."""
    with ctx.db.session() as session:
        correct.correct_moment(session, selection_id, moment_id, wanted, seen=if_match.strip('"'))
    return view_now(ctx, selection_id)


@router.post(
    "/{selection_id}/outputs/again",
    status_code=202,
    summary="Request again what was made before a correction",
    responses=described(401, 403, 404),
)
def request_outputs_again(selection_id: GivenId, ctx: Ctx) -> SelectionView:
    """Everything that says so in `made_before`, each with what was chosen for it and for the purpose that it has."""
    with ctx.db.session() as session:
        make_stale_again(session, selection_id)
    return view_now(ctx, selection_id)


@router.post(
    "/{selection_id}/moments",
    status_code=201,
    summary="Add moments from the same film",
    responses=described(401, 403, 404, 409, 422, 503, 507),
)
def add_moments(
    selection_id: GivenId, more: MoreMoments, asker: Asker, ctx: Ctx, idempotency_key: GivenKey
) -> AddedMoments:
    """They join those that are there, each with an upload of its own; where the whole film is on the service, they are
    prepared from that. What was made before stays until the last of them is ready, and is then made again with them.
    """
    check_moments(more.clips, more.stills, more.film)
    given: list[NewClip | NewStill] = [*more.clips, *more.stills]
    with ctx.db.session() as session:
        added = adding.add_moments(
            session,
            ctx.settings,
            asker,
            selection_id,
            more.moments(),
            [one.on_own_clock() for one in given],
            state_film(more.film, given),
            idempotency_key,
            agreed=more.agreed,
            seen=seen_in(given),
        )
    view = view_now(ctx, selection_id)
    return AddedMoments(selection=view, uploads=awaited_uploads(view), hints=[], added=added)


@router.delete(
    "/{selection_id}/moments/{moment_id}",
    summary="Leave out a moment of which nothing has arrived",
    responses=described(401, 404, 409),
)
def delete_unsent_moment(selection_id: GivenId, moment_id: GivenId, ctx: Ctx) -> SelectionView:
    """So that the others need not wait for it. What has arrived goes with its review, or by a no of somebody in it."""
    with ctx.db.session() as session:
        adding.drop_unsent(session, selection_id, moment_id)
    return view_now(ctx, selection_id)
