"""Secrets: making them, hashing them, and deriving keys from them so that none is used for two things."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

_SALT = b"vigpack"
_SECRET_BYTES = 32


def new_secret(prefix: str = "") -> str:
    """A random secret of 256 bits, safe in headers, cookies and addresses."""
    return prefix + secrets.token_urlsafe(_SECRET_BYTES)


def hash_secret(secret: str) -> str:
    """The SHA-256 under which a random secret is remembered: 64 hex digits."""
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def derive_key(secret: str, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose (HKDF-SHA256, RFC 5869, with one block); it does not tell the secret."""
    extracted = hmac.digest(_SALT, secret.encode("utf-8", "surrogateescape"), "sha256")
    return hmac.digest(extracted, purpose.encode() + b"\x01", "sha256")


def prove(secret: str, value: str) -> str:
    """What ties a random ``value`` to a shared secret; without the value it does not help to guess the secret."""
    return hmac.digest(derive_key(secret, "proof"), value.encode("utf-8", "surrogateescape"), "sha256").hex()


def is_same(one: str, other: str) -> bool:
    """Whether two texts are the same, found out in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode("utf-8", "surrogateescape"))
