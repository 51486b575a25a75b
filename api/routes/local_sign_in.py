"""Signing in with an account of this service: a password, then a second factor. The state between is on the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.dependencies import AppContext, Ctx
from api.errors import NothingHere, described
from api.middleware.access import SIGN_IN
from api.middleware.identity import Identity
from api.middleware.session_cookie import is_https
from api.middleware.sign_in_cookie import give_sign_in_cookie, read_sign_in_cookie, take_sign_in_cookie
from api.middleware.sign_in_tries import SignInTries
from api.middleware.wrong_tokens import introduction, is_known_to, known_browser
from api.routes.session import SignedIn, start_session
from pipeline.limits import LIMITS
from records.accounts.local.errors import SignInWrong
from records.accounts.local.passwords import verify_password
from records.accounts.local.pending import Pending, begin_pending, end_pending, find_pending, note_wrong
from records.accounts.local.sign_in import (
    TOTP_PURPOSE,
    Factor,
    Known,
    check_not_blocked,
    credentials_of,
    factors_of,
    is_code_right,
    is_recovery_code_right,
    login_key,
    note_signed_in,
    note_wrong_factor,
)
from records.accounts.sessions import Lifetime
from records.secrets.keys import hash_secret
from records.secrets.service_key import service_key

router = APIRouter(tags=["session"])
LOGIN = Field(
    min_length=1, max_length=LIMITS.longest_login, description="An email address or a short name.", examples=["ada"]
)
PASSWORD = Field(min_length=1, max_length=LIMITS.longest_password)
CODE = Field(min_length=1, max_length=LIMITS.longest_sign_in_code)


class PasswordGiven(BaseModel):
    """The first step."""

    model_config = ConfigDict(extra="forbid")

    login: Annotated[str, LOGIN]
    password: Annotated[SecretStr, PASSWORD]


class CodeGiven(BaseModel):
    """A second factor that is typed."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[SecretStr, CODE]


class SecondFactors(BaseModel):
    """The password was right; one of these comes next."""

    model_config = ConfigDict(frozen=True)

    factors: list[Factor]


def only_with_local_accounts(ctx: Ctx) -> None:
    """Nothing, where people have accounts of this service. Raises: NothingHere."""
    if not ctx.settings.local_accounts:
        raise NothingHere


def only_with_accounts(ctx: Ctx) -> None:
    """Nothing, where people have accounts of their own, of this service or the organisation. Raises: NothingHere."""
    if not ctx.settings.has_accounts:
        raise NothingHere


LOCAL = [Depends(only_with_local_accounts)]
WITH_ACCOUNTS = [Depends(only_with_accounts)]


@router.post(
    f"{SIGN_IN}/password", summary="Give login and password", dependencies=LOCAL, responses=described(401, 422, 429)
)
async def check_sign_in_password(given: PasswordGiven, request: Request, ctx: Ctx, response: Response) -> SecondFactors:
    """The first step; it opens nothing yet. An unknown login is answered like a wrong password, and as slowly."""
    tries: SignInTries = request.app.state.sign_in_tries
    password = given.password.get_secret_value()

    def find() -> Known:
        with ctx.db.reading() as session:
            return credentials_of(session, given.login)

    with tries.one(request, login_key(given.login)):
        known = await run_in_threadpool(find)
        if not await tries.hash(lambda: verify_password(password, known.password_hash)) or known.account_id is None:
            raise SignInWrong
    account_id = known.account_id

    def begin() -> tuple[str, list[Factor]]:
        with ctx.db.session() as session:
            check_not_blocked(session, account_id)
            return begin_pending(session, account_id), factors_of(session, account_id)

    value, factors = await run_in_threadpool(begin)
    give_sign_in_cookie(response, request, ctx.settings, value)
    return SecondFactors(factors=factors)


@router.post(
    f"{SIGN_IN}/code",
    summary="Sign in with a code of the phone's app",
    dependencies=LOCAL,
    responses=described(401, 403, 410, 422, 429),
)
def create_session_by_code(given: CodeGiven, request: Request, ctx: Ctx, response: Response) -> SignedIn:
    """The second step. A code is good once."""
    key, code = service_key(ctx.settings, TOTP_PURPOSE), "".join(given.code.get_secret_value().split())
    return _second_step(
        request, ctx, response, Factor.CODE, lambda session, account_id: is_code_right(session, key, account_id, code)
    )


@router.post(
    f"{SIGN_IN}/recovery-code",
    summary="Sign in with a recovery code",
    dependencies=LOCAL,
    responses=described(401, 403, 410, 422, 429),
)
def create_session_by_recovery_code(given: CodeGiven, request: Request, ctx: Ctx, response: Response) -> SignedIn:
    """The second step, where the phone is lost. A code is good once."""
    code = given.code.get_secret_value()
    return _second_step(
        request,
        ctx,
        response,
        Factor.RECOVERY_CODE,
        lambda session, account_id: is_recovery_code_right(session, account_id, code),
    )


def _second_step(
    request: Request,
    ctx: AppContext,
    response: Response,
    factor: Factor,
    is_right: Callable[[Any, str], bool],
) -> SignedIn:
    tries: SignInTries = request.app.state.sign_in_tries
    with ctx.db.reading() as session:
        pending = find_pending(session, read_sign_in_cookie(request, ctx.settings), set_up=False)
    with tries.one(request, pending.login_key):
        prove(ctx, pending, factor, is_right)
    return signed_in_as(request, ctx, response, pending.account_id, pending.login_key, by=factor)


def prove(ctx: AppContext, pending: Pending, by: str, is_right: Callable[[Any, str], bool]) -> None:
    """Nothing, if this second factor is right; the step is finished then. Raises: SignInWrong, SignInEnded."""
    with ctx.db.session() as session:
        check_not_blocked(session, pending.account_id)
        if proven := is_right(session, pending.account_id):
            end_pending(session, pending.id)
            note_signed_in(session, pending.account_id, by)
        else:
            note_wrong(session, pending.id)
            note_wrong_factor(session, pending.account_id)
    if not proven:
        raise SignInWrong


def signed_in_as(
    request: Request, ctx: AppContext, response: Response, account_id: str, key_of_login: str, *, by: str
) -> SignedIn:
    """A new session in ``response``, for somebody who has proved everything."""
    lifetime = Lifetime(ctx.settings.session_idle_s, ctx.settings.session_longest_s)
    answer = start_session(request, ctx, response, account_id, by=by, lifetime=lifetime)
    take_sign_in_cookie(response, request, ctx.settings)
    identity: Identity = request.app.state.identity
    key, hashed = identity.browser_key, hash_secret(key_of_login)
    if not is_known_to(known_browser(request.headers, key), key, hashed):
        secure = is_https(request.scope, ctx.settings)
        response.headers.append("set-cookie", introduction(key, secure=secure, account_id=hashed))
    return answer
