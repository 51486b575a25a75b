"""What the page cuts holds exactly the frames the guider marked, and so does what comes out of the service."""

# ruff: noqa: E501  a table is easiest to read with one case a line
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from cli.demo_client.tus import send_file
from pipeline.cut.audio_clips import cut_sound
from pipeline.cut.clips import cut_clip
from pipeline.cut.stills import grab_still
from pipeline.moments import Clip
from pipeline.presets import preset
from pipeline.source.film import Film, probe
from pipeline.source.frames import frames_between
from pipeline.source.recording import Recording, probe_source
from tests.footage import (
    RUNNER,
    beeps_ms_in,
    grey_of,
    numbered_film,
    numbers_in,
    onsets_ms,
    read_number,
    run,
    spoken_recording,
)
from tests.servers import wait_until
from tests.web.desk import DeskService
from tests.web.engine import CutFile, Engine

TOGETHER = "engine"
FRAMES = 150
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18")
OPEN = ("-c:v", "libx264", "-preset", "fast", "-bf", "3", "-g", "24", "-x264-params", "open-gop=1:b-pyramid=2")
UNEVEN = {
    "filters": "settb=1/90000,setpts='N*3000+mod(N*N*7,23)*90'",
    "container": ("-enc_time_base", "1:90000", "-video_track_timescale", "90000"),
}
VP8 = {
    "codec": ("-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "10", "-b:v", "1M", "-g", "60"),
    "sound_codec": ("-c:a", "libopus"),
}
VP9 = {
    "codec": ("-c:v", "libvpx-vp9", "-b:v", "1M", "-g", "60", "-deadline", "realtime", "-cpu-used", "8"),
    "sound_codec": ("-c:a", "libopus"),
}
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=30:log-level=error", "-tag:v", "hvc1")
AV1 = ("-c:v", "libsvtav1", "-preset", "12", "-crf", "15", "-g", "60", "-svtav1-params", "lp=1")
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "one second GOPs, B-frames": ("a.mp4", {"codec": (*H264, "-bf", "2", "-g", "30")}),
    "two second GOPs, 29.97": ("a.mov", {"fps": "30000/1001", "codec": (*H264, "-bf", "0", "-g", "60")}),
    "ten second GOPs": ("a.mp4", {"codec": (*H264, "-bf", "2", "-g", "300", "-keyint_min", "300")}),
    "open GOPs": ("a.mp4", {"codec": OPEN}),
    "intra refresh": ("a.mp4", {"codec": ("-c:v", "libx264", "-preset", "fast", "-intra-refresh", "1", "-g", "30", "-bf", "0")}),
    "variable rate": ("a.mp4", {"codec": (*H264, "-bf", "2", "-g", "30"), **UNEVEN}),
    "fragments": ("a.mp4", {"container": ("-movflags", "frag_keyframe+empty_moov+default_base_moof")}),
    "edit list": ("edited.mp4", {"codec": (*H264, "-bf", "2", "-g", "30")}),
    "rotation": ("turned.mp4", {"filters": "transpose=cclock", "codec": (*H264, "-bf", "2", "-g", "30")}),
    "WebM, VP8": ("a.webm", VP8),
    "WebM, VP9, no cues": ("a.webm", {**VP9, "container": ("-live", "1")}),
    "Matroska, first picture at 10 s": ("a.mkv", {"filters": "setpts=PTS+10/TB", "sound": None}),
    "Matroska, AAC": ("a.mkv", {"codec": (*H264, "-bf", "2", "-g", "60")}),
    "AV1": ("a.mp4", {"codec": AV1}),
    "HEVC": ("a.mp4", {"codec": HEVC}),
    "transport stream": ("a.ts", {"codec": (*H264, "-bf", "2", "-g", "30")}),
}  # fmt: skip
DECODED_HERE = {"HEVC"}
"""Chromium without the makers' codecs cannot decode it: the page does, too slowly to make it lighter."""
UNEVEN_KINDS = {"variable rate"}
"""The service has to find a constant rate for them, so their lighter cuts are encoded once more."""
NOT_SOUGHT = {"transport stream"}
"""The service rewraps it before it looks for frames, so here the numbers tell alone."""
SPANS = [(0, 500), (1001, 1802), (1234, 2345), (2600, 3500)]


