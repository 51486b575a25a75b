"""Supervision and intervision packs: both films of a cycle in one pack, with codes only, or without any."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pikepdf
import pytest

from pipeline.drawings import Drawing
from pipeline.errors import ArtifactWrong
from pipeline.moments import FilmOf
from pipeline.outputs import intervision_pack, review_pack, supervision_pack
from pipeline.outputs.review_pack.opening import PackUnreadable, open_pack
from pipeline.prepared import CompanionWrong, Prepared, check_companion
from tests.footage import RUNNER
from tests.pipeline.outputs.prepared_by_hand import drawn_clip, drawn_still, prepared_from

ASKED = "How can I wait longer?"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A family's film of a clip and a still, with the recording of its review."""
    workdir = tmp_path_factory.mktemp("drawn")
    family = prepared_from(
        drawn_clip(
            workdir / "a.mp4", frames=15, caption="Ella looks up. Mum waits.", principle="receiving-initiatives"
        ),
        drawn_still(workdir / "b.jpg", caption="Ella shows Mum the card."),
    )
    own = prepared_from(drawn_clip(workdir / "c.mp4", frames=20, caption="I lean back."), working_points=())
    recording = dataclasses.replace(own, selection=own.selection.model_copy(update={"of": FilmOf.REVIEW_RECORDING}))
    return dataclasses.replace(family, companion=recording)


def shown(folder: Path) -> dict[str, Any]:
    page = (folder / "index.html").read_text(encoding="utf-8")
    text = page.split('id="review">')[1].split("</script>")[0]
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_supervision_pack_holds_both_films_the_question_and_the_form(films: Prepared, tmp_path: Path) -> None:
    recipe = supervision_pack.Recipe(question=ASKED, working_points=("Count to five",))
    [made] = supervision_pack.make(films, recipe, tmp_path, RUNNER)
    with ZipFile(made.path) as archive:
        assert sorted(archive.namelist()) == [
            "supervision-pack/index.html",
            "supervision-pack/pack.json",
            "supervision-pack/part-1/01.mp4",
            "supervision-pack/part-1/02.jpg",
            "supervision-pack/part-2/01.mp4",
            "supervision-pack/rating-form.pdf",
        ]
    pack = tmp_path / "supervision-pack"
    said = json.loads((pack / "pack.json").read_text(encoding="utf-8"))
    assert (said["family"], said["cycle"], said["question"]) == ("K-104", 2, ASKED)
    assert [(part["of"], len(part["moments"])) for part in said["parts"]] == [
        ("family_film", 2),
        ("review_recording", 1),
    ]
    assert "source_in_ms" not in said["parts"][0]["moments"][0]
    review = shown(pack)
    assert review["parts"] == [
        {"title": "With the family", "first": 0},
        {"title": "My own moments in the review", "first": 2},
    ]
    assert review["ending"] == {
        "title": "Working points",
        "points": ["Count to five", "The family: Wait a little longer"],
        "links": [{"file": "rating-form.pdf", "title": "Rating form to print"}],
    }
    with pikepdf.open(pack / "rating-form.pdf") as form:
        assert len(form.pages) == 2


def test_the_same_pack_comes_of_the_recording_with_the_family_as_its_companion(films: Prepared, tmp_path: Path) -> None:
    assert films.companion is not None
    turned = dataclasses.replace(films.companion, companion=dataclasses.replace(films, companion=None))
    for name, prepared in (("one", films), ("other", turned)):
        (tmp_path / name).mkdir()
        supervision_pack.make(prepared, supervision_pack.Recipe(question=ASKED), tmp_path / name, RUNNER)
    one, other = ((tmp_path / name / "supervision-pack.zip").read_bytes() for name in ("one", "other"))
    assert one == other


def test_a_familys_film_alone_makes_a_pack_without_a_rating_form_and_is_remarked_on(
    films: Prepared, tmp_path: Path
) -> None:
    alone = dataclasses.replace(films, companion=None)
    recipe = supervision_pack.Recipe(captions=False)
    supervision_pack.make(alone, recipe, tmp_path, RUNNER)
    assert not (tmp_path / "supervision-pack" / "rating-form.pdf").exists()
    assert "Mum waits" not in (tmp_path / "supervision-pack" / "index.html").read_text(encoding="utf-8")
    assert supervision_pack.remarks(alone.selection, recipe) == [
        "Nothing shows your own moments in the review: name the moments of the other film to have them in the pack.",
        "There is no question to your supervisor yet.",
    ]


