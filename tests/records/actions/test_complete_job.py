from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select, update

from pipeline.errors import FfmpegFailed, FilmUnreadable, NoSpace, PipelineError
from records.accounts.principal import SERVICE
from records.actions.complete_job import fail, finish
from records.database import Database
from records.documents import MomentFacts
from records.effects import effects_of
from records.errors import LeaseLost, SelectionGone
from records.ledger.jobs import Claim
from records.ledger.selections import retry_selection, upload_completed
from records.models import ArtifactRow, JobRow, JobState, MomentState, SelectionState, UploadRow, utcnow
from records.settings import Settings
from records.storage.contract import StorageUnavailable
from records.views.selection_list import list_selections
from records.views.selections import SelectionView, selection_view
from tests.effects import open_alone, woken_by
from tests.records.cast import K_104, K_207, add_jobs, add_selection, complete_upload, job_row, take

FACTS = MomentFacts(in_ms=1000, out_ms=3000, width_px=640, height_px=360, fps=25.0, duration_ms=2000)


def a_file(name: str = "01.mp4", kind: str = "clip", attempt: str = "1") -> ArtifactRow:
    return ArtifactRow(
        kind=kind,
        name=name,
        storage_key=f"selections/x/{attempt}/{name}",
        media_type="video/mp4",
        bytes=10,
        sha256="0" * 64,
    )


def view(db: Database, selection_id: str) -> SelectionView:
    with db.reading() as session:
        seen = selection_view(session, selection_id)
    assert seen is not None
    return seen


def selection_of(db: Database, job_id: str) -> str:
    return job_row(db, job_id).selection_id


def finish_all(db: Database, settings: Settings, jobs: list[str]) -> list[str]:
    return [after for job in jobs for after in woken_by(db, partial(finish, db, take(db, settings, job), []))]


def test_a_finished_moment_is_ready_with_its_file_and_facts(settings: Settings, db: Database) -> None:
    (job,) = add_jobs(db)
    finish(db, take(db, settings, job), [a_file()], FACTS)
    (moment,) = view(db, selection_of(db, job)).moments
    assert moment.state == "ready"
    assert [artifact.name for artifact in moment.artifacts] == ["01.mp4"]
    assert moment.facts == FACTS


def test_the_last_moment_adds_the_outputs_in_the_same_transaction(settings: Settings, db: Database) -> None:
    *others, last = add_jobs(db, K_104, outputs=("review_pack", "picture_notes"))
    assert finish_all(db, settings, others) == []
    followers = finish_all(db, settings, [last])
    assert {job_row(db, job).kind for job in followers} == {"review_pack", "picture_notes"}


def test_moments_that_finish_at_the_same_instant_add_the_outputs_once(settings: Settings, db: Database) -> None:
    for _ in range(5):
        claims = [take(db, settings, job) for job in add_jobs(db, K_104)]

        def finish_one(claim: Claim) -> list[str]:
            own = open_alone(settings)
            followers = woken_by(own, partial(finish, own, claim, []))
            own.dispose()
            return followers

        with ThreadPoolExecutor(3) as pool:
            assert len([job for share in pool.map(finish_one, claims) for job in share]) == 1


def test_a_selection_is_ready_when_its_outputs_are(settings: Settings, db: Database) -> None:
    jobs = add_jobs(db)
    (output,) = finish_all(db, settings, jobs)
    before = view(db, selection_of(db, output))
    finish(db, take(db, settings, output), [a_file("review-pack.zip", "review_pack")])
    after = view(db, selection_of(db, output))
    assert (before.state, before.settled, before.ready_at) == (SelectionState.PREPARING, False, None)
    assert (after.state, after.settled) == (SelectionState.READY, True)
    assert after.ready_at is not None
    assert [artifact.name for artifact in after.outputs[0].artifacts] == ["review-pack.zip"]


def test_a_selection_without_outputs_is_ready_with_its_last_moment(settings: Settings, db: Database) -> None:
    (job,) = add_jobs(db, outputs=())
    assert finish_all(db, settings, [job]) == []
    assert view(db, selection_of(db, job)).state == SelectionState.READY


def test_finishing_twice_records_once(settings: Settings, db: Database) -> None:
    (job,) = add_jobs(db)
    won = take(db, settings, job)
    finish(db, won, [a_file()])
    with pytest.raises(LeaseLost):
        finish(db, won, [a_file(attempt="2")])
    with db.reading() as session:
        assert session.scalar(select(func.count(ArtifactRow.id))) == 1


def test_a_failure_that_may_pass_is_tried_again_after_a_growing_rest(settings: Settings, db: Database) -> None:
    (job,) = add_jobs(db)
    rests = []
    for _ in range(settings.max_attempts - 1):
        with db.session() as session:
            session.execute(update(JobRow).values(not_before=None))
        assert fail(db, take(db, settings, job), FfmpegFailed("exit 1"), settings)
        row = job_row(db, job)
        assert row.state == JobState.QUEUED
        assert row.not_before is not None
        rests.append((row.not_before - utcnow()).total_seconds())
    assert rests == pytest.approx([settings.retry_after_s, 2 * settings.retry_after_s], abs=2)


@pytest.mark.parametrize("outage", [StorageUnavailable, NoSpace])
def test_an_attempt_that_an_outage_spoiled_does_not_count(
    settings: Settings, db: Database, outage: type[PipelineError]
) -> None:
    (job,) = add_jobs(db)
    for _ in range(2 * settings.max_attempts):
        with db.session() as session:
            session.execute(update(JobRow).values(not_before=None))
        assert fail(db, take(db, settings, job), outage("away"), settings)
    assert (job_row(db, job).state, job_row(db, job).attempts) == (JobState.QUEUED, 0)
    assert job_row(db, job).error_code == outage.code


