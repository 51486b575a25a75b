"""The secrets that are not one person's account: this machine's own, and the two tokens of the settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from records.accounts.machine_secret import machine_secret
from records.accounts.principal import (
    MACHINE_ACCOUNT,
    SHARED_GUIDER_ACCOUNT,
    SHARED_IT_ACCOUNT,
    Principal,
    Role,
    Via,
    scopes_of,
)
from records.secrets.keys import derive_key, is_same, prove
from records.settings import Settings

NAMES = {MACHINE_ACCOUNT: "this machine", SHARED_GUIDER_ACCOUNT: "guider", SHARED_IT_ACCOUNT: "IT"}
"""As the audit has called them from the beginning."""
_ROLES = {
    MACHINE_ACCOUNT: frozenset({Role.GUIDER, Role.GOVERNANCE, Role.IT}),
    SHARED_GUIDER_ACCOUNT: frozenset({Role.GUIDER, Role.IT}),
    SHARED_IT_ACCOUNT: frozenset({Role.IT}),
}


@dataclass(frozen=True)
class SharedSecrets:
    """Each secret by the account that it opens; none where all people have accounts of their own."""

    by_account: dict[str, str] = field(repr=False)
    is_open: bool = False
    """Sign-in is switched off: anyone who can reach the service is its guider."""

    @property
    def is_machine(self) -> bool:
        """Whether this is one person's machine, so that only this machine may ask."""
        return MACHINE_ACCOUNT in self.by_account

    def holder(self, given: str) -> Principal | None:
        """Who shows this secret."""
        found = [account_id for account_id, secret in self.by_account.items() if is_same(given, secret)]
        return shared_principal(found[0], Via.SECRET) if found and given else None

    def prove(self, account_id: str, value: str) -> str | None:
        """What ties ``value`` to the account's secret as it is now; None for an account that has none."""
        secret = self.by_account.get(account_id)
        return prove(secret, value) if secret else None

    def pass_keys(self) -> Iterator[tuple[str, bytes]]:
        """The accounts whose players may be given passes, each with the key that signs them."""
        for account_id in (MACHINE_ACCOUNT, SHARED_GUIDER_ACCOUNT):
            if secret := self.by_account.get(account_id):
                yield account_id, derive_key(secret, "pass")


def shared_principal(account_id: str, via: Via, *, session_id: str = "") -> Principal:
    """The principal of one of the three."""
    roles = _ROLES[account_id]
    return Principal(account_id, NAMES[account_id], roles, via, scopes_of(roles), session_id)


def shared_secrets(settings: Settings) -> SharedSecrets:
    """Those of this installation. Without a token and without accounts it is one person's machine; its secret is made
    where there is none.

    Raises: SecretFileUnusable.
    """
    token, it_token = settings.token.get_secret_value(), settings.it_token.get_secret_value()
    is_machine = not token and not settings.has_accounts
    if is_machine and settings.open_to_everyone_on_this_machine:
        return SharedSecrets({}, is_open=True)
    found = {SHARED_GUIDER_ACCOUNT: token, SHARED_IT_ACCOUNT: it_token}
    if is_machine:
        found[MACHINE_ACCOUNT] = machine_secret(settings.data_dir)
    return SharedSecrets({account_id: secret for account_id, secret in found.items() if secret})
