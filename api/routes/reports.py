"""Reports for managers and information governance: counts of the work, and the logbooks that guiders showed them."""

from __future__ import annotations

from fastapi import APIRouter

from api.dependencies import Asker, Ctx, GivenId
from api.errors import described
from api.routes.logbook import LogbookView, view_of
from records.accounts.principal import OF_AN_ACCOUNT
from records.training.logbook import profile_name
from records.training.reports import GuiderWork, list_work, shown_logbook

REPORTS = "/api/v1/reports"
router = APIRouter(prefix=REPORTS, tags=["people"])


@router.get("/work", summary="How much each guider works here", responses=described(401, 403))
def list_guiders_work(_: Asker, ctx: Ctx) -> list[GuiderWork]:
    """Counts, and no code of any family."""
    with ctx.db.reading() as session:
        return list_work(session)


@router.get("/logbooks/{account_id}", summary="A logbook that its guider showed", responses=described(401, 403, 404))
def get_shown_logbook(account_id: GivenId, _: Asker, ctx: Ctx) -> LogbookView:
    """Families are numbers in it."""
    with ctx.db.reading() as session:
        book = shown_logbook(session, account_id)
        chosen = profile_name(session, f"{OF_AN_ACCOUNT}{account_id}")
    return view_of(book, chosen, shown=True)