def test_an_outage_is_not_waited_out_for_ever(settings: Settings, db: Database) -> None:
    (job,) = add_jobs(db)
    long_ago = utcnow() - timedelta(seconds=settings.outage_patience_s + 1)
    with db.session() as session:
        session.execute(update(JobRow).values(queued_at=long_ago, attempts=settings.max_attempts - 1))
    assert not fail(db, take(db, settings, job), StorageUnavailable("away"), settings)
    assert job_row(db, job).state == JobState.FAILED


def test_the_last_failure_ends_in_a_sentence_for_the_guider(settings: Settings, db: Database) -> None:
    (job,) = add_jobs(db)
    with db.session() as session:
        session.execute(update(JobRow).values(attempts=settings.max_attempts - 1))
    assert not fail(db, take(db, settings, job), FfmpegFailed("exit 1"), settings)
    seen = view(db, selection_of(db, job))
    assert (seen.state, seen.settled, seen.moments[0].state) == (SelectionState.FAILED, True, MomentState.FAILED)
    assert seen.moments[0].error is not None
    assert seen.moments[0].error.sentence == FfmpegFailed.for_guider
    assert job_row(db, job).error_detail == "exit 1"


def test_a_failure_that_cannot_pass_is_not_tried_again(settings: Settings, db: Database) -> None:
    (job,) = add_jobs(db)
    assert not fail(db, take(db, settings, job), FilmUnreadable(), settings)
    assert job_row(db, job).state == JobState.FAILED


def test_a_failed_moment_holds_no_other_back_but_there_is_no_pack(settings: Settings, db: Database) -> None:
    bad, *others = add_jobs(db, K_104)
    fail(db, take(db, settings, bad), FilmUnreadable(), settings)
    assert finish_all(db, settings, others) == []
    seen = view(db, selection_of(db, bad))
    assert [moment.state for moment in seen.moments] == ["failed", "ready", "ready"]
    assert (seen.state, seen.outputs[0].state) == (SelectionState.FAILED, "pending")


def test_a_failed_selection_can_be_tried_again_and_become_ready(settings: Settings, db: Database) -> None:
    (job,) = add_jobs(db)
    fail(db, take(db, settings, job), FilmUnreadable(), settings)
    with db.session() as session:
        retry_selection(session, selection_of(db, job))
        assert effects_of(session).jobs == [job]
    seen = view(db, selection_of(db, job))
    assert (seen.state, seen.moments[0].state, seen.moments[0].error) == (SelectionState.PREPARING, "queued", None)
    finish_all(db, settings, finish_all(db, settings, [job]))
    assert view(db, selection_of(db, job)).state == SelectionState.READY


def test_trying_again_leaves_what_is_ready_alone(settings: Settings, db: Database) -> None:
    jobs = add_jobs(db)
    finish_all(db, settings, jobs)
    with db.session() as session:
        retry_selection(session, selection_of(db, jobs[0]))
        assert effects_of(session).jobs == []


def test_a_selection_that_is_not_there_cannot_be_tried_again(db: Database) -> None:
    with pytest.raises(SelectionGone), db.session() as session:
        retry_selection(session, "0" * 32)


def test_completing_an_upload_twice_adds_no_second_job(db: Database) -> None:
    selection_id = add_selection(db)
    assert len(complete_upload(db, selection_id)) == 1
    assert complete_upload(db, selection_id) == []


def test_an_upload_for_one_moment_queues_that_moment_alone(db: Database) -> None:
    selection_id = add_selection(db, K_104, whole_film=False)
    second = view(db, selection_id).moments[1]
    (job,) = complete_upload(db, selection_id, moment_id=second.id)
    assert job_row(db, job).moment_id == second.id
    assert [moment.state for moment in view(db, selection_id).moments] == [
        "awaiting_upload",
        "queued",
        "awaiting_upload",
    ]


def test_an_upload_that_ends_after_its_selection_was_erased_is_refused(db: Database) -> None:
    upload = UploadRow(selection_id="0" * 32, length_bytes=1, expires_at=utcnow())
    with pytest.raises(SelectionGone), db.session() as session:
        upload_completed(session, upload)


def test_figures_that_are_not_known_are_none(db: Database) -> None:
    selection_id = add_selection(db, whole_film=False)
    (moment,) = view(db, selection_id).moments
    known: dict[str, Any] = moment.model_dump(include={"progress", "waiting_s", "running_s", "ready_s", "facts"})
    assert set(known.values()) == {None}
    assert view(db, selection_id).bytes_expected is None


def test_waiting_and_running_times_are_told_apart(settings: Settings, db: Database) -> None:
    (job,) = add_jobs(db)
    won = take(db, settings, job)
    finish(db, won, [])
    now = utcnow()
    times = {"queued_at": now - timedelta(seconds=60), "started_at": now - timedelta(seconds=20), "finished_at": now}
    with db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == job).values(times))
    (moment,) = view(db, selection_of(db, job)).moments
    assert (moment.waiting_s, moment.running_s, moment.ready_s) == (40.0, 20.0, 60.0)


def test_the_newest_selection_is_listed_first(db: Database) -> None:
    older, newer = add_selection(db, K_104), add_selection(db, K_207)
    with db.reading() as session:
        listed, end = list_selections(session, SERVICE, limit=2)
        _, behind = list_selections(session, SERVICE, limit=1)
        add_selection(db, K_104)  # the next page begins where the first one ended all the same
        second, _ = list_selections(session, SERVICE, limit=1, after=behind)
    assert end is None
    assert [row.id for row in listed] == [newer, older]
    assert [(row.id, row.family, row.clips, row.stills) for row in second] == [(older, "K-104", 2, 1)]
