"""One's own account of this service: its password and its recovery codes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.concurrency import run_in_threadpool

from api.dependencies import Asker, Ctx
from api.errors import described
from api.middleware.identity import Identity
from api.middleware.sign_in_tries import SignInTries
from api.routes.local_sign_in import LOCAL, PASSWORD, CodeGiven
from records.accounts.local.errors import NoSuchPerson, SignInWrong
from records.accounts.local.passkeys import PasskeyView, passkeys_of
from records.accounts.local.passwords import check_password, hash_password, verify_password
from records.accounts.local.people import person_of
from records.accounts.local.recovery_codes import recovery_codes_left
from records.accounts.local.relying_party import relying_party
from records.accounts.local.resets import confirm_by_recovery_code
from records.accounts.local.sign_in import Factor, change_password, factors_of, make_recovery_codes, password_hash_of
from records.accounts.principal import Principal

router = APIRouter(tags=["session"], dependencies=LOCAL)
ACCOUNT = "/api/v1/account"


class OwnAccount(BaseModel):
    """What one signs in with."""

    model_config = ConfigDict(frozen=True)

    login: str
    display_name: str
    factors: list[Factor]
    recovery_codes_left: int
    passkeys: list[PasskeyView]
    can_add_passkeys: bool = Field(description="Whether browsers have passkeys for this service's address.")


class PasswordChange(BaseModel):
    """The password as it is, so that nobody changes it who found the screen open, and as it is to be."""

    model_config = ConfigDict(extra="forbid")

    password: Annotated[SecretStr, PASSWORD]
    new_password: Annotated[SecretStr, PASSWORD]


class PasswordAgain(BaseModel):
    """The password, so that nobody does this who found the screen open."""

    model_config = ConfigDict(extra="forbid")

    password: Annotated[SecretStr, PASSWORD]


class RecoveryCodes(BaseModel):
    """Ten new ones."""

    model_config = ConfigDict(frozen=True)

    recovery_codes: list[str]
    """Shown now and never again; those before are good no more."""


@router.get(ACCOUNT, summary="My account", responses=described(401, 403, 404))
def get_account(asker: Asker, ctx: Ctx) -> OwnAccount:
    """Only of people who have a password here."""
    with ctx.db.reading() as session:
        person = person_of(session, asker.account_id)
        return OwnAccount(
            login=person.login or "",
            display_name=person.display_name,
            factors=factors_of(session, person.id),
            recovery_codes_left=recovery_codes_left(session, person.id),
            passkeys=passkeys_of(session, person.id),
            can_add_passkeys=relying_party(ctx.settings) is not None,
        )


@router.put(
    f"{ACCOUNT}/password",
    status_code=204,
    summary="Change my password",
    responses=described(401, 403, 404, 422, 429),
)
async def save_password(given: PasswordChange, asker: Asker, request: Request, ctx: Ctx) -> None:
    """One is signed out in all other browsers."""
    await check_password_again(given.password, asker, request, ctx)
    tries: SignInTries = request.app.state.sign_in_tries
    identity: Identity = request.app.state.identity
    chosen = given.new_password.get_secret_value()

    def check_and_hash() -> str:
        with ctx.db.reading() as session:
            person = person_of(session, asker.account_id)
        check_password(chosen, person.login or "", person.display_name, breached=ctx.settings.breached_passwords)
        return hash_password(chosen)

    hashed = await tries.hash(check_and_hash)

    def change() -> list[str]:
        with ctx.db.session() as session:
            return change_password(session, asker, hashed)

    for session_id in await run_in_threadpool(change):
        identity.forget(session_id)


@router.post(
    f"{ACCOUNT}/recovery-codes",
    status_code=201,
    summary="Make new recovery codes",
    responses=described(401, 403, 404, 422, 429),
)
async def create_recovery_codes(given: PasswordAgain, asker: Asker, request: Request, ctx: Ctx) -> RecoveryCodes:
    """For when the paper is lost, or few are left."""
    await check_password_again(given.password, asker, request, ctx)

    def make() -> list[str]:
        with ctx.db.session() as session:
            return make_recovery_codes(session, asker)

    return RecoveryCodes(recovery_codes=await run_in_threadpool(make))


@router.post(
    f"{ACCOUNT}/confirmation",
    status_code=204,
    summary="Confirm after a reset that it is me, by a recovery code from before",
    responses=described(401, 403, 404, 422, 429),
)
def confirm_account(given: CodeGiven, asker: Asker, request: Request, ctx: Ctx) -> None:
    """Without it a second person has to."""
    tries: SignInTries = request.app.state.sign_in_tries
    with ctx.db.reading() as session:
        login = person_of(session, asker.account_id).login or ""
    with tries.one(request, login), ctx.db.session() as session:
        confirm_by_recovery_code(session, asker, given.code.get_secret_value())


async def check_password_again(password: SecretStr, asker: Principal, request: Request, ctx: Ctx) -> None:
    """Nothing, if it is the asker's password. Raises: SignInWrong, NoSuchPerson, TooManySignIns."""
    tries: SignInTries = request.app.state.sign_in_tries

    def find() -> tuple[str, str | None]:
        with ctx.db.reading() as session:
            return person_of(session, asker.account_id).login or "", password_hash_of(session, asker.account_id)

    login, kept = await run_in_threadpool(find)
    if kept is None:
        raise NoSuchPerson
    with tries.one(request, login):
        if not await tries.hash(lambda: verify_password(password.get_secret_value(), kept)):
            raise SignInWrong
