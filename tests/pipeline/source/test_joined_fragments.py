"""Films in fragments with another behind them, joined as files: readers take the second for more of the first."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from pipeline.errors import FilmJoined
from pipeline.source.film import probe
from tests.footage import numbered_film

CODEC = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "10")
FRAGMENTS = ("-movflags", "frag_keyframe+empty_moov+default_base_moof")


def drawn(path: Path, *, width: int = 320) -> bytes:
    return numbered_film(path, frames=40, width=width, codec=CODEC, container=FRAGMENTS).read_bytes()


def head_of(film: bytes) -> bytes:
    """Everything before the first fragment."""
    at = 0
    while film[at + 4 : at + 8] != b"moof":
        at += struct.unpack_from(">I", film, at)[0]
    return film[:at]


@pytest.mark.parametrize("width", [320, 160])
def test_a_second_film_behind_the_first_is_told(tmp_path: Path, width: int) -> None:
    joined = tmp_path / "joined.mp4"
    joined.write_bytes(drawn(tmp_path / "a.mp4") + drawn(tmp_path / "b.mp4", width=width))
    with pytest.raises(FilmJoined):
        probe(joined)


def test_the_same_head_once_more_in_one_film_is_none(tmp_path: Path) -> None:
    film = drawn(tmp_path / "a.mp4")
    head, again = head_of(film), tmp_path / "again.mp4"
    half = film.index(b"moof", len(film) // 2) - 4
    again.write_bytes(film[:half] + head + film[half:])
    assert probe(again).duration_ms == probe(tmp_path / "a.mp4").duration_ms
