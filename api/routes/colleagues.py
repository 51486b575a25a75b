"""With whom a guider can share a family."""

from __future__ import annotations

from fastapi import APIRouter

from api.dependencies import Asker, Ctx
from api.errors import described
from records.families.colleagues import Colleague, list_colleagues

router = APIRouter(tags=["families"])
COLLEAGUES = "/api/v1/colleagues"


@router.get(COLLEAGUES, summary="My colleagues", responses=described(401, 403))
def list_my_colleagues(asker: Asker, ctx: Ctx) -> list[Colleague]:
    """Names and ids of the other guiders and supervisors with an open account; for guiders, who share with them."""
    with ctx.db.reading() as session:
        return list_colleagues(session, asker)
