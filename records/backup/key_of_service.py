"""Whether the service's own key, which is in no backup, is there where one is to be restored."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from records.backup.layout import Manifest
from records.secrets.service_key import FILE_NAME, service_key_fingerprint
from records.settings import Settings


class ServiceKey(StrEnum):
    """The key of the service that a backup is of, as far as it is here."""

    SAME = "same"
    OTHER = "other"
    MISSING = "missing"
    UNKNOWN = "unknown"
    """The backup was made before it was noted."""


def service_key_here(manifest: Manifest, settings: Settings) -> ServiceKey:
    """Whether it is; asked before a restore, whose own line of the audit makes a key where there is none."""
    here = service_key_fingerprint(settings)
    if not manifest.service_key:
        return ServiceKey.UNKNOWN
    if not here:
        return ServiceKey.MISSING
    return ServiceKey.SAME if here == manifest.service_key else ServiceKey.OTHER


_WITHOUT: Final = (
    "Without it everything is there, but no code of a phone's app is right, so people sign in by a passkey, a recovery "
    "code or a new invitation, and earlier lines of the audit cannot be checked."
)


def what_is_needed(found: ServiceKey, settings: Settings, *, is_restored: bool) -> str:
    """A sentence for who restores; empty where the key is there."""
    if found is ServiceKey.SAME:
        return ""
    place = f"the file {settings.data_dir / FILE_NAME} (mode 600), or VIGPACK_SERVICE_KEY"
    if found is ServiceKey.UNKNOWN:
        return f"This backup does not say which service key its service had. It belongs into {place}. {_WITHOUT}"
    state = "none" if found is ServiceKey.MISSING else "another one"
    if is_restored:
        return (
            f"The service key, which is in no backup, was not here: there was {state}. If you have it, put it into "
            f"{place}, and restore once more where nothing is yet, before anybody works. {_WITHOUT}"
        )
    return f"The service key is in no backup, and here is {state}. Put the former one into {place} first. {_WITHOUT}"
