"""Films with another behind them, joined as files: readers show the first only, or take the second for more of it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from pipeline.errors import FilmJoined
from pipeline.source.film import probe
from pipeline.source.recording import probe_source
from tests.footage import numbered_film, spoken_recording

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "10")
FRAGMENTS = ("-movflags", "frag_keyframe+empty_moov+default_base_moof")
VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8")
MADE = {
    "fragments.mp4": (H264, FRAGMENTS),
    "film.mp4": (H264, ()),
    "index-first.mov": (H264, ("-movflags", "+faststart")),
    "film.mkv": (H264, ()),
    "film.webm": (VP8, ()),
    "live.webm": (VP8, ("-live", "1")),
    "film.flv": (H264, ()),
}


def drawn(path: Path, name: str, *, first: int = 0, width: int = 160) -> bytes:
    codec, container = MADE[name]
    sound = ("-c:a", "libopus") if path.suffix == ".webm" else ("-c:a", "aac")
    film = path.with_name(f"{first}-{width}-{name}")
    numbered_film(
        film, frames=20, width=width, height=120, codec=codec, sound_codec=sound, container=container, first=first
    )
    return film.read_bytes()


def head_of(film: bytes) -> bytes:
    """Everything before the first fragment."""
    at = 0
    while film[at + 4 : at + 8] != b"moof":
        at += struct.unpack_from(">I", film, at)[0]
    return film[:at]


def joined(tmp_path: Path, first: str, second: str, *, width: int = 160) -> Path:
    path = tmp_path / f"joined{Path(first).suffix}"
    path.write_bytes(drawn(path, first) + drawn(path, second, first=500, width=width))
    return path


@pytest.mark.parametrize("name", MADE)
def test_a_second_film_behind_the_first_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(FilmJoined):
        probe(joined(tmp_path, name, name))


def test_one_of_another_kind_or_size_behind_it_is_told(tmp_path: Path) -> None:
    for first, second, width in [("fragments.mp4", "fragments.mp4", 240), ("fragments.mp4", "film.mp4", 160)]:
        with pytest.raises(FilmJoined):
            probe(joined(tmp_path, first, second, width=width))


def test_a_second_recording_behind_the_first_is_told(tmp_path: Path) -> None:
    short, long = (spoken_recording(tmp_path / f"{seconds}.m4a", seconds=seconds).read_bytes() for seconds in (1, 2))
    both = tmp_path / "both.m4a"
    both.write_bytes(short + long)
    with pytest.raises(FilmJoined):
        probe_source(both)


def test_the_same_head_once_more_in_one_film_is_none(tmp_path: Path) -> None:
    film = drawn(tmp_path / "a.mp4", "fragments.mp4")
    head, again = head_of(film), tmp_path / "again.mp4"
    half = film.index(b"moof", len(film) // 2) - 4
    again.write_bytes(film[:half] + head + film[half:])
    (tmp_path / "a.mp4").write_bytes(film)
    assert probe(again).duration_ms == probe(tmp_path / "a.mp4").duration_ms
