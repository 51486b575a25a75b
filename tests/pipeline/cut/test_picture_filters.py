"""Pictures come out upright, in their right shape, size and colours, and say nothing of place or device."""

# ruff: noqa: E501  a table is easiest to read with one case a line
from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.cut.clips import cut_clip
from pipeline.cut.picture_filters import shown_size
from pipeline.cut.stills import grab_still, save_still
from pipeline.moments import Clip, Still
from pipeline.presets import preset
from pipeline.source.film import Film, probe
from pipeline.source.picture_facts import Orientation
from tests.apertures import with_clean_aperture, with_matroska_crop
from tests.footage import BEEP, RUNNER, ffmpeg, numbered_film, numbers_in, read_number, run

TURNS = {
    # how the stored picture is made from the upright one, and the display matrix that undoes it
    "upright": ("null", None, Orientation(0)),
    "a quarter": ("transpose=cclock", [0, 1, -1, 0], Orientation(90)),
    "half": ("hflip,vflip", [-1, 0, 0, -1], Orientation(180)),
    "three quarters": ("transpose=clock", [0, -1, 1, 0], Orientation(270)),
    "mirrored": ("hflip", [-1, 0, 0, 1], Orientation(0, mirrored=True)),
    "mirrored and a quarter": ("transpose=cclock,hflip", [0, -1, -1, 0], Orientation(90, mirrored=True)),
    "mirrored and half": ("hflip,vflip,hflip", [1, 0, 0, -1], Orientation(180, mirrored=True)),
    "mirrored and three quarters": ("transpose=clock,hflip", [0, 1, 1, 0], Orientation(270, mirrored=True)),
}


