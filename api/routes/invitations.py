"""Setting up an account by an invitation: a password, then a second factor, then recovery codes to print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.dependencies import AppContext, Ctx
from api.errors import described
from api.middleware.sign_in_cookie import give_sign_in_cookie, read_sign_in_cookie
from api.middleware.sign_in_tries import SignInTries
from api.routes.local_sign_in import CODE, LOCAL, PASSWORD, WITH_ACCOUNTS, signed_in_as
from api.routes.passkeys import PasskeyOptions, PasskeyToAdd, party_of
from api.routes.session import SignedIn
from records.accounts.local.errors import InvitationEnded, SignInEnded, SignInWrong
from records.accounts.local.invitations import Invited, find_invitation
from records.accounts.local.passkeys import add_passkey
from records.accounts.local.passwords import check_password, hash_password
from records.accounts.local.pending import ask_passkey, begin_pending, find_pending, note_wrong, take_challenge
from records.accounts.local.relying_party import relying_party
from records.accounts.local.sign_in import TOTP_PURPOSE, finish_set_up, note_signed_in
from records.accounts.local.totp import new_totp_secret, seal, step_of_code, totp_picture, unseal
from records.accounts.sessions import display_name_of
from records.audit.actor import NamedActor
from records.secrets.service_key import service_key

if TYPE_CHECKING:
    from records.accounts.organisation.provider import Provider

router = APIRouter(tags=["session"], dependencies=WITH_ACCOUNTS)
INVITATIONS = "/api/v1/invitations"
INVITATION = Field(min_length=1, max_length=200, description="What stands behind #invite= in the link.")


class InvitationGiven(BaseModel):
    """A link that somebody was given."""

    model_config = ConfigDict(extra="forbid")

    invitation: Annotated[SecretStr, INVITATION]


class InvitationShown(BaseModel):
    """For whom an invitation is."""

    model_config = ConfigDict(frozen=True)

    login: str
    display_name: str
    password: bool = Field(description="Whether a password and a second factor of this service can open it.")
    passkey: bool = Field(description="Whether a passkey can be the second factor at this service's address.")
    organisation: str | None = Field(
        description="What the button of the organisation's sign-in says, where one is set."
    )


class PasswordChosen(BaseModel):
    """The first step of setting up an account."""

    model_config = ConfigDict(extra="forbid")

    invitation: Annotated[SecretStr, INVITATION]
    password: Annotated[SecretStr, PASSWORD]


class TotpToKeep(BaseModel):
    """A key for the phone's app, shown once."""

    model_config = ConfigDict(frozen=True)

    secret: str = Field(description="For typing it in, where the picture cannot be scanned.")
    picture_svg: str = Field(description="The same as a QR code.")


