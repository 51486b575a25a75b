"""Taking a store as it is for this database, on a person's word: the way out where the right database is lost."""

from __future__ import annotations

from records.audit.actions import Action
from records.audit.actor import Actor
from records.audit.log import note
from records.database import Database
from records.ledger.store_identity import StoreCount, count_files, take_over, write_label
from records.logs import get_logger
from records.storage.contract import Storage

log = get_logger("records")


def accept_store(db: Database, storage: Storage, who: Actor) -> StoreCount:
    """Let this database have the store, whatever it belonged to; what it held until now.

    What the database does not know is deleted by the next sweep. The audit and the log tell of it.
    Raises: DatabaseUnavailable, StorageUnavailable, NoRoom.
    """
    found = count_files(db, storage)
    detail = f"{found.strange_files} of {found.known_files + found.strange_files} files unknown"
    with db.session() as session:
        label = take_over(session, storage, accepted=True)
        figures = {"unknown": found.strange_files, "known": found.known_files}
        note(session, who, Action.ACCEPT_STORE, label.id, figures=figures)
    write_label(storage, label)
    log.warning("store_accepted", who=who.account_id, detail=detail)
    return found
