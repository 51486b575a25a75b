"""For which address browsers make and use passkeys."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from records.settings import Settings

_ON_THIS_MACHINE: Final = "localhost"


@dataclass(frozen=True)
class RelyingParty:
    """Who a passkey is for: browsers offer it under this address and nowhere else."""

    id: str
    """The host of the public address, whole: no other name of the same domain."""
    origin: str


def relying_party(settings: Settings) -> RelyingParty | None:
    """That of the public address; None without one, and where browsers know no passkeys: without TLS, or by a number.

    Never what a request says of itself, which its sender chooses. Source: Web Authentication Level 3, 5.1.2.
    """
    address = urlsplit(settings.public_url)
    host = address.hostname or ""
    if not host or _is_number(host) or (address.scheme != "https" and host != _ON_THIS_MACHINE):
        return None
    return RelyingParty(host, settings.public_url)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
