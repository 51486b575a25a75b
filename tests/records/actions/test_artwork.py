"""Photographs of what a child made: erased with their selection, and none is left that no row names."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from pipeline.artifact import Artifact, sha256_of
from pipeline.images.photograph import MEDIA_TYPE, Photograph
from records.actions import artwork
from records.actions.artwork import artwork_of, erase_artwork, keep_artwork
from records.actions.complete_job import finish
from records.actions.erase import erase_selection
from records.actions.request_output import ask_for_output
from records.actions.sweep import sweep_store
from records.database import Database
from records.errors import ArtworkFull, ArtworkGone, LeaseLost
from records.models import ArtworkRow, MomentRow, MomentState
from records.settings import Settings
from records.storage.contract import Storage
from records.storage.open import open_storage
from tests.effects import effects_on
from tests.records.actions.test_request_output import file_of, output
from tests.records.cast import add_jobs, job_row, take


@pytest.fixture
def storage(settings: Settings) -> Storage:
    return open_storage(settings)


def keep(db: Database, storage: Storage, selection_id: str, folder: Path) -> tuple[str, list[str]]:
    """The id of a photograph that is kept now, and the jobs that follow."""
    path = folder / "drawing.jpg"
    path.write_bytes(b"a drawing")
    taken = Photograph(Artifact(path, MEDIA_TYPE, path.stat().st_size, sha256_of(path)), 30, 20)
    with effects_on(db) as effects, db.session() as session:
        keep_artwork(session, storage, selection_id, taken)
        kept = artwork_of(session, selection_id)[-1].id
    return kept, effects.jobs


def test_it_goes_with_its_selection_and_a_stray_one_is_swept(
    settings: Settings, db: Database, storage: Storage, tmp_path: Path
) -> None:
    (job,) = add_jobs(db)
    selection_id = job_row(db, job).selection_id
    keep(db, storage, selection_id, tmp_path)
    storage.put(tmp_path / "drawing.jpg", f"selections/{selection_id}/artwork/{'0' * 32}.jpg")
    assert sweep_store(db, storage) == 1
    assert len(list(storage.keys(artwork.artwork_folder(selection_id)))) == 1
    erase_selection(db, storage, settings, selection_id)
    assert list(storage.keys("selections/")) == []
    with db.reading() as session:
        assert session.scalar(select(func.count(ArtworkRow.id))) == 0


def test_what_holds_one_is_made_again_when_one_comes_and_is_gone_at_once_when_one_goes(
    settings: Settings, db: Database, storage: Storage, tmp_path: Path
) -> None:
    (moment,) = add_jobs(db)
    selection_id = job_row(db, moment).selection_id
    finish(db, take(db, settings, moment), [])
    with effects_on(db) as asked, db.session() as session:
        ask_for_output(session, selection_id, "booklet", {})
        ask_for_output(session, selection_id, "picture_notes", {})
    booklet, notes = asked.jobs
    for job, kind in ((booklet, "booklet"), (notes, "picture_notes")):
        finish(db, take(db, settings, job), [file_of(kind, "first")])
    one, again = keep(db, storage, selection_id, tmp_path)
    assert again == [booklet]
    assert (output(db, selection_id).state, len(output(db, selection_id).artifacts)) == ("queued", 1)
    with effects_on(db) as effects, db.session() as session:
        erase_artwork(session, selection_id, one)
    assert effects.jobs == [booklet]
    assert "selections/x/first/booklet.pdf" in effects.keys
    assert output(db, selection_id).artifacts == []
    assert len(output(db, selection_id, "picture_notes").artifacts) == 1
    with db.session() as session, pytest.raises(ArtworkGone):
        erase_artwork(session, selection_id, one)


def test_there_is_a_bound(db: Database, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artwork, "MOST_ARTWORK", 1)
    (job,) = add_jobs(db)
    keep(db, storage, job_row(db, job).selection_id, tmp_path)
    with pytest.raises(ArtworkFull):
        keep(db, storage, job_row(db, job).selection_id, tmp_path)


def test_one_that_goes_while_a_paper_with_it_is_made_does_not_come_back_with_it(
    settings: Settings, db: Database, storage: Storage, tmp_path: Path
) -> None:
    (moment,) = add_jobs(db)
    selection_id = job_row(db, moment).selection_id
    finish(db, take(db, settings, moment), [])
    with effects_on(db) as effects, db.session() as session:
        ask_for_output(session, selection_id, "booklet", {})
    kept, _ = keep(db, storage, selection_id, tmp_path)
    working = take(db, settings, effects.jobs[0])
    with db.session() as session:  # other ends were chosen meanwhile: not every moment is ready
        session.execute(update(MomentRow).values(state=MomentState.QUEUED))
    with db.session() as session:
        erase_artwork(session, selection_id, kept)
    with pytest.raises(LeaseLost):
        finish(db, working, [file_of("booklet", "first")])
    assert output(db, selection_id).artifacts == []
