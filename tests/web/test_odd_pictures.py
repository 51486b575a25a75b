"""Pictures that change their size, are interlaced or coloured otherwise: lighter ones look as the film does."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.cut.stills import grab_still
from pipeline.source.film import probe
from tests.apertures import with_clean_aperture, with_matroska_crop
from tests.footage import ONE_THREAD, RUNNER, numbered_film, numbers_in, run
from tests.mp4_boxes import Box, Mp4
from tests.web.engine import Engine, numbers_of

TOGETHER = "engine_odd"

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18")


def change_of_size(folder: Path, name: str, codec: tuple[str, ...]) -> Path:
    """Three seconds of 640×360, then three of 360×640, each with a white square of 120 pixels in its middle."""
    parts = []
    for number, size in enumerate(("640x360", "360x640")):
        part = folder / f"{number}{Path(name).suffix}"
        square = "drawbox=x=(iw-120)/2:y=(ih-120)/2:w=120:h=120:color=white:t=fill"
        run(
            "-f",
            "lavfi",
            "-i",
            f"color=0x303030:s={size}:r=25:d=3",
            "-vf",
            f"{square},format=yuv420p",
            *codec,
            str(part),
        )
        parts.append(part)
    (folder / "parts.txt").write_text("".join(f"file '{part}'\n" for part in parts))
    run("-f", "concat", "-safe", "0", "-i", str(folder / "parts.txt"), "-c", "copy", str(folder / name))
    return folder / name


def square_in(picture: NDArray[Any]) -> tuple[int, int]:
    bright = picture > 130
    return int(bright.any(axis=0).sum()), int(bright.any(axis=1).sum())


@pytest.mark.parametrize("name", ["film.ts", "film.webm"])
def test_proportions_are_kept_where_the_size_changes(engine: Engine, tmp_path: Path, name: str) -> None:
    vp8 = ("-c:v", "libvpx", "-b:v", "2M", "-g", "25", "-deadline", "realtime", "-cpu-used", "8", *ONE_THREAD)
    codec = vp8 if name.endswith("webm") else (*H264, "-g", "25", "-bf", "0", "-x264-params", "repeat-headers=1")
    engine.choose(change_of_size(tmp_path, name, codec))
    for moment in ({"in": 1000, "out": 2000}, {"in": 2000, "out": 4500}, {"in": 4500, "out": 5500}):
        made = engine.cut(moment, "light")
        with av.open(str(made.path)) as container:
            shapes = [square_in(frame.to_ndarray(format="gray")) for frame in container.decode(video=0)]
        for width, height in shapes:
            assert abs(width / height - 1) < 0.06, (moment, width, height)
    # Just behind the change, where the cut begins with pictures before it: of the moment's own shape and size.
    made = engine.cut({"in": 3120, "out": 4500}, "light")
    with av.open(str(made.path)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (360, 640)
        shapes = [square_in(frame.to_ndarray(format="gray")) for frame in container.decode(video=0)]
    assert all(abs(width / height - 1) < 0.06 for width, height in shapes)
    assert shapes[-1] == pytest.approx((120, 120), abs=4)
    picture = engine.pixels(4800)
    width, height = square_in(picture)
    assert abs(width / height - 1) < 0.1


CROPPED: dict[str, Callable[[Path], Path]] = {
    "clean.mp4": lambda out: with_clean_aperture(numbered_film(out.with_name("a.mp4"), frames=30), out, 304, 232),
    "clean.mov": lambda out: with_clean_aperture(numbered_film(out.with_name("a.mov"), frames=30), out, 300, 180),
    "crop.mkv": with_matroska_crop,
    "crop.webm": with_matroska_crop,
}


@pytest.mark.parametrize("name", CROPPED)
def test_what_a_container_asks_to_leave_out_is_seen_as_in_the_service(
    engine: Engine, tmp_path: Path, name: str
) -> None:
    engine.choose(CROPPED[name](tmp_path / name))
    facts = engine.facts()
    assert (facts["widthPx"], facts["heightPx"]) == (320, 240)
    assert engine.pixels(500).shape == (120, 160)
    for mode in ("lossless", "light"):
        made = engine.cut({"in": 0, "out": 900}, mode)
        video = probe(made.path).video
        assert (video.width_px, video.height_px) == (320, 240)
        assert numbers_in(made.path)[:27] == list(range(27))


@pytest.mark.parametrize("name", ["film.mp4", "film.ts", "film.mov"])
def test_interlaced_pictures_are_not_woven_into_lighter_ones(engine: Engine, tmp_path: Path, name: str) -> None:
    fields = ("-vf", "interlace=scan=tff,format=yuv420p", "-flags", "+ilme+ildct", *H264, "-x264-params", "tff=1")
    run("-f", "lavfi", "-i", "testsrc2=s=720x576:r=50:d=3", *fields, "-g", "25", str(tmp_path / name))
    engine.choose(tmp_path / name)
    facts = engine.facts()
    assert (facts["widthPx"], facts["heightPx"]) == (720, 576)
    assert (facts["canCut"], facts["canCutLight"]) == (True, False)
    assert engine.refused({"in": 0, "out": 1000}, "light") == "not_cut_light"
    with av.open(str(engine.cut({"in": 0, "out": 1000}).path)) as container:
        frame = next(container.decode(video=0))
        assert (frame.height, frame.interlaced_frame) == (576, True)


@pytest.mark.parametrize(
    ("width", "height", "tags"),
    [
        (640, 480, ()),
        (1280, 720, ()),
        (640, 480, ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")),
        (1920, 1080, ()),
    ],
    ids=["SD, nothing stated", "HD, nothing stated", "SD, stated as HD's", "Full HD, nothing stated"],
)
def test_colours_come_out_as_the_film_s_own(
    engine: Engine, tmp_path: Path, width: int, height: int, tags: tuple[str, ...]
) -> None:
    path = tmp_path / "colours.mp4"
    planes = []
    for values in ((110, 90, 180), (150, 110, 150), (130, 180, 90), (126, 128, 128)):
        luma = np.full((height // 2, width // 2), values[0], np.uint8)
        planes.append((luma, values[1], values[2]))
    luma = np.block([[planes[0][0], planes[1][0]], [planes[2][0], planes[3][0]]])
    chroma = [
        np.kron(
            np.array([[planes[0][n], planes[1][n]], [planes[2][n], planes[3][n]]], np.uint8),
            np.ones((height // 4, width // 4), np.uint8),
        )
        for n in (1, 2)
    ]
    raw = luma.tobytes() + chroma[0].tobytes() + chroma[1].tobytes()
    argv = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}", "-r", "25", "-i", "pipe:0"]
    run(*argv, *H264, *tags, "-g", "25", str(path), stdin=(raw for _ in range(50)))
    engine.choose(path)
    made = engine.cut({"in": 500, "out": 1500}, "light")
    expected, got = (
        grab_still(probe(path), 1000, runner=RUNNER).pixels,
        grab_still(probe(made.path), made.cut["in"] + 500, runner=RUNNER).pixels,
    )
    for y, x in ((1, 1), (1, 3), (3, 1), (3, 3)):
        wanted = expected[y * expected.shape[0] // 4, x * expected.shape[1] // 4].astype(int)
        colour = got[y * got.shape[0] // 4, x * got.shape[1] // 4].astype(int)
        assert np.abs(wanted - colour).max() <= 5, (wanted, colour)


# A picture that stands


def stretched(drawn: Path, path: Path, how: str) -> Path:
    """The same film, to be shown twice as wide by its track's head (ISO/IEC 14496-12, 8.3.2) or its pictures."""
    film = Mp4(drawn)
    [description] = film.tracks[0].one("mdia", "minf", "stbl", "stsd").inside
    description.inside = [box for box in description.inside if box.kind != "pasp"]
    head = film.tracks[0].one("tkhd")
    own = bytearray(head.own)
    if how == "its size":
        own[-8:-4] = struct.pack(">I", 320 << 16)
    elif how == "its matrix":
        own[-44:-40] = struct.pack(">i", 2 << 16)
    else:
        own[-8:-4] = struct.pack(">I", 160 << 16)
    if how.startswith("its description"):
        shape = (4, 3) if "4:3" in how else (1, 1)
        description.inside.append(Box("pasp", struct.pack(">II", *shape)))
    head.own = bytes(own)
    return film.write(path)


