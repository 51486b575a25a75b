"""The reel: what comes when, to the frame; its sound, its words, and what is asked of a file that televisions play."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.errors import ArtifactWrong
from pipeline.outputs import reel
from pipeline.outputs.kinds import find_kind, parse_recipe
from pipeline.outputs.reel.plan import GROUND_RGB, Screen, screen_for, television_rate
from pipeline.outputs.reel.segments import Segment, verify_reel
from pipeline.prepared import Prepared
from tests.footage import RUNNER, beeps_ms_in, read_number, run
from tests.pipeline.outputs.prepared_by_hand import drawn_clip, drawn_still, prepared_from

TOGETHER = "reel"

LYING, STANDING = 40, 24
FULL_AT = 5 * 30 + 42
"""After the first words (5 s) and the moment's number (1.4 s)."""
HELD = 75


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two moments, one lying and one standing; a still is chosen in the first, at the time of its frame 12."""
    folder = tmp_path_factory.mktemp("reel")
    lying = drawn_clip(folder / "1.mp4", frames=LYING, caption="Ella looks up.")
    standing = drawn_clip(folder / "2.mp4", frames=STANDING, width=240, height=320)
    standing = replace(standing, in_ms=100_000, out_ms=100_800)
    still = replace(drawn_still(folder / "1.jpg"), in_ms=lying.in_ms + 400)
    [artifact] = reel.make(prepared_from(lying, standing, still), reel.Recipe(), folder, RUNNER)
    assert (artifact.path, artifact.media_type) == (folder / "reel.mp4", "video/mp4")
    assert {path.name for path in folder.iterdir()} == {"1.mp4", "2.mp4", "1.jpg", "reel.mp4"}
    return artifact.path


def pictures_of(reel_path: Path, wanted: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
    """What stands on the screen in these thirtieths of a second, in rising order, one at a time: 700 would be 2 GB."""
    left = deque(wanted)
    with av.open(str(reel_path)) as container:
        before = None
        for frame in container.decode(video=0):
            assert frame.pts is not None
            assert frame.time_base is not None
            begins = round(30 * frame.pts * frame.time_base)
            while before is not None and left and left[0] < begins:
                left.popleft()
                yield before.to_ndarray(format="rgb24", src_colorspace="itu709")
            before = frame
        assert before is not None
        assert not left or left[-1] < count_of(reel_path)
        yield from (before.to_ndarray(format="rgb24", src_colorspace="itu709") for _ in left)


def count_of(reel_path: Path) -> int:
    """How many thirtieths of a second it has."""
    with av.open(str(reel_path)) as container:
        return round(30 * (container.duration or 0) / av.time_base)


def number_on(picture: NDArray[np.uint8], *, aspect: float) -> int:
    height, width = picture.shape[:2]
    half = round(height * aspect / 2)
    return read_number(picture[:, width // 2 - half : width // 2 + half, 1])


def test_a_moment_runs_stands_on_its_best_frame_and_runs_slowly(made: Path) -> None:
    whole = range(FULL_AT, FULL_AT + LYING + HELD + 2 * LYING)
    numbers = [number_on(picture, aspect=4 / 3) for picture in pictures_of(made, whole)]
    assert numbers[:LYING] == list(range(LYING))
    assert numbers[LYING + 12 : LYING + HELD] == [12] * (HELD - 12)
    assert numbers[LYING + HELD :] == [n // 2 for n in range(2 * LYING)]


def test_a_standing_moment_stands_between_calm_pillars(made: Path) -> None:
    begins = FULL_AT + 3 * LYING + HELD + 42
    running = pictures_of(made, range(begins, begins + STANDING))
    assert [number_on(picture, aspect=3 / 4) for picture in running] == list(range(STANDING))
    ends = begins + STANDING + HELD - 1
    [held] = (number_on(picture, aspect=3 / 4) for picture in pictures_of(made, [ends]))
    assert held in range(STANDING - 18, STANDING)  # none was chosen: the sharpest near its end
    calm = [0, begins + 3, begins + STANDING + 20, count_of(made) - 1]
    margins = [picture[:, :200].astype(int) for picture in pictures_of(made, calm)]
    assert [bool(np.abs(margin - GROUND_RGB).max() <= 4) for margin in margins] == [True] * len(calm)


def test_words_keep_away_from_the_edges_that_televisions_hide(made: Path) -> None:
    [opening] = pictures_of(made, [0])
    inked = np.argwhere(np.abs(opening.astype(int) - GROUND_RGB).max(axis=2) > 40)
    (top, left), (bottom, right) = inked.min(axis=0), inked.max(axis=0)
    assert left >= 128
    assert right < 1280 - 128
    assert top >= 72
    assert bottom < 720 - 72


def test_sound_stays_with_the_first_time_and_is_left_out_of_the_second(made: Path) -> None:
    first_ms, second_ms = (1000 * at / 30 for at in (FULL_AT, FULL_AT + 3 * LYING + HELD + 42))
    # A moment's first 20 ms grow from silence, so a beep that begins there is heard a little later.
    assert beeps_ms_in(made) == pytest.approx([first_ms, first_ms + 1000, second_ms], abs=8)


def test_the_file_is_of_the_kind_every_television_plays(made: Path) -> None:
    with av.open(str(made)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.profile) == ("h264", "High")
        assert (video.format.name, video.width, video.height) == ("yuv420p", 1280, 720)
        assert (audio.codec_context.name, audio.rate, audio.layout.name) == ("aac", 48_000, "stereo")
        assert not {"title", "creation_time", "encoder", "location"} & set(container.metadata)
    assert b"K-104" not in made.read_bytes()


def test_a_reel_with_a_frame_too_few_or_a_black_end_is_thrown_away(made: Path, tmp_path: Path) -> None:
    screen = Screen(1280, 720, Fraction(30))
    with av.open(str(made)) as container:
        frames = container.streams.video[0].frames
    pieces = [Segment(made, frames - LYING - STANDING), Segment(made, LYING + STANDING, slower=2)]
    verify_reel(made, screen, pieces)
    with pytest.raises(ArtifactWrong, match="frames"):
        verify_reel(made, screen, [*pieces, Segment(made, 1)])
    night = tmp_path / "night.mp4"
    made_of = ["-f", "lavfi", "-i", "color=black:s=1280x720:r=30", "-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo"]
    kept = ["-t", "1", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-c:a", "aac", "-fflags", "+bitexact"]
    run(*made_of, *kept, "-movflags", "+faststart", str(night))
    with pytest.raises(ArtifactWrong, match=r"wrong in: first picture, last picture$"):
        verify_reel(night, screen, [Segment(night, 30)])
    run(*made_of, *kept, str(night))
    with pytest.raises(ArtifactWrong, match="order on disk"):
        verify_reel(night, screen, [Segment(night, 30)])


def test_slow_sound_keeps_its_pitch_and_captions_stand_under_a_smaller_picture(tmp_path: Path) -> None:
    clip = drawn_clip(tmp_path / "1.mp4", frames=36, caption="Ella looks up. Mum waits.")
    recipe = reel.Recipe(captions=True, slow_sound=True, closing="", best_frames=("00:01:10.500",))
    prepared = prepared_from(clip, helping_question="")
    assert reel.remarks(prepared.selection, recipe) == []
    [artifact] = reel.make(prepared, recipe, tmp_path, RUNNER)
    begins, stands = 5 * 30, round(4.0 * 30)  # without a number before it; five words are read in 4 s
    slow_ms = 1000 * (begins + 36 + stands) / 30
    beeps = beeps_ms_in(artifact.path)
    assert beeps == pytest.approx([5000, 6000, slow_ms, slow_ms + 2000], abs=1000 * 2 / 30)
    with av.open(str(artifact.path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=48_000)
        sound = np.concatenate(
            [p.to_ndarray()[0] for frame in container.decode(audio=0) for p in resampler.resample(frame)]
        )
    slow = sound[round(48 * (slow_ms + 2010)) : round(48 * (slow_ms + 2060))]
    loudest_hz = np.abs(np.fft.rfft(slow)).argmax() * 48_000 / len(slow)
    assert loudest_hz == pytest.approx(1000, abs=40)
    [picture] = pictures_of(artifact.path, [begins + 36 + stands - 1])
    inked = np.abs(picture.astype(int) - GROUND_RGB).max(axis=2) > 20
    rows = np.flatnonzero(inked.any(axis=1))
    [gap] = [(a, b) for a, b in pairwise(rows) if b - a > 12]  # the picture, then one line
    photograph = picture[rows[0] : gap[0] + 1]
    columns = np.flatnonzero(inked[rows[0] : gap[0] + 1].all(axis=0))
    assert read_number(photograph[:, columns[0] : columns[-1] + 1, 1]) == 9
    assert count_of(artifact.path) == begins + 36 + stands + 72


def test_a_short_reel_shows_each_moment_once_and_then_its_best_picture(tmp_path: Path) -> None:
    prepared = prepared_from(drawn_clip(tmp_path / "1.mp4", frames=6))
    recipe = reel.Recipe(slower="once", closing="")
    assert [part.title for part in reel.contents(prepared, recipe)] == ["Words", "Clip 1", "Clip 1 stands still"]
    [artifact] = reel.make(prepared, recipe, tmp_path, RUNNER)
    assert count_of(artifact.path) == 5 * 30 + 6 + HELD


def test_the_screen_suits_the_moments() -> None:
    def clip(width: int, height: int, fps: float, duration_ms: int) -> object:
        return type("Clip", (), {"width_px": width, "height_px": height, "fps": fps, "duration_ms": duration_ms})

    assert screen_for([clip(640, 480, 25.0, 9000), clip(720, 1280, 29.97, 5000)]) == Screen(1280, 720, Fraction(25))  # type: ignore[list-item]
    assert screen_for([clip(2160, 3840, 60.0, 5000)]) == Screen(1920, 1080, Fraction(30))  # type: ignore[list-item]
    rates = {10: "30", 12.5: "25", 15: "30", 12: "24", 29.97: "30000/1001", 59.94: "30000/1001", 50: "25", 48: "24"}
    for fps, rate in rates.items():
        assert television_rate(Fraction(fps).limit_denominator(1001)) == Fraction(rate), fps


def test_what_will_not_come_out_as_written_is_said_beforehand(tmp_path: Path) -> None:
    clip = drawn_clip(tmp_path / "1.mp4", frames=2)
    selection = prepared_from(clip).selection
    assert reel.remarks(selection, reel.Recipe(best_frames=("01:00:00",))) == [
        "No clip holds the best picture at 01:00:00.000, so the reel does not show it."
    ]
    still = prepared_from(drawn_still(tmp_path / "1.jpg"))
    assert reel.remarks(still.selection, reel.Recipe()) == ["No clip is chosen, so there is no reel."]
    assert reel.make(Prepared(still.selection, still.moments), reel.Recipe(), tmp_path, RUNNER) == []


def test_a_best_picture_that_is_no_time_is_refused_in_words() -> None:
    kind = find_kind("reel")
    with pytest.raises(Exception, match=r"best_frames.*is not a time; write 00:01:10\.200"):
        parse_recipe(kind, {"best_frames": ["soon"]})
