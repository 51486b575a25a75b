"""A new master key without a pause: keys of families are wrapped with it one by one, and are readable all the time."""

from __future__ import annotations

from records.keys.master import (
    comes_from_file,
    master_key_path,
    new_master_key,
    read_master_text,
    write_master_file,
)
from records.keys.ring import key_ring
from records.keys.store import KeyKind
from records.settings import Settings


def rotate_master_key(settings: Settings) -> int:
    """Wrap every family's key with another master key; how many were.

    Where the master key is a file, a new one is made, stands first in it while keys are wrapped, and alone in the end;
    interrupted, it goes on when it is asked for again. From the environment or a command the new one must come
    already, before the old one (docs/keys.md).
    Raises: MasterKeyMissing, MasterKeyWrong, KeyDamaged, KeyStoreUnavailable.
    """
    ring = key_ring(settings)
    is_file = comes_from_file(settings)
    if is_file:
        with ring.store.held(alone=True):  # nobody makes a key meanwhile that a second rotation would not see
            keys = read_master_text(settings, make=ring.store.is_empty()).split()
            if len(keys) == 1:
                write_master_file(master_key_path(settings), f"{new_master_key()}\n{keys[0]}\n")
    rewrapped = _rewrap_all(settings)
    if is_file:
        first = read_master_text(settings, make=False).split()[0]
        write_master_file(master_key_path(settings), f"{first}\n")
    return rewrapped


def _rewrap_all(settings: Settings) -> int:
    ring = key_ring(settings)
    with ring.store.held(alone=True):
        ids = [
            (kind, key_id)
            for kind in (KeyKind.FAMILY, KeyKind.DRAFT, KeyKind.SERVICE)
            for key_id in ring.store.ids(kind)
        ]
        return sum(ring.rewrap(kind, key_id) for kind, key_id in ids)
