"""API tokens: for programs that ask instead of a person."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.dependencies import Asker, Ctx, GivenId
from api.errors import NothingHere, NotInScope, described
from api.middleware.identity import Identity
from pipeline.limits import LIMITS
from records.accounts.api_tokens import ApiTokenView, create_api_token, list_api_tokens, revoke_api_token
from records.accounts.principal import Scope

router = APIRouter(tags=["session"])
TOKENS = "/api/v1/tokens"


class NewToken(BaseModel):
    """What a program is to be able to do, and for how long."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "Prometheus", "scopes": ["operations:read"]}]}
    )

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LIMITS.longest_token_name)]
    scopes: Annotated[set[Scope], Field(min_length=1)]
    days: Annotated[int, Field(ge=1, le=366, description="After so many days it opens nothing.")] = 90


class MadeToken(BaseModel):
    """A new token."""

    model_config = ConfigDict(frozen=True)

    token: Annotated[str, Field(description="Shown now and never again.", examples=["vgp_…"])]
    about: ApiTokenView


@router.get(TOKENS, summary="My API tokens", responses=described(401, 403))
def list_my_tokens(asker: Asker, ctx: Ctx) -> list[ApiTokenView]:
    """Also those that have ended, with their last use."""
    with ctx.db.reading() as session:
        return list_api_tokens(session, asker.account_id)


@router.post(TOKENS, status_code=201, summary="Make an API token", responses=described(401, 403))
def create_my_token(new: NewToken, asker: Asker, request: Request, ctx: Ctx) -> MadeToken:
    """It can be given no more than one may oneself."""
    identity: Identity = request.app.state.identity
    if not new.scopes <= asker.scopes:
        raise NotInScope
    with ctx.db.session() as session:
        token, about = create_api_token(
            session, identity.secrets, asker.account_id, name=new.name, scopes=new.scopes, days=new.days
        )
    return MadeToken(token=token, about=about)


@router.delete(
    f"{TOKENS}/{{token_id}}", status_code=204, summary="Revoke an API token", responses=described(401, 403, 404)
)
def delete_my_token(token_id: GivenId, asker: Asker, ctx: Ctx) -> None:
    """It opens nothing from now on."""
    with ctx.db.session() as session:
        if not revoke_api_token(session, asker.account_id, token_id):
            raise NothingHere
