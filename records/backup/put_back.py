"""What was erased is erased again in a database that was put back by other means than ``vigpack restore``.

A copied file of SQLite or a ``pg_restore`` by hand knows nothing of what was erased after it was made. The key store,
which is apart from the database, does: a key is destroyed once its family or selection is marked for erasing and never
before, so what is there unmarked without its key came back. The register in the store names the rest: photographs taken
out, people to be hidden, agreements withdrawn, codes in logbooks.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from records.actions.erase import mark_erased
from records.actions.erase_family import mark_family_erased
from records.audit.actions import Action
from records.audit.actor import SERVICE
from records.audit.erasure_register import stored_erasures
from records.audit.log import note
from records.backup.replay import replay
from records.database import Database
from records.keys.ring import key_ring
from records.ledger.store_identity import StoreMatch, compare_store
from records.logs import get_logger
from records.models import ErasureRow, FamilyRow, SelectionRow
from records.retention.certificates import Cause
from records.settings import Settings
from records.storage.contract import Storage

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('vigpack erasures'))")
log = get_logger("records")


def count_erasures(db: Database) -> int:
    """How many erasures the database knows of: where that shrinks, an older one was put in its place.

    Raises: DatabaseUnavailable.
    """
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(ErasureRow)) or 0


def erase_without_key(db: Database, settings: Settings) -> int:
    """Mark for erasing what is there although its key was destroyed; how many families and selections.

    Nobody sees it from then on; recovery ends the erasing, as of what a crash interrupted.
    Raises: DatabaseUnavailable, KeyStoreUnavailable.
    """
    destroyed = set(key_ring(settings).store.destroyed_ids())
    with db.reading() as session:
        if not (_families(session, destroyed) or _selections(session, destroyed)):
            return 0
    with db.session() as session:
        _hold(session)
        families = _families(session, destroyed)
        for family_id in families:
            mark_family_erased(session, SERVICE, session.get_one(FamilyRow, family_id), Cause.RESTORED)
        selections = [one for one in _selections(session, destroyed) if mark_erased(session, one)]
        _note(session, again := len(families) + len(selections))
    return again


def erase_by_register(db: Database, storage: Storage) -> int:
    """Do again what the store's register names and the database does not know; how many things were there.

    Raises: DatabaseUnavailable, StorageUnavailable.
    """
    if compare_store(db, storage).match is StoreMatch.FOREIGN:
        return 0  # the register is another service's
    register = stored_erasures(storage)
    with db.reading() as session:
        known = set(session.scalars(select(ErasureRow.id)))
    missed = [one for one in register if one.id not in known]
    if not missed:
        return 0
    with db.session() as session:
        _hold(session)
        _note(session, again := replay(session, missed))
    return again


def _families(session: Session, destroyed: Collection[str]) -> list[str]:
    there = session.scalars(select(FamilyRow.id).where(FamilyRow.visible).order_by(FamilyRow.id))
    return [one for one in there if one in destroyed]


def _selections(session: Session, destroyed: Collection[str]) -> list[str]:
    there = session.scalars(select(SelectionRow.id).where(SelectionRow.visible).order_by(SelectionRow.id))
    return [one for one in there if one in destroyed]


def _hold(session: Session) -> None:
    """Let one process do it; on SQLite there is one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_ONE_AT_A_TIME)


def _note(session: Session, again: int) -> None:
    if again:
        note(session, SERVICE, Action.REPLAY_ERASURES, figures={"erased_again": again})
        log.warning("records_put_back", erased_again=again, what="an older database, without what was erased since")
