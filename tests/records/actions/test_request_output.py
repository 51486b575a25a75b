"""Outputs asked for after the first ones, and made again: the review stays ready, and nothing old stays behind."""

from __future__ import annotations

from functools import partial

import pytest

from pipeline.errors import FilmUnreadable
from records.actions.complete_job import fail, finish
from records.actions.request_output import ask_for_output
from records.database import Database
from records.errors import LeaseLost, SelectionGone
from records.models import ArtifactRow, SelectionState
from records.settings import Settings
from records.views.selections import OutputView, SelectionView, selection_view
from tests.effects import effects_on, woken_by
from tests.records.cast import add_jobs, job_row, take

LATER = "booklet"


def view(db: Database, selection_id: str) -> SelectionView:
    with db.reading() as session:
        seen = selection_view(session, selection_id)
    assert seen is not None
    return seen


def output(db: Database, selection_id: str, kind: str = LATER) -> OutputView:
    return next(one for one in view(db, selection_id).outputs if one.kind == kind)


def ask(db: Database, selection_id: str, kind: str = LATER, **recipe: object) -> list[str]:
    with effects_on(db) as effects, db.session() as session:
        ask_for_output(session, selection_id, kind, recipe)
    return effects.jobs


def file_of(kind: str, attempt: str) -> ArtifactRow:
    return ArtifactRow(
        kind=kind,
        name=f"{kind}.pdf",
        storage_key=f"selections/x/{attempt}/{kind}.pdf",
        media_type="application/pdf",
        bytes=10,
        sha256="0" * 64,
    )


@pytest.fixture
def ready(settings: Settings, db: Database) -> str:
    """The id of a selection whose moment and review pack are ready."""
    (job,) = add_jobs(db)
    (pack,) = woken_by(db, partial(finish, db, take(db, settings, job), []))
    finish(db, take(db, settings, pack), [file_of("review_pack", "first")])
    return job_row(db, job).selection_id


def test_a_kind_asked_for_later_is_made_and_the_review_stays_ready(
    settings: Settings, db: Database, ready: str
) -> None:
    (job,) = ask(db, ready, theme="warm")
    asked = view(db, ready)
    assert (asked.state, asked.settled) == (SelectionState.READY, False)
    assert (output(db, ready).state, output(db, ready).recipe) == ("queued", {"theme": "warm"})
    finish(db, take(db, settings, job), [file_of(LATER, "first")])
    assert view(db, ready).settled
    assert [file.name for file in output(db, ready).artifacts] == ["booklet.pdf"]


def test_what_was_made_before_stays_until_the_new_one_takes_its_place(
    settings: Settings, db: Database, ready: str
) -> None:
    (job,) = ask(db, ready)
    finish(db, take(db, settings, job), [file_of(LATER, "first")])
    before = output(db, ready).artifacts
    assert ask(db, ready, theme="warm") == [job]
    assert output(db, ready).artifacts == before
    finish(db, take(db, settings, job), [file_of(LATER, "second")])
    assert [file.id == before[0].id for file in output(db, ready).artifacts] == [False]


def test_a_review_stays_ready_while_its_own_pack_is_made_with_other_choices(
    settings: Settings, db: Database, ready: str
) -> None:
    (job,) = ask(db, ready, "review_pack", theme="warm")
    assert (view(db, ready).state, view(db, ready).settled) == (SelectionState.READY, False)
    assert [file.name for file in output(db, ready, "review_pack").artifacts] == ["review_pack.pdf"]
    fail(db, take(db, settings, job), FilmUnreadable(), settings)
    assert view(db, ready).state == SelectionState.FAILED


def test_an_attempt_with_the_earlier_recipe_is_not_published(settings: Settings, db: Database, ready: str) -> None:
    (job,) = ask(db, ready)
    earlier = take(db, settings, job)
    ask(db, ready, theme="warm")
    with pytest.raises(LeaseLost):
        finish(db, earlier, [file_of(LATER, "first")])
    assert output(db, ready).state == "queued"


def test_a_kind_that_cannot_be_made_leaves_the_review_ready(settings: Settings, db: Database, ready: str) -> None:
    (job,) = ask(db, ready)
    fail(db, take(db, settings, job), FilmUnreadable(), settings)
    assert view(db, ready).state == SelectionState.READY
    assert output(db, ready).error is not None


def test_a_kind_asked_for_too_early_is_made_when_the_last_moment_is_ready(settings: Settings, db: Database) -> None:
    (job,) = add_jobs(db)
    selection_id = job_row(db, job).selection_id
    assert ask(db, selection_id) == []
    assert output(db, selection_id).state == "pending"
    followers = woken_by(db, partial(finish, db, take(db, settings, job), []))
    assert {job_row(db, one).kind for one in followers} == {"review_pack", LATER}


def test_a_selection_that_is_gone_is_told(db: Database) -> None:
    with pytest.raises(SelectionGone):
        ask(db, "0" * 32)
