"""Passkeys: signing in with one, after the password or instead of it, and those of one's own account."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.dependencies import AppContext, Asker, Ctx, GivenId
from api.errors import NothingHere, described
from api.middleware.access import SIGN_IN
from api.middleware.sign_in_cookie import give_sign_in_cookie, read_sign_in_cookie
from api.middleware.sign_in_tries import SignInTries
from api.routes.account import ACCOUNT, PasswordAgain, check_password_again
from api.routes.local_sign_in import LOCAL, signed_in_as
from api.routes.session import SignedIn
from pipeline.limits import LIMITS
from records.accounts.local.errors import PasskeyWrong, SignInEnded
from records.accounts.local.passkeys import (
    KnownPasskey,
    PasskeyView,
    add_passkey,
    credential_ids_of,
    find_passkey,
    remove_passkey,
)
from records.accounts.local.pending import (
    Pending,
    ask_passkey,
    begin_pending,
    begin_with_passkey,
    end_pending,
    find_pending,
    note_wrong,
    take_challenge,
)
from records.accounts.local.people import person_of
from records.accounts.local.relying_party import RelyingParty, relying_party
from records.accounts.local.sign_in import (
    Factor,
    check_not_blocked,
    finish_by_passkey,
    note_wrong_factor,
)

router = APIRouter(tags=["session"], dependencies=LOCAL)
PASSKEYS = f"{ACCOUNT}/passkeys"
PasskeyName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LIMITS.longest_passkey_name)
]
Id = Annotated[str, Field(min_length=1, max_length=1400, description="In base64url, as everything here.")]


class MadeResponse(BaseModel):
    """What a browser says of a passkey that it has made."""

    client_data: Annotated[str, Field(max_length=8_000, alias="clientDataJSON")]
    attestation_object: Annotated[str, Field(max_length=30_000, alias="attestationObject")]


class SignedResponse(BaseModel):
    """What a browser says of a challenge that was signed."""

    client_data: Annotated[str, Field(max_length=8_000, alias="clientDataJSON")]
    authenticator_data: Annotated[str, Field(max_length=8_000, alias="authenticatorData")]
    signature: Annotated[str, Field(max_length=8_000)]
    user_handle: Annotated[str | None, Field(max_length=100, alias="userHandle")] = None


class PasskeyMade(BaseModel):
    """`RegistrationResponseJSON` of Web Authentication Level 3, as far as it is looked at."""

    id: Id
    raw_id: Annotated[str, Field(max_length=1400, alias="rawId")]
    type: Literal["public-key"]
    response: MadeResponse


class PasskeySigned(BaseModel):
    """`AuthenticationResponseJSON` of Web Authentication Level 3, as far as it is looked at."""

    id: Id
    raw_id: Annotated[str, Field(max_length=1400, alias="rawId")]
    type: Literal["public-key"]
    response: SignedResponse


class PasskeyWanted(BaseModel):
    """How far signing in has come."""

    model_config = ConfigDict(extra="forbid")

    after_password: bool = Field(
        default=False, description="The password was given: one of that account's. Otherwise whichever one chooses."
    )


class PasskeyGiven(BaseModel):
    """A passkey's answer, as the browser's own `toJSON()` writes it."""

    model_config = ConfigDict(extra="forbid")

    credential: PasskeySigned


class PasskeyToAdd(BaseModel):
    """A passkey that the browser has made."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[PasskeyName, Field(description="What its owner calls it: the device.", examples=["My laptop"])]
    credential: PasskeyMade


class PasskeyOptions(BaseModel):
    """For the browser's `navigator.credentials`; good once."""

    model_config = ConfigDict(frozen=True)

    options: dict[str, JsonValue] = Field(
        description="`PublicKeyCredentialRequestOptionsJSON` or `…CreationOptionsJSON` of Web Authentication Level 3."
    )


def party_of(ctx: AppContext) -> RelyingParty:
    """For which address passkeys are. Raises: NothingHere, where browsers have none for it."""
    party = relying_party(ctx.settings)
    if party is None:
        raise NothingHere
    return party


@router.post(
    f"{SIGN_IN}/passkey-options", summary="Begin to sign in with a passkey", responses=described(403, 404, 410, 429)
)
def create_passkey_challenge(given: PasskeyWanted, request: Request, ctx: Ctx, response: Response) -> PasskeyOptions:
    """What the passkey is to sign: for this browser, once, for five minutes."""
    from records.accounts.local.webauthn_answers import request_options

    tries: SignInTries = request.app.state.sign_in_tries
    party = party_of(ctx)
    tries.check_place(request)
    with ctx.db.session() as session:
        if not given.after_password:
            value, challenge = begin_with_passkey(session)
            give_sign_in_cookie(response, request, ctx.settings, value)
            return PasskeyOptions(options=request_options(party, challenge))
        pending = find_pending(session, read_sign_in_cookie(request, ctx.settings), set_up=False)
        if not pending.account_id:
            raise SignInEnded
        check_not_blocked(session, pending.account_id)
        known = credential_ids_of(session, pending.account_id)
        return PasskeyOptions(options=request_options(party, ask_passkey(session, pending.id), known))


