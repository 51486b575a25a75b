from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from pipeline.errors import FilmUnreadable, SelectionInvalid
from pipeline.moments import Clip
from records.actions.complete_job import fail, finish
from records.actions.erase import artifact_folder
from records.actions.trim import note_held, trim_moment
from records.database import Database
from records.documents import ClipTimes, MomentFacts, StillTimes
from records.errors import MomentBusy, MomentGone, SecondsNotSent, SelectionGone
from records.models import ArtifactRow, MomentRow, MomentState, SelectionRow, SelectionState
from records.settings import Settings
from records.views.selections import SelectionView, selection_view
from tests.effects import effects_on, woken_by
from tests.records.cast import add_selection, complete_upload, job_row, take

SHAPE: dict[str, Any] = {
    "family": "K-104",
    "clip": [{"in": 0, "out": 500}, {"in": 61_000, "out": 63_000, "caption": "Ella waits."}],
    "still": [{"at": 70_000}],
}
SENT_MS = 4500
"""Of the second clip: from 60,000 ms on the film's clock."""


def view(db: Database, selection_id: str) -> SelectionView:
    with db.reading() as session:
        seen = selection_view(session, selection_id)
    assert seen is not None
    return seen


def published(db: Database, settings: Settings, job_id: str, name: str, kind: str) -> list[str]:
    """A job done, with one file; the jobs that follow."""
    won = take(db, settings, job_id)
    key = artifact_folder(won.selection_id, won.job_id, won.token) + name
    file = ArtifactRow(kind=kind, name=name, storage_key=key, media_type="video/mp4", bytes=10, sha256="0" * 64)
    return woken_by(db, partial(finish, db, won, [file], MomentFacts(in_ms=0)))


@pytest.fixture
def prepared(settings: Settings, db: Database) -> SelectionView:
    """A selection that is ready; its second clip was cut by the page, 1 s into its own upload."""
    selection_id = add_selection(db, SHAPE, whole_film=False)
    with db.session() as session:
        session.execute(update(MomentRow).where(MomentRow.position == 1).values(cut=ClipTimes(in_ms=1000, out_ms=3000)))
    for moment in view(db, selection_id).moments:
        (job,) = complete_upload(db, selection_id, moment_id=moment.id)
        followers = published(db, settings, job, f"0{moment.position}.mp4", moment.kind)
    published(db, settings, followers[0], "review-pack.zip", "review_pack")
    with db.reading() as session:
        upload_id = session.get_one(MomentRow, view(db, selection_id).moments[1].id).upload_id
    note_held(db, str(upload_id), SENT_MS)
    return view(db, selection_id)


def change(
    db: Database, of: SelectionView, position: int, ends: dict[str, int], own: dict[str, int] | None = None
) -> list[str]:
    with effects_on(db) as effects, db.session() as session:
        trim_moment(session, of.id, of.moments[position].id, times(ends), times(own) if own else None)
    return effects.jobs


def times(ends: dict[str, int]) -> ClipTimes | StillTimes:
    return StillTimes.model_validate(ends) if "at" in ends else ClipTimes.model_validate(ends)


def test_what_is_held_is_told_on_the_films_clock(prepared: SelectionView) -> None:
    assert prepared.state == SelectionState.READY
    held = prepared.moments[1].held
    assert held is not None
    assert (held.from_ms, held.to_ms) == (60_000, 64_500)
    assert prepared.moments[0].held is None


def test_other_ends_queue_the_moment_and_keep_what_was_made(db: Database, prepared: SelectionView) -> None:
    (job,) = change(db, prepared, 1, {"in": 60_800, "out": 64_000}, {"in": 800, "out": 4000})
    seen = view(db, prepared.id)
    assert (seen.state, seen.moments[1].state, job_row(db, job).attempts) == (SelectionState.PREPARING, "queued", 0)
    assert seen.moments[1].moment == Clip(in_ms=60_800, out_ms=64_000, caption="Ella waits.")
    assert seen.moments[1].cut == ClipTimes(in_ms=800, out_ms=4000)
    assert seen.moments[1].artifacts == prepared.moments[1].artifacts
    assert (seen.outputs[0].state, seen.outputs[0].artifacts) == ("pending", prepared.outputs[0].artifacts)
    assert not seen.settled
    assert seen.moments[1].held == prepared.moments[1].held


def test_the_packs_list_of_moments_follows(db: Database, prepared: SelectionView) -> None:
    change(db, prepared, 1, {"in": 60_800, "out": 64_000}, {"in": 800, "out": 4000})
    with db.reading() as session:
        shape = session.get_one(SelectionRow, prepared.id).shape
    assert [(clip.in_ms, clip.out_ms, clip.caption) for clip in shape.clips] == [
        (0, 500, ""),
        (60_800, 64_000, "Ella waits."),
    ]
    assert shape.stills == (prepared.moments[2].moment,)


