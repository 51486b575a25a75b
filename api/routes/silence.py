"""Silencing what was said in a clip, over HTTP."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from api.dependencies import Ctx, GivenId
from api.errors import described
from api.routes.selections import PREFIX, view_now
from pipeline.moments import Silences
from records.actions.silence import silence_moment
from records.views.selections import SelectionView

router = APIRouter(prefix=PREFIX, tags=["hiding"])


class NewSilences(BaseModel):
    """Every stretch in which nothing is to be heard, on the film's clock; none: all is heard."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"silence": [{"from": 72_480, "to": 73_100}]}]}
    )

    silence: Silences


@router.put(
    "/{selection_id}/moments/{moment_id}/silence",
    status_code=202,
    summary="Silence stretches of a clip and prepare it again",
    responses=described(401, 404, 422),
)
def save_silence(selection_id: GivenId, moment_id: GivenId, wanted: NewSilences, ctx: Ctx) -> SelectionView:
    """These take the place of those before. Everything that was made of the moment is taken back at once, and made
    again with silence there: the worker refuses the finished file unless nothing at all is left. Where somebody is
    hidden in it, every picture has to be looked at anew. What was sent of the film still holds what was said. Asking
    for what is silent already changes nothing.
    """
    with ctx.db.session() as session:
        silence_moment(session, selection_id, moment_id, wanted.silence)
    return view_now(ctx, selection_id)
