"""Families over HTTP: one's own and those that are shared with one, a code for a new one, and sharing."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import Asker, Ctx, Cursor, GivenId, next_page, position_of
from api.errors import NotInScope, described
from pipeline.limits import ID_PATTERN
from pipeline.moments import FamilyCode
from records.accounts.principal import Via
from records.documents import FamilyPeople, GivenTime, Reason
from records.families import hand_over, listing, sharing
from records.families.access import ShareKind
from records.families.break_glass import BrokenGlass, break_glass
from records.families.families import propose_code
from records.families.hand_over import OwnerView
from records.families.listing import FamilyView
from records.paging import Position
from records.views.last_review import LastReview, last_review

PREFIX = "/api/v1/families"
router = APIRouter(prefix=PREFIX, tags=["families"])


class HandOver(BaseModel):
    """From whom to whom, and which families."""

    model_config = ConfigDict(extra="forbid")

    from_account_id: Annotated[str, Field(pattern=ID_PATTERN)]
    to_account_id: Annotated[str, Field(pattern=ID_PATTERN)]
    reason: Reason
    family_ids: Annotated[list[Annotated[str, Field(pattern=ID_PATTERN)]] | None, Field(max_length=1000)] = None
    """Null: all of them."""


class HandedOver(BaseModel):
    """How many families are another guider's now."""

    families: int


class ProposedCode(BaseModel):
    """A code that no family here has."""

    code: str = Field(examples=["K-274"])


class NewFamily(BaseModel):
    """A family to be opened."""

    model_config = ConfigDict(extra="forbid")

    code: FamilyCode
    people: FamilyPeople = ()


class FamilyChange(BaseModel):
    """What a family is to be from now on."""

    model_config = ConfigDict(extra="forbid")

    people: FamilyPeople = ()
    ended_at: GivenTime | None = None


class NewShare(BaseModel):
    """With whom to share it, as what, and until when."""

    model_config = ConfigDict(extra="forbid")

    account_id: Annotated[str, Field(pattern=ID_PATTERN)]
    kind: Literal["colleague", "supervisor"]
    selection_id: Annotated[str | None, Field(pattern=ID_PATTERN)] = None
    """The one that a supervisor is to see; null: the whole family."""
    until: GivenTime | None = None


class FamilyPage(BaseModel):
    """Some families, those looked at last first."""

    items: list[FamilyView]
    next: str | None
    """Where the next ones are; null at the end."""


class ListedFamilies(BaseModel):
    """Which families a list has."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Cursor = ""
    code: Annotated[FamilyCode | None, Field(description="Only the one with this code, in any case.")] = None
    search: Annotated[str, Field(max_length=32, description="Only those whose code has this in it.")] = ""

    def given(self) -> dict[str, Any]:
        """As listing.list_families takes it."""
        return {
            "limit": self.limit, "after": position_of(self.cursor), "code": self.code or "", "search": self.search
        }  # fmt: skip

    def following(self, path: str, last: Position | None) -> str | None:
        """The address of the page behind this one; None at the end."""
        return next_page(path, self.model_dump(exclude={"cursor"}), last)


@router.get("", summary="My families", responses=described(401, 403, 422))
def list_families(asker: Asker, ctx: Ctx, asked: Annotated[ListedFamilies, Query()]) -> FamilyPage:
    """One's own and those that are shared with one, the one that one looked at last first."""
    with ctx.db.reading() as session:
        items, last = listing.list_families(session, asker, **asked.given())
    return FamilyPage(items=items, next=asked.following(PREFIX, last))


@router.get("/proposal", summary="A code for a new family", responses=described(401, 403))
def get_proposed_code(ctx: Ctx) -> ProposedCode:
    """A letter and digits, none of which is taken for another when it is read aloud or written by hand."""
    with ctx.db.reading() as session:
        return ProposedCode(code=propose_code(session))


@router.post("", status_code=201, summary="Open a family", responses=described(401, 403, 409, 422))
def create_family(new: NewFamily, asker: Asker, ctx: Ctx) -> FamilyView:
    """It is one's own alone until one shares it."""
    with ctx.db.session() as session:
        return sharing.open_family(session, asker, new.code, new.people)