def draw(kind: str, folder: Path) -> Path:
    """The film of that kind."""
    name, options = KINDS[kind]
    path = numbered_film(folder / name, frames=FRAMES, **options)
    if name == "edited.mp4":  # begins within a GOP: what stands before is stored and not shown
        run("-ss", "1.34", "-i", str(path), "-c", "copy", str(folder / "a.mp4"))
        return folder / "a.mp4"
    if name == "turned.mp4":
        run("-display_rotation", "-90", "-i", str(path), "-c", "copy", str(folder / "a.mp4"))
        return folder / "a.mp4"
    return path


def numbers_between(path: Path, in_ms: int, out_ms: int) -> list[int]:
    """The numbers of the frames the service finds in a span, upright."""
    film = probe(path)
    turns = film.video.orientation.rotate_cw_deg // 90
    frames = frames_between(film, in_ms, out_ms)
    return [read_number(np.rot90(grey_of(frame), -turns)) for frame in frames]


@pytest.fixture(scope="session")
def film_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Draws each kind of film once."""
    drawn: dict[str, Path] = {}

    def find(kind: str) -> Path:
        if kind not in drawn:
            drawn[kind] = draw(kind, tmp_path_factory.mktemp("film"))
        return drawn[kind]

    return find


def assert_not_encoded_twice(made: CutFile, wanted: list[int], kind: str) -> None:
    """What the service makes of a lighter cut shows just those frames, and its pictures are those that were sent."""
    clip = Clip(in_ms=made.cut["in"], out_ms=made.cut["out"])
    finished = cut_clip(probe(made.path), clip, preset(), made.path.with_suffix(".clip.mp4"), runner=RUNNER)
    shown = numbers_in(finished.path)
    if kind in UNEVEN_KINDS:
        assert "do not come at an even" in str(finished.encoded_because)
        assert (shown[0], shown[-1]) == (wanted[0], wanted[-1])
    else:
        assert finished.encoded_because is None
        assert shown == wanted
    with av.open(str(finished.path), options={"ignore_editlist": "1"}) as container:
        assert len([packet for packet in container.demux(video=0) if packet.size]) == len(shown)


def assert_same_moment(film: Path, in_ms: int, out_ms: int, made: CutFile) -> None:
    wanted = numbers_between(film, in_ms, out_ms)
    assert len(wanted) > 10
    assert numbers_between(made.path, made.cut["in"], made.cut["out"]) == wanted
    assert abs(made.cut["out"] - made.cut["in"] - (out_ms - in_ms)) <= 2


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in NOT_SOUGHT])
@pytest.mark.parametrize("mode", ["lossless", "light"])
def test_the_cut_holds_just_the_frames_of_the_moment(
    engine: Engine, film_of: Callable[[str], Path], kind: str, mode: str
) -> None:
    if mode == "light" and kind in DECODED_HERE:
        pytest.skip("this browser has no decoder for it")
    film = film_of(kind)
    engine.choose(film)
    facts = engine.facts()
    assert facts["canCut"]
    assert (facts["canShow"], facts["isDecodedHere"]) == (True, kind in DECODED_HERE)
    assert abs(facts["durationMs"] - probe(film).duration_ms) <= 1
    spans = [*SPANS, (2800, facts["durationMs"])]
    if mode == "light":  # which packets a moment needs does not depend on it; each kind is encoded from two places
        spans = [spans[(list(KINDS).index(kind) + step) % len(spans)] for step in (0, 2)]
    for in_ms, out_ms in spans:
        made = engine.cut({"in": in_ms, "out": out_ms}, mode)
        assert_same_moment(film, in_ms, out_ms, made)
        if mode == "light":
            assert_not_encoded_twice(made, numbers_between(film, in_ms, out_ms), kind)


def test_where_pictures_are_stored_that_are_never_shown_a_lossless_cut_is_exact(engine: Engine, tmp_path: Path) -> None:
    """As two passes of libvpx store them."""
    codec = (*VP8["codec"], "-cpu-used", "5")
    film = numbered_film(tmp_path / "film.webm", frames=FRAMES, codec=codec, sound_codec=VP8["sound_codec"], passes=2)
    assert packets_in(film) > FRAMES
    engine.choose(film)
    for in_ms, out_ms in SPANS:
        assert_same_moment(film, in_ms, out_ms, engine.cut({"in": in_ms, "out": out_ms}))


def packets_in(path: Path) -> int:
    with av.open(str(path)) as container:
        return len([packet for packet in container.demux(video=0) if packet.size])


def test_a_transport_stream_is_cut_to_the_frame(engine: Engine, film_of: Callable[[str], Path]) -> None:
    engine.choose(film_of("transport stream"))
    for in_ms, out_ms in SPANS:
        made = engine.cut({"in": in_ms, "out": out_ms})
        wanted = [n for n in range(FRAMES) if in_ms <= n * 1000 // 30 < out_ms]
        assert numbers_between(made.path, made.cut["in"], made.cut["out"]) == wanted


@pytest.mark.parametrize("kind", ["ten second GOPs", "open GOPs", "variable rate", "rotation", "edit list", "HEVC"])
def test_a_still_is_the_frame_on_screen(engine: Engine, film_of: Callable[[str], Path], kind: str) -> None:
    film = film_of(kind)
    engine.choose(film)
    for at_ms in (0, 1001, 2345):
        made = engine.cut({"at": at_ms}, "light")
        expected, got = (
            grab_still(probe(film), at_ms, runner=RUNNER),
            grab_still(probe(made.path), made.cut["at"], runner=RUNNER),
        )
        if kind == "edit list" and at_ms == 0:  # leans on pictures that were cut out, so it is encoded anew
            assert np.abs(expected.pixels.astype(int) - got.pixels.astype(int)).mean() < 1
        else:
            assert np.array_equal(expected.pixels, got.pixels)


def test_a_still_to_be_searched_for_brings_its_neighbours(engine: Engine, film_of: Callable[[str], Path]) -> None:
    film = film_of("one second GOPs, B-frames")
    engine.choose(film)
    made = engine.cut({"at": 2345, "exact": False})
    at_ms = made.cut["at"]
    around = numbers_between(made.path, max(0, at_ms - 400), at_ms + 401)
    shown = numbers_between(film, 2333, 2334)[0]
    assert around[0] <= shown - 11
    assert around[-1] >= shown + 12


@pytest.mark.parametrize("mode", ["lossless", "light"])
@pytest.mark.parametrize("kind", ["one second GOPs, B-frames", "edit list", "WebM, VP8", "Matroska, AAC", "fragments"])
def test_sound_stays_with_the_picture(engine: Engine, film_of: Callable[[str], Path], kind: str, mode: str) -> None:
    engine.choose(film_of(kind))
    made = engine.cut({"in": 1500, "out": 3500}, mode)
    film = probe(made.path)
    shown = {read_number(grey_of(f)): film.ms_at(f.pts or 0) for f in frames_between(film, 0, 9999)}
    whole_seconds = [ms for number, ms in shown.items() if number % 30 == 0 and ms > 200]
    heard = beeps_ms_in(made.path)
    assert len(whole_seconds) >= 1
    for ms in whole_seconds:
        assert min(abs(beep - ms) for beep in heard) <= 2


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("page.mp4", b"<!doctype html><title>no film</title>" * 20, "not_a_film"),
        ("list.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n/etc/passwd\n", "not_a_film"),
        ("empty.mp4", b"", "not_a_film"),
        ("windows.wmv", bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(500), "film_not_opened"),
    ],
)
def test_what_cannot_be_opened_is_told_in_one_sentence(
    engine: Engine, tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    engine.choose(path)
    problem = engine.problem()
    assert problem is not None
    assert problem["code"] == code
    assert problem["sentence"].endswith(".")


def test_a_film_cut_short_is_told_so(engine: Engine, film_of: Callable[[str], Path], tmp_path: Path) -> None:
    whole = film_of("one second GOPs, B-frames").read_bytes()
    path = tmp_path / "short.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    engine.choose(path)
    problem = engine.problem()
    assert problem is not None
    assert problem["code"] == "film_cut_short"


def clip_numbers(client: httpx.Client, selection_id: str, moment: dict[str, Any], folder: Path) -> list[int]:
    [artifact] = [one for one in moment["artifacts"] if one["media_type"] == "video/mp4"]
    answer = client.get(f"/api/v1/selections/{selection_id}/artifacts/{artifact['id']}").raise_for_status()
    path = folder / f"{moment['id']}.mp4"
    path.write_bytes(answer.content)
    return numbers_in(path)


def assert_shows(
    client: httpx.Client, selection_id: str, moment: dict[str, Any], numbers: list[int], folder: Path
) -> None:
    assert moment["state"] == "ready", moment
    shown = clip_numbers(client, selection_id, moment, folder)
    assert (shown[0], shown[-1]) == (numbers[0], numbers[-1]), moment["moment"]["caption"]
    assert shown == sorted(shown)


def move_ends(
    client: httpx.Client, selection_id: str, moment: dict[str, Any], made: CutFile, numbers: list[int]
) -> list[int]:
    """Ask for some frames more at both ends, as far as they were sent; the numbers that shall come out.

    Every second moment is asked for as the page does, which looked into the upload; the others by the film's clock.
    """
    path = f"/api/v1/selections/{selection_id}/moments/{moment['id']}/ends"
    sent = probe(made.path)
    held = moment["held"]
    own_ms = [sent.ms_at(frame.pts or 0) for frame in frames_between(sent, 0, held["to_ms"] - held["from_ms"])]
    first = next(n for n, ms in enumerate(own_ms) if ms >= made.cut["in"])
    last = max(n for n, ms in enumerate(own_ms) if ms < made.cut["out"])
    assert last - first == numbers[-1] - numbers[0], moment["moment"]["caption"]
    earlier, later = min(5, first), min(7, len(own_ms) - 1 - last)
    assert earlier >= 5 or first == 0
    assert later >= 3, (own_ms, held, moment["moment"])  # the shortest film ends five frames after
    bounds_ms = [*own_ms, held["to_ms"] - held["from_ms"]]
    own = {"in": bounds_ms[first - earlier], "out": bounds_ms[last + later + 1]}
    asked: dict[str, Any] = {name: ms + held["from_ms"] for name, ms in own.items()}
    if moment["position"] % 2:
        asked["cut"] = own
    answer = client.put(path, json={**asked, "out": held["to_ms"] + 40})
    assert answer.json()["code"] in {"seconds_not_sent", "selection_invalid"}
    assert client.put(path, json=asked).status_code == 202
    return list(range(numbers[0] - earlier, numbers[-1] + later + 1))


def test_what_comes_out_of_the_service_is_exact(engine: Engine, film_of: Callable[[str], Path], tmp_path: Path) -> None:
    """One selection of a clip of every kind of film, cut by the page, through the real API, queue and worker."""
    service = DeskService(tmp_path)
    service.start()
    try:
        clips, cuts, wanted = [], [], []
        for number, kind in enumerate(KINDS):
            film = film_of(kind)
            in_ms, out_ms = SPANS[number % len(SPANS)]
            engine.choose(film)
            mode = "lossless" if kind in DECODED_HERE or number % 2 else "light"
            made = engine.cut({"in": in_ms, "out": out_ms}, mode)
            clips.append({"in": in_ms, "out": out_ms, "caption": f"{kind}, {mode}", "cut": made.cut})
            cuts.append(made)
            found = [n for n in range(FRAMES) if in_ms <= n * 1000 // 30 < out_ms]
            wanted.append(found if kind in NOT_SOUGHT else numbers_between(film, in_ms, out_ms))
        with service.client() as client:
            shape = {"family": "K-104", "clip": clips, "film": {"bytes": 1_000_000, "duration_ms": 6000}, "outputs": []}
            begun = client.post("/api/v1/selections", json=shape).raise_for_status().json()
            for awaited, made in zip(begun["uploads"], cuts, strict=True):
                send_file(client, awaited["url"], made.path, awaited["metadata"])
            selection_id = begun["selection"]["id"]
            wait_until(lambda: service.selection(selection_id)["settled"], "the clips", within_s=200)
            moments = service.selection(selection_id)["moments"]
            for moment, numbers in zip(moments, wanted, strict=True):
                assert_shows(client, selection_id, moment, numbers, tmp_path)
            # Prepared again from other ends, within what was sent around each.
            wanted = [
                move_ends(client, selection_id, moment, made, numbers)
                for moment, made, numbers in zip(moments, cuts, wanted, strict=True)
            ]
            wait_until(lambda: service.selection(selection_id)["settled"], "the clips again", within_s=200)
            for old, moment, numbers in zip(moments, service.selection(selection_id)["moments"], wanted, strict=True):
                assert_shows(client, selection_id, moment, numbers, tmp_path)
                gone = f"/api/v1/selections/{selection_id}/artifacts/{old['artifacts'][0]['id']}"
                assert client.get(gone).status_code == 404
    finally:
        service.stop()


def test_the_page_agrees_with_the_service_when_each_frame_is_shown(
    engine: Engine, film_of: Callable[[str], Path]
) -> None:
    for kind in ("variable rate", "edit list", "two second GOPs, 29.97"):
        path = film_of(kind)
        engine.choose(path)
        film: Film = probe(path)
        told = engine.frame_times(2000, 500)
        assert told == [film.ms_at(frame.pts or 0) for frame in frames_between(film, 1500, 2501)]


def test_a_cut_by_the_service_from_the_pages_cut_equals_one_from_the_film(
    engine: Engine, film_of: Callable[[str], Path], tmp_path: Path
) -> None:
    """The same pictures and the same length, to the last byte of the decoded frames."""
    path = film_of("one second GOPs, B-frames")
    engine.choose(path)
    made = engine.cut({"in": 1234, "out": 3210})
    own = Clip(in_ms=made.cut["in"], out_ms=made.cut["out"])
    from_cut = cut_clip(probe(made.path), own, preset("review"), tmp_path / "a.mp4", runner=RUNNER)
    from_film = cut_clip(
        probe(path), Clip(in_ms=1234, out_ms=3210), preset("review"), tmp_path / "b.mp4", runner=RUNNER
    )
    assert from_cut.duration_ms == from_film.duration_ms
    assert numbers_in(from_cut.path) == numbers_in(from_film.path)


RECORDED: dict[str, tuple[str, ...]] = {
    "iphone.m4a": ("-c:a", "aac", "-ar", "44100", "-ac", "1"),
    "recorder.mp3": ("-c:a", "libmp3lame", "-q:a", "5"),
    "recorder.wav": (),
    "message.ogg": ("-c:a", "libopus"),
    "browser.webm": ("-c:a", "libopus"),
}


@pytest.mark.parametrize("name", RECORDED)
def test_a_moment_of_a_recording_sounds_where_it_was_marked(name: str, engine: Engine, tmp_path: Path) -> None:
    engine.choose(spoken_recording(tmp_path / name, *RECORDED[name]))
    facts = engine.facts()
    assert (facts["hasPicture"], facts["canShow"], facts["canCut"], facts["canCutLight"]) == (False, True, True, False)
    assert facts["durationMs"] == pytest.approx(8000, abs=60)
    for in_ms, out_ms in ((0, 1500), (1500, 4750), (6950, 7950)):
        made = engine.cut({"in": in_ms, "out": out_ms})
        recording = probe_source(made.path)
        assert isinstance(recording, Recording)
        assert recording.duration_ms < out_ms - in_ms + 1700, "half a second before it travels, and one after"
        clip = Clip(in_ms=made.cut["in"], out_ms=made.cut["out"])
        heard = onsets_ms(cut_sound(recording, clip, preset(), tmp_path / f"{in_ms}.m4a", runner=RUNNER).path)
        expected = [ms - in_ms for ms in range(0, 8000, 1000) if in_ms <= ms < out_ms]
        assert heard == pytest.approx(expected, abs=2)
