"""How a stored picture becomes the one a person should see: upright, square pixels, SDR BT.709, even sizes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from pipeline.source.picture_facts import VideoFacts

_ZSCALE_FORMATS = {
    f"yuv{jpeg}{sampling}{depth}"
    for jpeg in ("", "j")
    for sampling in ("420p", "422p", "444p")
    for depth in ("", "10le", "12le")
}
_ZSCALE_NAMES = {
    "bt709": "709",
    "smpte170m": "170m",
    "bt470bg": "470bg",
    "bt2020nc": "2020_ncl",
    "bt2020c": "2020_cl",
    "bt2020": "2020",
    "ycgco": "ycgco",
    "smpte432": "smpte432",
}
# The light that diffuse white stands for when HDR is brought to SDR; ITU-R BT.2408 puts it at 203 cd/m².
_DIFFUSE_WHITE_NITS = 203
_SAME_SHAPE = Fraction(1, 50)
"""Sizes of another resolution are rounded; bars of a pixel or two would only flicker."""


def shown_size(video: VideoFacts, max_lines: int) -> tuple[int, int]:
    """Width and height of the upright result in px: the shorter side at most ``max_lines`` (0: no limit), both even.

    Nothing is enlarged, save a pixel to an even size.
    """
    shorter = min(video.width_px, video.height_px)
    ratio = min(1.0, max_lines / shorter) if max_lines else 1.0
    width, height = (max(2, 2 * round(side * ratio / 2)) for side in (video.width_px, video.height_px))
    return width, height


def fitted_size(video: VideoFacts, shape: VideoFacts, width: int, height: int) -> tuple[int, int]:
    """Width and height in px of such pictures within a picture of ``width`` and ``height`` that is of that shape."""
    ratio = Fraction(video.width_px * shape.height_px, video.height_px * shape.width_px)
    if abs(ratio - 1) <= _SAME_SHAPE:
        return width, height
    if ratio > 1:
        return width, min(height, max(2, 2 * round(height / ratio / 2)))
    return min(width, max(2, 2 * round(width * ratio / 2))), height


def add_bars(stream: Any, fitted: tuple[int, int], width: int, height: int) -> Any:
    """The ffmpeg-python ``stream`` of pictures of the fitted size in the middle of black ones of the other."""
    left, top = ((whole - part) // 4 * 2 for whole, part in zip((width, height), fitted, strict=True))
    return stream.filter("pad", width, height, left, top, color="black")


def add_picture_filters(stream: Any, video: VideoFacts, width: int, height: int) -> Any:
    """The ffmpeg-python ``stream`` with the filters that give upright BT.709 4:2:0 8-bit pictures of that size.

    Scaling comes before tone mapping and turning, since they then have fewer pixels to work on.
    """
    if video.orientation.swaps_sides:
        width, height = height, width
    stream = _add_colour_and_size(stream, video, width, height)
    stream = stream.filter("format", "yuv420p")
    if video.orientation.mirrored:
        stream = stream.filter("hflip")
    match video.orientation.rotate_cw_deg:
        case 90:
            stream = stream.filter("transpose", "clock")
        case 180:
            stream = stream.filter("hflip").filter("vflip")
        case 270:
            stream = stream.filter("transpose", "cclock")
        case _:
            pass
    stream = stream.filter("setsar", "1")
    stream = stream.filter(
        "setparams", range="tv", color_primaries="bt709", color_trc="bt709", colorspace="bt709", field_mode="prog"
    )
    return stream.filter("sidedata", mode="delete")


def _add_colour_and_size(stream: Any, video: VideoFacts, width: int, height: int) -> Any:
    even = video.stored_width_px % 2 == 0 and video.stored_height_px % 2 == 0
    if video.pixel_format not in _ZSCALE_FORMATS or not even or video.matrix not in _ZSCALE_NAMES:
        return _add_plain_scale(stream, video, width, height)
    given = {
        "min": _ZSCALE_NAMES[video.matrix],
        "rin": "full" if video.full_range else "limited",
        "pin": _ZSCALE_NAMES.get(video.primaries, "709"),
    }
    if video.hdr is None and video.primaries not in ("bt2020", "smpte432"):
        return stream.filter(
            "zscale", w=width, h=height, filter="bicubic", dither="ordered", m="709", r="limited", min=given["min"],
            rin=given["rin"],
        )  # fmt: skip
    # Wide colours: to linear light, to BT.709's primaries, highlights rolled off, back to video levels.
    transfer = {"hlg": "arib-std-b67", "pq": "smpte2084", None: "709"}[video.hdr]
    stream = stream.filter("zscale", w=width, h=height, filter="bicubic", tin=transfer, **given)
    stream = stream.filter("zscale", tin=transfer, t="linear", npl=_DIFFUSE_WHITE_NITS, **given)
    stream = stream.filter("format", "gbrpf32le").filter("zscale", p="709")
    if video.hdr is not None:
        stream = stream.filter("tonemap", tonemap="mobius", param=0.3, desat=0)
    return stream.filter("zscale", p="709", t="709", m="709", r="limited", dither="ordered")


def _add_plain_scale(stream: Any, video: VideoFacts, width: int, height: int) -> Any:
    """Scaling for the formats zscale does not take: odd sizes, palettes, packed and RGB pictures."""
    named = {"bt709": "bt709", "bt2020nc": "bt2020", "bt2020c": "bt2020", "fcc": "fcc", "smpte240m": "smpte240m"}
    return stream.filter(
        "scale", width, height, flags="bicubic+accurate_rnd", out_color_matrix="bt709", out_range="tv",
        in_color_matrix=named.get(video.matrix, "bt601"), in_range="pc" if video.full_range else "tv",
    )  # fmt: skip
