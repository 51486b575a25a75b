"""Correcting over HTTP what was written and chosen for a review, and making again what was made before."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response

from api.dependencies import Ctx, GivenId
from api.errors import described
from api.routes.selections import PREFIX, view_now
from records.actions import correct
from records.actions.correct import MomentCorrection, SelectionCorrection
from records.actions.request_output import make_stale_again
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
