"""Sweeping signed forms that a crash left between the file and its row, or that a family which is gone left behind.

The API does it: a worker may not hold a family's row, and a form is stored while its family is held.
"""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select

from records.consent.forms import is_form
from records.database import Database
from records.keys.ring import key_ring
from records.ledger.store_identity import may_sweep
from records.logs import get_logger
from records.models import ConsentFormRow, FamilyRow
from records.settings import Settings
from records.storage.contract import Storage

_FOLDER = "families/"
log = get_logger("records")


def sweep_forms(db: Database, storage: Storage, settings: Settings) -> int:
    """Delete the files of forms that no row names; how many. None where the store may not be swept.

    Those of a family that this database does not know, and whose key nobody destroyed, were never ours to lose.
    Raises: DatabaseUnavailable, StorageUnavailable, KeyStoreUnavailable.
    """
    listed = {key for key in storage.keys(_FOLDER) if is_form(key)}
    with db.reading() as session:
        suspects = listed - set(session.scalars(select(ConsentFormRow.storage_key)))
    if not suspects or not may_sweep(db, storage):
        return 0
    by_family = defaultdict[str, list[str]](list)
    for key in suspects:
        by_family[key.split("/")[1]].append(key)
    strays = [key for one, keys in sorted(by_family.items()) for key in _strays(db, settings, one, keys)]
    for key in strays:
        storage.delete(key)
    if strays:
        log.info("stray_forms_deleted", files=len(strays))
    return len(strays)


def _strays(db: Database, settings: Settings, family_id: str, keys: list[str]) -> list[str]:
    """A form is stored and its row added while its family is held: so it is held, and looked at again."""
    with db.session() as session:
        if session.get(FamilyRow, family_id, with_for_update=True) is None:
            return keys if key_ring(settings).store.is_destroyed(family_id) else []
        named = set(session.scalars(select(ConsentFormRow.storage_key).where(ConsentFormRow.family_id == family_id)))
    return [key for key in keys if key not in named]
