"""Which store belongs to which database, and how a person accepts one: on folder and S3, SQLite and PostgreSQL."""

from __future__ import annotations

import json
from pathlib import Path

from records.actions.accept_store import accept_store
from records.audit.actor import NamedActor
from records.audit.log import newest
from records.ledger.store_identity import (
    LABEL_KEY,
    StoreMatch,
    keep_in_step,
    may_sweep,
    settle_store,
)
from records.models import StoreIdentityRow, new_id
from records.settings import Settings
from tests.records.actions.pairs import (
    MakeDatabase,
    Pair,
    forget_ids,
    job_count,
    label_of,
    stray_of,
    with_database,
)


def test_an_accepted_store_is_cleared_once_and_the_act_is_kept(
    full: Pair, new_database: MakeDatabase, tmp_path: Path
) -> None:
    there = with_database(full, new_database())
    there.make(*there.send(tmp_path), tmp_path)
    there.round()
    every = set(there.content())
    theirs = {key for key in every if job_count(there, key) == 0}
    found = accept_store(there.db, there.storage, NamedActor("noor"))
    assert (found.known_files, found.strange_files) == (len(every - theirs), len(theirs))
    with there.db.reading() as session:
        [line] = newest(session, 1)
    assert (line.who, line.action) == ("noor", "accept_store")
    assert json.loads(line.detail) == {"unknown": len(theirs), "known": len(every) - len(theirs)}
    assert there.alerts() == {}
    there.round()
    assert set(there.content()) == every - theirs
    # Once: what comes from elsewhere afterwards is not swept.
    stranger = f"selections/{new_id()}/uploads/{new_id()}"
    (tmp_path / "stranger").write_bytes(b"of another service")
    there.storage.inner.put(tmp_path / "stranger", stranger)
    there.round()
    assert stranger in set(there.storage.keys())
    # And the database that it belonged to no longer takes it for its own.
    assert full.match() is StoreMatch.FOREIGN


def test_a_store_from_before_these_ids_is_taken_and_keeps_all(full: Pair, tmp_path: Path) -> None:
    forget_ids(full)
    stray_of(full, tmp_path)
    before = full.content()
    assert full.match() is StoreMatch.NEW
    assert full.alerts() == {}
    full.round()
    assert full.match() is StoreMatch.OURS
    assert len(full.content()) == len(before) - 1


def test_a_store_that_lost_its_files_is_not_taken_for_a_new_one(full: Pair) -> None:
    """As where a disk is not mounted: at an upgrade, and afterwards."""
    for key in list(full.storage.keys()):
        full.storage.delete(key)
    full.round()
    assert full.alerts() == {"store_missing": "bad"}
    forget_ids(full)
    full.round()
    assert full.alerts() == {"store_missing": "bad"}
    assert list(full.storage.keys()) == []


def test_a_label_that_cannot_be_read_stops_sweeping(full: Pair, tmp_path: Path) -> None:
    (tmp_path / "label").write_bytes(b"{}")
    full.storage.put(tmp_path / "label", LABEL_KEY)
    stray = stray_of(full, tmp_path)
    full.round()
    assert stray in full.content()
    assert full.match() is StoreMatch.FOREIGN


def test_an_empty_store_takes_the_id_of_an_empty_database(base: Settings, new_database: MakeDatabase) -> None:
    pair = Pair(base.model_copy(update={"database_url": new_database()}))
    assert pair.match() is StoreMatch.NEW
    assert pair.alerts() == {}
    assert settle_store(pair.db, pair.storage).match is StoreMatch.OURS
    assert may_sweep(pair.db, pair.storage)


def test_the_number_grows_with_what_is_stored_and_not_with_time(full: Pair, tmp_path: Path) -> None:
    def number() -> int:
        with full.db.reading() as session:
            return session.query(StoreIdentityRow).one().generation

    before, label = number(), label_of(full)
    keep_in_step(full.db, full.storage)
    assert (number(), label_of(full)) == (before, label)
    full.send(tmp_path)
    keep_in_step(full.db, full.storage)
    assert number() == before + 1
    assert label_of(full) != label
    assert full.match() is StoreMatch.OURS