class CodeShown(BaseModel):
    """The first code that the app shows."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[SecretStr, CODE]


class SetUp(BaseModel):
    """The account is ready, and this browser signed in."""

    model_config = ConfigDict(frozen=True)

    recovery_codes: list[str] = Field(description="Shown now and never again; each is good once.")
    session: SignedIn


@router.post(INVITATIONS, summary="Look at an invitation", responses=described(410, 422, 429))
def check_invitation(given: InvitationGiven, request: Request, ctx: Ctx) -> InvitationShown:
    """Looking does not use it up."""
    found = find_given(given, request, ctx)
    provider: Provider | None = request.app.state.provider
    return InvitationShown(
        login=found.login,
        display_name=found.display_name,
        password=ctx.settings.local_accounts,
        passkey=relying_party(ctx.settings) is not None,
        organisation=provider.organisation.label if provider else None,
    )


@router.post(
    f"{INVITATIONS}/password", summary="Choose a password", dependencies=LOCAL, responses=described(410, 422, 429)
)
async def choose_password(given: PasswordChosen, request: Request, ctx: Ctx, response: Response) -> TotpToKeep:
    """Nothing is changed before a second factor has been tried out."""
    tries: SignInTries = request.app.state.sign_in_tries
    found = await run_in_threadpool(find_given, given, request, ctx)
    password, secret = given.password.get_secret_value(), new_totp_secret()

    def check_and_hash() -> str:
        check_password(password, found.login, found.display_name, breached=ctx.settings.breached_passwords)
        return hash_password(password)

    hashed = await tries.hash(check_and_hash)

    def begin() -> str:
        sealed = seal(service_key(ctx.settings, TOTP_PURPOSE), secret, found.account_id)
        with ctx.db.session() as session:
            return begin_pending(
                session,
                found.account_id,
                invitation_id=found.invitation_id,
                password_hash=hashed,
                totp_sealed=sealed,
            )

    give_sign_in_cookie(response, request, ctx.settings, await run_in_threadpool(begin))
    return TotpToKeep(secret=secret, picture_svg=totp_picture(secret, found.login))


@router.post(
    f"{INVITATIONS}/code",
    summary="Show that the phone's app works",
    dependencies=LOCAL,
    responses=described(401, 410, 422, 429),
)
def create_account_by_code(given: CodeShown, request: Request, ctx: Ctx, response: Response) -> SetUp:
    """The account is set up, the invitation used, and whatever the account had before is good no more."""
    tries: SignInTries = request.app.state.sign_in_tries
    with ctx.db.reading() as session:
        pending = find_pending(session, read_sign_in_cookie(request, ctx.settings), set_up=True)
    secret = unseal(service_key(ctx.settings, TOTP_PURPOSE), pending.totp_sealed or "", pending.account_id)
    if secret is None:
        raise SignInEnded
    code = "".join(given.code.get_secret_value().split())
    with tries.one(request, pending.login_key):
        step = step_of_code(secret, code, None)
        with ctx.db.session() as session:
            if step is None:
                note_wrong(session, pending.id)
            else:
                codes = finish_set_up(session, pending, totp_step=step)
                note_signed_in(session, pending.account_id, "invitation")
        if step is None:
            raise SignInWrong
    signed_in = signed_in_as(request, ctx, response, pending.account_id, pending.login_key, by="invitation")
    return SetUp(recovery_codes=codes, session=signed_in)


@router.post(
    f"{INVITATIONS}/passkey-options",
    summary="Begin to make a passkey the second factor",
    dependencies=LOCAL,
    responses=described(404, 410, 422),
)
def create_invitation_passkey_options(request: Request, ctx: Ctx) -> PasskeyOptions:
    """Instead of the phone's app, once a password is chosen: what the browser is to make."""
    from records.accounts.local.webauthn_answers import creation_options

    party = party_of(ctx)
    with ctx.db.session() as session:
        pending = find_pending(session, read_sign_in_cookie(request, ctx.settings), set_up=True)
        name = display_name_of(session, pending.account_id)
        options = creation_options(
            party,
            ask_passkey(session, pending.id),
            account_id=pending.account_id,
            login=pending.login_key,
            display_name=name,
            known=(),
        )
    return PasskeyOptions(options=options)


@router.post(
    f"{INVITATIONS}/passkey",
    summary="Set up the account with a passkey",
    dependencies=LOCAL,
    responses=described(401, 404, 410, 422, 429),
)
def create_account_by_passkey(given: PasskeyToAdd, request: Request, ctx: Ctx, response: Response) -> SetUp:
    """The account is set up, the invitation used, and whatever the account had before is good no more."""
    from records.accounts.local.webauthn_answers import verify_new_passkey

    tries: SignInTries = request.app.state.sign_in_tries
    party = party_of(ctx)
    with ctx.db.session() as session:
        pending = find_pending(session, read_sign_in_cookie(request, ctx.settings), set_up=True)
        challenge = take_challenge(session, pending)
    with tries.one(request, pending.login_key):
        made = verify_new_passkey(party, challenge, given.credential.model_dump(by_alias=True))
        with ctx.db.session() as session:
            codes = finish_set_up(session, pending, totp_step=None)
            add_passkey(session, NamedActor(pending.account_id, "invitation"), made, given.name)
            note_signed_in(session, pending.account_id, "invitation")
    signed_in = signed_in_as(request, ctx, response, pending.account_id, pending.login_key, by="invitation")
    return SetUp(recovery_codes=codes, session=signed_in)


def find_given(given: InvitationGiven | PasswordChosen, request: Request, ctx: AppContext) -> Invited:
    """For whom an invitation is. Raises: InvitationEnded, TooManySignIns."""
    tries: SignInTries = request.app.state.sign_in_tries
    tries.check_place(request)
    with ctx.db.reading() as session:
        try:
            return find_invitation(session, given.invitation.get_secret_value())
        except InvitationEnded:
            tries.note_wrong(request)
            raise
