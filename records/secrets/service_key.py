"""The service's own key: it opens nothing by itself; passes, audit lines and sealed columns are keyed from it."""

from __future__ import annotations

import re

from records.secrets.keys import derive_key
from records.secrets.secret_file import read_or_make_secret
from records.settings import Settings

FILE_NAME = "service-key"
PREFIX = "vgs_"


def service_key(settings: Settings, purpose: str) -> bytes:
    """32 bytes for one purpose, the same in every process of the installation.

    From VIGPACK_SERVICE_KEY where several machines serve together, else from a file in the data folder, made at the
    first call. It stands outside the database, so that its owner cannot forge what it signs.
    Raises: SecretFileUnusable.
    """
    return derive_key(_own_key(settings), purpose)


def has_service_key(settings: Settings) -> bool:
    """Whether the installation's key is at hand; asking for it would else make another one."""
    return bool(settings.service_key.get_secret_value()) or (settings.data_dir / FILE_NAME).exists()


def service_key_fingerprint(settings: Settings) -> str:
    """By which a backup says which key its service had, and which tells nothing of it; empty where none is at hand."""
    return service_key(settings, "fingerprint").hex()[:32] if has_service_key(settings) else ""


def former_service_keys(settings: Settings, purpose: str) -> list[bytes]:
    """The same of each key that was replaced, from VIGPACK_FORMER_SERVICE_KEYS: to check what was signed with it."""
    named = re.split(r"[,\s]+", settings.former_service_keys.get_secret_value())
    return [derive_key(key, purpose) for key in named if key]


def _own_key(settings: Settings) -> str:
    given = settings.service_key.get_secret_value()
    return given or read_or_make_secret(settings.data_dir / FILE_NAME, PREFIX)
