"""What a start page shows of families, and the whole course of one."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from records.accounts.principal import Principal
from records.clock import utcnow
from records.database import Database
from records.documents import MomentFacts
from records.families.families import FamilyGone
from records.families.listing import list_families
from records.models import ArtifactRow, FamilyShareRow, MomentRow, SelectionRow
from records.states import MomentState
from records.views.family_films import FamilyFilms, FamilyLine, films_of_family, with_latest_films
from tests.records.cast import add_selection
from tests.records.views.test_last_review import begun, person


def latest(db: Database, who: Principal) -> dict[str, FamilyLine]:
    with db.reading() as session:
        return {
            one.family.code: one for one in with_latest_films(session, who, list_families(session, who, limit=100)[0])
        }


def films(db: Database, who: Principal, selection_id: str) -> FamilyFilms:
    with db.reading() as session:
        return films_of_family(session, who, session.get_one(SelectionRow, selection_id).family_id)


def finish(db: Database, selection_id: str, kind: str, *, width_px: int | None, state: str = MomentState.READY) -> str:
    """The id of the finished file of the first moment of that kind."""
    with db.session() as session:
        of_kind = (MomentRow.selection_id == selection_id) & (MomentRow.kind == kind)
        moment = session.scalars(select(MomentRow).where(of_kind).order_by(MomentRow.position)).first()
        assert moment is not None
        moment.state, moment.facts = state, MomentFacts(in_ms=0, width_px=width_px)
        media_type = {"still": "image/jpeg", "clip": "video/mp4" if width_px else "audio/mp4"}[kind]
        file = ArtifactRow(
            selection_id=selection_id, moment_id=moment.id, kind=kind, name=f"{moment.id}.x", media_type=media_type,
            storage_key=moment.id, bytes=1, sha256="0" * 64,
        )  # fmt: skip
        session.add(file)
        session.flush()
        return file.id


def test_the_films_of_a_family_stand_by_cycle_and_a_recording_of_the_review_behind_its_film(db: Database) -> None:
    ada = person(db, 100)
    later = begun(db, ada, 2)
    recording = begun(db, ada, 1, "review_recording")
    first = begun(db, ada, 1)
    found = films(db, ada, first)
    assert found.code == "K-104"
    assert [line.selection_id for line in found.films] == [first, recording, later]
    assert [(line.of, line.clips, line.stills) for line in found.films][1] == ("review_recording", 1, 0)


def test_a_film_is_shown_by_a_still_before_a_clip_and_a_diary_by_nothing(db: Database) -> None:
    ada = person(db, 100)
    shape = {"family": "K-104", "clip": [{"in": 0, "out": 900}], "still": [{"at": 5}]}
    film, diary = add_selection(db, shape, who=ada), begun(db, ada, 2)
    assert [line.thumbnail for line in films(db, ada, film).films] == [None, None]
    clip = finish(db, film, "clip", width_px=1280)
    finish(db, diary, "clip", width_px=None)
    shown = films(db, ada, film).films
    assert [line.thumbnail and line.thumbnail.artifact_id for line in shown] == [clip, None]
    assert [line.has_picture for line in shown] == [True, False]
    still = finish(db, film, "still", width_px=1280)
    assert [line.thumbnail and line.thumbnail.artifact_id for line in films(db, ada, film).films] == [still, None]


def test_a_moment_in_which_somebody_is_still_to_be_hidden_shows_no_film(db: Database) -> None:
    ada = person(db, 100)
    film = begun(db, ada, 1)
    finish(db, film, "clip", width_px=1280, state=MomentState.UNCONFIRMED)
    [line] = films(db, ada, film).films
    assert (line.thumbnail, line.unconfirmed) == (None, True)


def test_a_family_is_listed_with_what_was_sent_last_and_without_what_is_being_erased(db: Database) -> None:
    ada = person(db, 100)
    first, second = begun(db, ada, 1), begun(db, ada, 2)
    line = latest(db, ada)["K-104"].latest
    assert line is not None
    assert (line.selection_id, line.cycle, line.thumbnail) == (second, 2, None)
    with db.session() as session:
        session.get_one(SelectionRow, second).erasing_at = utcnow()
    line = latest(db, ada)["K-104"].latest
    assert line is not None
    assert line.selection_id == first
    assert [one.selection_id for one in films(db, ada, first).films] == [first]


def test_a_supervisor_is_told_of_the_one_film_that_is_shared_and_others_of_none(db: Database) -> None:
    ada, grace, eve = person(db, 100), person(db, 101), person(db, 102)
    shared = begun(db, ada, 1)
    begun(db, ada, 2)
    with db.session() as session:
        family_id = session.get_one(SelectionRow, shared).family_id
        share = FamilyShareRow(
            family_id=family_id, selection_id=shared, account_id=grace.account_id, kind="supervisor", by=ada.account_id
        )
        session.add(share)
    assert [one.selection_id for one in films(db, grace, shared).films] == [shared]
    line = latest(db, grace)["K-104"].latest
    assert line is not None
    assert line.selection_id == shared
    assert latest(db, eve) == {}
    with pytest.raises(FamilyGone):
        films(db, eve, shared)
