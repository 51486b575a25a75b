"""Families with their films over HTTP: what a start page shows of each, and the whole course of one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.dependencies import Asker, Ctx, GivenId
from api.errors import described
from api.routes.families import PREFIX, ListedFamilies
from records.families import listing
from records.views import family_films
from records.views.family_films import FamilyFilms, FamilyLine

router = APIRouter(prefix=PREFIX, tags=["families"])


class FamilyLines(BaseModel):
    """Some families with what was sent last of each, those looked at last first."""

    items: list[FamilyLine]
    next: str | None
    """Where the next ones are; null at the end."""


@router.get("/latest", summary="My families, with what was sent last of each", responses=described(401, 403, 422))
def list_families_with_latest(asker: Asker, ctx: Ctx, asked: Annotated[ListedFamilies, Query()]) -> FamilyLines:
    """One's own and those that are shared with one, as in their list. No pictures are named."""
    with ctx.db.reading() as session:
        families, last = listing.list_families(session, asker, **asked.given())
        lines = family_films.with_latest_films(session, asker, families)
    return FamilyLines(items=lines, next=asked.following(f"{PREFIX}/latest", last))


@router.get("/{family_id}/films", summary="All films of a family", responses=described(401, 403, 404))
def list_family_films(family_id: GivenId, asker: Asker, ctx: Ctx) -> FamilyFilms:
    """By cycle: its films, diaries and recordings of reviews, as far as one may see them; it is listed first now."""
    with ctx.db.reading() as session:
        found = family_films.films_of_family(session, asker, family_id)
    listing.note_family_view(ctx.db, asker, family_id)
    return found
