"""Signing in, who one is, and signing out: sessions of browsers."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.dependencies import AppContext, Asker, Ctx, GivenId
from api.errors import NothingHere, described
from api.middleware.access import SESSION
from api.middleware.identity import Identity
from api.middleware.session_cookie import (
    FORGET_STORAGE,
    give_session_cookie,
    is_https,
    read_session_cookie,
    take_session_cookie,
)
from api.middleware.wrong_tokens import introduction, known_browser
from records.accounts.principal import (
    MACHINE_ACCOUNT,
    SHARED_GUIDER_ACCOUNT,
    SHARED_IT_ACCOUNT,
    Principal,
    Role,
    Scope,
    Via,
)
from records.accounts.sessions import (
    Lifetime,
    SessionView,
    display_name_of,
    end_session,
    end_sessions,
    find_session,
    list_sessions,
    replace_session,
    was_begun_elsewhere,
)

router = APIRouter(tags=["session"])
SESSIONS = "/api/v1/sessions"
ON_OWN_MACHINE: Final = Lifetime(idle_s=90 * 24 * 3600, longest_s=90 * 24 * 3600)
"""Anybody who can use this browser can read the folder's secret too."""
_SHARED_BY_MANY = {SHARED_GUIDER_ACCOUNT, SHARED_IT_ACCOUNT}
_BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
_SYSTEMS = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "Mac OS": "macOS"}

Forget = Annotated[
    bool, Query(description="Let this browser forget unsent marks and cuts, too: on a computer of others.")
]


class SignIn(BaseModel):
    """What somebody proves themselves with."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"secret": "vgl_…"}]})

    secret: Annotated[
        SecretStr,
        Field(min_length=1, max_length=500, description="This machine's secret, or a shared token of the service."),
    ]


class SignedIn(BaseModel):
    """Who asks, and until when without signing in again."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    name: str = Field(description="What colleagues call them; of a program, which token it has.")
    roles: list[Role]
    scopes: list[Scope] = Field(description="What they may do at all, and may let an API token of theirs do.")
    via: Via
    ends_at: datetime | None = Field(description="If nothing more is asked; null where no session is needed.")
    waits_for_confirmation: bool = Field(
        description="The sign-in was reset: nothing opens until a second person or a former recovery code confirms it."
    )
    signs_out_there: bool = Field(
        description="Signing out goes on to the organisation's sign-in: `/api/v1/sign-in/organisation/sign-out`."
    )
    elsewhere: int = Field(description="In how many other browsers this account is signed in; 0 for a shared one.")


@router.post(SESSION, summary="Sign in", responses=described(401, 413, 422, 429))
async def create_session(given: SignIn, request: Request, ctx: Ctx, response: Response) -> SignedIn:
    """A secret is exchanged for a cookie that no script can read. A session that the browser had before ends."""
    identity: Identity = request.app.state.identity
    secret = given.secret.get_secret_value().strip()
    principal = await identity.holder_of(request.scope, request.headers, secret, api_tokens=False)
    on_own_machine = principal.account_id == MACHINE_ACCOUNT
    lifetime = (
        ON_OWN_MACHINE if on_own_machine else Lifetime(ctx.settings.session_idle_s, ctx.settings.session_longest_s)
    )
    answer = await run_in_threadpool(
        start_session, request, ctx, response, principal.account_id, by=Via.SECRET, lifetime=lifetime
    )
    request.state.principal = principal  # the audit says by what it was proved
    if not known_browser(request.headers, identity.browser_key):
        secure = is_https(request.scope, ctx.settings)
        response.headers.append("set-cookie", introduction(identity.browser_key, secure=secure))
    return answer


def start_session(
    request: Request, ctx: AppContext, response: Response, account_id: str, *, by: str, lifetime: Lifetime
) -> SignedIn:
    """A new session for the browser, in ``response``; the one that it had before ends. The caller has proof."""
    identity: Identity = request.app.state.identity
    former = read_session_cookie(request.scope, request.headers, ctx.settings)
    device = device_of(request.headers.get("user-agent", ""))

    with ctx.db.session() as session:
        begun = replace_session(session, identity.secrets, former, account_id, by=by, device=device, lifetime=lifetime)
    identity.forget(begun.ended_id)
    value = begun.value
    principal = _found(ctx, identity, value)
    answer = _signed_in(ctx, principal)
    request.state.who, request.state.principal = principal.name, principal
    keep_s = lifetime.longest_s if lifetime is ON_OWN_MACHINE else None
    give_session_cookie(response, request.scope, ctx.settings, value, keep_s)
    return answer


