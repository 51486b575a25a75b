"""Recordings without a picture, as phones write them: what is heard is exactly what was chosen, as loud as it was."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.cut import sound_mix
from pipeline.cut.audio_clips import cut_sound
from pipeline.errors import FilmUnreadable, MomentOutsideFilm, NoPicture, NotAFilm, PipelineError, SelectionInvalid
from pipeline.moments import Clip, parse_selection
from pipeline.outputs.kinds import KINDS
from pipeline.outputs.review_pack.opening import open_pack
from pipeline.presets import preset
from pipeline.run.orders import SelectionOrder
from pipeline.run.prepare import prepare
from pipeline.source.film import Film
from pipeline.source.recording import Recording, probe_source
from tests.footage import (
    BEEP,
    FFMPEG,
    RUNNER,
    numbered_film,
    onsets_ms,
    run,
    sound_in,
    spoken_recording,
    without_sound_packets,
)

NARROW = ("-ar", "8000", "-ac", "1", "-c:a", "libopencore_amrnb")
RECORDED = {
    "iphone.m4a": ("-c:a", "aac", "-b:a", "64k", "-ar", "44100", "-ac", "1"),
    "recorder.mp3": ("-c:a", "libmp3lame", "-q:a", "5"),
    "recorder.wav": (),
    "message.ogg": ("-c:a", "libopus"),
    "browser.webm": ("-c:a", "libopus"),
    "old.3gp": NARROW,
    "old.amr": NARROW,
}
LATE_MS = {"old.3gp": 6.0, "old.amr": 6.0}
"""AMR's decoder runs 5 ms late, and its container does not say so. Of the others a sample is looked for."""
DIARY = {"family": "K-104", "clip": [{"in": 1500, "out": 4750, "caption": "We laughed at bath time."}]}


