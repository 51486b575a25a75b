"""A name that was spoken is silenced: nothing of it is left in what is made, and all the rest is as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.artifact import FinishedMoment
from pipeline.cut import clips
from pipeline.cut.audio_clips import cut_sound
from pipeline.cut.clips import cut_clip
from pipeline.cut.silencing import FADE_SAMPLES, MARGIN_SAMPLES, SilentSamples, add_silences, check_silent, silences_in
from pipeline.cut.sound_mix import SILENCED
from pipeline.errors import ArtifactWrong
from pipeline.moments import Clip, Silence
from pipeline.presets import preset
from pipeline.source.film import probe
from pipeline.source.recording import Recording, probe_source
from tests.footage import RUNNER, numbered_film, spoken_recording
from tests.pipeline.cut.test_loudness import measured
from tests.pipeline.cut.test_picture_copy import EXPORT, stored

NAME = "if(between(t,1.5,2),0.9*sin(2*PI*900*t),0.03*sin(2*PI*300*t))"
"""A quiet hum all the time, and half a second of something loud: the name."""
SPOKEN = f"aevalsrc=exprs='{NAME}':sample_rate=48000:channel_layout=stereo"
RATE = 48_000


def heard_in(path: Path) -> NDArray[np.float32]:
    """Every sample of the left channel, from 0 on the clock of the file, as a player places it."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    assert frames[0].pts is not None
    assert frames[0].time_base is not None
    begin = round(frames[0].pts * frames[0].time_base * RATE)
    samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return samples[-begin:] if begin < 0 else np.pad(samples, (begin, 0))


def between(samples: NDArray[np.float32], from_ms: int, to_ms: int) -> NDArray[np.float32]:
    return np.abs(samples[from_ms * RATE // 1000 : to_ms * RATE // 1000])


def silent(*stretches: tuple[int, int]) -> tuple[Silence, ...]:
    return tuple(Silence(from_ms=from_ms, to_ms=to_ms) for from_ms, to_ms in stretches)


def around(*silences: tuple[int, int]) -> Clip:
    return Clip(in_ms=1000, out_ms=3000, silences=silent(*silences))


def make(film: Path, clip: Clip, folder: Path, name: str = "clip.mp4") -> FinishedMoment:
    return cut_clip(probe(film), clip, preset(), folder / name, runner=RUNNER)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film whose pictures can be copied, and in which a name is spoken."""
    path = tmp_path_factory.mktemp("spoken") / "film.mp4"
    return numbered_film(path, frames=120, fps="30", codec=EXPORT, sound=SPOKEN)


def test_nothing_of_the_name_is_left_and_the_picture_is_copied_as_it_was(film: Path, tmp_path: Path) -> None:
    plain = make(film, around(), tmp_path, "plain.mp4")
    silent = make(film, around((1500, 2000)), tmp_path)
    assert plain.encoded_because is silent.encoded_because is None
    assert stored(silent.path) == stored(plain.path)
    heard, before = heard_in(silent.path), heard_in(plain.path)
    assert between(before, 520, 980).max() > 0.1
    assert between(heard, 500, 1000).max() == 0
    assert len(heard) == len(before)
    # All the rest is there, up to the margins.
    margin_ms = 1000 * (MARGIN_SAMPLES + FADE_SAMPLES) // RATE + 1
    for from_ms, to_ms in ((50, 500 - margin_ms), (1000 + margin_ms, 1950)):
        loud = between(heard, from_ms, to_ms).reshape(-1, 48).max(axis=1)
        assert np.median(loud) > 0.01
    # What was silenced had no say in how loud the rest becomes: the hum is raised as if there were nothing else.
    assert silent.gain_db is not None
    assert plain.gain_db is not None
    assert silent.gain_db > plain.gain_db + 10
    assert measured(silent.path)[0] == pytest.approx(-16, abs=1)


def test_several_stretches_and_those_at_its_ends_are_silent(film: Path, tmp_path: Path) -> None:
    made = make(film, around((0, 1100), (1500, 1700), (1650, 2000), (2950, 9000)), tmp_path)
    heard = heard_in(made.path)
    for from_ms, to_ms in ((0, 100), (500, 1000), (1950, 2000)):
        assert between(heard, from_ms, to_ms).max() == 0
    assert between(heard, 200, 400).max() > 0.01
    nothing = make(film, around((0, 9000)), tmp_path, "nothing.mp4")
    assert heard_in(nothing.path).max() == 0
    assert nothing.warnings == (SILENCED,)


def test_a_clip_that_begins_behind_its_start_is_silent_in_the_same_seconds(film: Path, tmp_path: Path) -> None:
    """Its first picture comes up to a picture's length after what was asked for, and the sound begins with that."""
    clip = Clip(in_ms=1001, out_ms=3000, silences=silent((1500, 2000)))
    made = make(film, clip, tmp_path)
    assert made.begins_ms == 1033
    heard = heard_in(made.path)
    assert between(heard, 1500 - 1033, 2000 - 1033).max() == 0
    assert between(heard, 200, 1480 - 1033 - 60).max() > 0.01


@pytest.mark.parametrize("channels", [1, 2])
def test_a_recording_without_a_picture_is_silenced_too(channels: int, tmp_path: Path) -> None:
    path = spoken_recording(tmp_path / "diary.m4a", "-ac", str(channels), seconds=4, sound=SPOKEN)
    recording = probe_source(path)
    assert isinstance(recording, Recording)
    made = cut_sound(recording, around((1500, 2000)), preset(), tmp_path / "out.m4a", runner=RUNNER)
    heard = heard_in(made.path)
    assert between(heard, 500, 1000).max() == 0
    assert between(heard, 100, 400).max() > 0.02
    assert made.peaks is not None
    assert set(made.peaks[41:79]) == {0}  # the shape on its card tells nothing either


def test_what_is_heard_in_a_stretch_is_refused(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(film, around(), tmp_path)
    check_silent(made.path, ())
    with pytest.raises(ArtifactWrong, match="should be silent"):
        check_silent(made.path, [SilentSamples(RATE * 9 // 10, RATE)])

    def too_short(stream: object, silences: Sequence[SilentSamples]) -> object:
        return add_silences(stream, [replace(one, begin=one.begin + 4800) for one in silences])

    monkeypatch.setattr("pipeline.cut.sound_mix.add_silences", too_short)
    with pytest.raises(ArtifactWrong, match="should be silent"):
        clips.cut_clip(probe(film), around((1500, 2000)), preset(), tmp_path / "again.mp4", runner=RUNNER)
    assert not (tmp_path / "again.mp4").exists()


def test_stretches_are_cut_to_the_clip_and_never_shorter_than_they_were_marked() -> None:
    clip = Clip(in_ms=0, out_ms=3000, silences=silent((0, 400), (999, 1001), (2500, 9000)))
    assert silences_in(clip, Fraction(1, 3), Fraction(2)) == (
        SilentSamples(0, 3200), SilentSamples(31_952, 32_048),
    )  # fmt: skip
