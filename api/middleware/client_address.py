"""Where a request comes from: the connection's other end, or, from a trusted proxy, whom that proxy names.

``X-Forwarded-For`` can be written by anybody, and each proxy appends to it. So it is read from its end, and only as far
as those who wrote it are trusted. uvicorn's own reading of it believes its first entry where every proxy is trusted;
that entry is the sender's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.errors import PipelineError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
ANYBODY = "*"


class TrustedProxiesUnreadable(PipelineError):
    """The setting names something that is no address and no network."""

    code = "trusted_proxies_unreadable"
    for_guider = (
        "VIGPACK_TRUSTED_PROXIES is a list of addresses or networks with commas (10.0.0.7, 172.16.0.0/12), or *, "
        "which means: only a proxy can reach this service."
    )


class ClientAddress:
    """Puts the sender's address and scheme into the request, for all that stands behind it."""

    def __init__(self, app: ASGIApp, trusted: str) -> None:
        """``trusted``: addresses and networks with commas, or ``*``. Raises: TrustedProxiesUnreadable."""
        self._app = app
        self._anybody = trusted.strip() == ANYBODY
        self._networks = [] if self._anybody else parse_networks(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope.get("client"):
            peer = parse_address(scope["client"][0])
            if self._anybody or self._trusts(peer):
                headers = Headers(scope=scope)
                sender = self._sender(peer, headers.getlist("x-forwarded-for"))
                if sender is not None and sender != peer:
                    scope["client"] = (str(sender), 0)
                scheme = headers.get("x-forwarded-proto", "").strip().lower()
                if scheme in {"http", "https"}:
                    scope["scheme"] = scheme
        await self._app(scope, receive, send)

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)

    def _sender(self, peer: Address | None, forwarded: Iterable[str]) -> Address | None:
        """The last one named who is no trusted proxy; the first, where all are. What is no address ends the reading."""
        sender = peer
        for named in reversed(",".join(forwarded).split(",")):
            address = parse_address(named)
            if address is None:
                return sender
            sender = address
            if not self._trusts(address):
                return sender
        return sender


def parse_networks(given: str) -> list[Network]:
    """The networks of a list with commas; an address is a network of one. Raises: TrustedProxiesUnreadable."""
    try:
        return [ipaddress.ip_network(one.strip(), strict=False) for one in given.split(",") if one.strip()]
    except ValueError as error:
        raise TrustedProxiesUnreadable(str(error)) from None


def parse_address(given: str) -> Address | None:
    """An address as proxies write it, with or without a port; one of IPv4 in IPv6's clothes is IPv4's."""
    text = given.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
