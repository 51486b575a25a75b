"""Real films from real devices: facts as a person would state them, and packs that are right.

The films are not in the repository; where their folder is absent, these tests are skipped.
"""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from pipeline.errors import FilmUnreadable
from pipeline.moments import parse_selection
from pipeline.presets import preset
from pipeline.run.orders import SelectionOrder
from pipeline.run.prepare import prepare
from pipeline.source.film import probe
from tests.footage import FFMPEG

MEDIA = Path(__file__).parents[4] / "shared" / "media"
pytestmark = pytest.mark.skipif(not MEDIA.is_dir(), reason="the real films are not here")

# width and height as shown, ms, clip's rate and frames in its first second, sound
FILMS = {
    "android12_4k60_rot90_fullrange.mp4": (2160, 3840, 299, 30, 9, True),
    "android_3gp5brand_720p_rot90.mp4": (720, 1280, 1300, 30, 30, True),
    "canon_camera_mjpeg_pcm.avi": (640, 480, 2599, 30, 31, True),
    "face_asl_sister_noaudio.mkv": (640, 480, 2900, 30, 30, False),
    "face_iphone4s_selfie_rot90.mov": (480, 640, 1040, 24, 25, True),
    "face_man_1s_h264_audio_offset.mp4": (1080, 720, 1001, 29.97, 30, True),
    "flir_app_vfr_7fps_gps.mp4": (1080, 1440, 11353, None, None, True),
    "gopro_karma_data_tracks_moov_end.mp4": (854, 480, 12078, 29.97, 30, True),
    "iphone12promax_dolbyvision_hlg_rot90.mp4": (1080, 1920, 300, 30, 9, True),
    "iphone6_h264_rot90_gps_mebx.mov": (320, 568, 4001, 30, 30, True),
    "mediarecorder_chrome57_no_duration.webm": (640, 480, 7612, None, None, True),
    "mkv_srt_overlapping_face_start67ms.mkv": (1080, 720, 1000, 30, 30, True),
    "people_chaplin_single_keyframe_mp3.mp4": (640, 360, 9640, 25, 25, True),
    "people_one_by_one_139s_10fps_noaudio.mp4": (768, 432, 139400, 10, 10, False),
    "person_bed_tablet_rot180_audio.mp4": (1280, 720, 4971, 29.97, 30, True),
    "surround51_aac_720p_bbb.mp4": (1280, 720, 3000, 25, 25, True),
    "xdcam_hd_1080i50_interlaced_sar4x3.mov": (1920, 1080, 1000, 25, 25, False),
}


def test_every_film_of_the_folder_is_tried() -> None:
    assert {path.name for path in MEDIA.iterdir() if path.is_file()} - {"MANIFEST.tsv", "broken_no_moov_4k.mp4"} == set(
        FILMS
    )


@pytest.mark.parametrize("name", FILMS)
def test_a_real_film_gives_a_right_pack(tmp_path: Path, name: str) -> None:
    width, height, duration_ms, fps, frames, sound = FILMS[name]
    film = probe(MEDIA / name)
    assert (film.video.width_px, film.video.height_px) == (width, height)
    assert film.duration_ms == pytest.approx(duration_ms, abs=1)
    assert (film.audio is not None) == sound
    end = min(1000, film.duration_ms)
    selection = parse_selection({"family": "K-104", "clip": [{"in": 0, "out": end}], "still": [{"at": end // 2}]})
    prepare(SelectionOrder(MEDIA / name, selection, preset(), FFMPEG), tmp_path / "out")
    clip = tmp_path / "out/review-pack/clips/01.mp4"
    with av.open(str(clip)) as container:
        video = container.streams.video[0]
        rate = float(video.average_rate or 0)
        pictures = list(container.decode(video))
        assert bool(container.streams.audio) == sound
        assert len(container.streams) == 1 + sound
        assert set(container.metadata) <= {"major_brand", "minor_version", "compatible_brands"}
    lines = min(720, width, height)
    assert min(pictures[0].width, pictures[0].height) == pytest.approx(lines, abs=1)
    assert (pictures[0].width > pictures[0].height) == (width > height)
    assert pictures[0].to_ndarray(format="gray").std() > 5
    if fps is not None:
        assert rate == pytest.approx(fps, abs=0.01)
        assert len(pictures) == frames
    for made in (clip.read_bytes(), (tmp_path / "out/review-pack/stills/01.jpg").read_bytes()):
        assert not [
            word for word in (b"Apple", b"iPhone", b"Canon", b"GoPro", b"FLIR", b"ISO6709", b"Exif") if word in made
        ]


def test_a_film_cut_off_before_its_index_is_refused_plainly() -> None:
    with pytest.raises(FilmUnreadable) as refused:
        probe(MEDIA / "broken_no_moov_4k.mp4")
    assert refused.value.for_guider == "This film cannot be read. Try copying it from the phone or camera again."