def of_unknown_unit(drawn: Path, path: Path) -> Path:
    """A Matroska that states 4 × 3 to be shown, in a unit that it does not know: which then means nothing."""
    stored = bytearray(drawn.read_bytes())
    for element, value in ((b"\x54\xb0\x81", 4), (b"\x54\xb2\x81", 4)):
        stored[stored.index(element) + 3] = value
    path.write_bytes(stored)
    return path


HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:bframes=0")
OBLONG = {
    "its size": (320, ("a.mp4", "a.mov")),
    "its matrix": (320, ("a.mp4",)),
    "its pictures": (320, ("a.mp4", "hevc.mp4", "hevc.mov")),
    "its pictures, as its sets travel among them": (320, ("hev1.mp4",)),
    "its description, otherwise than its pictures: 4:3": (213, ("a.mp4", "hevc.mp4")),
    "its description, otherwise than its pictures: square": (160, ("a.mp4", "hevc.mov")),
    "its pictures, as Matroska says that it does not know": (320, ("a.mkv", "hevc.mkv")),
}


@pytest.mark.parametrize(("name", "how"), [(name, how) for how, (_, names) in OBLONG.items() for name in names])
def test_pixels_that_are_oblong_by_a_word_elsewhere_are_so_everywhere(
    engine: Engine, tmp_path: Path, name: str, how: str
) -> None:
    """As FFmpeg reads it: the container's word counts; where it has none, the pictures'. QuickTime's films came so."""
    stored = "its pictures" in how
    kind = name.partition(".")[0]
    codec = {"a": H264, "hevc": (*HEVC, "-tag:v", "hvc1"), "hev1": (*HEVC, "-tag:v", "hev1")}[kind]
    codec = codec if not name.endswith("mkv") or kind == "a" else HEVC
    drawn = numbered_film(
        tmp_path / f"drawn-{name}",
        frames=45,
        width=160,
        height=120,
        sound=None,
        filters="setsar=2" if stored else "null",
        codec=codec,
    )
    if kind == "hev1":
        raw = tmp_path / "raw.hevc"
        run("-i", str(drawn), "-c", "copy", "-bsf:v", "hevc_mp4toannexb", str(raw))
        run("-r", "30", "-i", str(raw), "-c", "copy", "-tag:v", "hev1", str(drawn))
    path = tmp_path / name
    if name.endswith("mkv"):
        of_unknown_unit(drawn, path)
    else:
        stretched(drawn, path, how)
    engine.choose(path)
    facts = engine.facts()
    shapes = [facts["widthPx"] / facts["heightPx"]]
    modes = ("lossless", "light") if facts["canCutLight"] else ("lossless",)
    for file in (path, *(engine.cut({"in": 0, "out": 1000}, mode).path for mode in modes)):
        video = probe(file).video
        shapes.append(video.width_px / video.height_px)
    assert shapes == pytest.approx([OBLONG[how][0] / 120] * len(shapes), rel=0.01)


def test_pictures_that_vp8_stores_and_never_shows_shift_no_other(engine: Engine, tmp_path: Path) -> None:
    codec = ("-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "10", "-b:v", "1M", "-g", "60", "-cpu-used", "5")
    size = {"width": 160, "height": 120}
    film = numbered_film(tmp_path / "film.webm", frames=150, **size, codec=codec, sound=None, passes=2)
    with av.open(film) as stored:
        assert sum(packet.size > 0 for packet in stored.demux(video=0)) > 150
    engine.choose(film)
    assert [engine.picture(round(n * 1000 / 30) + 1) for n in (10, 20, 37, 100)] == [10, 20, 37, 100]
    made = engine.cut({"in": 1266, "out": 2333}, "light")
    assert numbers_of(made) == list(range(38, 70))
