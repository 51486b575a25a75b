"""What tells that a watched selection has changed, in one statement for all of them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, update

from records.clock import utcnow
from records.database import Database
from records.models import ArtifactRow, ArtworkRow, HidingRow, JobRow, MomentRow, SelectionRow, UploadRow
from records.views.changes import fingerprints
from records.views.selections import selection_view, selection_views
from tests.records.cast import K_104, add_jobs, add_selection, job_row

CHANGES: dict[str, tuple[Any, dict[str, Any]]] = {
    "the selection's state": (SelectionRow, {"state": "ready"}),
    "when it was ready": (SelectionRow, {"ready_at": utcnow()}),
    "a moment's state": (MomentRow, {"state": "unconfirmed"}),
    "a job's progress": (JobRow, {"progress": 0.5, "started_at": utcnow()}),
    "why it failed": (JobRow, {"error_code": "disk_full", "error_sentence": "The disk is full."}),
    "a further attempt": (JobRow, {"attempts": 2}),
    "an upload's offset": (UploadRow, {"offset_bytes": 7}),
    "up to where the service holds the film": (UploadRow, {"held_ms": 9000, "starts_ms": 0}),
}


def _asked(db: Database, *ids: str) -> dict[str, str]:
    with db.reading() as session:
        return fingerprints(session, ids)


@pytest.fixture
def selection_id(db: Database) -> str:
    """One that is at work."""
    return job_row(db, add_jobs(db, K_104)[0]).selection_id


def test_nothing_changed_and_nothing_is_told(db: Database, selection_id: str) -> None:
    assert _asked(db, selection_id) == _asked(db, selection_id)


def test_whatever_a_view_shows_changes_what_is_told(db: Database, selection_id: str) -> None:
    others = job_row(db, add_jobs(db, K_104)[0]).selection_id
    for what, (table, values) in CHANGES.items():
        before = _asked(db, selection_id, others)
        own = table.id if table is SelectionRow else table.selection_id
        with db.session() as session:
            session.execute(update(table).where(own == selection_id).values(values))
        after = _asked(db, selection_id, others)
        assert after[selection_id] != before[selection_id], what
        assert after[others] == before[others], what


def test_another_recipe_changes_what_is_told(db: Database, selection_id: str) -> None:
    before = _asked(db, selection_id)
    with db.session() as session:  # by its row: it is sealed
        [output] = session.get_one(SelectionRow, selection_id).outputs
        output.recipe = {**output.recipe, "order": "film"}
    assert _asked(db, selection_id) != before


def test_what_is_added_changes_what_is_told(db: Database, selection_id: str) -> None:
    with db.reading() as session:
        moment_id = session.get_one(SelectionRow, selection_id).moments[0].id
    file = {"bytes": 1, "sha256": "0" * 64}
    for row in (
        HidingRow(moment_id=moment_id, selection_id=selection_id, marks=()),
        ArtworkRow(selection_id=selection_id, storage_key="a", width_px=1, height_px=1, **file),
        ArtifactRow(
            selection_id=selection_id, kind="clip", name="01.mp4", storage_key="b", media_type="video/mp4", **file
        ),
    ):
        before = _asked(db, selection_id)
        with db.session() as session:
            session.add(row)
        assert _asked(db, selection_id) != before, type(row)


def test_a_sign_of_life_of_a_worker_is_no_change(db: Database, selection_id: str) -> None:
    before = _asked(db, selection_id)
    with db.session() as session:
        session.execute(update(JobRow).values(lease_until=utcnow(), moved_at=utcnow()))
    assert _asked(db, selection_id) == before


def test_what_is_not_there_or_being_erased_is_left_out(db: Database, selection_id: str) -> None:
    with db.session() as session:
        session.execute(update(SelectionRow).values(erasing_at=utcnow()))
    assert _asked(db, selection_id, "0" * 32) == {}


def test_however_many_are_watched_the_database_is_asked_as_often(db: Database) -> None:
    ids = [add_selection(db) for _ in range(12)]
    asked: list[str] = []

    def note(*given: Any) -> None:
        asked.append(given[2])

    event.listen(db.engine, "before_cursor_execute", note)
    counts = []
    for some in (ids[:1], ids):
        with db.reading() as session:
            asked.clear()
            assert set(fingerprints(session, some)) == set(some)
            assert len(asked) == 1
            assert set(selection_views(session, some)) == set(some)
            counts.append(len(asked))
    assert counts[0] == counts[1]


def test_views_of_several_are_what_the_view_of_each_is(db: Database, selection_id: str) -> None:
    ids = [selection_id, add_selection(db), add_selection(db, K_104)]
    clocks = {name: {"__all__": {"waiting_s", "running_s"}} for name in ("moments", "outputs")}
    with db.reading() as session:
        several = selection_views(session, [*ids, "0" * 32])
        for one in ids:
            alone = selection_view(session, one)
            assert alone is not None
            assert several[one].model_dump(exclude=clocks) == alone.model_dump(exclude=clocks)
        assert set(several) == set(ids)
