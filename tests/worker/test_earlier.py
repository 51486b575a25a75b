"""A booklet with pictures of two cycles on the service, and what happens when one of them is erased."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from pipeline.outputs.kinds import find_kind, parse_recipe
from pipeline.prepared import EarlierWrong
from records.actions.earlier_reviews import find_earlier
from records.actions.erase import erase_selection
from records.actions.hide import ask_hiding
from records.actions.request_output import ask_for_output
from records.models import JobRow, JobState, MomentRow, SelectionRow
from tests.effects import effects_on
from tests.pipeline.outputs.printed_pages import text_of
from tests.worker.service import Service
from tests.worker.test_tasks import do_all, fetched


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
        ask_for_output(session, second, "booklet", {"title": "Us", "earlier": [first]})
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