def set_matrix(path: Path, matrix: list[int]) -> None:
    """Write a display matrix into the first video track header of an MP4 (ISO 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (v << 16 for v in matrix)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(bytes(data))


def grey(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)


def colour_film(path: Path, colour: str, *options: str, size: str = "320x240", codec: str = "libx264") -> Film:
    run("-f", "lavfi", "-i", f"color={colour}:size={size}:rate=25:duration=1", "-c:v", codec, *options, str(path))
    return probe(path)


def test_a_film_cropped_at_the_left_is_planned_as_it_is_made(tmp_path: Path) -> None:
    drawn = numbered_film(tmp_path / "whole.mkv", frames=20, width=176, height=144, sound=None)
    crop = ("-bsf:v", "h264_metadata=crop_left=6:crop_right=10")
    run("-i", str(drawn), "-c", "copy", *crop, str(tmp_path / "cropped.ts"))
    film = probe(tmp_path / "cropped.ts")
    assert (film.video.width_px, film.video.height_px) == (160, 144)


@pytest.mark.parametrize("turn", TURNS)
def test_a_turned_or_mirrored_film_is_shown_upright(tmp_path: Path, turn: str) -> None:
    filters, matrix, orientation = TURNS[turn]
    path = numbered_film(tmp_path / "turned.mp4", frames=20, filters=filters, sound=None)
    if matrix:
        set_matrix(path, matrix)
    film = probe(path)
    assert film.video.orientation == orientation
    assert (film.video.width_px, film.video.height_px) == (320, 240)
    assert read_number(grey(grab_still(film, 200, runner=RUNNER).pixels)) == 6
    clip = cut_clip(film, Clip(in_ms=200, out_ms=400), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert numbers_in(clip.path) == list(range(6, 12))
    assert probe(clip.path).video.orientation == Orientation()


@pytest.mark.parametrize(
    ("size", "max_lines", "result"),
    [
        ((1920, 1080), 720, (1280, 720)),
        ((1080, 1920), 720, (720, 1280)),
        ((640, 360), 720, (640, 360)),
        ((853, 481), 720, (852, 480)),
        ((4000, 3000), 720, (960, 720)),
        ((3840, 2160), 0, (3840, 2160)),
        ((17, 16), 720, (16, 16)),
    ],
)
def test_sizes_are_even_bounded_and_never_enlarged(
    tmp_path: Path, size: tuple[int, int], max_lines: int, result: tuple[int, int]
) -> None:
    width, height = size
    options = ("-pix_fmt", "yuv444p", "-frames:v", "2")
    film = colour_film(tmp_path / "film.mkv", "red", *options, size=f"{width}x{height}", codec="ffv1")
    assert shown_size(film.video, max_lines) == result


def test_pixels_that_are_not_square_become_square(tmp_path: Path) -> None:
    film = probe(numbered_film(tmp_path / "anamorphic.mp4", frames=20, width=720, height=576, filters="setsar=16/11"))
    clip = cut_clip(film, Clip(in_ms=0, out_ms=400), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert (clip.width_px, clip.height_px) == (1048, 576)
    assert numbers_in(clip.path) == list(range(12))


@pytest.mark.parametrize(("width", "height"), [(304, 232), (304, 240), (300, 180)])
def test_a_clean_aperture_is_left_alone_as_browsers_do(tmp_path: Path, width: int, height: int) -> None:
    plain = numbered_film(tmp_path / "plain.mp4", frames=30)
    film = probe(with_clean_aperture(plain, tmp_path / "clap.mp4", width, height))
    assert (film.video.width_px, film.video.height_px) == (320, 240)
    for made in ("plain", "clap"):
        cut_clip(
            probe(tmp_path / f"{made}.mp4"),
            Clip(in_ms=0, out_ms=900),
            preset(),
            tmp_path / f"{made}-clip.mp4",
            runner=RUNNER,
        )
    assert (tmp_path / "clap-clip.mp4").read_bytes() == (tmp_path / "plain-clip.mp4").read_bytes()
    assert np.array_equal(
        grab_still(film, 500, runner=RUNNER).pixels, grab_still(probe(plain), 500, runner=RUNNER).pixels
    )


@pytest.mark.parametrize("name", ["film.mkv", "film.webm"])
def test_a_crop_that_matroska_asks_for_is_left_alone_as_browsers_do(tmp_path: Path, name: str) -> None:
    film = probe(with_matroska_crop(tmp_path / name))
    assert (film.video.width_px, film.video.height_px) == (320, 240)
    clip = cut_clip(film, Clip(in_ms=0, out_ms=900), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert (clip.width_px, clip.height_px) == (320, 240)
    assert numbers_in(clip.path) == list(range(27))
    assert grab_still(film, 500, runner=RUNNER).pixels.shape[:2] == (240, 320)


def test_what_a_codec_crops_by_itself_stays_cropped(tmp_path: Path) -> None:
    film = probe(numbered_film(tmp_path / "film.mp4", frames=30, width=1920, height=1080))
    clip = cut_clip(film, Clip(in_ms=0, out_ms=900), preset("full"), tmp_path / "clip.mp4", runner=RUNNER)
    assert (clip.width_px, clip.height_px) == (1920, 1080)
    lines = grey(grab_still(film, 500, runner=RUNNER).pixels)
    assert lines.shape == (1080, 1920)
    assert int(lines[-1].max()) > 150, "the last line is one that was drawn, none of the eight that fill a block"


ODD_PICTURES: dict[str, dict[str, Any]] = {
    "odd size": {"width": 321, "height": 241, "pixel_format": "yuv444p"},
    "sixteen pixels": {"width": 16, "height": 16},
    "grey": {"codec": ("-c:v", "ffv1"), "pixel_format": "gray"},
    "RGB": {"codec": ("-c:v", "ffv1"), "pixel_format": "bgr0"},
    "palette": {"codec": ("-c:v", "qtrle"), "pixel_format": "rgb24"},
    "transparent": {"codec": ("-c:v", "ffv1"), "pixel_format": "yuva420p"},
    "ten bits": {"codec": ("-c:v", "ffv1"), "pixel_format": "yuv422p10le"},
    "full range": {"codec": ("-c:v", "mjpeg", "-q:v", "2"), "pixel_format": "yuvj420p"},
}


@pytest.mark.parametrize("kind", ODD_PICTURES)
def test_unusual_pictures_become_ones_that_every_browser_shows(tmp_path: Path, kind: str) -> None:
    film = probe(
        numbered_film(
            tmp_path / "odd.mov" if kind == "palette" else tmp_path / "odd.mkv", frames=20, **ODD_PICTURES[kind]
        )
    )
    clip = cut_clip(film, Clip(in_ms=0, out_ms=600), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert numbers_in(clip.path)[0] == 0
    with av.open(str(clip.path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.profile, context.pix_fmt, context.width % 2, context.height % 2) == ("High", "yuv420p", 0, 0)
        assert (int(context.color_primaries), int(context.color_trc), int(context.colorspace)) == (1, 1, 1)
        assert int(context.color_range) == 1


# What sRGB red, a skin and a grey are, and the tolerance of 8-bit video levels and JPEG's own colour matrix.
COLOURS = {"0xE03020": (0xE0, 0x30, 0x20), "0xC68863": (0xC6, 0x88, 0x63), "0x808080": (0x80, 0x80, 0x80)}


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(
    "how",
    [
        ("-vf", "scale=out_color_matrix=bt709:out_range=tv", "-colorspace", "bt709", "-color_range", "tv"),
        ("-vf", "scale=out_color_matrix=bt601:out_range=tv", "-colorspace", "smpte170m", "-color_range", "tv"),
        ("-vf", "scale=out_color_matrix=bt709:out_range=pc", "-colorspace", "bt709", "-color_range", "pc"),
        ("-vf", "scale=out_color_matrix=bt601:out_range=pc", "-colorspace", "bt470bg", "-color_range", "pc"),
        ("-vf", "format=gbrp,zscale=m=ycgco:r=limited", "-colorspace", "ycgco", "-color_range", "tv"),
        ("-vf", "format=gbrp,zscale=m=2020_ncl:r=limited", "-colorspace", "bt2020nc", "-color_range", "tv"),
    ],
    ids=["709", "601", "709 full", "601 full", "YCgCo", "2020's matrix alone"],
)  # fmt: skip
def test_colours_stay_what_they_were(tmp_path: Path, colour: str, how: tuple[str, ...]) -> None:
    film = colour_film(tmp_path / "film.mp4", colour, *how, "-pix_fmt", "yuv420p", "-crf", "5")
    still = save_still(film, Still(at_ms=500), tmp_path / "still.jpg", runner=RUNNER)
    pixel = cv2.imread(str(still.path))[120, 160][::-1]
    assert np.abs(pixel.astype(int) - COLOURS[colour]).max() <= 6
    clip = cut_clip(film, Clip(in_ms=0, out_ms=1000), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    with av.open(str(clip.path)) as container:
        shown = next(container.decode(video=0)).to_ndarray(
            format="rgb24", src_colorspace="ITU709", dst_colorspace="ITU709"
        )
    assert np.abs(shown[120, 160].astype(int) - COLOURS[colour]).max() <= 6


@pytest.mark.parametrize(("transfer", "hdr"), [("arib-std-b67", "hlg"), ("smpte2084", "pq")])
def test_hdr_is_brought_to_natural_sdr(tmp_path: Path, transfer: str, hdr: str) -> None:
    """A skin drawn in SDR at BT.2408's reference white, carried as HDR, comes back close to itself.

    Tolerance 24 of 255: the tone curve leaves mid-tones nearly alone and only rolls highlights off.
    """
    to_hdr = (
        "format=gbrp,setparams=colorspace=gbr:color_primaries=bt709:color_trc=bt709:range=pc,zscale=t=linear:npl=203,"
        f"format=gbrpf32le,zscale=p=2020,zscale=t={transfer}:m=2020_ncl:r=limited:npl=203,format=yuv420p10le"
    )
    tags = f"colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc:log-level=error"
    film = colour_film(
        tmp_path / "hdr.mp4", "0xC68863", "-vf", to_hdr, "-x265-params", tags, "-color_primaries", "bt2020",
        "-color_trc", transfer, "-colorspace", "bt2020nc", "-tag:v", "hvc1", codec="libx265",
    )  # fmt: skip
    assert film.video.hdr == hdr
    red, green, blue = grab_still(film, 500, runner=RUNNER).pixels[120, 160][::-1].astype(int)
    assert max(abs(red - 0xC6), abs(green - 0x88), abs(blue - 0x63)) <= 24
    assert red > green > blue


def test_an_interlaced_film_is_deinterlaced_frame_for_frame(tmp_path: Path) -> None:
    path = tmp_path / "interlaced.mkv"
    moving = "testsrc2=size=720x576:rate=50:duration=1,tinterlace=interleave_top,fieldorder=tff"
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-flags", "+ildct+ilme", "-x264-params", "tff=1")
    run("-f", "lavfi", "-i", moving, *codec, str(path))
    film = probe(path)
    assert film.video.interlaced
    clip = cut_clip(film, Clip(in_ms=0, out_ms=1000), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    with av.open(str(clip.path)) as container:
        frames = list(container.decode(video=0))
    assert (len(frames), any(frame.interlaced_frame for frame in frames)) == (25, False)
    with av.open(str(path)) as container:
        woven = next(container.decode(video=0))
    assert combing(frames[0].to_ndarray(format="gray")) < 0.5 * combing(woven.to_ndarray(format="gray"))


def combing(picture: NDArray[np.uint8]) -> float:
    """How much neighbouring lines differ more than lines of the same field do."""
    lines = picture.astype(int)
    return float(np.abs(lines[1:-1] - (lines[:-2] + lines[2:]) / 2).mean())


def test_the_moving_picture_is_chosen_among_several(tmp_path: Path) -> None:
    main = numbered_film(tmp_path / "main.mp4", frames=90)
    photos = numbered_film(tmp_path / "photos.mp4", frames=3, fps="1", width=1280, height=960, sound=None)
    run("-i", str(main), "-frames:v", "1", str(tmp_path / "cover.jpg"))
    both = tmp_path / "both.mp4"
    run(
        "-i", str(tmp_path / "cover.jpg"), "-i", str(photos), "-i", str(main), "-map", "0:v", "-map", "1:v", "-map", "2",
        "-c", "copy", "-disposition:v:0", "attached_pic", str(both),
    )  # fmt: skip
    film = probe(both)
    assert (film.video.width_px, round(film.video.fps_avg), film.duration_ms) == (320, 30, 3000)


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "size": ({}, {"width": 640, "height": 480}),
    "pixel format": ({"pixel_format": "yuv420p"}, {"pixel_format": "yuv422p"}),
    "colours": ({"codec": ("-c:v", "libx264", "-colorspace", "bt709")}, {"codec": ("-c:v", "libx264", "-color_range", "pc")}),
    "sound": ({}, {"sound_codec": ("-c:a", "aac", "-ac", "1", "-ar", "44100")}),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_film_that_changes_on_the_way_is_cut_exactly(tmp_path: Path, what: str) -> None:
    first, second = (numbered_film(tmp_path / f"{n}.ts", frames=60, **how) for n, how in enumerate(CHANGES[what]))
    (tmp_path / "list").write_text(f"file {first}\nfile {second}\n")
    run("-f", "concat", "-safe", "0", "-i", str(tmp_path / "list"), "-c", "copy", str(tmp_path / "both.mkv"))
    film = probe(tmp_path / "both.mkv")
    clip = cut_clip(film, Clip(in_ms=1500, out_ms=2500), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    numbers = numbers_in(clip.path)
    assert (numbers[0], numbers[-1]) == (45, 14)  # the second half counts from 0 again
    assert sorted({n for n in numbers if n >= 45}) == list(range(45, 60))


def test_nothing_of_place_device_or_time_gets_into_a_clip_or_still(tmp_path: Path) -> None:
    secret = "+51.5074-000.1278/"
    path = tmp_path / "tagged.mov"
    run(
        "-f", "lavfi", "-i", "testsrc2=duration=1", "-f", "lavfi", "-t", "1", "-i", BEEP, "-metadata", f"location={secret}",
        "-metadata", "make=Secret Phone", "-metadata", "creation_time=2020-01-02T03:04:05Z", "-metadata:s:v",
        "handler_name=Secret Phone", "-movflags", "use_metadata_tags", "-timecode", "01:02:03:04", str(path),
    )  # fmt: skip
    assert secret.encode() in path.read_bytes()
    film = probe(path)
    clip = cut_clip(film, Clip(in_ms=0, out_ms=500), preset(), tmp_path / "clip.mp4", runner=RUNNER).path
    still = save_still(film, Still(at_ms=100), tmp_path / "still.jpg", runner=RUNNER).path
    for made in (clip.read_bytes(), still.read_bytes()):
        for word in (b"51.5074", b"Secret", b"2020", b"Exif", b"Lavf", b"01:02:03:04"):
            assert word not in made
    with av.open(str(clip)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]


def test_a_clip_has_a_key_frame_each_second_and_starts_playing_at_once(tmp_path: Path) -> None:
    film = probe(numbered_film(tmp_path / "film.mp4", frames=150))
    path = cut_clip(film, Clip(in_ms=0, out_ms=5000), preset(), tmp_path / "clip.mp4", runner=RUNNER).path
    with av.open(str(path)) as container:
        keys = [float(p.pts * p.time_base) for p in container.demux(video=0) if p.size and p.is_keyframe]
    assert len(keys) >= 5
    assert max(b - a for a, b in zip(keys, [*keys[1:], 5.0], strict=True)) <= 1.0
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_the_light_preset_keeps_to_one_megabit_a_second(tmp_path: Path) -> None:
    path = tmp_path / "busy.mp4"
    run(
        "-f", "lavfi", "-i", "testsrc2=size=1280x720:duration=4,noise=alls=40:allf=t", "-f", "lavfi", "-t", "4", "-i",
        "anoisesrc=amplitude=0.3", "-c:v", "libx264", "-preset", "ultrafast", str(path),
    )  # fmt: skip
    clip = cut_clip(probe(path), Clip(in_ms=0, out_ms=4000), preset("light"), tmp_path / "clip.mp4", runner=RUNNER)
    assert clip.bytes * 8 / 4 <= 1_000_000


def test_the_sharpest_frame_near_a_moment_is_found(tmp_path: Path) -> None:
    path = tmp_path / "blurred.mp4"
    run(
        "-f", "lavfi", "-i", "testsrc2=size=640x480:rate=25:duration=2,gblur=sigma=8:enable='not(eq(n,22))'", "-c:v",
        "libx264", "-preset", "ultrafast", "-crf", "10", str(path),
    )  # fmt: skip
    film = probe(path)
    assert grab_still(film, 1000, exact=False, runner=RUNNER).ms == 880
    assert grab_still(film, 1000, exact=True, runner=RUNNER).ms == 1000
    assert grab_still(film, 1600, exact=False, runner=RUNNER).ms != 880


def test_the_packaged_ffmpeg_is_the_one_in_use() -> None:
    assert "ffmpeg-" in Path(ffmpeg()).name
