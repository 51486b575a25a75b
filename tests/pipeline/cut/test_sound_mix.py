"""What is heard in a moment: the track with sound, both channels, and a word where there is nothing to hear."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.artifact import FinishedMoment
from pipeline.cut import sound_mix
from pipeline.cut.clips import cut_clip
from pipeline.moments import Clip
from pipeline.presets import preset
from pipeline.source.film import probe
from pipeline.source.remux import make_seekable
from pipeline.source.span_copy import copy_span
from tests.footage import BEEP, RUNNER, beeps_ms_in, run
from tests.mp4_boxes import Mp4

SILENCE = "anullsrc=channel_layout=stereo:sample_rate=48000"
MONO = "aevalsrc=exprs='if(lt(mod(t+{late},1),0.04),0.5*sin(2*PI*{pitch}*t),0)':sample_rate=48000:channel_layout=mono"
SPEECH = "anoisesrc=color=pink:seed=7:amplitude=0.5:sample_rate=48000,tremolo=f=4:d=0.9,highpass=300"
FAN = "anoisesrc=color={colour}:seed=3:amplitude=0.4:sample_rate=48000"


def film_with(
    folder: Path,
    *sounds: str,
    name: str = "film.mov",
    codec: str = "pcm_s16le",
    seconds: int = 6,
) -> Path:
    """A film with a track for each sound."""
    argv = ["-f", "lavfi", "-i", f"testsrc2=duration={seconds}:rate=25:size=320x240"]
    for sound in sounds:
        argv += ["-f", "lavfi", "-t", str(seconds), "-i", sound]
    maps = [word for number in range(len(sounds) + 1) for word in ("-map", str(number))]
    path = folder / name
    pictures = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "0")
    run(*argv, *maps, *pictures, "-c:a", codec, str(path))
    return path


def cut(path: Path, in_ms: int = 1000, out_ms: int = 4000) -> FinishedMoment:
    return cut_clip(probe(path), Clip(in_ms=in_ms, out_ms=out_ms), preset(), path.with_name("clip.mp4"), runner=RUNNER)


def channels(clip: FinishedMoment) -> NDArray[np.float32]:
    with av.open(str(clip.path)) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)


@pytest.mark.parametrize(("name", "codec"), [("a.mov", "pcm_s16le"), ("a.mp4", "aac"), ("a.mkv", "libopus")])
def test_the_track_with_sound_is_taken_and_that_is_told(tmp_path: Path, name: str, codec: str) -> None:
    clip = cut(film_with(tmp_path, SILENCE, BEEP, name=name, codec=codec))
    assert beeps_ms_in(clip.path) == pytest.approx([0, 1000, 2000], abs=10)
    assert clip.warnings == (sound_mix.OTHER_TRACK,)


def test_a_track_that_is_silent_only_elsewhere_is_the_one_heard(tmp_path: Path) -> None:
    from_three = "aevalsrc=exprs='if(gte(t,3),0.3*sin(2*PI*500*t),0)':sample_rate=48000:channel_layout=stereo"
    path = film_with(tmp_path, from_three, BEEP)
    assert cut(path, 3500, 4500).warnings == ()
    early = cut(path, 520, 2520)
    assert early.warnings == (sound_mix.OTHER_TRACK,)
    assert beeps_ms_in(early.path) == pytest.approx([480, 1480], abs=2)


def test_a_cameras_mono_tracks_are_heard_together(tmp_path: Path) -> None:
    """As broadcast cameras write them: a track a microphone, and sockets without one."""
    tracks = [MONO.format(late=0, pitch=1000), MONO.format(late=0.5, pitch=600)]
    nothing = "anullsrc=channel_layout=mono:sample_rate=48000"
    clip = cut(film_with(tmp_path, *tracks, nothing, nothing))
    assert beeps_ms_in(clip.path) == pytest.approx([0, 500, 1000, 1500, 2000, 2500], abs=2)
    assert clip.warnings == ()


def test_of_mono_tracks_the_silent_first_one_does_no_harm(tmp_path: Path) -> None:
    nothing = "anullsrc=channel_layout=mono:sample_rate=48000"
    clip = cut(film_with(tmp_path, nothing, MONO.format(late=0, pitch=1000), name="film.mxf", codec="pcm_s16le"))
    assert beeps_ms_in(clip.path) == pytest.approx([0, 1000, 2000], abs=25)
    assert clip.warnings == (sound_mix.OTHER_TRACK,)


def test_a_mono_track_that_cancels_another_is_left_out(tmp_path: Path) -> None:
    one = MONO.format(late=0, pitch=1000)
    clip = cut(film_with(tmp_path, one, f"{one},volume=-1"))
    assert beeps_ms_in(clip.path) == pytest.approx([0, 1000, 2000], abs=2)


@pytest.mark.parametrize("codec", ["pcm_s16le", "aac"])
@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ("pan=stereo|c0=c0|c1=0*c1", sound_mix.DEAD_CHANNEL),
        ("pan=stereo|c0=0*c0|c1=c1", sound_mix.DEAD_CHANNEL),
        ("pan=stereo|c0=c0|c1=-1*c1", sound_mix.INVERTED_CHANNEL),
        ("pan=stereo|c0=-0.7*c0|c1=c1", sound_mix.INVERTED_CHANNEL),
    ],
)
@pytest.mark.parametrize("sound", [BEEP, f"{SPEECH},aformat=channel_layouts=stereo"], ids=["beep", "speech"])
def test_a_dead_or_inverted_channel_is_put_right_with_a_remark(
    tmp_path: Path, sound: str, spoilt: str, said: str, codec: str
) -> None:
    clip = cut(film_with(tmp_path, f"{sound},{spoilt}", codec=codec))
    assert clip.warnings == (said,)
    left, right = channels(clip)
    loud = [float(np.sqrt(np.mean(np.square(one)))) for one in (left, right, (left + right) / 2)]
    assert min(loud) > 0.6 * max(loud), "heard on either side, and on one loudspeaker"


@pytest.mark.parametrize(
    "stereo",
    [
        "aevalsrc=exprs='0.3*sin(2*PI*300*t)*(1+sin(3*t))|0.1*sin(2*PI*440*t)*(1+sin(5*t))':sample_rate=48000",
        f"{SPEECH},aformat=channel_layouts=stereo,stereowiden=delay=15",
        f"{SPEECH},pan=stereo|c0=c0|c1=0.05*c0",
    ],
    ids=["different", "wide", "one side soft"],
)
def test_true_stereo_is_left_alone(tmp_path: Path, stereo: str) -> None:
    assert cut(film_with(tmp_path, stereo)).warnings == ()


@pytest.mark.parametrize("tracks", [(SILENCE,), (SILENCE, SILENCE)])
def test_a_silent_moment_is_told(tmp_path: Path, tracks: tuple[str, ...]) -> None:
    assert cut(film_with(tmp_path, *tracks)).warnings == (sound_mix.SILENT,)


def test_a_moment_after_the_sound_has_ended_is_told(tmp_path: Path) -> None:
    path = film_with(tmp_path, f"{BEEP},atrim=end=2")
    assert cut(path, 3000, 5000).warnings == (sound_mix.SILENT,)
    assert cut(path, 500, 2500).warnings == ()


@pytest.mark.parametrize("colour", ["white", "pink"])
def test_a_voice_under_its_noise_is_told(tmp_path: Path, colour: str) -> None:
    """The same voice 20 dB under the noise of a fan, and 10 dB over it."""
    for under_db, said in ((20, (sound_mix.ONLY_NOISE,)), (-10, ())):
        mixed = (
            f"{FAN.format(colour=colour)},highpass=300,lowpass=3400[a];{SPEECH},lowpass=3400,volume={-under_db}dB[b];"
            "[a][b]amix=inputs=2:normalize=0,volume=0.3,aformat=channel_layouts=stereo"
        )
        assert cut(film_with(tmp_path, mixed)).warnings == said


def test_a_track_that_nothing_decodes_is_passed_over_without_a_word(tmp_path: Path) -> None:
    drawn = Mp4(film_with(tmp_path, "sine=sample_rate=48000", BEEP, name="film.mp4", codec="aac"))
    spatial = drawn.description(1, "mp4a")
    spatial.kind, spatial.inside = "apac", []  # what new phones write first, with AAC beside it
    path = drawn.write(tmp_path / "phone.mp4")
    film = probe(path)
    assert [audio.codec for audio in film.sounds] == ["aac"]
    clip = cut(path)
    assert beeps_ms_in(clip.path) == pytest.approx([0, 1000, 2000], abs=10)
    assert clip.warnings == ()


@pytest.mark.parametrize("name", ["film.ts", "film.mxf"])
def test_every_track_goes_along_where_a_film_has_to_be_copied_first(tmp_path: Path, name: str) -> None:
    codec = "pcm_s16le" if name != "film.ts" else "ac3"
    path = film_with(tmp_path, SILENCE, BEEP, name=name, codec=codec)
    (tmp_path / "copy").mkdir()
    film = make_seekable(probe(path), tmp_path / "copy", runner=RUNNER)
    assert len(film.sounds) == 2
    clip = cut_clip(film, Clip(in_ms=1000, out_ms=4000), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert beeps_ms_in(clip.path) == pytest.approx([0, 1000, 2000], abs=45)
    assert clip.warnings == (sound_mix.OTHER_TRACK,)


def test_every_track_goes_along_in_a_cut(tmp_path: Path) -> None:
    film = probe(film_with(tmp_path, SILENCE, BEEP, name="film.mp4", codec="aac"))
    span = copy_span(film, Clip(in_ms=2520, out_ms=4520), tmp_path / "span")
    assert isinstance(span.moment, Clip)
    clip = cut_clip(probe(span.path), span.moment, preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert beeps_ms_in(clip.path) == pytest.approx([480, 1480], abs=10)
