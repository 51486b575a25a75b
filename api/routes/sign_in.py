"""Which ways there are to sign in here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import Ctx
from api.middleware.access import SIGN_IN
from api.middleware.identity import Identity
from records.accounts.local.relying_party import relying_party
from records.accounts.principal import SHARED_GUIDER_ACCOUNT, SHARED_IT_ACCOUNT

if TYPE_CHECKING:
    from records.accounts.organisation.provider import Provider

router = APIRouter(tags=["session"])


class OrganisationWay(BaseModel):
    """The organisation's own sign-in."""

    model_config = ConfigDict(frozen=True)

    label: str = Field(examples=["Sign in with Anytown Council"])


class SignInWays(BaseModel):
    """What the page can offer to somebody who is not signed in."""

    model_config = ConfigDict(frozen=True)

    machine: bool = Field(description="One person's own machine, opened by the address that was shown at its start.")
    shared_token: bool = Field(description="An access token that IT support tells.")
    local: bool = Field(description="An account of this service.")
    passkey: bool = Field(description="With a passkey of such an account, instead of its password and a code.")
    organisation: OrganisationWay | None = Field(description="Begun at `/api/v1/sign-in/organisation`.")


@router.get(SIGN_IN, summary="Ways to sign in")
def get_sign_in_ways(request: Request, ctx: Ctx) -> SignInWays:
    """For anybody: nothing of anybody is in it."""
    identity: Identity = request.app.state.identity
    provider: Provider | None = request.app.state.provider
    shared = {SHARED_GUIDER_ACCOUNT, SHARED_IT_ACCOUNT} & set(identity.secrets.by_account)
    return SignInWays(
        machine=identity.secrets.is_machine,
        shared_token=bool(shared),
        local=ctx.settings.local_accounts,
        passkey=ctx.settings.local_accounts and relying_party(ctx.settings) is not None,
        organisation=OrganisationWay(label=provider.organisation.label) if provider else None,
    )
