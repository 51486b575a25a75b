"""What shows a selection that is to be seen no more is found, no matter who does what at the same instant."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from records.actions.complete_job import finish
from records.actions.erase import mark_erased
from records.actions.hide import ask_hiding
from records.actions.request_output import ask_for_output
from records.actions.withdraw import withdraw_selection
from records.database import Database
from records.errors import LeaseLost
from records.ledger.jobs import add_job
from records.ledger.outputs import Source, find_output, note_sources, outputs_of, sources_of
from records.models import ArtifactRow, MomentRow, MomentState, OutputRow, SelectionRow
from records.settings import Settings
from tests.effects import effects_on
from tests.records.actions.test_hide import put_artifact
from tests.records.actions.test_request_output import file_of
from tests.records.cast import K_104, add_selection, take

PACK, BOOKLET = "supervision_pack", "booklet"


def chosen(db: Database, selection_id: str, kind: str) -> OutputRow | None:
    with db.reading() as session:
        return find_output(session, selection_id, kind)


def test_a_pack_of_a_selection_shows_what_its_recipe_names_from_the_asking_on(db: Database) -> None:
    first, second = add_selection(db, K_104), add_selection(db, K_104)
    begun = add_selection(db, {**K_104, "cycle": 3}, recipes={BOOKLET: {"earlier": [first]}})
    with db.session() as session:
        ask_for_output(session, begun, PACK, {"companion": second})
    with db.reading() as session:
        shown = {output.kind: sources_of(session, output) for output in outputs_of(session, begun)}
    assert shown == {"review_pack": set(), BOOKLET: {Source(first)}, PACK: {Source(second)}}


def test_a_file_goes_at_once_when_what_it_was_made_from_is_not_named_any_more(db: Database, settings: Settings) -> None:
    other = add_selection(db, K_104)
    own = add_selection(db, K_104, outputs=(PACK,), recipes={PACK: {"companion": other}})
    with db.session() as session:
        job = add_job(session, PACK, session.get_one(SelectionRow, own)).id
    finish(db, take(db, settings, job), [file_of(PACK, "first")], sources={Source(other, moment_id="m")})
    with effects_on(db) as kept, db.session() as session:
        ask_for_output(session, own, PACK, {"companion": other, "question": "How can I wait?"})
    assert kept.keys == []
    with effects_on(db) as gone, db.session() as session:
        ask_for_output(session, own, PACK, {})
    assert gone.keys == [f"selections/x/first/{PACK}.pdf"]
    output = chosen(db, own, PACK)
    assert output is not None
    assert output.made_at is None
    with db.reading() as session:
        assert sources_of(session, output) == set()
        assert session.scalars(select(ArtifactRow)).all() == []


def test_what_a_worker_read_is_found_although_the_recipe_names_it_no_more(db: Database, settings: Settings) -> None:
    other = add_selection(db, K_104)
    own = add_selection(db, {**K_104, "cycle": 3}, outputs=(BOOKLET,))
    key = put_artifact(db, own, BOOKLET)
    with db.session() as session:
        output = find_output(session, own, BOOKLET)
        assert output is not None
        note_sources(session, output, {Source(other, moment_id="m")})
        session.query(MomentRow).update({"state": MomentState.READY})
        job = add_job(session, BOOKLET, session.get_one(SelectionRow, own)).id
    working = take(db, settings, job)
    with effects_on(db) as effects, db.session() as session:
        withdraw_selection(session, other)
    assert (effects.keys, effects.jobs) == ([key], [job])
    with pytest.raises(LeaseLost):
        finish(db, working, [])


def test_finishing_leaves_only_what_the_new_file_shows(db: Database, settings: Settings) -> None:
    own = add_selection(db, K_104, outputs=(BOOKLET,))
    with db.session() as session:
        output = outputs_of(session, own)[0]
        note_sources(session, output, {Source(own, moment_id="old"), Source(own, moment_id="new")})
        job = add_job(session, BOOKLET, session.get_one(SelectionRow, own)).id
    finish(db, take(db, settings, job), [], sources={Source(own, moment_id="new"), Source(own, artwork_id="drawing")})
    output_now = chosen(db, own, BOOKLET)
    assert output_now is not None
    assert output_now.made_at is not None
    assert output_now.made_at >= output_now.asked_at
    with db.reading() as session:
        assert sources_of(session, output_now) == {Source(own, moment_id="new"), Source(own, artwork_id="drawing")}


def test_hiding_waits_for_an_asking_that_names_its_selection(db: Database) -> None:
    mine = add_selection(db, K_104)
    later = add_selection(db, {**K_104, "cycle": 3})
    with db.reading() as session:
        moment_id = session.scalars(select(MomentRow.id).where(MomentRow.selection_id == mine)).first()
    assert moment_id is not None

    def hide() -> None:
        with db.session() as session:
            ask_hiding(session, mine, moment_id, ())

    with ThreadPoolExecutor(1) as pool:
        with db.session() as session:
            ask_for_output(session, later, BOOKLET, {"earlier": [mine]})
            hiding = pool.submit(hide)
            assert not threading.Event().wait(0.5)
            assert not hiding.done()
        hiding.result(30)
    output = chosen(db, later, BOOKLET)
    assert output is not None
    assert output.recipe == {"earlier": []}
    with db.reading() as session:
        assert sources_of(session, output) == set()


def test_selections_that_show_one_another_can_be_erased_at_the_same_instant(db: Database) -> None:
    for _ in range(8):
        film = add_selection(db, K_104)
        recording = add_selection(db, K_104, recipes={PACK: {"companion": film}})
        with db.session() as session:
            ask_for_output(session, film, PACK, {"companion": recording})
        together = threading.Barrier(2)

        def erase(selection_id: str, together: threading.Barrier = together) -> bool:
            together.wait(30)
            with db.session() as session:
                return mark_erased(session, selection_id)

        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(erase, [film, recording])) == [True, True]
    with db.reading() as session:
        assert session.scalars(select(SelectionRow).where(SelectionRow.visible)).all() == []
