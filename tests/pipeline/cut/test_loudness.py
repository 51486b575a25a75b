"""Sound is levelled by measure and one gain, stays in step, and silence is left alone."""

from __future__ import annotations

import re
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import pytest

from pipeline.artifact import FinishedMoment
from pipeline.cut.clips import cut_clip
from pipeline.cut.loudness import MOST_GAIN_DB, MOST_TRUE_PEAK_DBTP, Level, Loudness, level_for
from pipeline.moments import Clip
from pipeline.presets import preset
from pipeline.source.film import probe
from pipeline.source.remux import make_seekable
from tests.footage import ONE_THREAD, RUNNER, beeps_ms_in, ffmpeg, numbered_film, run, without_sound_packets

SPEECH = "anoisesrc=color=pink:seed=7:amplitude=0.5,tremolo=f=4:d=0.7"


def measured(path: Path) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP, by another reading of the finished clip."""
    argv = [ffmpeg(), "-nostdin", "-i", str(path), "-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stderr
    return float(re.findall(r"I: +(\S+) LUFS", said)[-1]), float(re.findall(r"Peak: +(\S+) dBFS", said)[-1])


def peak_without_limit(film: Path, clip: FinishedMoment) -> float:
    """The true peak that the gain alone would have left, in dBTP."""
    assert clip.gain_db is not None
    return measured(film)[1] + clip.gain_db


def clip_with(tmp_path: Path, sound: str, *options: str) -> FinishedMoment:
    path = tmp_path / "film.mov"
    run(
        "-f", "lavfi", "-i", "testsrc2=duration=6:rate=25", "-f", "lavfi", "-t", "6", "-i", sound, "-c:v", "libx264",
        "-preset", "ultrafast", "-c:a", "pcm_f32le", *options, str(path),
    )  # fmt: skip
    return cut_clip(probe(path), Clip(in_ms=1000, out_ms=5000), preset(), tmp_path / "clip.mp4", runner=RUNNER)


@pytest.mark.parametrize("gain_db", [-30, -12, 0, 12])
def test_speech_comes_out_at_minus_16_lufs(tmp_path: Path, gain_db: int) -> None:
    clip = clip_with(tmp_path, f"{SPEECH},volume={gain_db}dB")
    loudness, peak = measured(clip.path)
    quiet = clip.gain_db == MOST_GAIN_DB
    assert loudness == pytest.approx(-16, abs=0.7) or (quiet and loudness < -16)
    assert peak <= -1.5


def test_clicks_and_shouts_are_held_below_the_peak(tmp_path: Path) -> None:
    clicks = "aevalsrc=exprs='if(lt(mod(t,0.5),0.002),0.99*sin(2*PI*5000*t),0.004*sin(2*PI*300*t))':sample_rate=48000"
    clip = clip_with(tmp_path, clicks)
    assert peak_without_limit(tmp_path / "film.mov", clip) > MOST_TRUE_PEAK_DBTP
    assert measured(clip.path)[1] <= -1.5


def test_holding_peaks_down_does_not_delay_the_sound(tmp_path: Path) -> None:
    clicks = (
        "aevalsrc=exprs='if(lt(mod(t,1),0.003),0.99,0.01)*sin(2*PI*1000*t)':sample_rate=48000:channel_layout=stereo"
    )
    path = numbered_film(tmp_path / "film.mov", frames=90, sound=clicks, sound_codec=("-c:a", "pcm_s16le"))
    clip = cut_clip(probe(path), Clip(in_ms=600, out_ms=2600), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert peak_without_limit(path, clip) > MOST_TRUE_PEAK_DBTP
    assert beeps_ms_in(clip.path) == pytest.approx([400, 1400], abs=1.5)


def test_silence_is_left_alone(tmp_path: Path) -> None:
    clip = clip_with(tmp_path, "anullsrc")
    assert clip.gain_db == 0
    assert measured(clip.path)[1] < -80


def test_quiet_speech_is_raised_by_20_db_at_most() -> None:
    assert level_for(Loudness(-50.0, -40.0)) == Level(20.0, limit=False)
    assert level_for(Loudness(-17.0, -9.0)) == Level(1.0, limit=False)
    assert level_for(Loudness(-30.0, -3.0)) == Level(14.0, limit=True)
    assert level_for(Loudness(-6.0, 0.0)) == Level(-10.0, limit=False)
    assert level_for(Loudness(None, None)) == Level()


@pytest.mark.parametrize(
    "options",
    [("-ac", "1"), ("-ac", "6"), ("-ar", "8000", "-ac", "1"), ("-ar", "96000"), ("-ac", "3")],
    ids=["mono", "5.1", "8 kHz", "96 kHz", "2.1"],
)
def test_every_layout_becomes_stereo_at_48_khz(tmp_path: Path, options: tuple[str, ...]) -> None:
    clip = clip_with(tmp_path, SPEECH, *options)
    with av.open(str(clip.path)) as container:
        context = container.streams.audio[0].codec_context
        found = (context.name, context.profile, context.layout.name, context.sample_rate)
        length = sum(frame.samples for frame in container.decode(audio=0)) / 48_000
    assert found == ("aac", "LC", "stereo", 48_000)
    assert length == pytest.approx(4.0, abs=0.03)
    assert measured(clip.path)[0] == pytest.approx(-16, abs=1)


def test_sound_that_begins_late_or_ends_early_leaves_silence_in_its_place(tmp_path: Path) -> None:
    whole = numbered_film(tmp_path / "whole.mp4", frames=120)
    late, early = tmp_path / "late.mp4", tmp_path / "early.mp4"
    run("-i", str(whole), "-itsoffset", "1.5", "-i", str(whole), "-map", "0:v", "-map", "1:a", "-c", "copy", str(late))
    run("-i", str(whole), "-t", "1.5", "-i", str(whole), "-map", "0:v", "-map", "1:a", "-c", "copy", str(early))
    for path, beeps in [(late, [1000.0, 2000.0]), (early, [500.0])]:
        clip = cut_clip(probe(path), Clip(in_ms=500, out_ms=3500), preset(), tmp_path / "clip.mp4", runner=RUNNER)
        assert beeps_ms_in(clip.path) == pytest.approx(beeps, abs=20)
        with av.open(str(clip.path)) as container:
            assert container.streams.audio[0].duration * Fraction(1, 48_000) == pytest.approx(3.0, abs=0.03)


def test_the_sound_track_that_can_be_decoded_is_taken(tmp_path: Path) -> None:
    film = numbered_film(tmp_path / "film.mp4", frames=60)
    both = tmp_path / "both.mov"
    run(
        "-i",
        str(film),
        "-f",
        "lavfi",
        "-t",
        "2",
        "-i",
        "sine",
        "-map",
        "1:a",
        "-map",
        "0",
        "-c:v",
        "copy",
        "-c:a",
        "aac",
        str(both),
    )
    both.write_bytes(both.read_bytes().replace(b"mp4a", b"apac", 2))  # a codec of new phones that nothing decodes yet
    broken = probe(both)
    assert broken.audio is None or broken.audio.codec == "aac"
    clip = cut_clip(broken, Clip(in_ms=0, out_ms=1000), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert clip.duration_ms == 1000


def test_a_film_without_sound_gives_a_clip_without_sound(tmp_path: Path) -> None:
    film = probe(numbered_film(tmp_path / "film.mp4", frames=60, sound=None))
    clip = cut_clip(film, Clip(in_ms=0, out_ms=1000), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    with av.open(str(clip.path)) as container:
        assert not container.streams.audio


@pytest.mark.parametrize(("in_ms", "out_ms"), [(1000, 1300), (1000, 1040), (2000, 2360)])
def test_a_clip_too_short_to_be_measured_by_the_book_is_levelled_too(tmp_path: Path, in_ms: int, out_ms: int) -> None:
    path = tmp_path / "film.mov"
    steady = "aevalsrc=exprs='0.02*sin(2*PI*997*t)':sample_rate=48000:channel_layout=stereo"
    run(
        "-f", "lavfi", "-i", "testsrc2=duration=4:rate=25", "-f", "lavfi", "-t", "4", "-i", steady, "-c:v", "libx264",
        "-preset", "ultrafast", "-c:a", "pcm_f32le", str(path),
    )  # fmt: skip
    long = cut_clip(probe(path), Clip(in_ms=0, out_ms=3000), preset(), tmp_path / "long.mp4", runner=RUNNER).gain_db
    short = cut_clip(
        probe(path), Clip(in_ms=in_ms, out_ms=out_ms), preset(), tmp_path / "clip.mp4", runner=RUNNER
    ).gain_db
    assert long > 10
    assert short == pytest.approx(long, abs=0.3)


def test_a_little_sound_in_a_longer_clip_is_levelled(tmp_path: Path) -> None:
    sound = "aevalsrc=exprs='0.02*sin(2*PI*997*t)':sample_rate=48000:channel_layout=stereo"
    whole, early = tmp_path / "whole.mov", tmp_path / "early.mov"
    run(
        "-f", "lavfi", "-i", "testsrc2=duration=4:rate=25", "-f", "lavfi", "-t", "1.3", "-i", sound, "-c:v", "libx264",
        "-preset", "ultrafast", "-c:a", "pcm_s16le", str(early),
    )  # fmt: skip
    run("-i", str(early), "-c", "copy", str(whole))
    clip = cut_clip(probe(whole), Clip(in_ms=1000, out_ms=3000), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert clip.gain_db == pytest.approx(18, abs=1)


@pytest.mark.parametrize(
    ("name", "sound_codec", "lost"),
    [
        ("film.mkv", ("-c:a", "aac", "-b:a", "128k"), range(30, 33)),
        ("film.mp4", ("-c:a", "aac", "-b:a", "128k"), range(30, 33)),
        ("film.webm", ("-c:a", "libopus"), range(60, 63)),
        ("film.ts", ("-c:a", "ac3"), range(30, 32)),
    ],
)
def test_small_holes_in_the_sound_are_filled(
    tmp_path: Path, name: str, sound_codec: tuple[str, ...], lost: range
) -> None:
    video = ("-c:v", "libvpx", *ONE_THREAD, "-deadline", "realtime") if name.endswith("webm") else ("-c:v", "libx264")
    whole = numbered_film(tmp_path / f"whole-{name}", frames=120, codec=video, sound_codec=sound_codec)
    holes = make_seekable(probe(without_sound_packets(whole, tmp_path / name, lost)), tmp_path, runner=RUNNER)
    clip = cut_clip(holes, Clip(in_ms=500, out_ms=3500), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    before = cut_clip(
        make_seekable(probe(whole), tmp_path, runner=RUNNER),
        Clip(in_ms=500, out_ms=3500),
        preset(),
        tmp_path / "w.mp4",
        runner=RUNNER,
    )
    assert beeps_ms_in(clip.path) == pytest.approx(beeps_ms_in(before.path), abs=2)
