"""Notices over HTTP: what others did with one's families or account."""

from __future__ import annotations

from fastapi import APIRouter

from api.dependencies import Asker, Ctx, GivenId
from api.errors import NotConfirmed, described
from records.accounts.notices import Notice, acknowledge_notice, list_notices
from records.families.access import owner_of

NOTICES = "/api/v1/notices"
router = APIRouter(prefix=NOTICES, tags=["session"])


@router.get("", summary="My notices", responses=described(401, 403))
def list_my_notices(asker: Asker, ctx: Ctx) -> list[Notice]:
    """The newest first; those with `seen_at` null are to be shown until they are acknowledged."""
    if not asker.is_confirmed:  # families are named in them
        raise NotConfirmed
    with ctx.db.reading() as session:
        return list_notices(session, owner_of(asker), asker.session_id)


@router.put(
    "/{notice_id}/acknowledgement",
    status_code=204,
    summary="Say that I have seen a notice",
    responses=described(401, 403, 404),
)
def acknowledge_my_notice(notice_id: GivenId, asker: Asker, ctx: Ctx) -> None:
    """It stays in the list. A change of one's sign-in is acknowledged in another session than the one that made it."""
    with ctx.db.session() as session:
        acknowledge_notice(session, owner_of(asker), notice_id, asker.session_id)