@router.put("/{family_id}", summary="Change a family", responses=described(401, 403, 404, 422))
def save_family(family_id: GivenId, change: FamilyChange, asker: Asker, ctx: Ctx) -> FamilyView:
    """Its people by role and initials at most, and when the work with it ended. Its guider's alone."""
    with ctx.db.session() as session:
        return sharing.change_family(session, asker, family_id, people=change.people, ended_at=change.ended_at)


@router.get(
    "/{family_id}/last-review",
    summary="The last review with a family",
    response_model=LastReview,
    responses={204: {"description": "None that one may see"}, **described(401, 403)},
)
def get_last_review(family_id: GivenId, asker: Asker, ctx: Ctx) -> LastReview | Response:
    """Its question, and the working points and the plan that were written in it: what the next cycle goes on from."""
    with ctx.db.reading() as session:
        found = last_review(session, asker, family_id)
    return Response(status_code=204) if found is None else found


@router.post("/{family_id}/shares", status_code=201, summary="Share a family", responses=described(401, 403, 404, 422))
def create_family_share(family_id: GivenId, new: NewShare, asker: Asker, ctx: Ctx) -> FamilyView:
    """A colleague sees and works on all of it; a supervisor sees what is shared, and changes nothing."""
    with ctx.db.session() as session:
        return sharing.share_family(
            session,
            asker,
            family_id,
            new.account_id,
            ShareKind(new.kind),
            selection_id=new.selection_id,
            until=new.until,
        )


@router.delete("/{family_id}/shares/{share_id}", summary="End a share", responses=described(401, 403, 404))
def delete_family_share(family_id: GivenId, share_id: GivenId, asker: Asker, ctx: Ctx) -> FamilyView:
    """They see nothing of it any more."""
    with ctx.db.session() as session:
        return sharing.end_share(session, asker, family_id, share_id)


class BreakGlass(BaseModel):
    """Which family, and why there is no time to ask."""

    model_config = ConfigDict(extra="forbid")

    code: FamilyCode
    reason: Reason


@router.post(
    "/break-glass", status_code=201, summary="See a family in an emergency", responses=described(401, 403, 404, 422)
)
def open_family_in_emergency(wanted: BreakGlass, asker: Asker, ctx: Ctx) -> BrokenGlass:
    """For four hours, without changing anything. Its guider, managers and information governance are told the reason at
    once; the guider can end it like any share. In person only, and three times a day at most.
    """
    if asker.via is not Via.SESSION:
        raise NotInScope
    with ctx.db.session() as session:
        return break_glass(session, asker, wanted.code, wanted.reason)


@router.get("/owners", summary="Whose families there are", responses=described(401, 403))
def list_family_owners(asker: Asker, ctx: Ctx) -> list[OwnerView]:
    """For a manager who hands families over: guiders, and how many families are theirs; no code of any."""
    with ctx.db.reading() as session:
        return hand_over.list_owners(session, asker)


@router.get("/{family_id}", summary="One family", responses=described(401, 403, 404))
def get_family(family_id: GivenId, asker: Asker, ctx: Ctx) -> FamilyView:
    """One's own, or one that is shared with one."""
    with ctx.db.reading() as session:
        return listing.get_family(session, asker, family_id)


@router.post("/hand-over", summary="Transfer families to another guider", responses=described(401, 403, 422))
def transfer_families(wanted: HandOver, asker: Asker, ctx: Ctx) -> HandedOver:
    """A manager's: before a guider's account is closed, and never to herself. Who hands over sees nothing of them;
    every share of them ends. Both guiders are told the reason and the family's code; the audit has a line for each.
    """
    former, to = wanted.from_account_id, wanted.to_account_id
    with ctx.db.session() as session:
        chosen = hand_over.families_owned(session, former) if wanted.family_ids is None else wanted.family_ids
        return HandedOver(families=hand_over.hand_over(session, asker, chosen, former, to, wanted.reason))
