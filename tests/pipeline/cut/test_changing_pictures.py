"""Films whose pictures change on the way: each moment has the shape, direction and fields of its own pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.artifact import FinishedMoment
from pipeline.cut.clips import cut_clip
from pipeline.cut.stills import grab_still
from pipeline.moments import Clip
from pipeline.presets import preset
from pipeline.source.film import Film, probe
from pipeline.source.remux import make_seekable
from tests.footage import ONE_THREAD, RUNNER, grey_of, numbered_film, read_number, run
from tests.mp4_boxes import Mp4

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "30", "-crf", "18")
VP8 = ("-c:v", "libvpx", *ONE_THREAD, "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M", "-g", "30")


def joined(folder: Path, name: str, first: dict[str, Any], second: dict[str, Any], at: int = 60) -> Film:
    """Two numbered films, one after the other in one file and on one clock; the second begins with picture ``at``."""
    suffix = "webm" if name.endswith("webm") else "ts"
    common: dict[str, Any] = {"sound": None, "codec": VP8 if suffix == "webm" else H264}
    one = numbered_film(folder / f"1.{suffix}", frames=at, **(common | first))
    two = numbered_film(folder / f"2.{suffix}", frames=at, first=at, **(common | second))
    (folder / "list").write_text(f"file {one}\nfile {two}\n")
    path = folder / name
    run("-f", "concat", "-safe", "0", "-i", str(folder / "list"), "-c", "copy", str(path))
    return make_seekable(probe(path), folder, runner=RUNNER)


def cut(film: Film, in_ms: int, out_ms: int, folder: Path) -> FinishedMoment:
    return cut_clip(film, Clip(in_ms=in_ms, out_ms=out_ms), preset("full"), folder / "clip.mp4", runner=RUNNER)


def greys(path: Path) -> list[NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        return [grey_of(frame) for frame in container.decode(video=0)]


def without_bars(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture without the black at its sides; what is drawn is never darker than 40."""
    rows, columns = np.flatnonzero(grey.max(axis=1) > 28), np.flatnonzero(grey.max(axis=0) > 28)
    return grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


WIDE, TALL = {"width": 640, "height": 360}, {"width": 360, "height": 640}


@pytest.mark.parametrize("name", ["call.ts", "call.mkv", "browser.webm"])
def test_each_moment_has_the_shape_of_its_own_pictures(tmp_path: Path, name: str) -> None:
    film = joined(tmp_path, name, WIDE, TALL)
    for in_ms, wanted, numbers in ((500, (640, 360), range(15, 30)), (3000, (360, 640), range(90, 105))):
        clip = cut(film, in_ms, in_ms + 500, tmp_path)
        assert (clip.width_px, clip.height_px) == wanted
        assert [read_number(grey) for grey in greys(clip.path)] == list(numbers)
        still = grab_still(film, in_ms, runner=RUNNER)
        assert still.pixels.shape[:2] == wanted[::-1]
        assert read_number(cv2.cvtColor(still.pixels, cv2.COLOR_BGR2GRAY)) == numbers[0]


