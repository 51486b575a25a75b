"""Films that were put together of others, or are protected: cut rightly, or told and sent whole."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from pipeline.errors import FilmJoined, FilmRaw
from pipeline.source.film import probe
from tests.footage import beeps_ms_in, numbered_film, numbers_in, run
from tests.mp4_boxes import Box, Mp4
from tests.web.engine import Engine, code_of, numbers_of

TOGETHER = "engine_odd"

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18")
KEY = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb", "-encryption_kid",
       "a7e61c373e219033c21091fa607bf3b8")  # fmt: skip


def two_descriptions(path: Path, *, used: bool) -> Path:
    film = Mp4(numbered_film(path.with_name(f"one{path.suffix}"), frames=90, sound=None))
    table = film.tracks[0].one("mdia", "minf", "stbl")
    descriptions = table.one("stsd")
    descriptions.own = struct.pack(">II", 0, 2)
    descriptions.inside.append(Box("avc1", descriptions.inside[0].own, list(descriptions.inside[0].inside)))
    runs = table.one("stsc")
    [(first, samples, _)] = [struct.unpack_from(">III", runs.own, 8)]
    chunks = [(first, samples, 1), (2, samples, 2)] if used else [(first, samples, 1)]
    film.moov.own = b""
    runs.own = struct.pack(">II", 0, len(chunks)) + b"".join(struct.pack(">III", *chunk) for chunk in chunks)
    return film.write(path)


@pytest.mark.parametrize("name", ["two.mp4", "two.mov"])
def test_a_film_of_two_descriptions_is_sent_whole(engine: Engine, tmp_path: Path, name: str) -> None:
    engine.choose(two_descriptions(tmp_path / name, used=True))
    facts = engine.facts()
    assert not facts["canCut"]
    assert "whole film" in facts["whyWhole"]
    for mode in ("lossless", "light"):
        assert engine.refused({"in": 0, "out": 1000}, mode) == "not_cut"


def test_a_description_that_no_picture_uses_does_no_harm(engine: Engine, tmp_path: Path) -> None:
    engine.choose(two_descriptions(tmp_path / "two.mp4", used=False))
    assert engine.facts()["canCut"]


@pytest.mark.parametrize("kind", ["joined", "joined behind a gap", "wrapped", "camcorder's, joined", "overlapping"])
def test_a_stream_whose_clock_starts_anew_goes_whole(engine: Engine, tmp_path: Path, kind: str) -> None:
    codec = (*H264, "-bf", "2", "-g", "30")
    if kind == "wrapped":
        path = numbered_film(tmp_path / "a.ts", codec=codec, frames=150, container=("-output_ts_offset", "95440"))
    else:
        stamped = ("-mpegts_m2ts_mode", "1") if kind.startswith("camcorder") else ()
        later = {"joined behind a gap": ("-output_ts_offset", "400"), "overlapping": ("-output_ts_offset", "4.95")}
        first = numbered_film(tmp_path / "a.ts", codec=codec, frames=150, container=stamped)
        second = numbered_film(tmp_path / "b.ts", codec=codec, frames=90, container=(*stamped, *later.get(kind, ())))
        path = tmp_path / "both.ts"
        path.write_bytes(first.read_bytes() + second.read_bytes())
    assert code_of(engine, path) == "film_joined"


def test_a_film_with_another_behind_it_is_told_before_anything_is_marked(engine: Engine, tmp_path: Path) -> None:
    """In the service's own words, as it would refuse it too."""
    fragments = ("-movflags", "frag_keyframe+empty_moov+default_base_moof")
    first, second = (
        numbered_film(tmp_path / f"{width}.mp4", frames=20, width=width, codec=H264, container=fragments).read_bytes()
        for width in (160, 320)
    )
    path = tmp_path / "both.mp4"
    path.write_bytes(first + second)
    engine.choose(path)
    problem = engine.problem()
    assert problem is not None
    assert problem == {"code": "film_put_behind", "sentence": FilmJoined.for_guider}
    with pytest.raises(FilmJoined):
        probe(path)


