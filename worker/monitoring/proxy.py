"""Whether the proxy answers browsers: it, its certificate, and the API behind it.

Asked from inside, where the public name may lead nowhere: the address to connect to can be given apart from the name.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from records.settings import Settings

_TIMEOUT_S = 5.0
_WELL_KEPT_S, _UNWELL_KEPT_S = 60.0, 5.0
"""How long what was found is told again."""
OWN_CERTIFICATE = "Where it is your own, put the new one into certificates/ first."
_NEAR_END = timedelta(days=14)
_LEAST_SHARE_LEFT = 1 / 6
"""Caddy renews when a third of a certificate's time is left; those of its own live for hours."""


@dataclass(frozen=True)
class ProxyFound:
    """What came of asking."""

    url: str
    problem: str
    """Why no browser gets an answer, in words for IT; empty where all is well."""
    certificate_ends_at: datetime | None = None
    """None: it has none, or it was not seen."""
    certificate_began_at: datetime | None = None

    def ends_soon(self, now: datetime) -> bool:
        """Whether the certificate should have been renewed by now."""
        if self.certificate_ends_at is None or self.certificate_began_at is None:
            return False
        lifetime = self.certificate_ends_at - self.certificate_began_at
        return self.certificate_ends_at - now < min(_NEAR_END, lifetime * _LEAST_SHARE_LEFT)


@dataclass
class _Watched:
    """What is told of a proxy, and when it was last asked."""

    told: ProxyFound | None = None
    asked_at: float = -_WELL_KEPT_S
    failures: int = 0


_asking = threading.Lock()
_watched: dict[tuple[str, str], _Watched] = {}


def proxy_found(settings: Settings) -> ProxyFound | None:
    """What is known of the proxy, asked once a minute at most; None: it is not watched, or not known yet.

    A problem is told when it was met twice, 5 s apart: one slow answer of a busy machine is none. Takes some seconds.
    """
    if not urlsplit(settings.proxy_url).hostname:
        return None  # not set, or a site that is a port alone
    with _asking:
        known = _watched.setdefault((settings.proxy_url, settings.proxy_via), _Watched())
        if time.monotonic() - known.asked_at > (_UNWELL_KEPT_S if known.failures else _WELL_KEPT_S):
            found = ask_proxy(settings.proxy_url, settings.proxy_via)
            known.failures = known.failures + 1 if found.problem else 0
            known.asked_at = time.monotonic()
            if known.failures != 1:
                known.told = found
        return known.told


def ask_proxy(url: str, via: str = "") -> ProxyFound:
    """Ask now; ``via`` is the host:port to connect to instead of the one in the address."""
    parts = urlsplit(url)
    name, is_tls = parts.hostname or "", parts.scheme == "https"
    host, _, port = (via or f"{name}:{parts.port or (443 if is_tls else 80)}").rpartition(":")
    began = ends = None
    try:
        if not is_tls:
            with socket.create_connection((host, int(port)), _TIMEOUT_S) as line:
                return ProxyFound(url, _ask(line, parts.netloc))
        context = _trusting(_shown(host, int(port), name))
        with (
            socket.create_connection((host, int(port)), _TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=name) as secured,
        ):
            shown = secured.getpeercert() or {}
            began, ends = (_time(str(shown[key])) for key in ("notBefore", "notAfter"))
            return ProxyFound(url, _ask(secured, parts.netloc), ends, began)
    except ssl.SSLCertVerificationError as error:
        return ProxyFound(url, f"Its certificate is refused: {error.verify_message}. {OWN_CERTIFICATE}", ends, began)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return ProxyFound(url, f"It does not answer ({type(error).__name__}).", ends, began)


def _ask(line: socket.socket, host: str) -> str:
    line.sendall(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = http.client.HTTPResponse(line)
    answer.begin()
    answer.close()
    if answer.status == http.client.OK:
        return ""
    return f"It answers {answer.status}: the proxy is there, and not the API behind it."


def _shown(host: str, port: int, name: str) -> str:
    """The certificate that is shown for a name, no matter who vouches for it."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # only looked at; nothing is told to it
    with (
        socket.create_connection((host, port), _TIMEOUT_S) as plain,
        context.wrap_socket(plain, server_hostname=name) as line,
    ):
        return ssl.DER_cert_to_PEM_cert(line.getpeercert(binary_form=True) or b"")


def _trusting(certificate: str) -> ssl.SSLContext:
    """Trusts this one certificate, whose name and time are checked: a service's own authority is not known to us."""
    context = ssl.create_default_context(cadata=certificate)
    context.verify_flags = ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return context


def _time(told: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(told), UTC)
