"""The files of a review pack: what lies where, and that it is the same each time."""

from __future__ import annotations

import dataclasses
import json
import tracemalloc
from hashlib import sha256
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest
from pydantic import ValidationError

from pipeline.artifact import sha256_of
from pipeline.errors import ArtifactWrong
from pipeline.outputs import review_pack
from pipeline.outputs.review_pack.manifest import Manifest
from pipeline.prepared import Prepared
from tests.footage import RUNNER
from tests.pipeline.outputs.prepared_by_hand import drawn_clip, drawn_still, prepared_from


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    workdir = tmp_path_factory.mktemp("drawn")
    return prepared_from(
        drawn_clip(
            workdir / "a.mp4", frames=15, caption="Ella looks up. Mum waits.", principle="receiving-initiatives"
        ),
        drawn_clip(workdir / "b.mp4", frames=30, fps="30000/1001"),
        drawn_still(workdir / "c.jpg", caption="Ella shows Mum the card."),
    )


def _made(prepared: Prepared, folder: Path) -> Path:
    folder.mkdir()
    review_pack.make(prepared, review_pack.Recipe(), folder, RUNNER)
    return folder


def test_holds_the_page_the_numbered_moments_and_nothing_else(prepared: Prepared, tmp_path: Path) -> None:
    made = _made(prepared, tmp_path / "out")
    names = sorted(str(path.relative_to(made)) for path in made.rglob("*") if path.is_file())
    assert names == [
        "review-pack.zip",
        "review-pack/clips/01.mp4",
        "review-pack/clips/02.mp4",
        "review-pack/index.html",
        "review-pack/pack.json",
        "review-pack/stills/01.jpg",
    ]


