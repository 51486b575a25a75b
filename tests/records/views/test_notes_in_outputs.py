"""What was written in a review: which outputs show it, and what the next cycle goes on from."""

from __future__ import annotations

from functools import partial

import pytest

from records.actions.closing_notes import save_words
from records.actions.complete_job import finish
from records.database import Database
from records.models import SelectionRow
from records.settings import Settings
from records.views.changes import fingerprints
from records.views.output_inputs import gather_inputs
from tests.effects import woken_by
from tests.records.actions.test_closing_notes import said
from tests.records.actions.test_request_output import ask, file_of, output
from tests.records.cast import add_jobs, job_row, take

PACK = "review_pack"


@pytest.fixture
def ready(settings: Settings, db: Database) -> str:
    """The id of a selection whose moment and review pack are ready."""
    (job,) = add_jobs(db)
    (pack,) = woken_by(db, partial(finish, db, take(db, settings, job), []))
    finish(db, take(db, settings, pack), [file_of(PACK, "first")])
    return job_row(db, job).selection_id


def write(db: Database, selection_id: str, plan: str) -> None:
    with db.session() as session:
        save_words(session, selection_id, said(plan), seen=None, over=True)


def make_again(db: Database, settings: Settings, selection_id: str, kind: str = PACK) -> None:
    (job,) = ask(db, selection_id, kind)
    claim = take(db, settings, job)
    with db.reading() as session:
        revision = gather_inputs(session, session.get_one(SelectionRow, selection_id), None).notes_revision()
    finish(db, claim, [file_of(kind, "again")], notes_revision=revision)


def test_a_pack_from_before_the_notes_is_told_until_it_is_made_again(
    db: Database, settings: Settings, ready: str
) -> None:
    assert not output(db, ready, PACK).before_notes
    with db.reading() as session:
        before = fingerprints(session, [ready])
    write(db, ready, "Play")
    with db.reading() as session:
        assert fingerprints(session, [ready]) != before
    assert output(db, ready, PACK).before_notes
    make_again(db, settings, ready)
    assert not output(db, ready, PACK).before_notes
    write(db, ready, "Play more")
    assert output(db, ready, PACK).before_notes


def test_what_shows_no_notes_is_never_out_of_date_for_them(db: Database, settings: Settings, ready: str) -> None:
    (job,) = ask(db, ready, "booklet")
    finish(db, take(db, settings, job), [file_of("booklet", "first")])
    write(db, ready, "Play")
    assert not output(db, ready, "booklet").before_notes
