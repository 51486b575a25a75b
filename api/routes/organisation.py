"""Signing in with the organisation's own account: to its provider, back from there, and signed out by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from api.dependencies import AppContext, Ctx
from api.errors import NothingHere, described
from api.middleware.access import SIGN_IN
from api.middleware.identity import Identity
from api.middleware.session_cookie import (
    give_login_cookie,
    give_session_cookie,
    read_login_cookie,
    read_session_cookie,
    take_login_cookie,
)
from api.refusal_page import answer_by_page
from api.routes.invitations import INVITATIONS, InvitationGiven, find_given
from api.routes.session import device_of
from pipeline.errors import PipelineError
from records.accounts.organisation.configuration import CALLBACK
from records.accounts.organisation.errors import LoginDeclined, LoginUnknown, NotProven, OrganisationRefused
from records.accounts.organisation.identities import admit, end_external_sessions, note_external_session
from records.accounts.organisation.login_states import LOGIN_S, LoginState, begin_login, end_login
from records.accounts.sessions import Lifetime, replace_session
from records.audit.actions import Action
from records.audit.actor import NOBODY, NamedActor
from records.audit.log import note
from records.errors import DatabaseUnavailable
from records.logs import get_logger

if TYPE_CHECKING:
    from records.accounts.organisation.provider import Provider

router = APIRouter(tags=["session"])
ORGANISATION: Final = f"{SIGN_IN}/organisation"
LOGOUT: Final = f"{ORGANISATION}/back-channel-logout"
SIGNED_IN_BY: Final = "organisation"
_MOST_CHARACTERS: Final = 4096

log = get_logger("api")
Text = Annotated[str | None, Query(max_length=_MOST_CHARACTERS)]


@router.get(ORGANISATION, summary="Sign in with the organisation's account", responses=described(404, 503))
async def open_organisation_sign_in(
    request: Request,
    ctx: Ctx,
    to: Annotated[
        str, Query(pattern=r"^/(it|review/[0-9a-f]{32})?$", description="Where in the page to go then.")
    ] = "/",
) -> Response:
    """Sends the browser to the provider. What comes back from there is believed in this browser only, once."""
    provider = _provider_of(request)

    def begin() -> tuple[str, str, str, str]:
        with ctx.db.session() as session:
            begun = begin_login(session, to)
        return begun.state, begun.browser, begun.nonce, begun.code_verifier

    try:
        await provider.endpoints()  # nothing is remembered for a provider that is away
        state, browser, nonce, code_verifier = await run_in_threadpool(begin)
        address = await provider.sign_in_address(state=state, nonce=nonce, code_verifier=code_verifier)
    except (OrganisationRefused, DatabaseUnavailable) as refused:
        return _refuse(request, refused)
    answer = RedirectResponse(address, 303)
    give_login_cookie(answer, request.scope, ctx.settings, browser, LOGIN_S)
    return answer


class OrganisationAddress(BaseModel):
    """Where the browser goes to sign in."""

    model_config = ConfigDict(frozen=True)

    address: str


@router.post(
    f"{INVITATIONS}/organisation",
    summary="Open an invited account with the organisation's account",
    responses=described(403, 404, 410, 422, 429, 503),
)
async def create_organisation_sign_in(
    given: InvitationGiven, request: Request, ctx: Ctx, response: Response
) -> OrganisationAddress:
    """Instead of a password: who comes back from the provider has the account, if the invitation is still good then."""
    provider = _provider_of(request)
    await provider.endpoints()

    def begin() -> tuple[str, str, str, str]:
        found = find_given(given, request, ctx)
        with ctx.db.session() as session:
            begun = begin_login(session, "/", found.invitation_id)
        return begun.state, begun.browser, begun.nonce, begun.code_verifier

    state, browser, nonce, code_verifier = await run_in_threadpool(begin)
    give_login_cookie(response, request.scope, ctx.settings, browser, LOGIN_S)
    return OrganisationAddress(
        address=await provider.sign_in_address(state=state, nonce=nonce, code_verifier=code_verifier)
    )


@router.get(CALLBACK, summary="Come back from the organisation's sign-in", responses=described(400, 403, 404, 503))
async def complete_organisation_sign_in(
    request: Request, ctx: Ctx, state: Text = None, code: Text = None, iss: Text = None, error: Text = None
) -> Response:
    """Only the provider sends browsers here. It leads on to the page, which is signed in then."""
    provider = _provider_of(request)
    try:
        begun = await run_in_threadpool(_end_login, request, ctx, state or "")
        claims = await _claims_for(provider, begun, code=code, iss=iss, error=error)
        value = await run_in_threadpool(_sign_in, request, ctx, provider, claims, begun.invitation_id)
    except (OrganisationRefused, DatabaseUnavailable) as refused:
        return _refuse(request, refused)
    # The page that this leads to asks for what it shows by itself, so its first request brings the session, though
    # the browser came from another site and the cookie is for ours alone.
    answer = RedirectResponse(begun.go_to, 303)
    give_session_cookie(answer, request.scope, ctx.settings, value, None)
    take_login_cookie(answer, request.scope, ctx.settings)
    return answer


@router.get(f"{ORGANISATION}/sign-out", summary="Sign out at the organisation's sign-in", responses=described(404, 503))
async def open_organisation_sign_out(request: Request, ctx: Ctx) -> Response:
    """Sends the browser to the provider, after one has signed out here, and back to the page from there."""
    provider = _provider_of(request)
    home = f"{ctx.settings.public_url}/"
    try:
        return RedirectResponse(await provider.sign_out_address(home) or home, 303)
    except OrganisationRefused as refused:
        return _refuse(request, refused)


@router.post(LOGOUT, summary="Be told that somebody has signed out", responses=described(400, 404, 503))
async def create_back_channel_logout(request: Request, ctx: Ctx) -> Response:
    """For the provider: a form with a `logout_token` that it signed (OpenID Connect Back-Channel Logout 1.0)."""
    from records.accounts.organisation.tokens import kid_of, verify_logout_token

    provider = _provider_of(request)
    try:
        given = parse_qs((await request.body()).decode("ascii"), max_num_fields=10).get("logout_token", [])
    except ValueError as error:
        raise NotProven("logout token: no form") from error
    if len(given) != 1:
        raise NotProven("logout token: none")
    identity: Identity = request.app.state.identity
    try:
        keys = await provider.keys_for(kid_of(given[0]))
        token = verify_logout_token(provider.organisation, keys, given[0])

        def end() -> list[tuple[str, str]]:
            with ctx.db.session() as session:
                ended = end_external_sessions(session, provider.organisation, token)
                for session_id, account_id in ended:
                    note(session, NamedActor(account_id, SIGNED_IN_BY, session_id), Action.END_SESSION, session_id)
            return ended

        ended = await run_in_threadpool(end)
    except OrganisationRefused as refused:
        log.warning("organisation_logout_refused", code=refused.code, cause=str(refused))
        raise
    for session_id, _ in ended:
        identity.forget(session_id)
    return Response(status_code=200)


def _provider_of(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise NothingHere
    return provider


def _end_login(request: Request, ctx: AppContext, state: str) -> LoginState:
    browser = read_login_cookie(request.scope, request.headers, ctx.settings)
    if not state or not browser:
        raise LoginUnknown("no state, or a browser that began none")
    with ctx.db.session() as session:
        return end_login(session, state, browser)


async def _claims_for(
    provider: Provider, begun: LoginState, *, code: str | None, iss: str | None, error: str | None
) -> dict[str, object]:
    from records.accounts.organisation.tokens import kid_of, verify_id_token

    endpoints = await provider.endpoints()
    if (iss is not None or endpoints.sends_issuer) and iss != provider.organisation.issuer:
        raise NotProven("the answer names another issuer, or none")  # RFC 9207
    if error is not None or not code:
        said = error if error is not None and error.isascii() and error.replace("_", "").isalnum() else "no code"
        raise LoginDeclined(f"the provider says {said[:60]}")
    token, access_token = await provider.exchange(code, begun.code_verifier)
    keys = await provider.keys_for(kid_of(token))
    return dict(verify_id_token(provider.organisation, keys, token, nonce=begun.nonce, access_token=access_token))


def _sign_in(
    request: Request, ctx: AppContext, provider: Provider, claims: dict[str, object], invitation_id: str | None
) -> str:
    """The new session's secret. Raises: OrganisationRefused."""
    identity: Identity = request.app.state.identity
    lifetime = Lifetime(ctx.settings.session_idle_s, ctx.settings.session_longest_s)
    former = read_session_cookie(request.scope, request.headers, ctx.settings)
    device = device_of(request.headers.get("user-agent", ""))
    with ctx.db.session() as session:
        admission = admit(session, provider.organisation, claims, invitation_id)
        if admission.refused is not None:
            who = NamedActor(admission.account_id, SIGNED_IN_BY) if admission.account_id else NOBODY
            note(session, who, Action.REFUSE, admission.refused.code)
        else:
            begun = replace_session(
                session,
                identity.secrets,
                former,
                admission.account_id,
                by=SIGNED_IN_BY,
                device=device,
                lifetime=lifetime,
            )
            note_external_session(session, provider.organisation, admission.identity_id, begun.id, claims)
            who = NamedActor(admission.account_id, SIGNED_IN_BY, begun.id)
            if invitation_id is not None:
                note(session, who, Action.LINK_IDENTITY, admission.identity_id)
            if admission.is_new:
                note(session, who, Action.OPEN_ACCOUNT, admission.account_id)
            elif admission.has_other_roles:
                note(session, who, Action.CHANGE_ROLES, admission.account_id)
            note(session, who, Action.SIGN_IN, begun.id)
    if admission.refused is not None:
        raise admission.refused
    identity.forget(begun.ended_id)
    request.state.who = admission.account_id
    return begun.value


def _refuse(request: Request, refused: PipelineError) -> Response:
    log.warning("organisation_sign_in_refused", code=refused.code, cause=str(refused))
    request.scope["state"]["refused"] = {"code": refused.code}
    answer = answer_by_page(refused)
    context: AppContext = request.app.state.context
    take_login_cookie(answer, request.scope, context.settings)
    return answer