def test_nothing_in_an_intervision_pack_says_whose_it_is(films: Prepared, tmp_path: Path) -> None:
    [made] = intervision_pack.make(films, intervision_pack.Recipe(question=ASKED), tmp_path, RUNNER)
    with ZipFile(made.path) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        told = "\n".join(archive.namelist())
        for name in archive.namelist():
            if name.endswith((".html", ".json")):
                told += archive.read(name).decode()
    assert ASKED in told
    for secret in ("K-104", "Ella", "Mum", "lean back", "enjoy playing", "Wait a little longer", "2026", str(70_200)):
        assert secret not in told, secret
    [faces, code, *_] = intervision_pack.remarks(films.selection, intervision_pack.Recipe(question="About k-104"))
    assert "Faces and voices stay" in faces
    assert code == "Your question holds the family's code."


def test_captions_come_into_an_intervision_pack_only_when_asked_for(films: Prepared, tmp_path: Path) -> None:
    intervision_pack.make(films, intervision_pack.Recipe(captions=True), tmp_path, RUNNER)
    assert "Mum waits" in (tmp_path / "intervision-pack" / "index.html").read_text(encoding="utf-8")


def test_a_pack_never_holds_two_families_or_the_same_film_twice(films: Prepared) -> None:
    assert films.companion is not None
    other = films.companion.selection
    check_companion(films.selection, other)
    with pytest.raises(CompanionWrong, match="never holds two families"):
        check_companion(films.selection, other.model_copy(update={"family": "K-207"}))
    with pytest.raises(CompanionWrong, match="of the family's film"):
        check_companion(films.selection, films.selection)


def test_a_changed_file_leaves_nothing_half_there(films: Prepared, tmp_path: Path) -> None:
    damaged = dataclasses.replace(films.moments[0], sha256="0" * 64)
    with pytest.raises(ArtifactWrong):
        supervision_pack.make(
            dataclasses.replace(films, moments=(damaged, *films.moments[1:])),
            supervision_pack.Recipe(),
            tmp_path,
            RUNNER,
        )
    assert list(tmp_path.iterdir()) == []


def test_a_review_pack_is_opened_again_whole_or_refused_in_words(films: Prepared, tmp_path: Path) -> None:
    assert films.companion is not None
    review_pack.make(films.companion, review_pack.Recipe(), tmp_path, RUNNER)
    opened = open_pack(tmp_path)
    assert opened.selection == films.companion.selection
    assert opened.moments == tuple(
        dataclasses.replace(moment, path=tmp_path / "review-pack" / "clips" / "01.mp4")
        for moment in films.companion.moments
    )
    clip = tmp_path / "review-pack" / "clips" / "01.mp4"
    data = clip.read_bytes()
    clip.unlink()  # it is linked with the drawn one
    clip.write_bytes(data + b"?")
    with pytest.raises(PackUnreadable, match="not what it was made with"):
        open_pack(tmp_path / "review-pack")
    with pytest.raises(PackUnreadable, match="no whole review pack"):
        open_pack(tmp_path / "nothing")
    said = (tmp_path / "review-pack" / "pack.json").read_text(encoding="utf-8")
    (tmp_path / "review-pack" / "pack.json").write_text(said.replace("clips/01.mp4", "../../etc/passwd"))
    with pytest.raises(PackUnreadable):
        open_pack(tmp_path)


def test_what_is_drawn_is_in_a_pack_without_captions_too(films: Prepared, tmp_path: Path) -> None:
    """It holds no words but the names of its shapes and places, and its times begin with the clip."""
    circle = Drawing(kind="circle", x1=0.1, y1=0.1, x2=0.4, y2=0.4, in_ms=100, out_ms=400)
    clip, still = films.moments
    drawn = dataclasses.replace(films, moments=(dataclasses.replace(clip, drawings=(circle,)), still))
    intervision_pack.make(drawn, intervision_pack.Recipe(), tmp_path, RUNNER)
    said = json.loads((tmp_path / "intervision-pack" / "pack.json").read_text(encoding="utf-8"))
    assert [len(one["drawings"]) for one in said["parts"][0]["moments"]] == [1, 0]
    first, *_ = shown(tmp_path / "intervision-pack")["moments"]
    [seen] = first["drawings"]
    assert (seen["name"], seen["in_ms"], seen["out_ms"]) == ("Circle at the top left", 100, 400)
