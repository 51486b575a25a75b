"""What a family cut out of its film (an edit list) is not shown, cannot be marked and never leaves the laptop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from tests.footage import BEEP, beeps_ms_in, grey_of, numbered_film, read_number, spoken_recording
from tests.mp4_boxes import Mp4
from tests.web.engine import CutFile, Engine

TOGETHER = "engine_odd"

CODEC = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-g", "30")
GROUPS = {
    "B-frames": (*CODEC, "-bf", "2"),
    "no B-frames": (*CODEC, "-bf", "0"),
    "open GOPs": ("-c:v", "libx264", "-crf", "18", "-bf", "3", "-g", "30", "-x264-params", "open-gop=1"),
}
Edits = list[tuple[float, float]]
ONE = [(2.0, 4.0)]
BETWEEN = [(1.017, 8.0)]
WITHIN_GROUPS = [(2.5, 4.3)]
AFTER_A_WAIT = [(-1, 0.5), (2.5, 4.3)]
TWO = [(0.0, 2.0), (6.0, 4.0)]
TWO_WITHIN_GROUPS = [(0.7, 1.5), (4.4, 2.2)]
THREE = [(6.0, 2.0), (1.0, 1.2), (8.5, 1.0)]


@pytest.fixture(scope="session")
def film_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Edits, str], Path]:
    """Ten seconds of numbered pictures, 30 a second, of which the edits keep some; each drawn once."""
    folder = tmp_path_factory.mktemp("edited")
    whole: dict[str, Path] = {}

    def draw(edits: Edits, groups: str = "B-frames") -> Path:
        if groups not in whole:
            path, size = folder / f"{len(whole)}.mp4", {"width": 160, "height": 120}
            whole[groups] = numbered_film(path, frames=300, **size, codec=GROUPS[groups])
        film = Mp4(whole[groups])
        film.set_edits(edits)
        return film.write(folder / f"{abs(hash((tuple(edits), groups)))}.mp4")

    return draw


def kept(edits: Edits) -> list[int]:
    """The numbers of the pictures that the edits keep, in the order shown."""
    return [n for at, length in edits if at >= 0 for n in range(300) if at - 1e-6 <= n / 30 < at + length - 1e-6]


def stored_in(path: Path) -> list[int]:
    """The number on every picture that a file holds, whether it is shown or not."""
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        return [read_number(grey_of(frame)) for frame in container.decode(video=0)]


def beeps_by_time(path: Path) -> list[float]:
    """When each beep begins, in ms on the clock of the first picture, by each sample's own time: joins leave gaps."""
    with av.open(str(path)) as container:
        zero = float(next(frame.pts * frame.time_base for frame in container.decode(video=0)))
        container.seek(0)
        heard: list[float] = []
        loud_until = -1.0
        for frame in container.decode(audio=0):
            samples = np.abs(frame.to_ndarray()).max(axis=0)
            for index in np.flatnonzero(samples > 0.1):
                at = float(frame.pts * frame.time_base) + index / frame.sample_rate - zero
                if at > loud_until + 0.2:
                    heard.append(at * 1000)
                loud_until = at
    return heard


def moment_in(made: CutFile) -> list[int]:
    """The numbers of the pictures of a cut's moment, on the clock of the cut."""
    with av.open(str(made.path)) as container:
        shown = [(f.pts * f.time_base, read_number(grey_of(f))) for f in container.decode(video=0)]
    first = shown[0][0]
    at_ms = [(int((at - first) * 1000), number) for at, number in shown]
    if "at" in made.cut:
        return [next(number for ms, number in reversed(at_ms) if ms <= made.cut["at"])]
    return [number for ms, number in at_ms if made.cut["in"] <= ms < made.cut["out"]]


ALL = [ONE, BETWEEN, WITHIN_GROUPS, AFTER_A_WAIT, TWO, TWO_WITHIN_GROUPS, THREE]


@pytest.mark.parametrize("edits", ALL, ids=str)
def test_the_film_is_as_long_as_what_is_kept(engine: Engine, film_of: Callable[..., Path], edits: Edits) -> None:
    engine.choose(film_of(edits))
    numbers = kept(edits)
    assert abs(engine.facts()["durationMs"] - len(numbers) * 1000 / 30) <= 17 * len(edits)
    times = engine.frame_times(0, 20_000)
    assert len(times) == len(numbers)
    assert times[0] == 0


