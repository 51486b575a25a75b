"""Films that are damaged somewhere: what was decoded with errors is not handed out without a word."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from pipeline.cut.audio_clips import DAMAGED_BEFORE, cut_sound
from pipeline.cut.clips import cut_clip
from pipeline.cut.decoded_frames import DAMAGED, SOUND_DAMAGED
from pipeline.cut.stills import grab_still, save_still
from pipeline.moments import Clip, Still
from pipeline.presets import preset
from pipeline.source.film import probe
from pipeline.source.recording import Recording, probe_source
from tests.footage import RUNNER, numbered_film, spoken_recording

KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "H.264": ("film.mp4", ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "30", "-crf", "18")),
    "H.264, CABAC": ("film.mov", ("-c:v", "libx264", "-preset", "fast", "-g", "30", "-crf", "18")),
    "HEVC": ("film.mp4", ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=30")),
    "AV1": ("film.mp4", ("-c:v", "libsvtav1", "-preset", "12", "-g", "30", "-crf", "30")),
    "MPEG-4": ("film.mp4", ("-c:v", "mpeg4", "-bf", "2", "-g", "30", "-q:v", "3")),
    "MPEG-2": ("film.mov", ("-c:v", "mpeg2video", "-bf", "2", "-g", "15", "-q:v", "3")),
    "Motion-JPEG": ("film.mov", ("-c:v", "mjpeg", "-q:v", "3")),
}


def damage(path: Path, number: int, **track: int) -> None:
    """Lose the middle of the packet of that number, of the picture's unless another track is named."""
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(**track or {"video": 0}) if packet.size]
    pos, size = packets[number]
    data = bytearray(path.read_bytes())
    data[pos + size // 3 : pos + 2 * size // 3] = b"\xff" * (2 * size // 3 - size // 3)
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_and_a_still_that_were_decoded_with_errors_say_so(tmp_path: Path, kind: str) -> None:
    name, codec = KINDS[kind]
    noisy = {"filters": "noise=alls=20:allf=t", "pixel_format": "yuvj422p" if "mjpeg" in codec else "yuv420p"}
    path = numbered_film(tmp_path / name, frames=120, codec=codec, sound=None, **noisy)
    damage(path, 40)
    film = probe(path)
    for in_ms, said in ((1200, True), (2500, False)):
        clip = cut_clip(film, Clip(in_ms=in_ms, out_ms=in_ms + 300), preset(), tmp_path / "clip.mp4", runner=RUNNER)
        assert (DAMAGED in clip.warnings) == said
    spoilt = range(38 * 1000 // 30 + 2, 43 * 1000 // 30 + 2, 33)
    assert any(grab_still(film, at_ms, runner=RUNNER).warnings == (DAMAGED,) for at_ms in spoilt)
    assert save_still(film, Still(at_ms=2500), tmp_path / "still.jpg", runner=RUNNER).warnings == ()


@pytest.mark.parametrize("codec", ["aac", "ac3"])
def test_a_clip_whose_sound_was_decoded_with_errors_says_so(tmp_path: Path, codec: str) -> None:
    path = numbered_film(tmp_path / "film.mov", frames=105, sound="anoisesrc=a=0.3", sound_codec=("-c:a", codec))
    damage(path, packet_at(path, 1.3), audio=0)
    film = probe(path)
    for in_ms, said in ((1200, True), (3100, False)):
        clip = cut_clip(film, Clip(in_ms=in_ms, out_ms=in_ms + 300), preset(), tmp_path / "clip.mp4", runner=RUNNER)
        assert (SOUND_DAMAGED in clip.warnings) == said


def packet_at(path: Path, seconds: float) -> int:
    """The number of the sound's packet at a time."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        times = [packet.pts * stream.time_base for packet in container.demux(stream) if packet.size]
    return sum(time <= seconds for time in times) - 1


def test_a_recording_that_was_decoded_with_errors_says_so(tmp_path: Path) -> None:
    path = spoken_recording(tmp_path / "memo.m4a", "-c:a", "aac", seconds=4, sound="anoisesrc=r=48000:a=0.3")
    warnings = []
    for _ in range(2):
        recording = probe_source(path)
        assert isinstance(recording, Recording)
        clip = Clip(in_ms=1200, out_ms=1500)
        warnings.append(cut_sound(recording, clip, preset(), tmp_path / "clip.m4a", runner=RUNNER).warnings)
        damage(path, packet_at(path, 1.3), audio=0)
    assert [DAMAGED_BEFORE in told for told in warnings] == [False, True]


def test_a_film_whose_groups_are_open_is_not_called_damaged(tmp_path: Path) -> None:
    codec = ("-c:v", "libx264", "-preset", "fast", "-bf", "3", "-g", "24", "-x264-params", "open-gop=1:b-pyramid=2")
    film = probe(numbered_film(tmp_path / "film.mp4", frames=120, codec=codec))
    for in_ms in (0, 800, 1650, 2400):
        clip = cut_clip(film, Clip(in_ms=in_ms, out_ms=in_ms + 500), preset(), tmp_path / "clip.mp4", runner=RUNNER)
        assert DAMAGED not in clip.warnings
        assert grab_still(film, in_ms + 50, runner=RUNNER).warnings == ()
