"""The people of a service, for its manager: inviting them, their roles, new invitations, and closing accounts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.dependencies import Asker, Ctx, GivenId
from api.errors import NothingHere, described
from api.middleware.identity import Identity
from api.routes.local_sign_in import LOGIN, WITH_ACCOUNTS
from pipeline.limits import LIMITS
from records.accounts.local.people import (
    Person,
    ResetReason,
    change_roles,
    close_person,
    invite_again,
    invite_person,
    list_people,
    sign_out_person,
)
from records.accounts.principal import Role
from records.accounts.sessions import sessions_of

router = APIRouter(tags=["people"])
PEOPLE = "/api/v1/people"


class NewPerson(BaseModel):
    """Somebody to be invited."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"login": "ada", "roles": ["guider"]}]})

    login: Annotated[str, LOGIN]
    display_name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=LIMITS.longest_name)] = ""
    roles: set[Role]


class Invitation(BaseModel):
    """A link for one person, good once and for 72 hours. Hand it over so that nobody else reads it."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    invitation: str = Field(description="Shown now and never again; the link is the page's address and #invite= this.")


class NewRoles(BaseModel):
    """What somebody is to be from now on."""

    model_config = ConfigDict(extra="forbid")

    roles: set[Role]


class Reason(BaseModel):
    """Why, as the audit keeps it."""

    model_config = ConfigDict(extra="forbid")

    reason: ResetReason


def only_with_accounts(ctx: Ctx) -> None:
    """Nothing, where people have accounts of any kind. Raises: NothingHere."""
    if not ctx.settings.has_accounts:
        raise NothingHere


Forget = Annotated[
    bool, Query(description="A device was lost: its browser forgets unsent marks and cuts, of everybody who used it.")
]
OF_ANY_KIND = [Depends(only_with_accounts)]
"""Where people sign in with their organisation's accounts, these are listed and closed here, and all else is there."""


@router.get(PEOPLE, summary="Everybody who works here", dependencies=OF_ANY_KIND, responses=described(401, 403))
def list_people_here(_: Asker, ctx: Ctx) -> list[Person]:
    """Also those whose accounts are closed."""
    with ctx.db.reading() as session:
        return list_people(session)


@router.post(
    PEOPLE,
    status_code=201,
    summary="Invite somebody",
    dependencies=WITH_ACCOUNTS,
    responses=described(401, 403, 409, 422),
)
def create_person(new: NewPerson, asker: Asker, ctx: Ctx) -> Invitation:
    """They choose their password and second factor themselves."""
    with ctx.db.session() as session:
        account_id, value = invite_person(session, asker, new.login, new.display_name, new.roles)
    return Invitation(account_id=account_id, invitation=value)


@router.put(
    f"{PEOPLE}/{{account_id}}/roles",
    summary="Change somebody's roles",
    dependencies=WITH_ACCOUNTS,
    responses=described(401, 403, 404, 422),
)
def save_roles(account_id: GivenId, new: NewRoles, asker: Asker, ctx: Ctx) -> list[Person]:
    """They hold from the next request on. Nobody changes her own."""
    with ctx.db.session() as session:
        change_roles(session, asker, account_id, new.roles)
        return [one for one in list_people(session) if one.id == account_id]


@router.post(
    f"{PEOPLE}/{{account_id}}/invitation",
    status_code=201,
    summary="Invite somebody anew who lost password or second factor",
    dependencies=WITH_ACCOUNTS,
    responses=described(401, 403, 404, 422),
)
def create_invitation_anew(account_id: GivenId, why: Reason, asker: Asker, request: Request, ctx: Ctx) -> Invitation:
    """What they had is good no more, and they are signed out everywhere."""
    identity: Identity = request.app.state.identity
    with ctx.db.session() as session:
        ended = sessions_of(session, account_id)
        value = invite_again(session, asker, account_id, why.reason)
    for session_id in ended:
        identity.forget(session_id)
    return Invitation(account_id=account_id, invitation=value)


@router.delete(
    f"{PEOPLE}/{{account_id}}/sessions",
    status_code=204,
    summary="Sign somebody out everywhere",
    dependencies=OF_ANY_KIND,
    responses=described(401, 403, 404),
)
def delete_person_sessions(
    account_id: GivenId, asker: Asker, request: Request, ctx: Ctx, forget: Forget = False
) -> None:
    """They can sign in again; one's own sessions are ended in one's account. With `forget`, the next answer to each of
    their browsers that still has such a session clears what the page keeps there (`Clear-Site-Data`).
    """
    identity: Identity = request.app.state.identity
    with ctx.db.session() as session:
        ended = sign_out_person(session, asker, account_id, forget=forget)
    for session_id in ended:
        identity.forget(session_id)


@router.delete(
    f"{PEOPLE}/{{account_id}}",
    status_code=204,
    summary="Close somebody's account",
    dependencies=OF_ANY_KIND,
    responses=described(401, 403, 404, 409),
)
def delete_person(account_id: GivenId, asker: Asker, request: Request, ctx: Ctx) -> None:
    """They are signed out at once, for good. What they made stays."""
    identity: Identity = request.app.state.identity
    with ctx.db.session() as session:
        ended = sessions_of(session, account_id)
        close_person(session, asker, account_id)
    for session_id in ended:
        identity.forget(session_id)
