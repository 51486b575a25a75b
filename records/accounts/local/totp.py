"""Codes of a phone's app (TOTP, RFC 6238): six digits, new every 30 s, each good once."""

from __future__ import annotations

import io
import os
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from records.secrets.keys import is_same

ISSUER: Final = "vigpack"
STEP_S: Final = 30
_NONCE_BYTES: Final = 12


def new_totp_secret() -> str:
    """160 random bits in base32, as the apps take it."""
    return pyotp.random_base32()


def totp_address(secret: str, login: str) -> str:
    """What the app reads from the picture: otpauth://totp/…"""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def totp_picture(secret: str, login: str) -> str:
    """The same as a QR code: an SVG."""
    import segno

    made = io.BytesIO()
    segno.make(totp_address(secret, login), error="m").save(
        made, kind="svg", scale=4, border=4, light="#fff", xmldecl=False
    )
    return made.getvalue().decode()


def step_of_code(secret: str, code: str, after: int | None, now_s: float | None = None) -> int | None:
    """The step of 30 s that this code belongs to: the present one or a neighbour, and later than ``after``.

    None: it is wrong, too old, or was used.
    """
    totp = pyotp.TOTP(secret)
    present = int((time.time() if now_s is None else now_s) // STEP_S)
    found = [step for step in (present - 1, present, present + 1) if is_same(totp.generate_otp(step), code)]
    return next((step for step in found if after is None or step > after), None)


def seal(key: bytes, text: str, owner: str) -> str:
    """Text that only who has the key can read, and for this owner only (AES-256-GCM)."""
    nonce = os.urandom(_NONCE_BYTES)
    return urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, text.encode(), owner.encode())).decode()


def unseal(key: bytes, sealed: str, owner: str) -> str | None:
    """The text; None where it was sealed with another key or for another owner."""
    raw = urlsafe_b64decode(sealed)
    try:
        return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], owner.encode()).decode()
    except InvalidTag:
        return None
