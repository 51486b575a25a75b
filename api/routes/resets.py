"""Second persons: who was invited anew, and may do nothing until somebody else has said that it was they."""

from __future__ import annotations

from fastapi import APIRouter

from api.dependencies import Asker, Ctx, GivenId
from api.errors import NotInScope, described
from api.routes.local_sign_in import WITH_ACCOUNTS
from records.accounts.local.resets import WaitingReset, confirm_reset, list_waiting
from records.accounts.principal import Via

RESETS = "/api/v1/resets"
router = APIRouter(prefix=RESETS, tags=["people"], dependencies=WITH_ACCOUNTS)


@router.get("", summary="Who waits to be confirmed", responses=described(401, 403))
def list_resets(asker: Asker, ctx: Ctx) -> list[WaitingReset]:
    """For managers and information governance."""
    with ctx.db.reading() as session:
        return list_waiting(session, asker)


@router.put(
    "/{account_id}/confirmation",
    status_code=204,
    summary="Confirm that somebody who was invited anew is who they say",
    responses=described(401, 403, 404, 409),
)
def confirm_person(account_id: GivenId, asker: Asker, ctx: Ctx) -> None:
    """In person, and after having asked them. Not for who made the invitation, nor for those whom they invited."""
    if asker.via is not Via.SESSION:
        raise NotInScope
    with ctx.db.session() as session:
        confirm_reset(session, asker, account_id)
