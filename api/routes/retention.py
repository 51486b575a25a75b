"""Retention over HTTP: how long families are kept, what keeps them longer, what goes soon, and what went."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import Asker, Ctx, GivenId
from api.errors import described
from pipeline.limits import ID_PATTERN
from records.actions.end_hold import end_hold
from records.actions.erase import erase_marked
from records.actions.erase_family import erase_family
from records.documents import GivenDay, GivenTime, Reason
from records.families.access import owner_of
from records.retention import family as families
from records.retention.certificates import ErasureCertificate, list_certificates
from records.retention.family import FamilyGoing, FamilyRetention, OwnerRetention
from records.retention.gone import gone_selections
from records.retention.holds import place_hold
from records.retention_policy.policy import NAME, policy_of

_FAMILY = "/api/v1/families/{family_id}"
router = APIRouter(tags=["retention"])
_LONGEST_DAYS = 400
_MOST_ASKED = 1000


class ChosenSchedule(BaseModel):
    """By which schedule a family is to be kept."""

    model_config = ConfigDict(extra="forbid")

    schedule: Annotated[str, Field(pattern=NAME)]
    born_in: GivenDay | None = None
    """Any day of the month in which the child was born. Of it nothing is kept but the date that follows from it."""


class Involvement(BaseModel):
    """Whether the work with a family has ended."""

    model_config = ConfigDict(extra="forbid")

    ended_at: GivenTime | None
    """Null: it goes on."""


class NewHold(BaseModel):
    """Why nothing of a family is to be erased for now."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    review_on: GivenDay | None = None
    """When somebody looks whether it is still needed; null: after the policy's usual time."""


@router.get(f"{_FAMILY}/retention", summary="How long a family is kept", responses=described(401, 403, 404))
def get_family_retention(family_id: GivenId, asker: Asker, ctx: Ctx) -> FamilyRetention:
    """When what goes, what holds it, and how much there is of it, here and outside. Its guider's alone."""
    with ctx.db.reading() as session:
        return families.family_retention(session, policy_of(ctx.settings), asker, family_id)


@router.put(f"{_FAMILY}/retention", summary="Choose how long", responses=described(401, 403, 404, 422))
def save_family_retention(family_id: GivenId, chosen: ChosenSchedule, asker: Asker, ctx: Ctx) -> FamilyRetention:
    """By one of the policy's schedules."""
    policy = policy_of(ctx.settings)
    with ctx.db.session() as session:
        families.choose_schedule(session, policy, asker, family_id, chosen.schedule, chosen.born_in)
        return families.family_retention(session, policy, asker, family_id)


@router.put(f"{_FAMILY}/involvement", summary="End or reopen the work", responses=described(401, 403, 404, 422))
def save_family_involvement(family_id: GivenId, given: Involvement, asker: Asker, ctx: Ctx) -> FamilyRetention:
    """From its end most schedules run. That it goes on also answers a notice, and begins the time of silence anew."""
    with ctx.db.session() as session:
        families.set_involvement(session, asker, family_id, given.ended_at)
        return families.family_retention(session, policy_of(ctx.settings), asker, family_id)


@router.post(f"{_FAMILY}/holds", status_code=201, summary="Hold a family", responses=described(401, 403, 404, 422))
def create_family_hold(family_id: GivenId, new: NewHold, asker: Asker, ctx: Ctx) -> FamilyRetention:
    """Nothing of it is erased until the hold is released, neither by the policy nor by anybody."""
    policy = policy_of(ctx.settings)
    with ctx.db.session() as session:
        families.family_retention(session, policy, asker, family_id)
        place_hold(session, asker, family_id, policy, new.reason, new.review_on)
        return families.family_retention(session, policy, asker, family_id)


@router.delete(f"{_FAMILY}/holds/{{hold_id}}", summary="Release a hold", responses=described(401, 403, 404, 503))
def delete_family_hold(family_id: GivenId, hold_id: GivenId, asker: Asker, ctx: Ctx) -> FamilyRetention:
    """It goes when its schedule says so, after a notice. **With the last hold goes what was said no to meanwhile.**"""
    policy = policy_of(ctx.settings)
    with ctx.db.session() as session:
        families.family_retention(session, policy, asker, family_id)
        found = end_hold(session, asker, family_id, hold_id)
    for selection_id in sorted(found.selection_ids):
        erase_marked(ctx.db, ctx.storage, ctx.settings, selection_id)
    with ctx.db.reading() as session:
        return families.family_retention(session, policy, asker, family_id)


@router.delete(_FAMILY, summary="Erase a family", responses=described(401, 403, 404, 409, 503))
def delete_family(family_id: GivenId, asker: Asker, ctx: Ctx) -> ErasureCertificate:
    """All of it for good: films, moments, outputs, words, agreements, code. Its guider's alone, and not while it is on
    hold. The certificate names what there was, and which copies are still out, by ids and counts.
    """
    with ctx.db.reading() as session:
        families.family_retention(session, policy_of(ctx.settings), asker, family_id)
    made = erase_family(ctx.db, ctx.storage, ctx.settings, asker, family_id)
    assert made is not None  # noqa: S101 nobody but a policy takes it back
    return made


@router.get("/api/v1/retention/next", summary="What goes soon", responses=described(401, 403))
def list_families_going(
    asker: Asker, ctx: Ctx, days: Annotated[int, Query(ge=1, le=_LONGEST_DAYS)] = 7
) -> list[FamilyGoing]:
    """Of one's own families: which go within so many days, of which what was sent does, and overdue holds."""
    with ctx.db.reading() as session:
        return families.going_soon(session, policy_of(ctx.settings), asker, timedelta(days=days))


class GivenSelections(BaseModel):
    """Selections of which a browser keeps something."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[Annotated[str, Field(pattern=ID_PATTERN)]], Field(max_length=_MOST_ASKED)]


class GoneSelections(BaseModel):
    """Those of which it should keep nothing any more."""

    ids: list[str]


@router.post("/api/v1/retention/gone", summary="What a browser should drop", responses=described(401, 403, 422))
def check_selections_gone(given: GivenSelections, asker: Asker, ctx: Ctx) -> GoneSelections:
    """Of these selections: which were erased, and which are not theirs to see any more. One that this service never
    knew, or lost, is not among them: what the browser keeps of it may be all there is.
    """
    with ctx.db.reading() as session:
        return GoneSelections(ids=gone_selections(session, asker, given.ids))


@router.get("/api/v1/retention/certificates", summary="My certificates of erasure", responses=described(401, 403))
def list_my_certificates(asker: Asker, ctx: Ctx) -> list[ErasureCertificate]:
    """Of the families that were one's own, newest first."""
    with ctx.db.reading() as session:
        return list_certificates(session, owner_account_id=owner_of(asker))


@router.get("/api/v1/reports/retention", summary="Retention in figures", responses=described(401, 403))
def get_retention_report(ctx: Ctx) -> list[OwnerRetention]:
    """By guider: what goes within a week, holds and what is overdue. No code of any family."""
    with ctx.db.reading() as session:
        return families.retention_by_owner(session, policy_of(ctx.settings))


@router.get("/api/v1/reports/erasures", summary="All certificates of erasure", responses=described(401, 403))
def list_certificates_of_all(ctx: Ctx) -> list[ErasureCertificate]:
    """Of every family that was erased here, newest first."""
    with ctx.db.reading() as session:
        return list_certificates(session)
