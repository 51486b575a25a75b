"""The service's own key: it opens nothing by itself; passes, audit lines and sealed columns are keyed from it."""

from __future__ import annotations

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
    given = settings.service_key.get_secret_value()
    return derive_key(given or read_or_make_secret(settings.data_dir / FILE_NAME, PREFIX), purpose)
