"""A booklet with pictures of two cycles on the service, and what happens when one of them is erased."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from pipeline.artifact import Artifact, sha256_of
from pipeline.images.photograph import Photograph
from pipeline.outputs.kinds import find_kind, parse_recipe
from pipeline.prepared import EarlierWrong
from records.actions.artwork import artwork_of, erase_artwork, keep_artwork
from records.actions.erase import erase_selection
from records.actions.hide import ask_hiding
from records.actions.request_output import ask_for_output
from records.ledger.outputs import Source, find_output, sources_of
from records.models import JobRow, JobState, MomentRow, OutputRow, SelectionRow
from records.storage.contract import Storage, Stored
from records.views.other_selections import find_earlier
from tests.effects import effects_on
from tests.footage import run
from tests.pipeline.outputs.printed_pages import text_of
from tests.records.cast import take
from tests.worker.service import Service
from tests.worker.test_tasks import context_of, do_all, fetched
from worker.tasks import attempt


def shape(cycle: int, caption: str, **changes: Any) -> dict[str, Any]:
    return {"family": "K-104", "cycle": cycle, "still": [{"at": 1000, "caption": caption}], **changes}


def sent(service: Service, film: Path, cycle: int, caption: str, guider: str = "Ada", **changes: Any) -> str:
    """The id of a selection that is ready."""
    selection, jobs = service.send_film(film, shape(cycle, caption, **changes), outputs=(), guider=guider)
    do_all(service, jobs)
    return selection


def words_of(service: Service, selection: str, folder: Path) -> list[str]:
    folder.mkdir()
    return text_of(fetched(service, selection, "booklet-pages.pdf", folder)).split()


@pytest.mark.parametrize("how", ["erased", "hidden"])
def test_a_booklet_brings_things_back_until_the_earlier_review_is_erased_or_somebody_is_to_be_hidden_in_it(
    folder_service: Service, short_film: Path, tmp_path: Path, how: str
) -> None:
    service = folder_service
    first = sent(service, short_film, 1, "Looking")
    with effects_on(service.db) as effects, service.db.session() as session:
        ask_for_output(session, first, "picture_notes", {"stills": [{"still": 1, "words": "Waiting"}]})
    do_all(service, effects.jobs)
    second = sent(service, short_film, 2, "Laughing")
    with effects_on(service.db) as effects, service.db.session() as session:
        ask_for_output(session, second, "booklet", {"title": "Us", "earlier": [first], "fill": False})
    do_all(service, effects.jobs)
    assert words_of(service, second, tmp_path / "both") == ["Us", "Waiting", "Laughing"]

    if how == "erased":
        erase_selection(service.db, service.storage, service.settings, first)
    else:
        with service.db.session() as session:
            moment = session.scalars(select(MomentRow.id).where(MomentRow.selection_id == first)).one()
            ask_hiding(session, first, moment, ())
    booklet = next(one for one in service.view(second).outputs if one.kind == "booklet")
    assert (booklet.artifacts, booklet.recipe["earlier"]) == ([], [])
    assert not [key for key in service.storage.keys("selections/") if "booklet" in key]
    with service.db.reading() as session:
        again = select(JobRow.id).where(JobRow.state == JobState.QUEUED, JobRow.selection_id == second)
        jobs = list(session.scalars(again))
    do_all(service, jobs)
    assert words_of(service, second, tmp_path / "one") == ["Us", "Laughing"]


@pytest.mark.parametrize(
    "other",
    [
        {"family": "K-207"},
        {"guider": "Ben"},
        {"cycle": 3},
        {"of": "review_recording"},
    ],
    ids=str,
)
def test_a_review_that_is_not_an_earlier_one_of_this_family_and_guider_cannot_join(
    folder_service: Service, short_film: Path, other: dict[str, Any]
) -> None:
    service = folder_service
    own = sent(service, short_film, 2, "Laughing")
    strange = sent(service, short_film, **{"cycle": 1, "caption": "Looking", **other})
    recipe = parse_recipe(find_kind("booklet"), {"earlier": [strange]})
    with service.db.reading() as session, pytest.raises(EarlierWrong):
        find_earlier(session, session.get_one(SelectionRow, own), recipe)


class _StorageAtPublishing:
    """A store to which something happens in the middle of publishing."""

    def __init__(self, storage: Storage, happens: Callable[[], object]) -> None:
        self._storage = storage
        self._happens = happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def put(self, path: Path, key: str) -> Stored:
        self._happens()
        return self._storage.put(path, key)


def test_a_photograph_that_came_after_the_asking_and_goes_while_the_booklet_is_made_is_not_handed_on(
    service: Service, short_film: Path, tmp_path: Path
) -> None:
    first, second = (sent(service, short_film, cycle, f"Cycle {cycle}") for cycle in (1, 2))
    with effects_on(service.db) as effects, service.db.session() as session:
        ask_for_output(session, second, "booklet", {"earlier": [first]})
    drawing = tmp_path / "drawing.jpg"
    run("-f", "lavfi", "-i", "testsrc=size=60x40", "-frames:v", "1", str(drawing))
    taken = Photograph(Artifact(drawing, "image/jpeg", drawing.stat().st_size, sha256_of(drawing)), 60, 40)
    with service.db.session() as session:
        keep_artwork(session, service.storage, first, taken)
        [photograph] = [row.id for row in artwork_of(session, first)]

    def erase() -> None:
        with service.db.session() as session:
            shown = sources_of(session, found(find_output(session, second, "booklet")))
            erased.append(Source(first, artwork_id=photograph) in shown)
            if len(erased) == 1:
                erase_artwork(session, first, photograph)

    def found(output: OutputRow | None) -> OutputRow:
        assert output is not None
        return output

    erased: list[bool] = []
    [job] = effects.jobs
    storage = _StorageAtPublishing(service.storage, erase)
    attempt(context_of(service, storage), take(service.db, service.settings, job))  # type: ignore[arg-type]
    assert erased[0]
    assert not [key for key in service.storage.keys() if "booklet" in key]  # noqa: SIM118 no dict
    do_all(service, [job])
    with service.db.reading() as session:
        shown = sources_of(session, found(find_output(session, second, "booklet")))
        moments = session.execute(select(MomentRow.selection_id, MomentRow.id)).all()
    assert shown == {Source(first), *(Source(of, moment_id=moment) for of, moment in moments)}