@pytest.fixture(params=RECORDED)
def recorded(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return spoken_recording(tmp_path / request.param, *RECORDED[request.param])


def test_a_moment_holds_exactly_the_chosen_sound(recorded: Path, tmp_path: Path) -> None:
    recording = probe_source(recorded)
    assert isinstance(recording, Recording)
    assert recording.duration_ms == pytest.approx(8000, abs=30)
    made = cut_sound(recording, Clip(in_ms=1500, out_ms=4750), preset(), tmp_path / "made.m4a", runner=RUNNER)
    amplitudes = sound_in(made.path)
    assert 0 <= len(amplitudes) - 3250 * 48 < 1024, "AAC's last frame is filled up with silence"
    assert onsets_ms(made.path) == pytest.approx([500, 1500, 2500], abs=LATE_MS.get(recorded.name, 0.2))
    assert len(made.peaks) == 160
    drawn = {round(place / 160 * 3250 / 100) for place, peak in enumerate(made.peaks) if peak > 10}
    assert drawn == {5, 15, 25}, "the card shows the beeps where they are, in tenths of a second"


def test_a_soft_voice_stays_soft(tmp_path: Path) -> None:
    soft = spoken_recording(tmp_path / "soft.wav", sound="sine=frequency=300,volume=0.02,aformat=channel_layouts=mono")
    recording = probe_source(soft)
    assert isinstance(recording, Recording)
    made = cut_sound(recording, Clip(in_ms=1000, out_ms=3000), preset(), tmp_path / "made.m4a", runner=RUNNER)
    with av.open(str(soft)) as container:
        before = np.concatenate([frame.to_ndarray()[0] / 32768 for frame in container.decode(audio=0)])
    assert np.sqrt((sound_in(made.path) ** 2).mean()) == pytest.approx(np.sqrt((before**2).mean()), rel=0.05)


def test_a_cover_is_no_picture(tmp_path: Path) -> None:
    plain = spoken_recording(tmp_path / "plain.mp3", seconds=2)
    covered = tmp_path / "covered.mp3"
    cover = ("-f", "lavfi", "-i", "color=red:size=64x64:duration=0.04")
    run(
        "-i",
        str(plain),
        *cover,
        "-map",
        "0",
        "-map",
        "1",
        "-c:a",
        "copy",
        "-disposition:v",
        "attached_pic",
        str(covered),
    )
    assert isinstance(probe_source(covered), Recording)


def test_a_film_stays_a_film_and_one_whose_picture_nothing_decodes_is_refused(tmp_path: Path) -> None:
    film = numbered_film(tmp_path / "film.mp4", frames=30)
    assert isinstance(probe_source(film), Film)
    unknown = tmp_path / "unknown.mp4"
    unknown.write_bytes(film.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises((NoPicture, FilmUnreadable)):
        probe_source(unknown)


@pytest.mark.parametrize("content", [b"A letter.\n" * 900, bytes(range(256)) * 90, b"ID3\x04" + bytes(9000), b"RIFF"])
def test_what_is_no_recording_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "letter.mp3").write_bytes(content)
    with pytest.raises(PipelineError) as refused:
        probe_source(tmp_path / "letter.mp3")
    assert isinstance(refused.value, NotAFilm | FilmUnreadable)


def test_a_diary_becomes_a_pack_and_what_needs_pictures_says_so_once(tmp_path: Path) -> None:
    diary = spoken_recording(
        tmp_path / "Ella's week.m4a", "-metadata", "location=+51.5-000.1/", "-metadata", "title=Ella"
    )
    kinds = ["review_pack", *(name for name, kind in KINDS.items() if kind.needs_picture), "diary_sheet"]
    report = prepare(SelectionOrder(diary, parse_selection(DIARY), preset(), FFMPEG, kinds=kinds), tmp_path / "out")
    assert sorted(report.results) == ["diary-sheet.pdf", "review-pack.zip"]
    assert report.warnings == [
        f"{KINDS[name].title}: left out, because this recording has sound but no picture."
        for name in ("picture_notes", "strip", "phone_pictures", "reel")
    ]
    pack = tmp_path / "out" / "review-pack"
    [moment] = json.loads((pack / "pack.json").read_text(encoding="utf-8"))["moments"]
    assert (moment["kind"], moment["file"], moment["width"], moment["fps"]) == ("sound", "clips/01.m4a", None, None)
    assert b"Ella" not in (pack / "clips/01.m4a").read_bytes()
    assert b"51.5" not in (pack / "clips/01.m4a").read_bytes()
    [opened] = open_pack(tmp_path / "out").moments
    assert (opened.kind, opened.duration_ms, opened.peaks) == ("sound", 3250, tuple(moment["peaks"]))


@pytest.mark.parametrize(
    ("moment", "refusal", "sentence"),
    [
        ({"still": [{"at": 100}]}, SelectionInvalid, "no still can be taken from it"),
        ({"clip": [{"in": 7000, "out": 9000}]}, MomentOutsideFilm, "the recording, which is 00:00:02"),
    ],
)
def test_what_a_recording_does_not_hold_is_refused_before_any_work(
    moment: dict[str, object], refusal: type[PipelineError], sentence: str, tmp_path: Path
) -> None:
    diary = spoken_recording(tmp_path / "diary.m4a", seconds=2)
    with pytest.raises(refusal, match=sentence):
        prepare(
            SelectionOrder(diary, parse_selection({"family": "K-104", **moment}), preset(), FFMPEG), tmp_path / "out"
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["recorder.mka", "recorder.m4a", "message.webm"])
def test_a_recording_with_small_holes_stays_on_its_clock(tmp_path: Path, name: str) -> None:
    kept = ("-c:a", "libopus") if name.endswith("webm") else ("-c:a", "aac", "-ar", "48000")
    whole = spoken_recording(tmp_path / f"whole-{name}", *kept)
    recording = probe_source(without_sound_packets(whole, tmp_path / name, range(30, 33)))
    assert isinstance(recording, Recording)
    made = cut_sound(recording, Clip(in_ms=4500, out_ms=6500), preset(), tmp_path / "made.m4a", runner=RUNNER)
    assert onsets_ms(made.path) == pytest.approx([500, 1500], abs=1)


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [("pan=stereo|c0=c0|c1=0*c1", sound_mix.DEAD_CHANNEL), ("pan=stereo|c0=c0|c1=-1*c1", sound_mix.INVERTED_CHANNEL)],
)
def test_a_dead_or_inverted_channel_is_put_right_with_a_remark(tmp_path: Path, spoilt: str, said: str) -> None:
    recording = probe_source(spoken_recording(tmp_path / "diary.m4a", sound=f"{BEEP},{spoilt}"))
    assert isinstance(recording, Recording)
    made = cut_sound(recording, Clip(in_ms=500, out_ms=2500), preset(), tmp_path / "made.m4a", runner=RUNNER)
    assert made.warnings == (said,)
    with av.open(str(made.path)) as container:
        left, right = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    assert np.abs(left - right).max() < 0.1 * np.abs(left + right).max()


def test_the_track_with_sound_is_heard_and_silence_is_told(tmp_path: Path) -> None:
    nothing = "anullsrc=channel_layout=stereo:sample_rate=48000"
    both = ("-f", "lavfi", "-t", "8", "-i", nothing, "-map", "1", "-map", "0")
    two = probe_source(spoken_recording(tmp_path / "two.mka", *both, "-c:a", "flac"))
    assert isinstance(two, Recording)
    made = cut_sound(two, Clip(in_ms=500, out_ms=2500), preset(), tmp_path / "made.m4a", runner=RUNNER)
    assert (made.warnings, onsets_ms(made.path)) == ((sound_mix.OTHER_TRACK,), pytest.approx([500, 1500], abs=1))
    silent = probe_source(spoken_recording(tmp_path / "silent.wav", sound=nothing))
    assert isinstance(silent, Recording)
    assert cut_sound(silent, Clip(in_ms=0, out_ms=900), preset(), tmp_path / "s.m4a", runner=RUNNER).warnings == (
        sound_mix.SILENT,
    )