def test_hands_out_the_archive_described_as_it_is(prepared: Prepared, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    [archive] = review_pack.make(prepared, review_pack.Recipe(), tmp_path / "out", RUNNER)
    assert archive.path == tmp_path / "out" / "review-pack.zip"
    assert archive.media_type == "application/zip"
    assert (archive.bytes, archive.sha256) == (archive.path.stat().st_size, sha256_of(archive.path))


def test_the_archive_holds_the_folder_uncompressed_under_one_top_folder(prepared: Prepared, tmp_path: Path) -> None:
    made = _made(prepared, tmp_path / "out")
    with ZipFile(made / "review-pack.zip") as archive:
        assert archive.testzip() is None
        for entry in archive.infolist():
            assert entry.filename.startswith("review-pack/")
            assert entry.compress_type == ZIP_STORED
            assert archive.read(entry) == (made / entry.filename).read_bytes()
        assert len(archive.infolist()) == 5


def test_equal_moments_make_an_equal_archive(prepared: Prepared, tmp_path: Path) -> None:
    first, second = (_made(prepared, tmp_path / name) / "review-pack.zip" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def test_pack_json_says_what_every_file_is(prepared: Prepared, tmp_path: Path) -> None:
    made = _made(prepared, tmp_path / "out")
    said = json.loads((made / "review-pack" / "pack.json").read_text(encoding="utf-8"))
    clip = prepared.moments[1]
    assert {key: said[key] for key in said if key != "moments"} == {
        "schema_version": 5,
        "review": sha256("".join(moment.sha256 for moment in prepared.moments).encode()).hexdigest()[:32],
        "family": "K-104",
        "cycle": 2,
        "of": "family_film",
        "helping_question": "How can we enjoy playing together?",
        "working_points": ["Wait a little longer"],
        "written": None,
    }
    assert said["moments"][1] == {
        "kind": "clip",
        "file": "clips/02.mp4",
        "sha256": clip.sha256,
        "bytes": clip.bytes,
        "source_in_ms": clip.in_ms,
        "source_out_ms": clip.out_ms,
        "width": 320,
        "height": 240,
        "fps": pytest.approx(29.97, abs=0.001),
        "duration_ms": 1001,
        "caption": "",
        "peaks": None,
        "drawings": [],
        "principle": None,
    }
    assert [moment["file"] for moment in said["moments"]] == ["clips/01.mp4", "clips/02.mp4", "stills/01.jpg"]
    assert said["moments"][0]["principle"] == "receiving-initiatives"
    for moment in said["moments"]:
        assert sha256_of(made / "review-pack" / moment["file"]) == moment["sha256"]


def test_a_pack_made_by_the_service_names_its_selection(prepared: Prepared, tmp_path: Path) -> None:
    made = _made(dataclasses.replace(prepared, review="a" * 32), tmp_path / "out")
    assert json.loads((made / "review-pack" / "pack.json").read_text(encoding="utf-8"))["review"] == "a" * 32
    assert f'"review":"{"a" * 32}"' in (made / "review-pack" / "index.html").read_text(encoding="utf-8")


def test_pack_json_is_read_back_whole_and_refuses_what_it_does_not_know(prepared: Prepared, tmp_path: Path) -> None:
    text = (_made(prepared, tmp_path / "out") / "review-pack" / "pack.json").read_text(encoding="utf-8")
    assert Manifest.model_validate_json(text).to_json() == text
    with pytest.raises(ValidationError):
        Manifest.model_validate({**json.loads(text), "score": 3})


def test_the_page_does_not_tell_the_familys_code_or_the_place_in_the_film(prepared: Prepared, tmp_path: Path) -> None:
    page = (_made(prepared, tmp_path / "out") / "review-pack" / "index.html").read_text(encoding="utf-8")
    assert "K-104" not in page
    assert str(prepared.moments[0].in_ms) not in page


def test_the_page_refers_to_nothing_outside(prepared: Prepared, tmp_path: Path) -> None:
    page = (_made(prepared, tmp_path / "out") / "review-pack" / "index.html").read_text(encoding="utf-8")
    assert "://" not in page
    assert 'src="' not in page
    assert "[[" not in page


def test_a_selection_of_stills_alone_makes_a_pack(tmp_path: Path) -> None:
    made = _made(prepared_from(drawn_still(tmp_path / "a.jpg"), drawn_still(tmp_path / "b.jpg")), tmp_path / "out")
    assert (made / "review-pack" / "stills" / "02.jpg").exists()
    assert not (made / "review-pack" / "clips").exists()


def test_numbers_keep_their_order_beyond_ninety_nine(tmp_path: Path) -> None:
    still = drawn_still(tmp_path / "a.jpg", width=32, height=32)
    made = _made(prepared_from(*[still] * 101), tmp_path / "out")
    manifest = Manifest.model_validate_json((made / "review-pack" / "pack.json").read_text(encoding="utf-8"))
    assert [moment.file for moment in manifest.moments][98:] == ["stills/99.jpg", "stills/100.jpg", "stills/101.jpg"]


def test_a_moment_that_has_changed_since_is_refused_and_nothing_half_there_is_left(
    prepared: Prepared, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(prepared.moments[0].path.read_bytes()[:-1] + b"?")
    changed = dataclasses.replace(prepared.moments[0], path=damaged)
    with pytest.raises(ArtifactWrong, match=r"clips/01\.mp4"):
        _made(Prepared(prepared.selection, (changed, *prepared.moments[1:])), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_the_finished_moments_are_left_as_they_were(prepared: Prepared, tmp_path: Path) -> None:
    _made(prepared, tmp_path / "out")
    assert [sha256_of(moment.path) for moment in prepared.moments] == [moment.sha256 for moment in prepared.moments]


def test_a_large_clip_is_never_held_in_memory(tmp_path: Path) -> None:
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        file.truncate(64 << 20)
    still = drawn_still(tmp_path / "a.jpg")
    clip = dataclasses.replace(
        still, kind="clip", path=large, media_type="video/mp4", bytes=64 << 20, sha256=sha256_of(large),
        out_ms=still.in_ms + 1000, fps=30.0, duration_ms=1000,
    )  # fmt: skip
    tracemalloc.start()
    _made(prepared_from(clip), tmp_path / "out")
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 8 << 20
