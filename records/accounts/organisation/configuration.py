"""What the settings say of the organisation's sign-in, checked once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from records.accounts.organisation.errors import OrganisationMisconfigured
from records.accounts.principal import Role
from records.settings import Settings

CALLBACK: Final = "/api/v1/sign-in/organisation/callback"
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_SEPARATORS = re.compile(r"[\s,]+")


@dataclass(frozen=True)
class Organisation:
    """A provider, who we are to it, and what its claims mean here."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    label: str
    """What the button says."""
    scopes: str
    hosts: frozenset[str]
    """The only ones that are ever asked, each with its port where it names one."""
    roles_claim: str
    """Empty: the provider says nothing of roles; those that the account has here hold."""
    roles: Mapping[str, Role]
    """The role that each value of that claim stands for; other values stand for none."""
    acr_values: tuple[str, ...]
    amr_values: frozenset[str]
    creates_accounts: bool

    def roles_in(self, claims: Mapping[str, Any]) -> frozenset[Role] | None:
        """The roles that a verified token gives; None where the provider is not asked for any."""
        if not self.roles_claim:
            return None
        given = _look_up(claims, self.roles_claim)
        values = given if isinstance(given, list) else [given]
        return frozenset(self.roles[value] for value in values if isinstance(value, str) and value in self.roles)


def organisation_of(settings: Settings) -> Organisation | None:
    """The organisation's sign-in; None where none is set. Raises: OrganisationMisconfigured."""
    if not settings.oidc_issuer:
        return None
    issuer = settings.oidc_issuer.strip()
    address = urlsplit(issuer)
    if not _is_safe(address.scheme, address.hostname) or address.query or address.fragment or address.username:
        raise _wrong(
            "VIGPACK_OIDC_ISSUER must be the provider's address as it writes it itself, beginning with https://"
        )
    if not settings.oidc_client_id:
        raise _wrong("VIGPACK_OIDC_CLIENT_ID is missing: what the provider calls vigpack")
    if not settings.oidc_client_secret.get_secret_value():
        raise _wrong("VIGPACK_OIDC_CLIENT_SECRET is missing: the secret that the provider made for vigpack")
    public = urlsplit(settings.public_url)
    if not _is_safe(public.scheme, public.hostname):
        raise _wrong("VIGPACK_PUBLIC_URL is missing: the https:// address to which the provider sends people back")
    if bool(settings.oidc_roles_claim) != bool(settings.oidc_roles):
        raise _wrong("VIGPACK_OIDC_ROLES_CLAIM and VIGPACK_OIDC_ROLES belong together: set both, or neither")
    return Organisation(
        issuer=issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        redirect_uri=settings.public_url + CALLBACK,
        label=settings.oidc_label or "Sign in with your organisation",
        scopes=" ".join(dict.fromkeys(["openid", *_words(settings.oidc_scopes)])),
        hosts=frozenset({address.netloc.lower(), *(host.lower() for host in _words(settings.oidc_hosts))}),
        roles_claim=settings.oidc_roles_claim,
        roles=_parse_roles(settings.oidc_roles),
        acr_values=tuple(_words(settings.oidc_acr_values)),
        amr_values=frozenset(_words(settings.oidc_amr_values)),
        creates_accounts=settings.oidc_create_accounts,
    )


def is_askable(organisation: Organisation, url: str) -> bool:
    """Whether a request may go there: a host that the settings name, by TLS (or on this machine, in trials)."""
    address = urlsplit(url)
    safe = _is_safe(address.scheme, address.hostname) and not address.username
    return safe and address.netloc.lower() in organisation.hosts


def _is_safe(scheme: str, host: str | None) -> bool:
    return bool(host) and (scheme == "https" or (scheme == "http" and host in _LOOPBACK))


def _parse_roles(text: str) -> dict[str, Role]:
    found: dict[str, Role] = {}
    for pair in filter(None, (one.strip() for one in text.split(","))):
        value, _, name = pair.rpartition("=")
        if not value.strip() or name.strip() not in set(Role):
            names = ", ".join(Role)
            raise _wrong(f"VIGPACK_OIDC_ROLES has “{pair}”: write VALUE=ROLE, with commas between; roles are {names}")
        found[value.strip()] = Role(name.strip())
    return found


def _look_up(claims: Mapping[str, Any], name: str) -> object:
    """A claim by its name, or by a path with dots (``realm_access.roles``)."""
    if name in claims:
        return claims[name]
    found: object = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _words(text: str) -> list[str]:
    return [word for word in _SEPARATORS.split(text) if word]


def _wrong(sentence: str) -> OrganisationMisconfigured:
    return OrganisationMisconfigured(sentence, for_guider=f"{sentence}.")
