"""Films put together, cut by bytes, turned, interlaced or untagged: the page makes the right thing of them, or none."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.source.film import probe
from tests.footage import BEEP, beeps_ms_in, draw_number, grey_of, numbered_film, numbers_in, read_number, run
from tests.matroska import PLAIN, let_last_stand
from tests.mp4_boxes import Mp4, without_table
from tests.web.engine import Engine, code_of, numbers_of

TOGETHER = "engine_odd"

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18")
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1")
OPEN = ("-c:v", "libx264", "-crf", "18", "-bf", "3", "-g", "30", "-x264-params", "open-gop=1:repeat-headers=1")


# Begun in the middle, or without a list of key frames


@pytest.mark.parametrize("codec", [OPEN, (*H264, "-bf", "2", "-g", "30")], ids=["open groups", "closed groups"])
def test_a_stream_begun_within_a_group_has_the_service_s_zero(
    engine: Engine, tmp_path: Path, codec: tuple[str, ...]
) -> None:
    whole = numbered_film(tmp_path / "whole.ts", frames=300, codec=codec).read_bytes()
    path = tmp_path / "late.ts"
    path.write_bytes(whole[len(whole) // 7 // 188 * 188 :])
    numbers = numbers_in(path)
    engine.choose(path)
    assert abs(engine.facts()["durationMs"] - len(numbers) * 1000 / 30) <= 1
    assert numbers_of(engine.cut({"in": 0, "out": 1000})) == numbers[:30]
    assert numbers_of(engine.cut({"in": 2000, "out": 2500})) == numbers[60:75]


BEGUN_WITHIN = {"a camcorder's": (320, "null"), "tall": (136, "null"), "of oblong pixels": (320, "setsar=4/3")}


@pytest.mark.parametrize("kind", BEGUN_WITHIN)
def test_pictures_that_the_decoder_refuses_are_shown_by_the_player(engine: Engine, tmp_path: Path, kind: str) -> None:
    """Chromium's decoder begins with a refresh only; its player takes a bit of the stream in an MP4."""
    width, shape = BEGUN_WITHIN[kind]
    drawn = numbered_film(tmp_path / "whole.ts", frames=180, codec=OPEN, width=width, filters=shape)
    whole = drawn.read_bytes()
    path = tmp_path / "late.ts"
    path.write_bytes(whole[len(whole) // 7 // 188 * 188 :])
    numbers = numbers_in(path)
    engine.choose(path)
    facts = engine.facts()
    assert (facts["canShow"], facts["canCut"], facts["canCutLight"]) == (True, True, False)
    assert abs(facts["widthPx"] / width - (1 if shape == "null" else 4 / 3)) < 0.01
    times = engine.frame_times(2000, 4000)
    assert len(times) == len(numbers)
    for index in (0, 1, 37, 60, len(numbers) - 1):
        assert engine.picture(times[index]) == numbers[index]
        assert engine.picture(times[index] + 16) == numbers[index]
    assert [number % 30 for number in engine.strip(3)] == [0, 0, 0]


def test_where_neither_shows_a_picture_the_desk_does_not_promise_one(engine: Engine, tmp_path: Path) -> None:
    """As a player would that begins with a refresh only, as the decoder does."""
    whole = numbered_film(tmp_path / "whole.ts", frames=90, codec=OPEN).read_bytes()
    path = tmp_path / "late.ts"
    path.write_bytes(whole[len(whole) // 7 // 188 * 188 :])
    engine.choose(path)
    engine.page.evaluate(
        "() => Object.defineProperty(HTMLVideoElement.prototype, 'videoWidth', { get: () => 0, configurable: true })"
    )
    try:
        facts = engine.facts()
    finally:
        engine.page.reload()
    assert (facts["canShow"], facts["canCut"], facts["canCutLight"]) == (False, True, False)
    assert facts["whyUnshown"].startswith("This recording begins in the middle")


REALTIME = ("-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M", "-g", "40")
UNLISTED = [
    (*H264, "-bf", "2", "-g", "30"),
    (*H264, "-bf", "0", "-g", "45"),
    OPEN,
    ("-c:v", "libvpx-vp9", *REALTIME),
    ("-c:v", "libaom-av1", "-usage", "realtime", *REALTIME[2:]),
]


@pytest.mark.parametrize("codec", UNLISTED, ids=lambda codec: " ".join(codec[1::2]))
def test_a_film_without_a_list_of_key_frames_is_cut_as_filmed(
    engine: Engine, tmp_path: Path, codec: tuple[str, ...]
) -> None:
    film = Mp4(numbered_film(tmp_path / "whole.mp4", frames=150, codec=codec))
    table = film.tracks[0].one("mdia", "minf", "stbl")
    table.inside = [box for box in table.inside if box.kind != "stss"]
    engine.choose(film.write(tmp_path / "unlisted.mp4"))
    made = engine.cut({"in": 2000, "out": 3000})
    assert numbers_of(made) == list(range(60, 90))
    assert len(numbers_in(made.path)) < 120
    with av.open(str(made.path)) as container:
        keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
    assert keys[0]
    assert sum(keys) <= 4
    assert engine.picture(2500) == 75


UNORDERED = {
    "H.264": ("film.mp4", (*H264, "-bf", "2", "-g", "30")),
    "H.264 in MOV": ("film.mov", (*H264, "-bf", "2", "-g", "30")),
    "HEVC": ("film.mp4", (*HEVC, "-x265-params", "bframes=3:keyint=30:log-level=error")),
    "HEVC, whose layers may be left out": ("film.mov", (*HEVC, "-x265-params", "temporal-layers=3:log-level=error")),
    "HEVC, its sets in the pictures": (
        "film.mp4",
        (*HEVC, "-tag:v", "hev1", "-x265-params", "repeat-headers=1:log-level=error"),
    ),
}


@pytest.mark.parametrize("kind", UNORDERED)
def test_a_film_that_does_not_say_when_its_pictures_are_shown_is_told(
    engine: Engine, tmp_path: Path, kind: str
) -> None:
    name, codec = UNORDERED[kind]
    drawn = numbered_film(tmp_path / f"drawn-{name}", frames=40, codec=codec, width=160, height=120, sound=None)
    if "sets in" in kind:
        hev1(drawn, drawn)
    assert code_of(engine, without_table(drawn, tmp_path / name, "ctts")) == "film_without_order"


def hev1(drawn: Path, path: Path) -> Path:
    """The same film, whose parameter sets stand in its pictures only (ISO/IEC 14496-15, 8.3.2)."""
    film = Mp4(drawn)
    description = film.description(0, "hev1")
    head = next(box for box in description.inside if box.kind == "hvcC")
    head.own = head.own[:22] + b"\0"
    return film.write(path)


@pytest.mark.parametrize("kind", ["of two seconds", "that counts over its end", "of open groups"])
def test_hevc_with_parameter_sets_in_its_pictures_is_cut_as_any_film(engine: Engine, tmp_path: Path, kind: str) -> None:
    """Chromium here decodes none: the page shows it, picture by picture, and what is cut is what was asked for."""
    words = {
        "of two seconds": "keyint=15:bframes=3:open-gop=0",
        "that counts over its end": "keyint=300:bframes=0:log2-max-poc-lsb=4",
        "of open groups": "keyint=15:min-keyint=15:bframes=3:open-gop=1",
    }[kind]
    codec = (*HEVC, "-tag:v", "hev1", "-x265-params", f"{words}:repeat-headers=1:log-level=error")
    drawn = numbered_film(tmp_path / "drawn.mp4", frames=60, codec=codec, width=160, height=120, sound=None)
    path = hev1(drawn, tmp_path / "film.mp4")
    assert probe(path).duration_ms == 2000
    engine.choose(path)
    facts = engine.facts()
    assert facts["durationMs"] == 2000
    assert (facts["canShow"], facts["isDecodedHere"], facts["canCutLight"]) == (True, True, False)
    assert [engine.picture(number * 1000 // 30 + 1) for number in (0, 14, 44, 59)] == [0, 14, 44, 59]
    made = engine.cut({"in": 1000, "out": 1700})
    assert numbers_of(made) == list(range(30, 51))
    assert probe(made.path).duration_ms >= 700


@pytest.mark.parametrize("sets", ["in the pictures only", "in both places"])
def test_parameter_sets_in_the_pictures_travel_along(engine: Engine, tmp_path: Path, sets: str) -> None:
    """`avc3`, as live encoders write it (ISO/IEC 14496-15, 5.3.3)."""
    codec = (*H264, "-bf", "2", "-g", "30", "-x264-params", "repeat-headers=1")
    film = Mp4(numbered_film(tmp_path / "drawn.mp4", frames=90, codec=codec))
    description = film.description(0)
    description.kind = "avc3"
    if sets == "in the pictures only":
        head = next(box for box in description.inside if box.kind == "avcC")
        head.own = head.own[:5] + b"\xe0\x00"
    engine.choose(film.write(tmp_path / "film.mp4"))
    for mode in ("lossless", "light"):
        assert numbers_of(engine.cut({"in": 1500, "out": 2500}, mode)) == list(range(45, 75))


FRAGMENTS = {
    "some listed in the head, the others in fragments": ("frag_keyframe", None),
    "all in fragments": ("frag_keyframe+empty_moov", 90),
    "all in fragments, with an edit list": ("frag_keyframe+delay_moov", 90),
}


@pytest.mark.parametrize("kind", FRAGMENTS)
def test_of_a_film_in_fragments_all_is_seen_or_nothing(engine: Engine, tmp_path: Path, kind: str) -> None:
    flags, pictures = FRAGMENTS[kind]
    codec = (*H264, "-bf", "2", "-g", "30")
    path = numbered_film(tmp_path / "film.mp4", frames=90, codec=codec, container=("-movflags", flags))
    assert probe(path).duration_ms == 3000
    if pictures is None:
        assert code_of(engine, path) == "film_not_opened"
    else:
        engine.choose(path)
        assert engine.facts()["durationMs"] == 3000
        assert numbers_of(engine.cut({"in": 2000, "out": 2900})) == list(range(60, 87))


def test_a_film_of_hevc_without_a_list_begins_its_cuts_with_pictures_that_decode(
    engine: Engine, tmp_path: Path
) -> None:
    hevc = ("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", "keyint=30:log-level=error")
    film = Mp4(numbered_film(tmp_path / "whole.mp4", frames=100, codec=hevc, sound=None))
    table = film.tracks[0].one("mdia", "minf", "stbl")
    table.inside = [box for box in table.inside if box.kind != "stss"]
    engine.choose(film.write(tmp_path / "unlisted.mp4"))
    assert numbers_of(engine.cut({"in": 1500, "out": 2500})) == list(range(45, 75))


# Several tracks


@pytest.mark.parametrize("name", ["both.mp4", "both.mov", "both.mkv"])
def test_the_picture_that_is_cut_is_the_one_that_players_show(engine: Engine, tmp_path: Path, name: str) -> None:
    """Two tracks that are on: browsers play the first, though it is the smaller one."""
    small = numbered_film(tmp_path / "small.mp4", frames=60, sound=None)
    large = tmp_path / "large.mp4"
    run("-f", "lavfi", "-i", "color=blue:s=640x480:r=30:d=2", *H264, str(large))
    both = tmp_path / name
    dispositions = ("-disposition:v:0", "default", "-disposition:v:1", "default")
    run("-i", str(small), "-i", str(large), "-map", "0:v", "-map", "1:v", "-c", "copy", *dispositions, str(both))
    engine.choose(both)
    assert (engine.facts()["widthPx"], engine.picture(1000)) == (320, 30)
    assert numbers_of(engine.cut({"in": 500, "out": 1500})) == list(range(15, 45))


@pytest.mark.parametrize("mode", ["lossless", "light"])
@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.mkv"])
def test_every_sound_travels(engine: Engine, tmp_path: Path, name: str, mode: str) -> None:
    silence = ("-f", "lavfi", "-t", "4", "-i", "anullsrc=r=48000:cl=stereo")
    beeps = ("-f", "lavfi", "-t", "4", "-i", BEEP)
    picture = numbered_film(tmp_path / "picture.mp4", frames=120, sound=None)
    tracks = ("-map", "0:v", "-map", "1:a", "-map", "2:a", "-c:v", "copy", "-c:a", "aac")
    run("-i", str(picture), *silence, *beeps, *tracks, str(tmp_path / name))
    engine.choose(tmp_path / name)
    made = engine.cut({"in": 1000, "out": 3000}, mode)
    with av.open(str(made.path)) as container:
        assert len(container.streams.audio) == 2
    loudest = []
    for track in (0, 1):
        with av.open(str(made.path)) as container:
            loudest.append(max(float(np.abs(frame.to_ndarray()).max()) for frame in container.decode(audio=track)))
    assert loudest[0] < 0.01
    assert loudest[1] > 0.3


# Size, shape and colours of the moment's own pictures


@pytest.mark.parametrize("mode", ["lossless", "light"])
def test_a_last_picture_that_stands_keeps_its_time_and_its_sound(engine: Engine, tmp_path: Path, mode: str) -> None:
    """A frozen call: the picture of 1.0 s stands for two seconds more, while the sound goes on."""
    frames = [draw_number(n, 320, 240).tobytes() for n in range(31)]
    argv = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", "320x240", "-r", "30", "-i", "pipe:0"]
    picture, path = tmp_path / "picture.mp4", tmp_path / "film.mp4"
    run(*argv, "-vf", "format=yuv420p", *H264, "-bf", "0", str(picture), stdin=iter(frames))
    film = Mp4(picture)
    track = film.tracks[0]
    track.one("mdia", "minf", "stbl", "stts").own = struct.pack(">IIIIII", 0, 2, 30, 512, 1, 30720)
    header = track.one("mdia", "mdhd")
    header.own = header.own[:16] + struct.pack(">I", 30 * 512 + 30720) + header.own[20:]
    track.inside = [box for box in track.inside if box.kind != "edts"]
    film.write(tmp_path / "standing.mp4")
    run(
        "-i",
        str(tmp_path / "standing.mp4"),
        "-f",
        "lavfi",
        "-t",
        "3",
        "-i",
        BEEP,
        "-c:v",
        "copy",
        "-c:a",
        "aac",
        str(path),
    )
    engine.choose(path)
    assert abs(engine.facts()["durationMs"] - 3000) <= 1
    for in_ms in (500, 1500):
        made = engine.cut({"in": in_ms, "out": 2900}, mode)
        assert made.cut["out"] - made.cut["in"] == 2900 - in_ms
        with av.open(str(made.path)) as container:
            sound, shown = container.streams.audio[0], container.streams.video[0]
            assert float(sound.duration * sound.time_base) * 1000 >= made.cut["out"] - 30
            assert float(shown.duration * shown.time_base) * 1000 >= made.cut["out"]
            assert [read_number(grey_of(f)) for f in container.decode(video=0)][-1] == 30


@pytest.mark.parametrize("mode", ["lossless", "light"])
@pytest.mark.parametrize("name", ["film.webm", "film.mkv"])
def test_the_last_picture_of_a_webm_stands_while_the_sound_goes_on(
    engine: Engine, tmp_path: Path, name: str, mode: str
) -> None:
    vp8 = ("-c:v", "libvpx", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8")
    codec = vp8 if name.endswith("webm") else (*H264, "-bf", "2")
    picture, path = tmp_path / f"picture-{name}", tmp_path / name
    numbered_film(picture, frames=60, codec=codec, sound=None)
    sound = ("-f", "lavfi", "-t", "4", "-i", BEEP, "-c:v", "copy", "-c:a", "libopus")
    run("-i", str(picture), *sound, str(path))
    engine.choose(path)
    assert abs(engine.facts()["durationMs"] - probe(path).duration_ms) <= 1
    for in_ms in (1500, 2500):
        made = engine.cut({"in": in_ms, "out": 3800}, mode)
        assert made.cut["out"] - made.cut["in"] == 3800 - in_ms
        assert probe(made.path).duration_ms >= made.cut["out"]
        assert numbers_in(made.path)[-1] == 59


@pytest.mark.parametrize("mode", ["lossless", "light"])
@pytest.mark.parametrize("name", ["film.webm", "film.mkv"])
def test_a_last_picture_of_which_a_webm_says_how_long_it_stands_keeps_its_time(
    engine: Engine, tmp_path: Path, name: str, mode: str
) -> None:
    """Without sound, so only the file's word tells; the cut must say it too."""
    vp8 = ("-c:v", "libvpx", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8")
    codec = vp8 if name.endswith("webm") else (*H264, "-bf", "0")
    path = let_last_stand(numbered_film(tmp_path / name, frames=31, codec=codec, sound=None, container=PLAIN), 1000)
    engine.choose(path)
    assert engine.facts()["durationMs"] == probe(path).duration_ms == 2000
    made = engine.cut({"in": 500, "out": 2000}, mode)
    assert made.cut["out"] - made.cut["in"] == 1500
    assert probe(made.path).duration_ms >= made.cut["out"]
    assert numbers_in(made.path)[-1] == 30


def test_single_pictures_are_shown_of_a_webm_without_cues(engine: Engine, tmp_path: Path) -> None:
    """A browser's own recording: clusters of a second, key frames two seconds apart."""
    vp9 = ("-c:v", "libvpx-vp9", "-b:v", "1M", "-g", "60", "-deadline", "realtime", "-cpu-used", "8")
    opus = ("-c:a", "libopus")
    engine.choose(numbered_film(tmp_path / "a.webm", frames=150, codec=vp9, sound_codec=opus, container=("-live", "1")))
    assert [engine.picture(at_ms) for at_ms in (0, 1501, 3500, 4900)] == [0, 45, 105, 147]


# Codec strings that a browser's decoder refuses


VP9 = ("-c:v", "libvpx-vp9", "-b:v", "1M", "-g", "30", "-deadline", "realtime", "-cpu-used", "8")
CARELESS = {
    "VP9 without a level, as Chromium records it": (VP9, b"vpcC", 5, b"\0"),
    "VP9 with colours that are reserved": (VP9, b"vpcC", 7, b"\0\0\0"),
    "H.264 without a level": ((*H264, "-g", "30"), b"avcC", 3, b"\0"),
    "H.264 of a level that is none": ((*H264, "-g", "30"), b"avcC", 3, b"\xff"),
}


@pytest.mark.parametrize("kind", CARELESS)
def test_a_head_that_tells_the_decoder_too_little_hides_no_picture(engine: Engine, tmp_path: Path, kind: str) -> None:
    codec, box, at, written = CARELESS[kind]
    path = numbered_film(tmp_path / "film.mp4", frames=60, codec=codec)
    film = bytearray(path.read_bytes())
    begin = film.index(box) + 4 + at
    film[begin : begin + len(written)] = written
    path.write_bytes(film)
    engine.choose(path)
    facts = engine.facts()
    assert (facts["canShow"], facts["canCut"], facts["canCutLight"]) == (True, True, True)
    assert engine.picture(1500) == 45
    for mode in ("lossless", "light"):
        assert numbers_of(engine.cut({"in": 500, "out": 1500}, mode)) == list(range(15, 45))


def test_of_two_sounds_the_one_that_can_be_named_is_taken(engine: Engine, tmp_path: Path) -> None:
    """A phone's film: the sound for its own players first, the sound for all others beside it."""
    picture = numbered_film(tmp_path / "picture.mp4", frames=60, sound=None)
    tone, beeps = ("-f", "lavfi", "-t", "2", "-i", "sine=500"), ("-f", "lavfi", "-t", "2", "-i", BEEP)
    tracks = ("-map", "0:v", "-map", "1:a", "-map", "2:a", "-c:v", "copy", "-c:a", "aac", "-disposition:a", "default")
    run("-i", str(picture), *tone, *beeps, *tracks, str(tmp_path / "both.mp4"))
    film = Mp4(tmp_path / "both.mp4")
    spatial = film.description(1, "mp4a")
    spatial.kind, spatial.inside = "apac", []
    engine.choose(film.write(tmp_path / "film.mp4"))
    facts = engine.facts()
    assert (facts["canCut"], facts["audioCodec"]) == (True, "aac")
    for mode in ("lossless", "light"):
        made = engine.cut({"in": 0, "out": 1500}, mode)
        assert beeps_ms_in(made.path) == pytest.approx([0, 1000], abs=12)  # AAC's own softness at the start
        with av.open(str(made.path)) as container:
            assert len(container.streams.audio) == 1