@router.get(SESSION, summary="Who is signed in", responses=described(401))
def get_session(asker: Asker, ctx: Ctx) -> SignedIn:
    """Also for a caller with a token."""
    return _signed_in(ctx, asker)


@router.delete(SESSION, status_code=204, summary="Sign out", responses=described(401, 403))
def delete_session(
    asker: Asker,
    request: Request,
    ctx: Ctx,
    forget: Forget = False,
) -> Response:
    """The session opens nothing any more, wherever a copy of it may be."""
    identity: Identity = request.app.state.identity
    with ctx.db.session() as session:
        end_session(session, asker.account_id, asker.session_id)
    identity.forget(asker.session_id)
    return _signed_out(request, ctx, forget=forget)


@router.get(SESSIONS, summary="My sessions", responses=described(401, 403))
def list_my_sessions(asker: Asker, ctx: Ctx) -> list[SessionView]:
    """The browsers in which one is signed in. Of an account that many share only this one is shown."""
    return _sessions(ctx, asker)


@router.delete(SESSIONS, status_code=204, summary="Sign out everywhere", responses=described(401, 403))
def delete_my_sessions(asker: Asker, request: Request, ctx: Ctx, forget: Forget = False) -> Response:
    """All of one's sessions end, this one too. Of an account that many share only this one."""
    identity: Identity = request.app.state.identity
    ended = _sessions(ctx, asker)
    with ctx.db.session() as session:
        if asker.account_id in _SHARED_BY_MANY:
            end_session(session, asker.account_id, asker.session_id)
        else:
            end_sessions(session, asker.account_id)
    for one in ended:
        identity.forget(one.id)
    return _signed_out(request, ctx, forget=forget)


@router.delete(
    f"{SESSIONS}/{{session_id}}",
    status_code=204,
    summary="Sign out in another browser",
    responses=described(401, 403, 404),
)
def delete_my_session(session_id: GivenId, asker: Asker, request: Request, ctx: Ctx) -> None:
    """One of one's own sessions ends."""
    identity: Identity = request.app.state.identity
    if session_id not in {one.id for one in _sessions(ctx, asker)}:
        raise NothingHere
    with ctx.db.session() as session:
        end_session(session, asker.account_id, session_id)
    identity.forget(session_id)


def device_of(user_agent: str) -> str:
    """A browser and its system in a few words, from what the browser says of itself."""
    browser = next((name for sign, name in _BROWSERS.items() if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS.items() if sign in user_agent), "")
    if not browser:
        return re.sub(r"[^A-Za-z0-9 ._-]", "", user_agent.partition("/")[0])[:40] or "unknown"
    return f"{browser} on {system or ('Linux' if 'Linux' in user_agent else 'another system')}"


def _sessions(ctx: AppContext, asker: Principal) -> list[SessionView]:
    with ctx.db.reading() as session:
        found = list_sessions(session, asker.account_id, asker.session_id)
    return [one for one in found if one.is_this_one or asker.account_id not in _SHARED_BY_MANY]


def _found(ctx: AppContext, identity: Identity, value: str) -> Principal:
    with ctx.db.reading() as session:
        found = find_session(session, identity.secrets, value)
    if found is None:  # the account is closed
        raise identity.unknown()
    return found.principal


def _signed_in(ctx: AppContext, principal: Principal) -> SignedIn:
    mine = _sessions(ctx, principal)
    name = principal.name
    there = False
    if principal.via is Via.SESSION:
        with ctx.db.reading() as session:
            name = display_name_of(session, principal.account_id)
            there = ctx.settings.oidc_sign_out_there and was_begun_elsewhere(session, principal.session_id)
    this_one = next((one for one in mine if one.is_this_one), None)
    return SignedIn(
        account_id=principal.account_id,
        name=name,
        roles=sorted(principal.roles),
        scopes=sorted(principal.scopes),
        via=principal.via,
        ends_at=this_one.ends_at if this_one else None,
        signs_out_there=there,
        waits_for_confirmation=not principal.is_confirmed,
        elsewhere=sum(not one.is_this_one for one in mine),
    )


def _signed_out(request: Request, ctx: AppContext, *, forget: bool) -> Response:
    # Clear-Site-Data's "cookies" would clear those of every service under the council's domain, so ours are taken one
    # by one; answers of the API are in no cache. "storage" is this address's own.
    answer = Response(status_code=204, headers={"Clear-Site-Data": FORGET_STORAGE} if forget else None)
    take_session_cookie(answer, request.scope, ctx.settings)
    return answer
