"""A supervision pack from two selections on the service, and what happens when one of them is erased."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from pipeline.outputs.kinds import find_kind, parse_recipe
from pipeline.prepared import CompanionWrong
from records.actions.erase import erase_selection
from records.actions.request_output import ask_for_output
from records.models import SelectionRow, SelectionState
from records.settings import Settings
from records.views.other_selections import find_companion
from tests.databases import make_tables
from tests.effects import effects_on
from tests.records.cast import K_104, add_selection
from tests.worker.service import QUICK, Service, running_service
from tests.worker.test_tasks import do_all, fetched

CLIP: dict[str, Any] = {"family": "K-104", "cycle": 2, "of": "review_recording", "clip": [{"in": 0, "out": 1000}]}


@pytest.fixture
def own_scale(tmp_path: Path) -> Iterator[Service]:
    """A service that gives the words of the rating scale's questions."""
    scale = tmp_path / "ours.toml"
    scale.write_text(
        'title = "Ours"\nanchors = ["no", "yes"]\n'
        '[[sub_scale]]\nitem = 7\nheading = "Pacing"\nlabels = ["1"]\ntexts = ["Waits for the child"]\n'
    )
    settings = Settings(data_dir=tmp_path / "data", rating_scale=scale, **QUICK)
    make_tables(settings)
    with running_service(settings) as running:
        yield running


def test_a_supervision_pack_shows_both_selections_until_one_is_erased(
    own_scale: Service, short_film: Path, tmp_path: Path
) -> None:
    service = own_scale
    (film, first), (recording, second) = service.send_film(short_film, K_104), service.send_film(short_film, CLIP)
    wish = {"companion": recording, "question": "How can I wait?"}
    recipe = parse_recipe(find_kind("supervision_pack"), wish)
    with service.db.reading() as session, pytest.raises(CompanionWrong, match="not all ready"):
        find_companion(session, session.get_one(SelectionRow, film), recipe)
    do_all(service, [*first, *second])
    with effects_on(service.db) as effects, service.db.session() as session:
        ask_for_output(session, film, "supervision_pack", wish)
    do_all(service, effects.jobs)
    with zipfile.ZipFile(fetched(service, film, "supervision-pack.zip", tmp_path)) as pack:
        said = json.loads(pack.read("supervision-pack/pack.json"))
        assert [(part["of"], len(part["moments"])) for part in said["parts"]] == [
            ("family_film", 3),
            ("review_recording", 1),
        ]
        form = pypdfium2.PdfDocument(pack.read("supervision-pack/rating-form.pdf"))
        assert "Waits for the child" in form[0].get_textpage().get_text_range()
    erase_selection(service.db, service.storage, service.settings, recording)
    view = service.view(film)
    assert view.state == SelectionState.READY
    assert "supervision_pack" not in [output.kind for output in view.outputs]
    assert not [key for key in service.storage.keys("selections/") if key.endswith("supervision-pack.zip")]


def test_a_companion_of_another_family_or_guider_or_that_is_gone_is_refused(folder_service: Service) -> None:
    service = folder_service
    film = add_selection(service.db, K_104, guider="Ada")
    other = add_selection(service.db, CLIP | {"family": "K-207"}, guider="Ada")
    strange = [add_selection(service.db, CLIP, guider=guider) for guider in ("Ben", None)]
    gone = [(named, "not here any more, or not sent by you") for named in (other, *strange, "0" * 32)]
    for named, sentence in gone:
        recipe = parse_recipe(find_kind("intervision_pack"), {"companion": named})
        with service.db.reading() as session, pytest.raises(CompanionWrong, match=sentence):
            find_companion(session, session.get_one(SelectionRow, film), recipe)


def test_a_wrong_file_of_the_rating_scale_stops_nothing_that_a_family_gets(short_film: Path, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", rating_scale=tmp_path / "missing.toml", **QUICK)
    make_tables(settings)
    with running_service(settings) as service:
        film, jobs = service.send_film(short_film, K_104)
        do_all(service, jobs)
        assert fetched(service, film, "review-pack.zip", tmp_path).is_file()