@pytest.mark.parametrize("stamped", [(), ("-mpegts_m2ts_mode", "1")], ids=["broadcast", "camcorder"])
def test_a_stream_whose_clock_goes_through_is_cut_with_its_sound(
    engine: Engine, tmp_path: Path, stamped: tuple[str, ...]
) -> None:
    codec = (*H264, "-bf", "2", "-g", "30")
    path = numbered_film(tmp_path / "a.ts", codec=codec, frames=150, container=stamped, sound_codec=("-c:a", "ac3"))
    assert code_of(engine, path) is None
    made = engine.cut({"in": 1000, "out": 2000})
    assert numbers_of(made) == list(range(30, 60))
    assert len(beeps_ms_in(made.path)) >= 1


SOUNDS_UNREAD = {
    "a camcorder's AAC": ("-mpegts_m2ts_mode", "1", "-c:a", "aac"),
    "a camcorder's PCM": ("-mpegts_m2ts_mode", "1", "-c:a", "pcm_bluray", "-ar", "48000"),
    "Opus": ("-c:a", "libopus"),
    "AAC, and Opus beside it": ("-map", "0:v", "-map", "1:a", "-map", "1:a", "-c:a:0", "aac", "-c:a:1", "libopus"),
}


@pytest.mark.parametrize("kind", SOUNDS_UNREAD)
def test_a_stream_of_which_a_sound_would_be_lost_goes_whole(engine: Engine, tmp_path: Path, kind: str) -> None:
    path = numbered_film(tmp_path / "a.ts", codec=(*H264, "-g", "30"), frames=60, container=SOUNDS_UNREAD[kind])
    assert probe(path).audio
    engine.choose(path)
    facts = engine.facts()
    assert (facts["canCut"], facts["canShow"]) == (False, True)
    assert facts["whyWhole"].startswith("Sound of this film")


def test_a_stream_of_two_programmes_can_be_sent_whole(engine: Engine, tmp_path: Path) -> None:
    """As a television's tuner hands it on: the service shows the first one."""
    one, two = (numbered_film(tmp_path / f"{first}.ts", frames=30, first=first) for first in (0, 500))
    programmes = ("-program", "title=a:st=0:st=1", "-program", "title=b:st=2:st=3")
    path = tmp_path / "both.ts"
    run("-i", str(one), "-i", str(two), "-map", "0", "-map", "1", "-c", "copy", *programmes, str(path))
    assert code_of(engine, path) == "film_not_opened"
    assert probe(path).video.stream_index == 0
    assert numbers_in(path) == list(range(30))


@pytest.mark.parametrize("where", [1.0, 0.5])
def test_a_stream_with_something_else_in_it_can_be_sent_whole(engine: Engine, tmp_path: Path, where: float) -> None:
    path = numbered_film(tmp_path / "film.ts", codec=(*H264, "-g", "30"), frames=60)
    stored = path.read_bytes()
    at = int(len(stored) * where) // 188 * 188
    path.write_bytes(stored[:at] + bytes(range(256)) * 20 + stored[at:])
    assert code_of(engine, path) == "film_not_opened"
    assert abs(probe(path).duration_ms - 2000) <= 34


@pytest.mark.parametrize("name", ["film.mp4", "film.mov"])
def test_a_protected_film_is_told(engine: Engine, tmp_path: Path, name: str) -> None:
    assert code_of(engine, numbered_film(tmp_path / name, frames=60, container=KEY)) == "film_protected"


@pytest.mark.parametrize("name", ["film.h264", "film.h265", "film.m2v", "film.dav"])
def test_a_recorder_s_raw_file_is_told_for_what_it_is(engine: Engine, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "film.dav":
        path.write_bytes(b"DHAV\xfd\x00\x00\x00" + bytes(500))
    else:
        codec = {"film.h264": "libx264", "film.h265": "libx265", "film.m2v": "mpeg2video"}[name]
        numbered_film(path, frames=20, fps="25", codec=("-c:v", codec), sound=None)
    engine.choose(path)
    assert engine.problem() == {"code": "film_raw", "sentence": FilmRaw.for_guider}
    with pytest.raises(FilmRaw):
        probe(path)