def test_the_new_one_replaces_the_old_and_the_packs_are_made_again(
    settings: Settings, db: Database, prepared: SelectionView
) -> None:
    (job,) = change(db, prepared, 1, {"in": 60_800, "out": 64_000})
    (pack,) = published(db, settings, job, "01.mp4", "clip")
    seen = view(db, prepared.id)
    assert [one.name for one in seen.moments[1].artifacts] == ["02.mp4"]
    assert seen.moments[1].artifacts != prepared.moments[1].artifacts
    assert (seen.outputs[0].state, seen.outputs[0].artifacts) == ("queued", prepared.outputs[0].artifacts)
    published(db, settings, pack, "review-pack.zip", "review_pack")
    assert view(db, prepared.id).state == SelectionState.READY


def test_without_times_of_the_upload_the_ends_are_taken_for_times_of_frames(
    db: Database, prepared: SelectionView
) -> None:
    """A frame's time is rounded down on both clocks, so that on the upload's it may be two milliseconds sooner."""
    change(db, prepared, 1, {"in": 60_040, "out": 63_000})
    assert view(db, prepared.id).moments[1].cut == ClipTimes(in_ms=39, out_ms=2999)
    assert view(db, prepared.id).moments[1].held == prepared.moments[1].held


@pytest.mark.parametrize(
    ("ends", "own"),
    [
        ({"in": 59_990, "out": 63_000}, None),
        ({"in": 61_000, "out": 64_501}, None),
        ({"in": 61_000, "out": 64_501}, {"in": 1000, "out": 4501}),
        ({"in": 0, "out": 1000}, None),
    ],
)
def test_seconds_that_were_not_sent_are_refused(
    db: Database, prepared: SelectionView, ends: dict[str, int], own: dict[str, int] | None
) -> None:
    with pytest.raises(SecondsNotSent) as refused:
        change(db, prepared, 1, ends, own)
    assert refused.value.for_guider == "These seconds were not sent; open the film and send them."
    assert view(db, prepared.id) == prepared


def test_while_it_is_not_known_what_was_sent_a_moment_can_only_become_shorter(
    db: Database, prepared: SelectionView
) -> None:
    with pytest.raises(SecondsNotSent):
        change(db, prepared, 0, {"in": 0, "out": 501})
    assert change(db, prepared, 0, {"in": 100, "out": 500})


def test_clocks_that_do_not_agree_are_refused(db: Database, prepared: SelectionView) -> None:
    with pytest.raises(SelectionInvalid):
        change(db, prepared, 1, {"in": 61_000, "out": 63_000}, {"in": 900, "out": 3000})


def test_asking_for_the_ends_it_has_changes_nothing(db: Database, prepared: SelectionView) -> None:
    assert change(db, prepared, 1, {"in": 61_000, "out": 63_000}) == []
    assert view(db, prepared.id) == prepared


def test_a_clip_has_two_ends_and_a_still_one(db: Database, prepared: SelectionView) -> None:
    for position, ends in ((1, {"at": 61_000}), (2, {"in": 0, "out": 1})):
        with pytest.raises(SelectionInvalid):
            change(db, prepared, position, ends)


def test_a_moment_that_is_being_prepared_is_left_alone(db: Database, prepared: SelectionView) -> None:
    change(db, prepared, 1, {"in": 60_800, "out": 64_000})
    with pytest.raises(MomentBusy):
        change(db, prepared, 1, {"in": 60_900, "out": 64_000})


def test_what_is_not_there_has_no_ends(db: Database, prepared: SelectionView) -> None:
    for selection_id, moment_id, error in (
        ("0" * 32, prepared.moments[0].id, SelectionGone),
        (prepared.id, "0" * 32, MomentGone),
        (add_selection(db), prepared.moments[0].id, MomentGone),
    ):
        with pytest.raises(error), db.session() as session:
            trim_moment(session, selection_id, moment_id, ClipTimes(in_ms=0, out_ms=1), None)


def test_any_place_of_a_whole_film_can_be_chosen_also_after_a_failure(settings: Settings, db: Database) -> None:
    selection_id = add_selection(db, SHAPE)
    jobs = complete_upload(db, selection_id)
    with db.reading() as session:
        note_held(db, str(session.get_one(MomentRow, view(db, selection_id).moments[0].id).upload_id), 90_000)
    fail(db, take(db, settings, jobs[1]), FilmUnreadable(), settings)
    seen = view(db, selection_id)
    assert seen.moments[1].state == MomentState.FAILED
    assert change(db, seen, 1, {"in": 5, "out": 90_000}) == [jobs[1]]
    moment = view(db, selection_id).moments[1]
    assert (moment.cut, moment.error, moment.state) == (None, None, "queued")
