"""Cuts are exact: the first and the last frame of a clip, and the frame of a still, are the ones asked for."""

# ruff: noqa: E501  a table is easiest to read with one case a line
from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.cut.clips import cut_clip
from pipeline.cut.stills import grab_still
from pipeline.errors import MomentOutsideFilm
from pipeline.ffmpeg.limits import Limits
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import Clip
from pipeline.presets import preset
from pipeline.source.film import Film, probe
from pipeline.source.frames import find_span
from pipeline.source.remux import make_seekable
from tests.footage import RUNNER, beeps_ms_in, numbered_film, numbers_in, read_number

TOGETHER = "exact_cuts"

RATES = ["24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60"]
FAST = ("-preset", "ultrafast", "-crf", "18")
H264 = ("-c:v", "libx264", *FAST)
UNEVEN = "settb=1/90000,setpts='N*3000+mod(N*N*7,23)*90'"
UNEVEN_TICKS = ("-enc_time_base", "1:90000", "-video_track_timescale", "90000")
ODD_FILMS: dict[str, tuple[str, dict[str, Any]]] = {
    "one second GOPs, B-frames": ("a.mp4", {"codec": (*H264, "-bf", "2", "-g", "30")}),
    "ten second GOPs": ("a.mp4", {"codec": (*H264, "-bf", "2", "-g", "300", "-keyint_min", "300")}),
    "key frames only": ("a.mov", {"codec": ("-c:v", "mjpeg", "-q:v", "3"), "pixel_format": "yuvj422p"}),
    "open GOPs, B-pyramid": ("a.mp4", {"codec": ("-c:v", "libx264", "-preset", "fast", "-bf", "3", "-g", "24", "-x264-params", "open-gop=1:b-pyramid=2")}),
    "intra refresh": ("a.mp4", {"codec": ("-c:v", "libx264", "-preset", "fast", "-intra-refresh", "1", "-g", "30", "-bf", "0")}),
    "variable rate": ("a.mp4", {"codec": (*H264, "-bf", "2", "-g", "30"), "filters": UNEVEN, "container": UNEVEN_TICKS}),
    "ten frames a second, B-frames": ("a.mp4", {"fps": "10", "codec": ("-c:v", "libx264", "-preset", "fast", "-bf", "3", "-g", "20")}),
    "fragments": ("a.mp4", {"container": ("-movflags", "frag_keyframe+empty_moov+default_base_moof")}),
    "HEVC": ("a.mp4", {"codec": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=30:log-level=error", "-tag:v", "hvc1")}),
    "AV1": ("a.mp4", {"codec": ("-c:v", "libsvtav1", "-preset", "12", "-crf", "15", "-g", "60", "-svtav1-params", "lp=1")}),
    "Matroska, first picture at 10 s": ("a.mkv", {"filters": "setpts=PTS+10/TB", "sound": None}),
    "WebM, VP8 with hidden frames": ("a.webm", {"codec": ("-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "10", "-b:v", "1M", "-g", "60", "-cpu-used", "5"), "sound_codec": ("-c:a", "libopus"), "passes": 2}),
    "WebM, VP9": ("a.webm", {"codec": ("-c:v", "libvpx-vp9", "-b:v", "1M", "-g", "60", "-deadline", "realtime", "-cpu-used", "8"), "sound_codec": ("-c:a", "libopus")}),
    "transport stream": ("a.ts", {"codec": (*H264, "-bf", "2", "-g", "30")}),
    "transport stream, open GOPs": ("a.ts", {"codec": ("-c:v", "libx264", "-preset", "fast", "-bf", "3", "-g", "24", "-x264-params", "open-gop=1")}),
    "transport stream, MPEG-2 and AC-3": ("a.ts", {"codec": ("-c:v", "mpeg2video", "-bf", "2", "-g", "15", "-q:v", "3"), "sound_codec": ("-c:a", "ac3")}),
    "program stream": ("a.mpg", {"codec": ("-c:v", "mpeg2video", "-bf", "2", "-g", "15", "-q:v", "3"), "sound_codec": ("-c:a", "mp2")}),
    "AVI, MPEG-4 with B-frames": ("a.avi", {"codec": ("-c:v", "mpeg4", "-bf", "2", "-g", "30", "-q:v", "3"), "sound_codec": ("-c:a", "pcm_s16le")}),
    "AVI, H.264 with B-frames": ("a.avi", {"codec": (*H264, "-bf", "2", "-g", "30"), "sound_codec": ("-c:a", "pcm_s16le")}),
    "Flash": ("a.flv", {"sound_codec": ("-c:a", "aac", "-ar", "44100")}),
    "Windows Media": ("a.wmv", {"codec": ("-c:v", "wmv2", "-g", "30", "-q:v", "3"), "sound_codec": ("-c:a", "wmav2")}),
    "MXF": ("a.mxf", {"fps": "25", "codec": ("-c:v", "mpeg2video", "-bf", "2", "-g", "12", "-q:v", "2"), "sound_codec": ("-c:a", "pcm_s16le")}),
}  # fmt: skip


def shown_by_vp8(path: Path) -> list[bool]:
    """Of each packet, whether its picture is shown: the fifth bit of what VP8 begins with (RFC 6386, 9.1)."""
    with av.open(str(path)) as container:
        return [bool(bytes(packet)[0] & 0x10) for packet in container.demux(video=0) if packet.size]


def frame_ms(number: int, fps: str) -> int:
    """A frame's time in the film's clock: its presentation time rounded down to a millisecond."""
    return math.floor(number * 1000 / Fraction(fps))


def cut(film: Film, in_ms: int, out_ms: int, folder: Path, name: str = "full", runner: FfmpegRunner = RUNNER) -> Path:
    clip = Clip(in_ms=in_ms, out_ms=out_ms)
    return cut_clip(film, clip, preset(name), folder / "clip.mp4", runner=runner).path


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Film]:
    folder = tmp_path_factory.mktemp("films")
    return {fps: probe(numbered_film(folder / f"{i}.mp4", frames=150, fps=fps)) for i, fps in enumerate(RATES)}


@pytest.mark.parametrize(
    ("name", "fps"), [*(("review", fps) for fps in RATES), *(("full", fps) for fps in RATES if Fraction(fps) > 30)]
)
def test_a_clip_begins_and_ends_with_the_asked_frames(
    films: dict[str, Film], tmp_path: Path, fps: str, name: str
) -> None:
    film = films[fps]
    on, after, last = frame_ms(31, fps), frame_ms(40, fps) + 5, film.duration_ms
    for in_ms, out_ms in [(0, on), (on, frame_ms(61, fps)), (after, frame_ms(100, fps) + 1), (after, last), (0, last)]:
        wanted = [n for n in range(150) if in_ms <= frame_ms(n, fps) < out_ms]
        numbers = numbers_in(cut(film, in_ms, out_ms, tmp_path, name))
        assert (numbers[0], numbers[-1]) == (wanted[0], wanted[-1])
        assert numbers == sorted(numbers)
        if Fraction(fps) <= preset(name).max_fps:
            assert numbers == wanted


@pytest.mark.parametrize("fps", RATES)
def test_the_rate_is_the_films_own_or_a_whole_part_of_it(films: dict[str, Film], tmp_path: Path, fps: str) -> None:
    own = Fraction(fps)
    result = cut_clip(films[fps], Clip(in_ms=0, out_ms=1000), preset("review"), tmp_path / "clip.mp4", runner=RUNNER)
    assert Fraction(result.fps).limit_denominator(1001) == (own if own <= 30 else own / 2)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_span_of_any_rate_holds_just_its_frames(films: dict[str, Film], data: st.DataObject) -> None:
    fps = data.draw(st.sampled_from(RATES))
    film = films[fps]
    in_ms = data.draw(st.integers(0, film.duration_ms - 1))
    out_ms = data.draw(st.integers(in_ms + 1, film.duration_ms + 50))
    wanted = [n for n in range(150) if in_ms <= frame_ms(n, fps) < out_ms]
    if not wanted:
        with pytest.raises(MomentOutsideFilm):
            find_span(film, in_ms, out_ms)
        return
    pts = find_span(film, in_ms, out_ms).pts
    assert [film.ms_at(p) for p in pts] == [frame_ms(n, fps) for n in wanted]


@pytest.mark.parametrize("kind", ODD_FILMS)
def test_every_kind_of_film_is_cut_to_the_frame_with_its_sound(tmp_path: Path, kind: str) -> None:
    name, how = ODD_FILMS[kind]
    fps = how.get("fps", "30")
    film = make_seekable(probe(numbered_film(tmp_path / name, frames=150, **how)), tmp_path, runner=RUNNER)
    if "hidden" in kind:
        assert not all(shown_by_vp8(film.path))
    for in_frame, out_frame in [(0, 30), (30, 61), (62, 104), (110, 150)]:
        in_ms, out_ms = frame_ms(in_frame, fps), frame_ms(out_frame, fps)
        if kind == "variable rate":  # the times that the film was drawn with
            in_ms, out_ms = (math.floor((n * 3000 + n * n * 7 % 23 * 90) / 90) for n in (in_frame, out_frame))
        numbers = numbers_in(cut(film, in_ms, out_ms, tmp_path))
        assert (numbers[0], numbers[-1]) == (in_frame, out_frame - 1)
        if kind != "variable rate":
            assert numbers == list(range(in_frame, out_frame))
        if film.audio is None or kind.startswith("AVI"):  # AVI does not say how late B-frames make its pictures
            continue
        if kind == "Windows Media" and in_ms == 0:  # its encoder swallows the first beep
            continue
        for beep in beeps_ms_in(tmp_path / "clip.mp4"):
            off = (in_ms + beep) % 1000
            assert min(off, 1000 - off) < 20 or beep < 1  # a beep that began before the clip is heard at its start


@pytest.mark.parametrize("fps", RATES)
def test_a_still_shows_the_frame_on_screen(films: dict[str, Film], fps: str) -> None:
    for number in (0, 1, 29, 31, 149):
        for at_ms in (frame_ms(number, fps), frame_ms(number + 1, fps) - 1):
            frame = grab_still(films[fps], at_ms, runner=RUNNER)
            assert read_number(cv2.cvtColor(frame.pixels, cv2.COLOR_BGR2GRAY)) == number
            assert frame.ms == frame_ms(number, fps)


def test_a_picture_that_stands_for_long_is_held_once_however_often_it_is_shown(tmp_path: Path) -> None:
    late = {"filters": "settb=1/90000,setpts='if(N,12*90000+N*3000,0)'", "container": UNEVEN_TICKS, "sound": None}
    film = probe(numbered_film(tmp_path / "still.mp4", frames=30, width=1280, height=720, **late))
    narrow = FfmpegRunner(limits=Limits(memory_bytes=400 << 20))  # 360 pictures of this size are 500 MB
    numbers = numbers_in(cut(film, 0, 12_900, tmp_path, "review", narrow))
    assert numbers == [0] * 361 + list(range(1, 27))


def test_a_moment_late_in_a_long_film_is_found_without_reading_what_comes_before(tmp_path: Path) -> None:
    film = probe(numbered_film(tmp_path / "long.mp4", frames=18_000, fps="5", width=64, height=48, sound=None))
    assert film.duration_ms == 3_600_000
    span = find_span(film, 58 * 60_000, 58 * 60_000 + 5_000)
    assert span.key_pts is not None
    assert film.ms_at(span.pts[0]) - film.ms_at(span.key_pts) < 6_000
    numbers = numbers_in(cut(film, 58 * 60_000, 58 * 60_000 + 5_000, tmp_path))
    assert (numbers[0], numbers[-1]) == (17_400, 17_424)


def test_the_last_picture_is_there_though_it_says_that_it_stands_for_an_instant(tmp_path: Path) -> None:
    """ffmpeg takes the shortest of the first gaps for how long each picture of a VP9 film stands."""
    uneven = "settb=1/90000,setpts='N*9000+mod(N*N*7,23)*225'"
    codec = ("-c:v", "libvpx-vp9", "-b:v", "1M", "-g", "15", "-deadline", "realtime", "-cpu-used", "8")
    film = probe(
        numbered_film(
            tmp_path / "uneven.mp4",
            frames=30,
            fps="10",
            codec=codec,
            filters=uneven,
            container=UNEVEN_TICKS,
            sound=None,
        )
    )
    numbers = numbers_in(cut(film, 2417, film.duration_ms, tmp_path))
    assert (numbers[0], numbers[-1]) == (24, 29)


def test_the_last_picture_is_there_where_its_time_falls_on_a_slots_edge(tmp_path: Path) -> None:
    """At 24 a second, 0.3 s less a fifth of a slot are seven slots, and in microseconds a little more."""
    uneven = "settb=1/90000,setpts='if(eq(N,6),27000,N*3733)'"
    film = probe(
        numbered_film(tmp_path / "a.mp4", frames=7, fps="24", filters=uneven, container=UNEVEN_TICKS, sound=None)
    )
    numbers = numbers_in(cut(film, 0, film.duration_ms, tmp_path))
    assert (numbers[0], numbers[-1]) == (0, 6)


def test_pictures_that_share_a_stamp_do_not_freeze_the_clip(tmp_path: Path) -> None:
    """As browsers record them into WebM: 20 stamps a second, two pictures at each."""
    pairs = "settb=1/100000,setpts='N*2500+if(mod(N,2),-2480,0)'"
    path = numbered_film(tmp_path / "film.mkv", frames=60, filters=pairs, container=("-enc_time_base", "1:100000"))
    clip = cut_clip(probe(path), Clip(in_ms=0, out_ms=1000), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert numbers_in(clip.path) == list(range(1, 41, 2))


SHARED = {
    "the last one ends at once": ("if(gte(N,40),99600+gte(N,42)*200,floor(N/2)*5000)", 997, [*range(1, 39, 2), 41]),
    "the second one comes at once": ("if(between(N,2,3),500,floor(N/2)*5000)", 1000, [1, 1, *range(5, 41, 2)]),
}


@pytest.mark.parametrize("kind", SHARED)
def test_pictures_that_share_a_stamp_are_told_by_their_time(tmp_path: Path, kind: str) -> None:
    times, out_ms, wanted = SHARED[kind]
    pairs = f"settb=1/100000,setpts='{times}+mod(N,2)*20'"
    path = numbered_film(tmp_path / "film.mkv", frames=60, filters=pairs, container=("-enc_time_base", "1:100000"))
    clip = cut_clip(probe(path), Clip(in_ms=0, out_ms=out_ms), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert numbers_in(clip.path) == wanted
