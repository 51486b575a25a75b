"""What was written and chosen is corrected after it was sent: who wins, what is out of date, and what follows along."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.errors import SelectionInvalid
from pipeline.outputs.kinds import KINDS
from pipeline.written import Written
from records.actions.closing_notes import save_words
from records.actions.complete_job import finish
from records.actions.correct import (
    CorrectedMeanwhile,
    MomentCorrection,
    SelectionCorrection,
    correct_moment,
    correct_selection,
)
from records.actions.hide import ask_hiding
from records.actions.request_output import make_stale_again
from records.database import Database
from records.documents import MomentFacts, StatedCut
from records.errors import LeaseLost
from records.ledger.outputs import Source, find_output, note_sources
from records.ledger.selections import drawn_on
from records.models import ArtifactRow, MomentRow, SelectionRow, WordsRow
from records.settings import Settings
from records.views.changes import fingerprints
from records.views.selections import SelectionView
from tests.effects import effects_on, woken_by
from tests.records.actions.test_closing_notes import said
from tests.records.actions.test_request_output import ask, file_of, output, view
from tests.records.cast import K_104, add_jobs, add_selection, job_row, take

ON_SQLITE = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
"""What neither locks nor constraints of the database decide."""
PACK, NOTES = "review_pack", "picture_notes"
SHAPE: dict[str, Any] = {
    **K_104,
    "still": [{"at": 5000, "caption": "Ella shows Mum the card."}, {"at": 6000, "caption": "Mum laughs."}],
}


@pytest.fixture
def ready(settings: Settings, db: Database) -> SelectionView:
    """Two clips and two stills, with a pack and notes that show them."""
    jobs = add_jobs(db, SHAPE, outputs=(PACK, NOTES), recipes={NOTES: {"stills": [{"still": 1, "leave_out": True}]}})
    followers: list[str] = []
    for number, job in enumerate(jobs):
        kind, name = [("clip", "01.mp4"), ("clip", "02.mp4"), ("still", "01.jpg"), ("still", "02.jpg")][number]
        file = file_of(kind, str(number))
        file.name = name
        followers = woken_by(db, partial(finish, db, take(db, settings, job), [file], MomentFacts(in_ms=0)))
    for job in followers:
        finish(db, take(db, settings, job), [file_of(job_row(db, job).kind, "first")])
    return view(db, job_row(db, jobs[0]).selection_id)


def correct(db: Database, of: SelectionView, *, seen: int = 0, **wanted: Any) -> list[str]:
    with effects_on(db) as effects, db.session() as session:
        correct_selection(session, of.id, SelectionCorrection.model_validate(wanted), seen=str(seen))
    return effects.jobs


def write(db: Database, of: SelectionView, position: int, *, seen: int = 0, **wanted: Any) -> None:
    with db.session() as session:
        moment = of.moments[position].id
        correct_moment(session, of.id, moment, MomentCorrection.model_validate(wanted), seen=str(seen))


def lacking(db: Database, of: SelectionView, kind: str) -> set[str]:
    return {str(one) for one in output(db, of.id, kind).made_before}


def test_a_caption_takes_the_place_of_the_one_before_everywhere(db: Database, ready: SelectionView) -> None:
    with db.reading() as session:
        before = fingerprints(session, [ready.id])
    write(db, ready, 2, caption="Sam shows Mum the card.")
    seen = view(db, ready.id)
    assert (seen.moments[2].moment.caption, seen.moments[2].revision) == ("Sam shows Mum the card.", 1)
    with db.reading() as session:
        row = session.get_one(SelectionRow, ready.id)
        assert [still.caption for still in row.shape.stills] == ["Sam shows Mum the card.", "Mum laughs."]
        assert fingerprints(session, [ready.id]) != before
    assert seen.state == ready.state
    assert lacking(db, ready, PACK) == lacking(db, ready, NOTES) == {"caption"}


@ON_SQLITE
def test_only_what_shows_it_is_out_of_date(db: Database, ready: SelectionView) -> None:
    write(db, ready, 0, caption="Sam looks up.")
    assert (lacking(db, ready, PACK), lacking(db, ready, NOTES)) == ({"caption"}, set())
    write(db, ready, 3, principle="guiding")
    correct(db, ready, helping_question="What helps?", working_points=["Wait"], cycle=3)
    assert lacking(db, ready, PACK) == {"caption", "principle", "question", "working_points", "cycle"}
    assert lacking(db, ready, NOTES) == set()
    assert (view(db, ready.id).cycle, view(db, ready.id).helping_question) == (3, "What helps?")


ARROW = {"kind": "arrow", "x1": 0.1, "y1": 0.9, "x2": 0.5, "y2": 0.5}
SPOTLIGHT = {"kind": "spotlight", "x1": 0.2, "y1": 0.2, "x2": 0.6, "y2": 0.7, "in": 1500, "out": 2500}


@ON_SQLITE
def test_what_is_drawn_is_kept_with_the_moment_and_makes_packs_out_of_date(db: Database, ready: SelectionView) -> None:
    write(db, ready, 2, drawings=[ARROW])
    write(db, ready, 2, seen=1, caption="Sam shows Mum the card.")
    assert [one.name for one in view(db, ready.id).moments[2].moment.drawings] == ["Arrow to the middle"]
    assert lacking(db, ready, PACK) == lacking(db, ready, NOTES) == {"caption", "drawings"}
    assert KINDS[NOTES].shown_with({"drawn": True}) - KINDS[NOTES].shown_with({"drawn": False}) == {Written.DRAWINGS}
    with db.reading() as session:
        row = session.get_one(SelectionRow, ready.id)
        assert [len(still.drawings) for still in row.shape.stills] == [1, 0]
    with pytest.raises(CorrectedMeanwhile):
        write(db, ready, 2, seen=1, drawings=[])
    write(db, ready, 2, seen=2, drawings=[])
    assert not view(db, ready.id).moments[2].moment.drawings


@ON_SQLITE
def test_nothing_is_drawn_where_it_cannot_be_seen(db: Database, ready: SelectionView) -> None:
    for position, drawing in ((0, ARROW), (0, {**SPOTLIGHT, "out": 2501, "in": 3000}), (2, SPOTLIGHT)):
        with pytest.raises((SelectionInvalid, ValidationError)):
            write(db, ready, position, drawings=[drawing])
    with pytest.raises(SelectionInvalid, match="on this clip at a time that is not in it"):
        write(db, ready, 0, drawings=[{**SPOTLIGHT, "in": 3000, "out": 4000}])
    assert [moment.revision for moment in view(db, ready.id).moments] == [0, 0, 0, 0]


@ON_SQLITE
def test_a_drawing_shows_in_the_file_that_is_there_while_the_ends_are_moved(db: Database, ready: SelectionView) -> None:
    """And stays while it is outside of them: they may be moved back."""
    write(db, ready, 0, drawings=[SPOTLIGHT])
    with db.session() as session:
        row = session.get_one(MomentRow, ready.moments[0].id)
        row.facts = MomentFacts(in_ms=1000, out_ms=3000, width_px=320, height_px=240)
        row.moment = row.moment.model_copy(update={"in_ms": 2600})
        assert [(one.in_ms, one.out_ms) for one in drawn_on(row)] == [(500, 1500)]
        row.facts = MomentFacts(in_ms=2600, out_ms=3000, width_px=320, height_px=240)
        assert drawn_on(row) == ()
    write(db, ready, 0, seen=1, drawings=[SPOTLIGHT, {**SPOTLIGHT, "in": 2700, "out": 2900}])
    assert len(view(db, ready.id).moments[0].moment.drawings) == 2


@ON_SQLITE
def test_what_was_drawn_before_somebody_is_hidden_goes(db: Database, ready: SelectionView) -> None:
    """It may lead to the one who is hidden; what was seen of it before is told that it has changed."""
    write(db, ready, 2, drawings=[ARROW])
    with db.session() as session:
        session.get_one(MomentRow, ready.moments[2].id).facts = MomentFacts(in_ms=5000, width_px=320, height_px=240)
        session.flush()
        ask_hiding(session, ready.id, ready.moments[2].id, ())
    seen = view(db, ready.id).moments[2]
    assert (seen.moment.drawings, seen.revision) == ((), 2)
    with db.reading() as session:
        assert not session.get_one(SelectionRow, ready.id).shape.stills[0].drawings


@ON_SQLITE
def test_one_button_makes_all_of_it_again_and_nothing_else(
    db: Database, settings: Settings, ready: SelectionView
) -> None:
    write(db, ready, 0, caption="Sam looks up.")
    with effects_on(db) as effects, db.session() as session:
        make_stale_again(session, ready.id)
        make_stale_again(session, ready.id)
    (job,) = effects.jobs
    assert job_row(db, job).kind == PACK
    assert lacking(db, ready, PACK) == {"caption"}, "what is there is still the one of before"
    finish(db, take(db, settings, job), [file_of(PACK, "again")])
    assert lacking(db, ready, PACK) == set()


@ON_SQLITE
def test_what_is_just_being_made_is_not_finished_with_the_old_words(
    db: Database, settings: Settings, ready: SelectionView
) -> None:
    (job,) = ask(db, ready.id, PACK)
    at_work = take(db, settings, job)
    write(db, ready, 0, caption="Sam looks up.")
    with pytest.raises(LeaseLost):
        finish(db, at_work, [file_of(PACK, "old")])
    finish(db, take(db, settings, job), [file_of(PACK, "new")])
    assert lacking(db, ready, PACK) == set()


@ON_SQLITE
def test_words_at_the_end_of_the_review_are_a_change_like_any_other(db: Database, ready: SelectionView) -> None:
    with db.session() as session:
        save_words(session, ready.id, said("Play"), seen=None, over=False)
    assert (lacking(db, ready, PACK), lacking(db, ready, NOTES)) == ({"notes"}, set())
    write(db, ready, 2, caption="Sam shows Mum the card.")
    assert output(db, ready.id, PACK).made_before == (Written.CAPTION, Written.NOTES)
    with db.reading() as session:
        assert session.get(WordsRow, ready.id) is not None


@ON_SQLITE
def test_another_reviews_booklet_that_shows_it_is_out_of_date_too(
    db: Database, settings: Settings, ready: SelectionView
) -> None:
    (first,) = add_jobs(db, {"family": "K-104", "cycle": 4, "still": [{"at": 0}]})
    (pack,) = woken_by(db, partial(finish, db, take(db, settings, first), [], MomentFacts(in_ms=0)))
    finish(db, take(db, settings, pack), [file_of(PACK, "later")])
    later = job_row(db, first).selection_id
    (job,) = ask(db, later, "booklet", earlier=[ready.id])
    shown = {Source(ready.id, moment_id=moment.id) for moment in ready.moments}
    finish(db, take(db, settings, job), [file_of("booklet", "later")], sources=shown)
    write(db, ready, 2, caption="Sam shows Mum the card.")
    assert output(db, later, "booklet").made_before == (Written.CAPTION,)
    assert output(db, later, PACK).made_before == ()


@ON_SQLITE
def test_of_two_who_correct_the_same_the_second_is_told_and_changes_nothing(db: Database, ready: SelectionView) -> None:
    write(db, ready, 0, caption="Sam looks up.")
    with pytest.raises(CorrectedMeanwhile):
        write(db, ready, 0, caption="Kim looks up.")
    write(db, ready, 1, caption="Another moment is nobody's business.")
    write(db, ready, 0, caption="Sam looks up.")  # the answer was lost, and she said it again
    correct(db, ready, cycle=3)
    with pytest.raises(CorrectedMeanwhile):
        correct(db, ready, helping_question="What helps?")
    correct(db, ready, helping_question="What helps?", seen=1)
    assert view(db, ready.id).moments[0].moment.caption == "Sam looks up."
    assert (view(db, ready.id).cycle, view(db, ready.id).revision) == (3, 2)


def test_of_many_at_once_exactly_one_corrects(db: Database) -> None:
    of = view(db, add_selection(db))

    def one(n: int) -> int:
        try:
            correct(db, of, helping_question=f"What helps {n}?")
        except CorrectedMeanwhile:
            return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(8))) == 1


def test_in_another_order_numbers_files_and_choices_go_with_the_moments(db: Database, ready: SelectionView) -> None:
    with db.session() as session:
        film = session.get_one(SelectionRow, ready.id)
        film.film = film.film.model_copy(update={"cuts": {2: StatedCut(duration_ms=700)}})
    one, two, three, four = (moment.id for moment in ready.moments)
    correct(db, ready, order=[one, two, four, three])
    seen = view(db, ready.id)
    assert [moment.id for moment in seen.moments] == [one, two, four, three]
    assert [moment.artifacts[0].name for moment in seen.moments] == ["01.mp4", "02.mp4", "01.jpg", "02.jpg"]
    assert [moment.artifacts[0].id for moment in seen.moments[2:]] == [
        ready.moments[3].artifacts[0].id,
        ready.moments[2].artifacts[0].id,
    ]
    assert output(db, ready.id, NOTES).recipe == {"stills": [{"still": 2, "leave_out": True}]}
    assert lacking(db, ready, PACK) == lacking(db, ready, NOTES) == {"order"}
    with db.reading() as session:
        row = session.get_one(SelectionRow, ready.id)
        assert [still.caption for still in row.shape.stills] == ["Mum laughs.", "Ella shows Mum the card."]
        assert row.film.cuts == {3: StatedCut(duration_ms=700)}
    correct(db, ready, order=[two, one, four, three], seen=1)
    assert [moment.id for moment in view(db, ready.id).moments] == [two, one, four, three]


@ON_SQLITE
def test_an_order_of_other_moments_is_refused(db: Database, ready: SelectionView) -> None:
    ids = [moment.id for moment in ready.moments]
    for order in (ids[:-1], [*ids, ids[0]], ["f" * 32, *ids[1:]]):
        with pytest.raises(SelectionInvalid):
            correct(db, ready, order=order)
    assert view(db, ready.id) == ready


def test_what_was_made_while_its_moment_got_another_place_has_the_name_of_the_new_one(
    db: Database, settings: Settings
) -> None:
    first, second = add_jobs(db, {"family": "K-104", "clip": [{"in": 0, "out": 500}, {"in": 600, "out": 900}]})
    at_work = take(db, settings, first)
    of = view(db, job_row(db, first).selection_id)
    correct(db, of, order=[of.moments[1].id, of.moments[0].id])
    for claim in (at_work, take(db, settings, second)):
        file = ArtifactRow(
            kind="clip",
            name="01.mp4",
            storage_key=f"selections/x/{claim.job_id}",
            media_type="video/mp4",
            bytes=1,
            sha256="0" * 64,
        )
        finish(db, claim, [file], MomentFacts(in_ms=0))
    assert [moment.artifacts[0].name for moment in view(db, of.id).moments] == ["01.mp4", "02.mp4"]


@ON_SQLITE
def test_what_shows_it_from_the_first_word_is_found_before_it_is_made(db: Database, ready: SelectionView) -> None:
    """A worker notes what it is going to show before it reads any of it; nothing made stands there yet."""
    ask(db, ready.id, "reel", captions=True)
    with db.session() as session:
        row = find_output(session, ready.id, "reel")
        assert row is not None
        note_sources(session, row, {Source(ready.id, moment_id=ready.moments[0].id)})
    write(db, ready, 0, caption="Sam looks up.")
    assert output(db, ready.id, "reel").made_before == ()
