"""The authenticator app of one's own account: set up later than the account, on another phone, or removed."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.dependencies import Asker, Ctx
from api.errors import described
from api.middleware.sign_in_cookie import give_sign_in_cookie, read_sign_in_cookie
from api.middleware.sign_in_tries import SignInTries
from api.routes.account import ACCOUNT, PasswordAgain, check_password_again
from api.routes.invitations import CodeShown, TotpToKeep
from api.routes.local_sign_in import LOCAL
from records.accounts.local.authenticator_app import remove_app, set_app
from records.accounts.local.errors import SignInEnded, SignInWrong
from records.accounts.local.pending import begin_pending, end_pending, find_pending, note_wrong
from records.accounts.local.people import person_of
from records.accounts.local.sign_in import TOTP_PURPOSE
from records.accounts.local.totp import new_totp_secret, seal, step_of_code, totp_picture, unseal
from records.secrets.service_key import service_key

router = APIRouter(tags=["session"], dependencies=LOCAL)
APP = f"{ACCOUNT}/app"


@router.post(
    f"{APP}/key", status_code=201, summary="Begin to set up the app", responses=described(401, 403, 404, 422, 429)
)
async def create_app_key(
    given: PasswordAgain, asker: Asker, request: Request, ctx: Ctx, response: Response
) -> TotpToKeep:
    """A key for the phone's app. Nothing is changed before a code of it was shown."""
    await check_password_again(given.password, asker, request, ctx)
    secret = new_totp_secret()

    def begin() -> tuple[str, str]:
        sealed = seal(service_key(ctx.settings, TOTP_PURPOSE), secret, asker.account_id)
        with ctx.db.session() as session:
            login = person_of(session, asker.account_id).login or ""
            return begin_pending(session, asker.account_id, totp_sealed=sealed), login

    value, login = await run_in_threadpool(begin)
    give_sign_in_cookie(response, request, ctx.settings, value)
    return TotpToKeep(secret=secret, picture_svg=totp_picture(secret, login))


@router.post(APP, status_code=204, summary="Show that the app works", responses=described(401, 403, 404, 410, 422, 429))
def add_my_app(given: CodeShown, asker: Asker, request: Request, ctx: Ctx) -> None:
    """Its codes are good for signing in from now on, and those of the phone before no more."""
    tries: SignInTries = request.app.state.sign_in_tries
    with ctx.db.reading() as session:
        pending = find_pending(session, read_sign_in_cookie(request, ctx.settings), set_up=False)
    sealed = pending.totp_sealed
    if pending.account_id != asker.account_id or not sealed:
        raise SignInEnded
    secret = unseal(service_key(ctx.settings, TOTP_PURPOSE), sealed, asker.account_id)
    if secret is None:
        raise SignInEnded
    with tries.one(request, pending.login_key):
        step = step_of_code(secret, "".join(given.code.get_secret_value().split()), None)
        with ctx.db.session() as session:
            if step is None:
                note_wrong(session, pending.id)
            else:
                end_pending(session, pending.id)
                set_app(session, asker, sealed, step)
        if step is None:
            raise SignInWrong


@router.post(
    f"{APP}/removal", status_code=204, summary="Remove the app", responses=described(401, 403, 404, 409, 422, 429)
)
async def delete_my_app(given: PasswordAgain, asker: Asker, request: Request, ctx: Ctx) -> None:
    """Its codes open nothing any more. It stays where there is no passkey."""
    await check_password_again(given.password, asker, request, ctx)

    def remove() -> None:
        with ctx.db.session() as session:
            remove_app(session, asker)

    await run_in_threadpool(remove)
