"""A few runs of chaos with every test run, and that the harness sees what it is there to see."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from records.models import ArtifactRow, JobRow, JobState, UploadRow
from tests.chaos.films import DrawnFilm, draw_films
from tests.chaos.guider import Guider, Planned, plan_selection
from tests.chaos.program import told
from tests.chaos.run import run_once
from tests.chaos.stack import Stack, running_stack
from tests.chaos.verify import Findings, check_selections, leftovers
from tests.servers import start, wait_until

TOGETHER = "chaos"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[DrawnFilm]:
    return draw_films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The real stack, for all tests of this module."""
    with running_stack() as running:
        yield running


@pytest.mark.logs_errors
@pytest.mark.parametrize("seed", [111, 116])
def test_chaos_loses_nothing_doubles_nothing_and_leaves_nothing(
    stack: Stack, films: list[DrawnFilm], seed: int
) -> None:
    run = run_once(stack, films, seed)
    assert run.ok, told(run)


def test_the_harness_sees_what_is_lost_doubled_wrong_orphaned_or_left(
    stack: Stack, films: list[DrawnFilm], tmp_path: Path
) -> None:
    planned = _one_ready(stack, films)
    assert leftovers(stack) == []
    found = Findings()
    check_selections(stack, [planned], found)
    assert found.violations == []

    with stack.db.session() as session:
        files = session.query(ArtifactRow).filter_by(selection_id=planned.id).order_by(ArtifactRow.kind).all()
        upload = session.query(UploadRow).filter_by(selection_id=planned.id).first()
        job = session.query(JobRow).filter_by(selection_id=planned.id).first()
        assert upload is not None
        assert upload.storage_key is not None
        assert job is not None
        session.execute(update(JobRow).where(JobRow.id == job.id).values(state=JobState.RUNNING))
        session.execute(update(JobRow).where(JobRow.id == job.id).values(state=JobState.DONE))
    clip = next(file for file in files if file.kind == "clip")
    (stack.objects / clip.storage_key).write_bytes(b"not a clip")
    with (stack.objects / upload.storage_key).open("ab") as sent:
        sent.write(b"one byte more")
    stray = stack.objects / "selections/nobody/uploads/stray"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"stray")
    orphan = start(["sleep", "60"], tmp_path / "orphan.log", environment={"VIGPACK_CHAOS": stack.crew.mark})
    left = leftovers(stack)
    orphan.kill()
    orphan.wait()
    check_selections(stack, [planned], found)

    kinds = {kind for kind, _ in [*found.violations, *left]}
    assert kinds >= {"lost", "doubled", "wrong", "orphan", "left"}, found.violations


def _one_ready(stack: Stack, films: list[DrawnFilm]) -> Planned:
    """A selection that went through without any fault."""
    rng = random.Random(7)
    planned = plan_selection(rng, films)
    planned.erase_after_s = None
    guider = Guider(stack.api_url, stack.token, [planned], rng)
    guider.start()
    guider.join(60)
    assert planned.ready
    wait_until(lambda: not leftovers(stack), "nothing is left")
    return planned
