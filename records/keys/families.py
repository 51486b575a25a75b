"""Destroying the keys of what is erased: the first step of erasing, after which nothing of it can be read."""

from __future__ import annotations

from records.keys.ring import key_ring
from records.keys.store import KeyKind
from records.settings import Settings


def destroy_family_key(settings: Settings, family_id: str) -> bool:
    """Destroy a family's key, and with it those of all its selections; whether there was one.

    From then on nothing that was sealed for the family can be read, here or in any backup that is not older than the
    oldest backup of the keys. It outlives a power cut, and doing it again does no harm. Another process may still use a
    key that it read up to 5 s before.
    Raises: KeyStoreUnavailable.
    """
    return key_ring(settings).destroy(KeyKind.FAMILY, family_id)


def destroy_selection_key(settings: Settings, selection_id: str) -> bool:
    """The same for one selection; the rest of its family stays."""
    return key_ring(settings).destroy(KeyKind.SELECTION, selection_id)
