"""Where the film already is what the preset asks, its packets are the clip's picture; anything else is encoded."""

# ruff: noqa: E501  a table is easiest to read with one case a line
from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from pipeline.artifact import EncodingReason, FinishedMoment
from pipeline.cut.clips import cut_clip, plan_clip
from pipeline.cut.decoded_frames import DAMAGED
from pipeline.cut.picture_copy import check_copied, find_copy
from pipeline.errors import ArtifactWrong
from pipeline.moments import Clip
from pipeline.presets import preset
from pipeline.source.film import probe
from tests.footage import RUNNER, beeps_ms_in, numbered_film, numbers_in, run

TOGETHER = "exact_cuts"

HD = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")
SECOND = ("-g", "30", "-sc_threshold", "0")
EXPORT = ("-c:v", "libx264", "-preset", "fast", "-crf", "20", *HD, *SECOND)
"""As many programs write what they export: B-frames, closed groups, a message about themselves."""
PLAIN = ("-c:v", "libx264", "-profile:v", "baseline", "-preset", "ultrafast", "-crf", "20", *HD, *SECOND)


@pytest.fixture(scope="module")
def film_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Draws each film once."""
    folder, drawn = tmp_path_factory.mktemp("copied"), dict[str, Path]()

    def find(name: str = "a.mp4", **options: Any) -> Path:
        key = repr((name, sorted(options.items())))
        if key not in drawn:
            options = {"codec": EXPORT, "frames": 100, **options}
            drawn[key] = numbered_film(folder / f"{len(drawn)}-{name}", **options)
        return drawn[key]

    return find


def cut(film: Path, in_ms: int, out_ms: int, folder: Path, name: str = "review") -> FinishedMoment:
    clip = Clip(in_ms=in_ms, out_ms=out_ms)
    return cut_clip(probe(film), clip, preset(name), folder / "clip.mp4", runner=RUNNER)


def stored(path: Path) -> list[bytes]:
    """Every picture that is stored, also what an edit list would hide."""
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


@pytest.mark.parametrize("fps", ["24", "25", "30000/1001", "30"])
@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", EXPORT), ("a.mov", PLAIN), ("a.mkv", PLAIN)], ids=["export", "plain", "rounded times"]
)
def test_the_packets_are_the_clip(
    film_of: Callable[..., Path], tmp_path: Path, name: str, codec: tuple[str, ...], fps: str
) -> None:
    rate = Fraction(fps)
    whole = round(rate)
    film = film_of(name, fps=fps, codec=(*codec, "-g", str(whole)))
    end = 3 * whole if codec is EXPORT else 2 * whole + 7  # pictures that lean both ways end with their group
    in_ms, out_ms = (int(1000 * number / rate) for number in (whole, end))
    made = cut(film, in_ms, out_ms, tmp_path)
    assert made.encoded_because is None
    assert numbers_in(made.path) == list(range(whole, end))
    assert made.fps == pytest.approx(float(rate))
    pictures = stored(made.path)
    assert len(pictures) == end - whole
    assert b"x264" in film.read_bytes()
    assert b"x264" not in made.path.read_bytes()
    with av.open(str(made.path)) as container:
        video = container.streams.video[0]
        assert Fraction(video.average_rate or 0) == rate
        assert [Fraction(frame.time).limit_denominator(30000) for frame in container.decode(video)] == [
            Fraction(slot) / rate for slot in range(end - whole)
        ]
    beep_ms = (1000 - in_ms) % 1000
    assert min(abs(beep - beep_ms) for beep in beeps_ms_in(made.path)) < 3


ENCODED: dict[str, tuple[dict[str, Any], tuple[int, int], str, str]] = {
    "begins elsewhere": ({}, (1033, 2000), "it does not begin with a key picture", "beginning"),
    "ends within a group": ({"codec": (*EXPORT, "-bf", "3", "-b_strategy", "0")}, (1000, 1900), "its pictures lean on others", "references"),
    "open groups": ({"codec": (*EXPORT, "-x264-params", "open-gop=1:b-adapt=0:bframes=3")}, (1000, 2000), "its pictures lean on others", "references"),
    "two seconds between key pictures": ({"codec": (*PLAIN, "-g", "60")}, (0, 1500), "more than a second apart", "key_pictures"),
    "other colours": ({"codec": ("-c:v", "libx264", "-g", "30")}, (1000, 2000), "its colours are smpte170m", "colours"),
    "full range": ({"codec": (*PLAIN, "-color_range", "pc")}, (1000, 2000), "it is h264, yuvj420p", "codec"),
    "more lines": ({"width": 736, "height": 736, "frames": 60}, (0, 1000), "its pictures have 736 × 736 px", "size"),
    "60 a second": ({"fps": "60", "codec": (*PLAIN, "-g", "60")}, (0, 1000), "its pictures do not come at an even 30 a second", "uneven_rate"),
    "uneven": ({"codec": PLAIN, "filters": "select='not(eq(n,45)+eq(n,46))'"}, (1000, 2000), "its pictures do not come at an even 30 a second", "uneven_rate"),
    "another codec": ({"codec": ("-c:v", "libx265", "-x265-params", "keyint=30:log-level=error", *HD)}, (0, 900), "it is hevc", "codec"),
    "10 bit": ({"codec": ("-c:v", "libx264", *HD, *SECOND), "pixel_format": "yuv420p10le"}, (1000, 2000), "it is h264, yuv420p10le", "codec"),
    "more bits": ({"codec": (*PLAIN, "-crf", "1", "-profile:v", "high"), "filters": "noise=alls=60:allf=t"}, (1000, 2000), "Mbit/s", "bit_rate"),
    "a high level": ({"codec": (*PLAIN, "-level", "5.1")}, (1000, 2000), "its level is 5.1", "profile"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ENCODED)
def test_what_is_not_as_the_preset_asks_is_encoded_and_says_why(
    film_of: Callable[..., Path], tmp_path: Path, kind: str
) -> None:
    options, (in_ms, out_ms), because, code = ENCODED[kind]
    if kind == "60 a second":
        options = {**options, "frames": 80}
    film = film_of(**options)
    made = cut(film, in_ms, out_ms, tmp_path)
    assert because in str(made.encoded_because)
    assert made.encoding_reason == code
    if kind != "more bits":  # noise hides the numbers
        first, last = (round(ms * (60 if kind == "60 a second" else 30) / 1000) for ms in (in_ms, out_ms))
        numbers = numbers_in(made.path)
        assert (numbers[0], numbers[-1]) == (first, last - 1)


def test_a_turned_film_is_encoded(film_of: Callable[..., Path], tmp_path: Path) -> None:
    turned = tmp_path / "turned.mp4"
    run("-display_rotation", "90", "-i", str(film_of()), "-c", "copy", str(turned))
    assert cut(turned, 1000, 2000, tmp_path).encoded_because == "its pictures must be turned"


def test_other_presets_ask_for_other_things(film_of: Callable[..., Path], tmp_path: Path) -> None:
    film = film_of(width=720, height=720, frames=60)
    assert cut(film, 0, 1000, tmp_path).encoded_because is None
    assert cut(film, 0, 1000, tmp_path, "full").encoded_because is None
    assert cut(film, 0, 1000, tmp_path, "light").encoded_because == "its pictures have 720 × 720 px"


def test_a_damaged_film_is_not_copied(film_of: Callable[..., Path], tmp_path: Path) -> None:
    film = film_of(codec=(*EXPORT, "-coder", "vlc"))
    whole = bytearray(film.read_bytes())
    picture = stored(film)[44]
    at = whole.index(picture) + len(picture) // 2
    whole[at : at + 12] = bytes(12)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(whole)
    made = cut(damaged, 1000, 2000, tmp_path)
    assert made.encoding_reason in {EncodingReason.DECODER_DIFFERS, EncodingReason.COPY_FAILED}
    assert DAMAGED in made.warnings


def test_a_finished_file_that_holds_anything_else_is_refused(film_of: Callable[..., Path], tmp_path: Path) -> None:
    film = probe(film_of(codec=PLAIN))
    plan = plan_clip(film, Clip(in_ms=1000, out_ms=2000), preset())
    copy = find_copy(film, plan, preset(), with_sound=False)
    longer, hidden = tmp_path / "longer.mp4", tmp_path / "hidden.mp4"
    bare = ("-c", "copy", "-an", "-bsf:v", "filter_units=remove_types=6")
    run("-ss", "1", "-i", str(film.path), "-frames:v", "31", *bare, str(longer))
    run("-ss", "0.9", "-i", str(film.path), "-t", "1.1", *bare, str(hidden))
    assert len(stored(hidden)) > len(numbers_in(hidden))
    for wrong in (longer, hidden):
        with pytest.raises(ArtifactWrong):
            check_copied(wrong, plan, copy)