@pytest.mark.parametrize("edits", ALL, ids=str)
def test_single_pictures_and_the_strip_show_only_what_is_kept(
    engine: Engine, film_of: Callable[..., Path], edits: Edits
) -> None:
    engine.choose(film_of(edits))
    numbers = kept(edits)
    times = engine.frame_times(0, 20_000)
    for index in (0, 1, len(numbers) // 3, len(numbers) // 2, len(numbers) - 1):
        assert engine.picture(times[index]) == numbers[index]
    assert set(engine.strip(7)) <= set(numbers)


@pytest.mark.parametrize("edits", [AFTER_A_WAIT, THREE], ids=str)
def test_the_waveform_shows_each_beep_that_is_kept_where_it_is_heard(
    engine: Engine, film_of: Callable[..., Path], edits: Edits
) -> None:
    engine.choose(film_of(edits))
    peaks = engine.waveform(500)
    part_s = engine.facts()["durationMs"] / 1000 / len(peaks)
    heard = [
        n * part_s for n, peak in enumerate(peaks) if peak > 0.3 and max(peaks[max(0, n - 5) : n], default=0) <= 0.3
    ]
    begins = [sum(length for _, length in edits[:index]) for index in range(len(edits))]
    pictures_from = next(begin for begin, (at, _) in zip(begins, edits, strict=True) if at >= 0)
    beeps = [
        begin - pictures_from + second - at
        for begin, (at, length) in zip(begins, edits, strict=True)
        for second in range(11)
        if 0 <= at <= second < at + length
    ]
    assert heard == pytest.approx(beeps, abs=0.04)


@pytest.mark.parametrize("mode", ["lossless", "light"])
@pytest.mark.parametrize(
    ("edits", "groups"),
    [
        *((edits, "B-frames") for edits in ALL),
        (WITHIN_GROUPS, "no B-frames"),
        (BETWEEN, "open GOPs"),
        (THREE, "open GOPs"),
    ],
    ids=str,
)
def test_a_cut_holds_the_moment_and_nothing_that_was_cut_out(
    engine: Engine, film_of: Callable[..., Path], edits: Edits, groups: str, mode: str
) -> None:
    engine.choose(film_of(edits, groups))
    numbers = kept(edits)
    times = engine.frame_times(0, 20_000)
    last = len(numbers)
    spans = [(0, 12), (5, 40), (last // 2 - 3, last // 2 + 9), (last - 10, last - 2), (last - 4, last)]
    if mode == "light":  # made of the pictures shown, wherever they are stored: the ends and a join are enough
        spans = [spans[0], spans[2], spans[4]]
    for first, after in spans:
        end_ms = times[after] if after < last else times[-1] + 20
        made = engine.cut({"in": times[first], "out": end_ms}, mode)
        assert moment_in(made) == numbers[first:after]
        assert set(stored_in(made.path)) <= set(numbers)
    if mode == "light":  # a still is cut the same way however clips are
        return
    for index in (0, last // 2, last - 1):
        for exact in (True, False):
            made = engine.cut({"at": times[index], "exact": exact}, mode)
            assert moment_in(made) == [numbers[index]]
            assert set(stored_in(made.path)) <= set(numbers)


def test_pictures_that_need_no_hidden_one_travel_as_filmed(engine: Engine, film_of: Callable[..., Path]) -> None:
    film = film_of(WITHIN_GROUPS)
    engine.choose(film)
    made = engine.cut({"in": 1000, "out": 2000})
    with av.open(str(film)) as whole, av.open(str(made.path)) as cut:
        filmed = {bytes(packet) for packet in whole.demux(video=0) if packet.size}
        assert all(bytes(packet) in filmed for packet in cut.demux(video=0) if packet.size)


def test_a_moment_after_the_edit_is_outside_the_film(engine: Engine, film_of: Callable[..., Path]) -> None:
    engine.choose(film_of(ONE))
    assert engine.refused({"in": 5000, "out": 6000}) == "moment_outside_film"


@pytest.mark.parametrize("mode", ["lossless", "light"])
@pytest.mark.parametrize("edits", [ONE, WITHIN_GROUPS, TWO], ids=str)
def test_the_sound_is_that_of_the_pictures_and_nothing_else(
    engine: Engine, film_of: Callable[..., Path], edits: Edits, mode: str
) -> None:
    engine.choose(film_of(edits))
    numbers = kept(edits)
    times = engine.frame_times(0, 20_000)
    made = engine.cut({"in": times[20], "out": times[-20]}, mode)
    stored = stored_in(made.path)
    heard = beeps_by_time(made.path)
    # The sound packet that lies over a join is left out, so a beep right there is not heard from its beginning.
    joins = [index for index in range(1, len(stored)) if stored[index] != stored[index - 1] + 1]
    whole_s = [index for index, number in enumerate(stored) if number % 30 == 0 and index > 5]
    wanted = [index * 1000 / 30 for index in whole_s if index not in joins]
    for ms in wanted:
        assert min(abs(beep - ms) for beep in heard) <= 3
    assert len(heard) <= len([n for n in stored if n % 30 == 0]) + 1
    with av.open(str(made.path)) as container:
        sound = container.streams.audio[0]
        length_s = float(sum(packet.duration or 0 for packet in container.demux(sound)) * sound.time_base)
    assert length_s <= (len(numbers) - numbers.index(stored[0])) / 30 + 0.03


def test_uncompressed_sound_is_heard_to_the_edit_s_end(engine: Engine, tmp_path: Path) -> None:
    """A MOV stores it in pieces as long as no picture comes: the half second in which the edit ends was lost."""
    pcm = {"sound": BEEP.replace("mod(t,1)", "mod(t,0.5)"), "sound_codec": ("-c:a", "pcm_s16le")}
    film = Mp4(numbered_film(tmp_path / "whole.mov", frames=8, fps="2", width=160, height=120, codec=CODEC, **pcm))
    film.set_edits([(1.0, 2.25)])
    engine.choose(film.write(tmp_path / "film.mov"))
    cut = engine.cut({"in": 0, "out": 2250})
    assert beeps_ms_in(cut.path) == pytest.approx([0, 500, 1000, 1500, 2000], abs=1)


@pytest.mark.parametrize(
    "edits",
    [
        [(0.0, 2.0), (3.0, 1.0, 0.0), (6.0, 2.0)],
        [(0.0, 2.0, 0.5)],
        [(1.0, 4.0, 2.0)],
        [(0.0, 2.0), (-1, 0.5), (6.0, 2.0)],
    ],
    ids=["dwell", "half speed", "double speed", "a pause between two pieces"],
)
def test_another_pace_is_told_in_one_sentence(
    engine: Engine, tmp_path: Path, edits: list[tuple[float, float] | tuple[float, float, float]]
) -> None:
    film = Mp4(numbered_film(tmp_path / "whole.mp4", frames=300))
    film.set_edits(edits)
    engine.choose(film.write(tmp_path / "paced.mp4"))
    problem = engine.problem()
    assert problem is not None
    assert problem["code"] == "film_paced"


def test_of_a_standing_picture_only_what_the_edit_keeps_is_counted(engine: Engine, tmp_path: Path) -> None:
    still = numbered_film(tmp_path / "whole.mp4", frames=60, filters="settb=1/30,setpts='if(gte(N,30),N+150,N)'")
    film = Mp4(still)
    film.set_edits([(0.0, 3.0)])
    engine.choose(film.write(tmp_path / "film.mp4"))
    assert abs(engine.facts()["durationMs"] - 3000) <= 1


@pytest.mark.parametrize("edits", [ONE, [(2.5, 1.0), (6.2, 1.6)]], ids=str)
def test_of_a_shortened_recording_only_what_is_kept_is_heard(engine: Engine, tmp_path: Path, edits: Edits) -> None:
    """A tone a second, each higher than the one before, so that each second is known by its sound."""
    tones = "aevalsrc=exprs='0.5*sin(2*PI*(300+200*floor(t))*t)':sample_rate=48000"
    film = Mp4(spoken_recording(tmp_path / "whole.m4a", "-c:a", "aac", "-b:a", "128k", seconds=10, sound=tones))
    film.set_edits(edits)
    engine.choose(film.write(tmp_path / "kept.m4a"))
    length_ms = sum(length for _, length in edits) * 1000
    facts = engine.facts()
    assert abs(facts["durationMs"] - length_ms) <= 1
    made = engine.cut({"in": 0, "out": facts["durationMs"]})
    with av.open(str(made.path)) as container:
        parts = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    sound = np.concatenate(parts)
    assert abs(len(sound) / 48 - length_ms) <= 64 * len(edits)
    heard = set()
    for at in range(2048, len(sound) - 6800, 4800):
        spectrum = np.abs(np.fft.rfft(sound[at : at + 4800] * np.hanning(4800)))
        heard.add(round((spectrum.argmax() * 10 - 300) / 200))
    assert heard == {
        int(ms // 1000) for start, length in edits for ms in range(int(start * 1000), int((start + length) * 1000), 100)
    }
    assert engine.refused({"in": facts["durationMs"] + 10, "out": facts["durationMs"] + 900}) == "moment_outside_film"
