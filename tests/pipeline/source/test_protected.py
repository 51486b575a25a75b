"""Films that a shop or broadcaster encrypted are refused in one sentence, never handed out as noise."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import FilmProtected
from pipeline.moments import parse_selection
from pipeline.presets import preset
from pipeline.run.orders import SelectionOrder
from pipeline.run.prepare import prepare
from pipeline.source.film import probe
from pipeline.source.recording import probe_source
from tests.footage import FFMPEG, numbered_film, run, spoken_recording
from tests.mp4_boxes import Mp4

KEY = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb", "-encryption_kid",
       "a7e61c373e219033c21091fa607bf3b8")  # fmt: skip


def test_an_encrypted_film_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = numbered_film(tmp_path / "film.mp4", frames=90, container=KEY)
    selection = parse_selection({"family": "K-104", "clip": [{"in": 0, "out": 1000}], "still": [{"at": 500}]})
    with pytest.raises(FilmProtected) as refused:
        prepare(SelectionOrder(path, selection, preset(), FFMPEG), tmp_path / "out")
    assert "protected against copying" in refused.value.for_guider
    assert not (tmp_path / "out").exists()


def test_an_encrypted_film_in_fragments_is_refused(tmp_path: Path) -> None:
    fragments = ("-movflags", "frag_keyframe+empty_moov+default_base_moof")
    with pytest.raises(FilmProtected):
        probe(numbered_film(tmp_path / "film.mp4", frames=90, container=(*KEY, *fragments)))


def test_a_film_from_a_shop_is_refused_though_it_does_not_say_how_it_is_encrypted(tmp_path: Path) -> None:
    film = Mp4(numbered_film(tmp_path / "plain.mp4", frames=30))
    film.description(0).kind = "drmi"
    with pytest.raises(FilmProtected):
        probe(film.write(tmp_path / "shop.mp4"))


def test_of_a_film_with_encrypted_sound_the_picture_can_be_used_and_that_is_told(tmp_path: Path) -> None:
    plain = numbered_film(tmp_path / "plain.mp4", frames=60)
    run("-i", str(plain), "-map", "0:a", "-c", "copy", *KEY, str(tmp_path / "sound.mp4"))
    film = Mp4(plain)
    film.description(1, "mp4a").kind = "drms"
    found = probe(film.write(tmp_path / "film.mp4"))
    assert found.audio is None
    assert found.warnings == ("The sound of this film is protected against copying; its clips are silent.",)


def test_an_encrypted_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FilmProtected):
        probe_source(spoken_recording(tmp_path / "song.mp4", *KEY))
