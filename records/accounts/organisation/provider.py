"""The organisation's provider over the network: what it says of itself, its keys, and tokens for a code.

Only hosts that the settings name are asked: by TLS, following nobody elsewhere, within bounds of time and size.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus, urlsplit

import certifi
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from records.accounts.organisation.configuration import Organisation, is_askable
from records.accounts.organisation.errors import NotProven, ProviderAway
from records.clock import utcnow

KEPT_S: Final = 3600
"""How long discovery and keys are good for."""
ANEW_S: Final = 30
"""Keys are asked for again because of one that is unknown at most once in so long …"""
AWAY_S: Final = 5
"""… and a provider that did not answer is left alone for so long."""
_WITHIN_S: Final = 10
_MOST_BYTES: Final = 512 * 1024
_KINDS: Final[dict[str, type[RSAKey] | type[ECKey]]] = {"RSA": RSAKey, "EC": ECKey}


@dataclass(frozen=True)
class Endpoints:
    """What discovery says, as far as it is used."""

    authorization: str
    token: str
    keys: str
    end_session: str | None
    sends_issuer: bool
    """RFC 9207: the answer names who gives it."""
    by_post: bool
    """The client's secret goes in the body, as it is not taken in a header."""


class Provider:
    """One for each process; what it has learned is kept for an hour."""

    def __init__(self, organisation: Organisation, clock: Callable[[], float] = time.monotonic) -> None:
        self.organisation = organisation
        self._clock = clock
        self._asking = asyncio.Lock()
        self._endpoints: tuple[float, Endpoints] | None = None
        self._keys: tuple[float, KeySet] | None = None
        self._away_until = 0.0
        self.skew_s: float | None = None
        """How far its clock was ahead of ours at its last answer, as far as it told."""

    async def endpoints(self) -> Endpoints:
        """Where it is asked for what. Raises: ProviderAway."""
        async with self._asking:
            if self._endpoints is None or self._clock() - self._endpoints[0] > KEPT_S:
                self._endpoints = self._clock(), await self.discover()
            return self._endpoints[1]

    async def discover(self) -> Endpoints:
        """What it says of itself now. Raises: ProviderAway."""
        url = get_well_known_url(self.organisation.issuer, external=True)
        said = await self._ask("GET", url)
        if said.get("issuer") != self.organisation.issuer:
            raise ProviderAway(
                f"it calls itself {str(said.get('issuer'))[:200]!r}: VIGPACK_OIDC_ISSUER must be the same"
            )
        found: dict[str, str] = {}
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(address := said.get(name), str) or not urlsplit(address).hostname:
                raise ProviderAway(f"its discovery document has no {name}")
            found[name] = address
        for name in ("token_endpoint", "jwks_uri"):
            if not is_askable(self.organisation, found[name]):
                host = urlsplit(found[name]).netloc[:200]
                raise ProviderAway(f"its {name} is at {host}, which VIGPACK_OIDC_HOSTS does not name")
        if urlsplit(found["authorization_endpoint"]).scheme != urlsplit(self.organisation.issuer).scheme:
            raise ProviderAway("people would be sent to it without TLS")
        methods = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        end_session = said.get("end_session_endpoint")
        return Endpoints(
            authorization=found["authorization_endpoint"],
            token=found["token_endpoint"],
            keys=found["jwks_uri"],
            end_session=end_session if isinstance(end_session, str) else None,
            sends_issuer=said.get("authorization_response_iss_parameter_supported") is True,
            by_post="client_secret_basic" not in methods and "client_secret_post" in methods,
        )

    async def keys_for(self, kid: str | None) -> KeySet:
        """Its keys, asked for anew where this one is unknown. Raises: ProviderAway, NotProven (it has no such key)."""
        endpoints = await self.endpoints()
        async with self._asking:
            age_s = self._clock() - self._keys[0] if self._keys else KEPT_S + 1.0
            if self._keys is None or age_s > KEPT_S or (not _knows(self._keys[1], kid) and age_s >= ANEW_S):
                self._keys = self._clock(), _read_keys(await self._ask("GET", endpoints.keys))
            keys = self._keys[1]
        if not _knows(keys, kid):
            raise NotProven("signed with a key that the provider does not name")
        return keys

    async def refresh_keys(self) -> None:
        """Ask for its keys now. Raises: ProviderAway."""
        self._keys = self._clock(), _read_keys(await self._ask("GET", (await self.endpoints()).keys))

    async def sign_in_address(self, *, state: str, nonce: str, code_verifier: str) -> str:
        """Where the browser goes to sign in. Raises: ProviderAway."""
        wanted = {"acr_values": " ".join(self.organisation.acr_values)} if self.organisation.acr_values else {}
        return str(
            prepare_grant_uri(
                (await self.endpoints()).authorization,
                client_id=self.organisation.client_id,
                response_type="code",
                redirect_uri=self.organisation.redirect_uri,
                scope=self.organisation.scopes,
                state=state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(code_verifier),
                code_challenge_method="S256",
                **wanted,
            )
        )

    async def sign_out_address(self, go_to: str) -> str | None:
        """Where the browser goes to sign out there (RP-Initiated Logout 1.0), and back from; None where it has no such.

        We keep no ID token that could be the hint; the client's id says who asks. Raises: ProviderAway.
        """
        address = (await self.endpoints()).end_session
        if address is None or urlsplit(address).scheme != urlsplit(self.organisation.issuer).scheme:
            return None
        wanted = [("client_id", self.organisation.client_id), ("post_logout_redirect_uri", go_to)]
        return str(add_params_to_uri(address, wanted))

    async def exchange(self, code: str, code_verifier: str) -> tuple[str, str | None]:
        """The ID token and the access token for a code. Raises: ProviderAway, NotProven."""
        endpoints = await self.endpoints()
        own_id, secret = self.organisation.client_id, self.organisation.client_secret
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.organisation.redirect_uri,
            "code_verifier": code_verifier,
        }
        auth = None
        if endpoints.by_post:
            form |= {"client_id": own_id, "client_secret": secret}
        else:  # each encoded as a form's field, RFC 6749 2.3.1; Authlib leaves that out
            auth = quote_plus(own_id), quote_plus(secret)
        said = await self._ask("POST", endpoints.token, form=form, auth=auth)
        token, access_token = said.get("id_token"), said.get("access_token")
        if not isinstance(token, str):
            raise NotProven("no ID token for the code")
        return token, access_token if isinstance(access_token, str) else None

    async def _ask(
        self, method: str, url: str, *, form: Mapping[str, str] | None = None, auth: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        import httpx  # a service that signs people in itself does without

        if self._clock() < self._away_until:
            raise ProviderAway("it did not answer a moment ago")
        if not is_askable(self.organisation, url):
            raise ProviderAway(f"{urlsplit(url).netloc[:200]} is not named in VIGPACK_OIDC_HOSTS")
        try:
            async with (
                asyncio.timeout(_WITHIN_S),
                httpx.AsyncClient(verify=_trusted(), follow_redirects=False, timeout=_WITHIN_S) as client,
                client.stream(
                    method,
                    url,
                    data=form,
                    auth=auth,
                    headers={"Accept": "application/json", "Accept-Encoding": "identity"},
                ) as answer,
            ):
                body = b""
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > _MOST_BYTES:
                        raise ProviderAway(f"more than {_MOST_BYTES} bytes from {url}")
                status = answer.status_code
                self.skew_s = _skew_s(answer.headers.get("date"))
        except (httpx.HTTPError, TimeoutError, ssl.SSLError) as error:
            self._away_until = self._clock() + AWAY_S
            raise ProviderAway(f"{url}: {str(error) or type(error).__name__}"[:300]) from error
        said = _read_json(body)
        if status == httpx.codes.OK and said is not None:
            return said
        if form is not None and said is not None and said.get("error") == "invalid_grant":
            raise NotProven("code: the provider says that it was used, is too old, or is another's")
        self._away_until = self._clock() + AWAY_S
        because = f" ({str(said['error'])[:60]})" if said and "error" in said else ""
        raise ProviderAway(f"{url} answers {status}{because}")


def _knows(keys: KeySet, kid: str | None) -> bool:
    return len(keys.keys) == 1 if kid is None else any(key.kid == kid for key in keys.keys)


def _read_keys(said: Mapping[str, Any]) -> KeySet:
    """The public keys that may sign; what cannot be read, or encrypts, is left out. Raises: ProviderAway."""
    listed = said.get("keys")
    found: list[RSAKey | ECKey] = []
    for one in listed if isinstance(listed, list) else []:
        kind = _KINDS.get(str(one.get("kty"))) if isinstance(one, dict) else None
        if kind is None or one.get("use", "sig") != "sig" or "d" in one:
            continue
        try:
            found.append(kind.import_key(one))
        except (JoseError, ValueError, KeyError, TypeError):
            continue
    if not found:
        raise ProviderAway("it names no key for signing")
    return KeySet(list(found))


def _skew_s(date: str | None) -> float | None:
    try:
        said = parsedate_to_datetime(date) if date else None
    except ValueError:
        return None
    return None if said is None or said.tzinfo is None else (said - utcnow()).total_seconds()


def _read_json(body: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(body)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


@cache
def _trusted() -> ssl.SSLContext:
    """The machine's own authorities, among them an organisation's; the packaged list where a machine has none."""
    paths = ssl.get_default_verify_paths()
    has_own = paths.cafile is not None or (paths.capath is not None and any(Path(paths.capath).iterdir()))
    return ssl.create_default_context(cafile=None if has_own else certifi.where())
