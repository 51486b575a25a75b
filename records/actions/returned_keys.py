"""Keys of what was erased that came back with an old copy of the key store are destroyed again."""

from __future__ import annotations

from sqlalchemy import select

from records.audit.erasure_register import ErasureKind, stored_erasures
from records.database import Database
from records.keys.ring import key_ring
from records.keys.store import KeyKind
from records.models import ErasureRow
from records.settings import Settings
from records.storage.contract import Storage

_KINDS = {ErasureKind.SELECTION: KeyKind.SELECTION, ErasureKind.FAMILY: KeyKind.FAMILY}


def destroy_returned_keys(db: Database, storage: Storage, settings: Settings) -> int:
    """Destroy each key whose family or selection the erasure register names, here or in the store; how many.

    Raises: DatabaseUnavailable, StorageUnavailable, KeyStoreUnavailable.
    """
    ring = key_ring(settings)
    with db.reading() as session:
        erased = {(kind, target) for kind, target in session.execute(select(ErasureRow.kind, ErasureRow.target))}
    erased |= {(one.kind, one.target) for one in stored_erasures(storage)}
    destroyed = 0
    for erasure, kind in _KINDS.items():
        gone = {target for named, target in erased if named == erasure}
        if gone:
            destroyed += sum(ring.destroy(kind, key_id) for key_id in set(ring.store.ids(kind)) & gone)
    return destroyed
