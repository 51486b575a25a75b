"""ID tokens and logout tokens, verified (OpenID Connect Core 3.1.3.7, Back-Channel Logout 2.6)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

from records.accounts.organisation.configuration import Organisation
from records.accounts.organisation.errors import NotProven, SecondFactorMissing
from records.accounts.organisation.logout_token import LOGOUT_TOKEN_S, SKEW_S, LogoutToken

ALGORITHMS: Final = ("RS256", "ES256")
"""Both by a key that the provider alone holds; never one that our own secret could make, and never none."""
_MOST_CHARACTERS: Final = 64 * 1024
_MOST_SUBJECT: Final = 255
"""OpenID Connect Core 2."""
_LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


def kid_of(token: str) -> str | None:
    """The key that a token says it is signed with; nothing of it is believed yet. Raises: NotProven."""
    if len(token) > _MOST_CHARACTERS:
        raise NotProven("a token of more than 64 KiB")
    try:
        header = extract_compact(token.encode()).headers()
    except (JoseError, ValueError) as error:
        raise NotProven(f"a token that cannot be read: {type(error).__name__}") from error
    kid = header.get("kid")
    return kid if isinstance(kid, str) else None


def verify_id_token(
    organisation: Organisation, keys: KeySet, token: str, *, nonce: str, access_token: str | None
) -> Mapping[str, Any]:
    """The claims of a token that this provider made for this sign-in. Raises: NotProven, SecondFactorMissing."""
    read = _decode(token, keys)
    options = {
        "iss": {"essential": True, "value": organisation.issuer},
        "aud": {"essential": True, "value": organisation.client_id},
    }
    params = {"nonce": nonce, "client_id": organisation.client_id, "access_token": access_token}
    claims = CodeIDToken(read.claims, read.header, options, params)
    try:
        claims.validate(now=int(time.time()), leeway=SKEW_S)
    except JoseError as error:
        raise NotProven(f"ID token: {error}") from error
    _check_subject(claims.get("sub"))
    if organisation.acr_values and claims.get("acr") not in organisation.acr_values:
        raise SecondFactorMissing("acr is none of those asked for")
    methods = claims.get("amr") or []
    if organisation.amr_values and not organisation.amr_values.intersection(
        one for one in methods if isinstance(one, str)
    ):
        raise SecondFactorMissing("amr has none of those accepted")
    return dict(claims)


def verify_logout_token(organisation: Organisation, keys: KeySet, token: str) -> LogoutToken:
    """What the provider wants ended. Raises: NotProven."""
    read = _decode(token, keys)
    claims, now = read.claims, int(time.time())
    rules = jwt.JWTClaimsRegistry(
        now, SKEW_S,
        iss={"essential": True, "value": organisation.issuer},
        aud={"essential": True, "value": organisation.client_id},
        iat={"essential": True},
        jti={"essential": True},
    )  # fmt: skip
    try:
        rules.validate(claims)
    except JoseError as error:
        raise NotProven(f"logout token: {error}") from error
    if now - claims["iat"] > LOGOUT_TOKEN_S + SKEW_S:
        raise NotProven("logout token: it is too old")
    if "nonce" in claims:
        raise NotProven("logout token: it has a nonce, so it is none")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(_LOGOUT_EVENT), dict):
        raise NotProven("logout token: its event is another")
    subject, sid = claims.get("sub"), claims.get("sid")
    if subject is None and sid is None:
        raise NotProven("logout token: it names neither a person nor a session")
    if not all(one is None or (isinstance(one, str) and one) for one in (subject, sid)):
        raise NotProven("logout token: whom it names cannot be read")
    return LogoutToken(claims["jti"], subject, sid)


def _decode(token: str, keys: KeySet) -> jwt.Token:
    try:
        return jwt.decode(token, keys, algorithms=list(ALGORITHMS))
    except (JoseError, ValueError) as error:
        raise NotProven(f"signature: {type(error).__name__}") from error


def _check_subject(subject: object) -> None:
    if not isinstance(subject, str) or not 0 < len(subject) <= _MOST_SUBJECT:
        raise NotProven("ID token: sub is empty or too long")