@router.post(f"{SIGN_IN}/passkey", summary="Sign in with a passkey", responses=described(401, 403, 404, 410, 422, 429))
def create_session_by_passkey(given: PasskeyGiven, request: Request, ctx: Ctx, response: Response) -> SignedIn:
    """A passkey is two factors, as it verifies its owner: it does after the password, and without one."""
    tries: SignInTries = request.app.state.sign_in_tries
    party = party_of(ctx)
    with ctx.db.session() as session:
        pending = find_pending(session, read_sign_in_cookie(request, ctx.settings), set_up=False)
        challenge = take_challenge(session, pending)
        found = find_passkey(session, given.credential.id)
    with tries.one(request, pending.login_key):
        try:
            known, count = _verify(party, challenge, given.credential, found, pending)
            with ctx.db.session() as session:
                finish_by_passkey(session, pending, known, count)
        except PasskeyWrong:
            with ctx.db.session() as session:
                note_wrong(session, pending.id)
                if pending.account_id:
                    note_wrong_factor(session, pending.account_id)
            raise
    return signed_in_as(request, ctx, response, known.account_id, known.login, by=Factor.PASSKEY)


def _verify(
    party: RelyingParty, challenge: str, signed: PasskeySigned, found: KnownPasskey | None, pending: Pending
) -> tuple[KnownPasskey, int]:
    """The passkey and how often it has signed now. Raises: PasskeyWrong."""
    from records.accounts.local.webauthn_answers import verify_passkey

    if found is None or pending.account_id not in {"", found.account_id}:
        raise PasskeyWrong("no passkey of theirs")
    answer = signed.model_dump(by_alias=True)
    return found, verify_passkey(party, challenge, answer, found, names_account=not pending.account_id)


@router.post(
    f"{ACCOUNT}/passkey-options",
    summary="Begin to add a passkey",
    responses=described(401, 403, 404, 422, 429),
)
async def create_passkey_options(
    given: PasswordAgain, asker: Asker, request: Request, ctx: Ctx, response: Response
) -> PasskeyOptions:
    """What the browser is to make; the password is asked again, so that nobody does this who found the screen open."""
    from records.accounts.local.webauthn_answers import creation_options

    party = party_of(ctx)
    await check_password_again(given.password, asker, request, ctx)

    def begin() -> tuple[str, dict[str, Any]]:
        with ctx.db.session() as session:
            person = person_of(session, asker.account_id)
            value = begin_pending(session, person.id)
            challenge = ask_passkey(session, find_pending(session, value, set_up=False).id)
            known = credential_ids_of(session, person.id)
            login = person.login or ""
            return value, creation_options(
                party, challenge, account_id=person.id, login=login, display_name=person.display_name, known=known
            )

    value, options = await run_in_threadpool(begin)
    give_sign_in_cookie(response, request, ctx.settings, value)
    return PasskeyOptions(options=options)


@router.post(PASSKEYS, status_code=201, summary="Add a passkey", responses=described(401, 403, 404, 409, 410, 422))
def add_my_passkey(given: PasskeyToAdd, asker: Asker, request: Request, ctx: Ctx) -> PasskeyView:
    """Good for signing in from now on."""
    from records.accounts.local.webauthn_answers import verify_new_passkey

    party = party_of(ctx)
    with ctx.db.session() as session:
        pending = find_pending(session, read_sign_in_cookie(request, ctx.settings), set_up=False)
        if pending.account_id != asker.account_id:
            raise SignInEnded
        challenge = take_challenge(session, pending)
        end_pending(session, pending.id)
    made = verify_new_passkey(party, challenge, given.credential.model_dump(by_alias=True))
    with ctx.db.session() as session:
        return add_passkey(session, asker, made, given.name)


@router.post(
    f"{PASSKEYS}/{{passkey_id}}/removal",
    status_code=204,
    summary="Remove a passkey",
    responses=described(401, 403, 404, 409, 422, 429),
)
async def delete_my_passkey(
    passkey_id: GivenId, given: PasswordAgain, asker: Asker, request: Request, ctx: Ctx
) -> None:
    """It opens nothing any more. The last one stays where there is no authenticator app."""
    await check_password_again(given.password, asker, request, ctx)

    def remove() -> None:
        with ctx.db.session() as session:
            remove_passkey(session, asker, passkey_id)

    await run_in_threadpool(remove)
