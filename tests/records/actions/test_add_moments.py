"""Moments added from the same film after a selection was sent."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import SelectionInvalid
from pipeline.moments import Clip, Still
from records.actions.add_moments import AnotherFilm, add_moments, drop_unsent
from records.actions.complete_job import finish
from records.database import Database
from records.documents import MomentFacts, StatedCut, StatedFilm
from records.errors import MomentBusy, SourceErased
from records.models import SelectionRow, SelectionState, UploadRow
from records.settings import Settings
from records.training.logbook import read_logbook
from records.views.selections import SelectionView
from tests.effects import effects_on
from tests.records.actions.test_correct import NOTES, ON_SQLITE, PACK, SHAPE, lacking
from tests.records.actions.test_correct import ready as ready  # noqa: PLC0414 a fixture
from tests.records.actions.test_request_output import view
from tests.records.cast import EVERYBODY_HERE, add_selection, complete_upload, job_row, take

FILM = StatedFilm(bytes=1_000_000, duration_ms=10_000, cuts={0: StatedCut(duration_ms=900)})
KEY = "a-key-made-at-random"


def add(db: Database, settings: Settings, selection_id: str, *, whole: bool = True, **changes: Any) -> list[str]:
    """A clip and a still more; the jobs that begin."""
    clip, still = Clip(in_ms=2000, out_ms=2500, caption="Both laugh."), Still(at_ms=7000)
    cuts = [None, None] if whole else [Clip(in_ms=100, out_ms=600), Still(at_ms=100)]
    asked: dict[str, Any] = {"film": FILM, "key": KEY, "cuts": cuts} | changes
    with effects_on(db) as effects, db.session() as session:
        add_moments(session, settings, EVERYBODY_HERE, selection_id, [clip, still], **asked)
    return effects.jobs


def sent_by_moment(db: Database, settings: Settings) -> str:
    """A selection of one clip with its own upload, ready."""
    selection_id = add_selection(db, whole_film=False)
    (job,) = complete_upload(db, selection_id, moment_id=view(db, selection_id).moments[0].id)
    finish(db, take(db, settings, job), [], MomentFacts(in_ms=0))
    return selection_id


def test_of_a_film_that_is_here_they_are_prepared_at_once_and_everything_again_with_them(
    db: Database, settings: Settings, ready: SelectionView
) -> None:
    jobs = add(db, settings, ready.id)
    assert add(db, settings, ready.id) == [], "asked again with the same key"
    seen = view(db, ready.id)
    assert [moment.kind for moment in seen.moments] == ["clip"] * 3 + ["still"] * 3
    assert [moment.position for moment in seen.moments] == list(range(6))
    assert [moment.id for moment in seen.moments[3:5]] == [moment.id for moment in ready.moments[2:]]
    assert (seen.moments[2].moment.caption, seen.moments[2].state, seen.state) == ("Both laugh.", "queued", "preparing")
    assert seen.outputs[0].artifacts == ready.outputs[0].artifacts
    assert lacking(db, ready, PACK) == lacking(db, ready, NOTES) == {"moments"}
    with db.reading() as session:
        row = session.get_one(SelectionRow, ready.id)
        assert (len(row.shape.clips), len(row.shape.stills)) == (3, 3)
        assert row.film.cuts == {2: StatedCut(duration_ms=900)}
    with effects_on(db) as effects:
        for job in jobs:
            finish(db, take(db, settings, job), [], MomentFacts(in_ms=0))
    assert sorted(job_row(db, one).kind for one in effects.jobs) == [NOTES, PACK]


@ON_SQLITE
def test_each_of_its_own_awaits_its_upload_and_one_that_never_comes_is_left_out(
    db: Database, settings: Settings
) -> None:
    selection_id = sent_by_moment(db, settings)
    before = view(db, selection_id)
    assert add(db, settings, selection_id, whole=False) == []
    seen = view(db, selection_id)
    assert (seen.state, [one.state for one in seen.moments]) == (
        SelectionState.RECEIVING,
        ["ready", "awaiting_upload", "awaiting_upload"],
    )
    with db.reading() as session:
        assert len(read_logbook(session, "").cycles) == 1, "no less a review than before"
    (job,) = complete_upload(db, selection_id, moment_id=seen.moments[1].id)
    finish(db, take(db, settings, job), [], MomentFacts(in_ms=2000))
    with db.session() as session:
        drop_unsent(session, selection_id, seen.moments[2].id)
    assert [one.state for one in view(db, selection_id).moments] == ["ready", "ready"]
    for arrived in (before.moments[0].id, seen.moments[1].id):
        with pytest.raises(MomentBusy), db.session() as session:
            drop_unsent(session, selection_id, arrived)


@ON_SQLITE
def test_what_is_of_another_film_or_sent_in_another_way_is_refused(
    db: Database, settings: Settings, ready: SelectionView
) -> None:
    for other in ({"bytes": 999_999}, {"duration_ms": 10_100}):
        with pytest.raises(AnotherFilm):
            add(db, settings, ready.id, film=FILM.model_copy(update=other))
    with pytest.raises(SelectionInvalid):
        add(db, settings, ready.id, whole=False)
    with db.session() as session:
        session.query(UploadRow).delete()
    with pytest.raises(SourceErased):
        add(db, settings, ready.id)
    assert len(view(db, ready.id).moments) == len(SHAPE["clip"]) + len(SHAPE["still"])