@pytest.mark.parametrize("name", ["call.ts", "call.mkv", "browser.webm"])
@pytest.mark.parametrize(("in_ms", "out_ms", "size"), [(1000, 2500, (640, 360)), (1500, 3500, (360, 640))])
def test_where_the_shape_changes_inside_the_rarer_one_is_fitted_with_bars(
    tmp_path: Path, name: str, in_ms: int, out_ms: int, size: tuple[int, int]
) -> None:
    film = joined(tmp_path, name, WIDE, TALL)
    clip = cut(film, in_ms, out_ms, tmp_path)
    assert (clip.width_px, clip.height_px) == size
    pictures = greys(clip.path)
    assert [read_number(without_bars(grey)) for grey in pictures] == list(
        range(in_ms * 30 // 1000, out_ms * 30 // 1000)
    )
    for grey, shape in ((pictures[0], WIDE), (pictures[-1], TALL)):
        height, width = without_bars(grey).shape
        assert width / height == pytest.approx(shape["width"] / shape["height"], rel=0.03)


def test_a_call_that_only_loses_resolution_fills_the_picture(tmp_path: Path) -> None:
    film = joined(tmp_path, "call.ts", WIDE, {"width": 320, "height": 180})
    clip = cut(film, 1000, 2500, tmp_path)
    assert (clip.width_px, clip.height_px) == (640, 360)
    pictures = greys(clip.path)
    assert [read_number(grey) for grey in pictures] == list(range(30, 75))
    assert int(pictures[-1][0].min()) > 28, "no bars"


@pytest.mark.parametrize("codec", [H264, ("-c:v", "mpeg2video", "-bf", "2", "-g", "15", "-q:v", "3")])
def test_pixels_that_become_oblong_on_the_way_keep_their_shape(tmp_path: Path, codec: tuple[str, ...]) -> None:
    """As broadcasts do it: 4:3 and 16:9 in the same 720 × 576 stored pixels."""
    first = {"width": 720, "height": 576, "filters": "setsar=16/15", "codec": codec, "fps": "25"}
    film = joined(tmp_path, "film.ts", first, first | {"filters": "setsar=64/45"}, at=75)
    assert (cut(film, 500, 1000, tmp_path).width_px, cut(film, 3500, 4000, tmp_path).width_px) == (768, 1024)
    assert [grab_still(film, at_ms, runner=RUNNER).pixels.shape[1] for at_ms in (500, 3500)] == [768, 1024]
    inside = cut(film, 1000, 3600, tmp_path)
    assert (inside.width_px, inside.height_px) == (768, 576)
    pictures = greys(inside.path)
    assert [read_number(without_bars(grey)) for grey in pictures] == list(range(25, 90))
    for grey, shape in ((pictures[0], 768 / 576), (pictures[-1], 1024 / 576)):
        height, width = without_bars(grey).shape
        assert width / height == pytest.approx(shape, rel=0.03)


@pytest.mark.parametrize("second", [{"width": 640, "height": 360}, {"width": 360, "height": 640}])
def test_a_film_with_two_sample_descriptions_is_read_with_each_its_own(tmp_path: Path, second: dict[str, Any]) -> None:
    """The second encoder writes other parameter sets (profile, entropy coding, perhaps the size) than the first."""
    simple = ("-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-g", "30", "-crf", "18")
    better = ("-c:v", "libx264", "-preset", "fast", "-bf", "0", "-g", "30", "-crf", "18")
    one = numbered_film(tmp_path / "1.mp4", frames=90, sound=None, codec=simple, **WIDE)
    two = numbered_film(tmp_path / "2.mp4", frames=90, first=90, sound=None, codec=better, **second)
    (tmp_path / "list").write_text(f"file {one}\nfile {two}\n")
    run("-f", "concat", "-safe", "0", "-i", str(tmp_path / "list"), "-c", "copy", str(tmp_path / "joined.mp4"))
    both = Mp4(tmp_path / "joined.mp4")
    both.describe_from(90, Mp4(two))
    film = probe(both.write(tmp_path / "film.mp4"))
    for in_ms, out_ms in ((1000, 2000), (2500, 3500), (4000, 5000)):
        pictures = greys(cut(film, in_ms, out_ms, tmp_path).path)
        wanted = list(range(in_ms * 30 // 1000, out_ms * 30 // 1000))
        assert [read_number(without_bars(grey)) for grey in pictures] == wanted
    assert read_number(cv2.cvtColor(grab_still(film, 4500, runner=RUNNER).pixels, cv2.COLOR_BGR2GRAY)) == 135


def test_colours_that_change_on_the_way_are_each_read_as_stated(tmp_path: Path) -> None:
    def flat(number: int, matrix: str) -> Path:
        path = tmp_path / f"{number}.ts"
        run(
            "-f", "lavfi", "-i", "color=0xE03020:size=640x480:rate=30:duration=2,format=gbrp", "-vf",
            f"scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p", *H264, "-color_range", "tv", "-colorspace",
            {"bt601": "smpte170m", "bt709": "bt709"}[matrix], str(path),
        )  # fmt: skip
        return path

    (tmp_path / "list").write_text(f"file {flat(1, 'bt601')}\nfile {flat(2, 'bt709')}\n")
    run("-f", "concat", "-safe", "0", "-i", str(tmp_path / "list"), "-c", "copy", str(tmp_path / "film.ts"))
    film = make_seekable(probe(tmp_path / "film.ts"), tmp_path, runner=RUNNER)
    clip = cut(film, 1000, 3000, tmp_path)
    with av.open(str(clip.path)) as container:
        for frame in container.decode(video=0):
            red, green, blue = frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()[240, 320]
            assert abs(int(red) - 0xE0) + abs(int(green) - 0x30) + abs(int(blue) - 0x20) <= 15
    for at_ms in (500, 3500):
        assert (
            np.abs(grab_still(film, at_ms, runner=RUNNER).pixels[240, 320].astype(int) - [0x20, 0x30, 0xE0]).max() <= 5
        )


COLOURS = {(0, 0): 0xE03020, (1, 0): 0xC68863, (0, 1): 0x30A040, (1, 1): 0x808080}


@pytest.mark.parametrize(("size", "matrix"), [("640x480", "bt601"), ("1280x720", "bt709"), ("480x640", "bt601")])
def test_colours_that_nobody_stated_follow_the_size_of_the_films_pictures(
    tmp_path: Path, size: str, matrix: str
) -> None:
    """As cameras and players have it: BT.601 below 720 lines, BT.709 from there on."""
    width, height = map(int, size.split("x"))
    squares = ";".join(
        f"color=0x{colour:06x}:size={width // 2}x{height // 2}:rate=25:duration=2[c{x}{y}]"
        for (x, y), colour in COLOURS.items()
    )
    path = tmp_path / "untagged.mp4"
    run(
        "-filter_complex", f"{squares};[c00][c10]hstack[a];[c01][c11]hstack[b];[a][b]vstack,format=gbrp,"
        f"scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p,setparams=colorspace=unknown:range=unknown",
        "-c:v", "libx264", "-preset", "ultrafast", "-crf", "5", str(path),
    )  # fmt: skip
    film = probe(path)
    clip = cut_clip(film, Clip(in_ms=0, out_ms=1000), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    with av.open(str(clip.path)) as container:
        shown = next(container.decode(video=0)).reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
    still = grab_still(film, 500, runner=RUNNER).pixels[:, :, ::-1]
    for picture in (shown, still):
        for (x, y), colour in COLOURS.items():
            found = picture[(2 * y + 1) * picture.shape[0] // 4, (2 * x + 1) * picture.shape[1] // 4]
            assert np.abs(found.astype(int) - [colour >> 16, colour >> 8 & 255, colour & 255]).max() <= 5


def test_a_film_that_becomes_interlaced_is_deinterlaced_from_there(tmp_path: Path) -> None:
    """A block moves 8 px a field, so woven pictures have combed edges."""
    moving = (
        "color=gray:size=720x576:rate={rate}:duration=2[a];color=white:size=100x400:rate={rate}:duration=2[b];"
        "[a][b]overlay=x='mod(t*400,600)':y=80"
    )
    fields = f"{moving.format(rate=50)},tinterlace=interleave_top,setfield=tff"
    run("-filter_complex", moving.format(rate=25), *H264, str(tmp_path / "1.ts"))
    run("-filter_complex", fields, *H264, "-flags", "+ildct+ilme", str(tmp_path / "2.ts"))
    (tmp_path / "list").write_text(f"file {tmp_path}/1.ts\nfile {tmp_path}/2.ts\n")
    run("-f", "concat", "-safe", "0", "-i", str(tmp_path / "list"), "-c", "copy", str(tmp_path / "film.ts"))
    film = make_seekable(probe(tmp_path / "film.ts"), tmp_path, runner=RUNNER)
    assert not film.video.interlaced
    plain, woven = combing(greys(tmp_path / "1.ts")[10]), combing(greys(tmp_path / "2.ts")[10])
    assert woven > plain + 1
    for in_ms in (1500, 2500):
        for grey in greys(cut(film, in_ms, in_ms + 1000, tmp_path).path):
            assert combing(grey) < plain + 0.25 * (woven - plain)
    still = cv2.cvtColor(grab_still(film, 3000, runner=RUNNER).pixels, cv2.COLOR_BGR2GRAY)
    assert combing(np.asarray(still, np.uint8)) < plain + 0.25 * (woven - plain)


def combing(grey: NDArray[np.uint8]) -> float:
    """How much each line differs from the mean of those beside it, on average."""
    lines = grey.astype(np.float32)
    return float(np.abs(lines[1:-1] - (lines[:-2] + lines[2:]) / 2).mean())


def test_two_film_tracks_that_are_on_the_first_is_shown_and_cut(tmp_path: Path) -> None:
    small = numbered_film(tmp_path / "small.mp4", frames=60, sound=None)
    large = numbered_film(tmp_path / "large.mp4", frames=60, first=500, width=640, height=480, sound=None)
    for name, order, first in (
        ("a.mp4", (small, large), 0),
        ("b.mp4", (large, small), 500),
        ("c.mkv", (small, large), 0),
    ):
        run(
            "-i", str(order[0]), "-i", str(order[1]), "-map", "0:v", "-map", "1:v", "-c", "copy", "-disposition:v",
            "default", str(tmp_path / name),
        )  # fmt: skip
        film = probe(tmp_path / name)
        clip = cut(film, 500, 1000, tmp_path)
        assert [read_number(grey) for grey in greys(clip.path)] == list(range(first + 15, first + 30))


def test_of_two_film_tracks_the_one_that_is_on_is_cut(tmp_path: Path) -> None:
    off = numbered_film(tmp_path / "off.mp4", frames=60, width=640, height=480, sound=None)
    on = numbered_film(tmp_path / "on.mp4", frames=60, first=500, sound=None)
    run(
        "-i", str(off), "-i", str(on), "-map", "0:v", "-map", "1:v", "-c", "copy", "-disposition:v:0", "0",
        "-disposition:v:1", "default", str(tmp_path / "both.mp4"),
    )  # fmt: skip
    clip = cut(probe(tmp_path / "both.mp4"), 500, 1000, tmp_path)
    assert [read_number(grey) for grey in greys(clip.path)] == list(range(515, 530))
