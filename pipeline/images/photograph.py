"""A photograph of what a child made: upright, no larger than a page needs, and nothing in it but the picture.

Only JPEG and PNG are decoded, and only after their heads have told how large they are. Where they were taken and with
what is not copied; wide colours become those of a screen. A service has each decoded in a jail
(pipeline.run.orders.READ_PHOTOGRAPH), whose memory is bounded.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.artifact import Artifact, publish
from pipeline.errors import PipelineError
from pipeline.ffmpeg.limits import Limits
from pipeline.limits import LIMITS

if TYPE_CHECKING:
    from PIL import Image

MEDIA_TYPE = "image/jpeg"
MOST_PIXELS = {"JPEG": 64_000_000, "PNG": 40_000_000}
"""A PNG is decoded at its whole size; an A4 sheet at 600 dots an inch has 35 megapixels."""
LONGEST_SIDE_PX = 2400
"""A picture across an A4 page at 240 px an inch."""
JPEG_QUALITY = 90
LIMITS_OF_DECODING = Limits(memory_bytes=280 << 20, file_bytes=LIMITS.largest_photograph_bytes)
"""Of decoding one: 40 megapixels take 160 MB, and a quarter of it once more while they are made smaller."""
_BLENDABLE = ("RGB", "L", "CMYK", "YCbCr")
_STRIP_PX = 256
_HEAD_BYTES = 32
_OF_PHONES = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif")


class PhotographUnreadable(PipelineError):
    """The file is no photograph that can be read, or not the whole of one."""

    code = "photograph_unreadable"
    for_guider = "This picture cannot be read. Choose a photograph as JPEG or PNG."


class PhotographTooLarge(PipelineError):
    """The file or its picture is larger than any page needs."""

    code = "photograph_too_large"
    for_guider = (
        "This picture is too large to be read safely. Choose one of at most "
        f"{LIMITS.largest_photograph_bytes // 1_000_000} MB, and {MOST_PIXELS['PNG'] // 1_000_000} megapixels as PNG."
    )


@dataclass(frozen=True)
class Photograph:
    """A finished photograph and its size."""

    artifact: Artifact
    width_px: int
    height_px: int


def take_photograph(source: Path, destination: Path) -> Photograph:
    """A JPEG of the photograph at ``destination``.

    Raises: PhotographUnreadable, PhotographTooLarge.
    """
    try:
        if source.stat().st_size > LIMITS.largest_photograph_bytes:
            raise PhotographTooLarge(f"{source.stat().st_size} bytes")
        with source.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise _not_there(source) from error
    if head[4:8] == b"ftyp" and head[8:12] in _OF_PHONES:
        sentence = "This picture is in a phone’s own format (HEIC) that cannot be read here. Save it as JPEG first."
        raise PhotographUnreadable(head[8:12].decode("ascii"), for_guider=sentence)
    part = destination.with_name(f".{destination.name}.part")
    try:
        size_px = _decode(source, part)
        artifact = publish(part, destination, MEDIA_TYPE)
    finally:
        part.unlink(missing_ok=True)
    return Photograph(artifact, *size_px)


def _decode(source: Path, part: Path) -> tuple[int, int]:
    picture = _read(source)
    picture.save(part, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return picture.size


def _not_there(source: Path) -> PhotographUnreadable:
    sentence = f"There is no picture named {source.name} here that can be read."
    return PhotographUnreadable(source.name, for_guider=sentence)


def _read(source: Path) -> Image.Image:
    """The picture upright, small enough and in a screen's colours, without anything beside it."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(source, formats=tuple(MOST_PIXELS)) as opened:
            if opened.width * opened.height > MOST_PIXELS[opened.format or "PNG"]:
                raise PhotographTooLarge(f"{opened.width} x {opened.height}")
            opened.draft("RGB", (LONGEST_SIDE_PX, LONGEST_SIDE_PX))  # a JPEG is decoded no larger than need be
            small = _reduced(opened)
            if small is not opened:
                opened.close()  # its pixels go now
            small.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX), Image.Resampling.LANCZOS)
            seen = _for_a_screen(ImageOps.exif_transpose(small)).convert("RGB")
    except (Image.DecompressionBombError, MemoryError) as error:
        raise PhotographTooLarge(str(error)) from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:  # all of them mean: damaged
        raise PhotographUnreadable(type(error).__name__) from None
    bare = Image.new("RGB", seen.size)  # a new picture carries nothing of the old one but what is seen
    bare.paste(seen)
    return bare


def _reduced(picture: Image.Image) -> Image.Image:
    """The picture in a mode whose pixels can be blended, and so many whole times smaller that it is still large enough.

    Strip by strip, so that no second large picture ever lies in memory: a palette's numbers cannot be blended, and what
    is clear in a picture is laid on paper.
    """
    from PIL import Image

    factor = max(1, max(picture.size) // LONGEST_SIDE_PX)
    is_plain = picture.mode in _BLENDABLE and "transparency" not in picture.info
    if factor == 1 and is_plain:
        return picture
    mode = picture.mode if is_plain else "RGB"
    width, height = picture.size
    small = Image.new(mode, (-(-width // factor), -(-height // factor)))
    for top in range(0, height, _STRIP_PX * factor):
        strip = picture.crop((0, top, width, min(height, top + _STRIP_PX * factor)))
        small.paste((strip if is_plain else _on_white(strip)).reduce(factor), (0, top // factor))
    small.info = {name: value for name, value in picture.info.items() if name != "transparency"}
    return small


def _for_a_screen(picture: Image.Image) -> Image.Image:
    """The picture in sRGB where it says that its colours are others."""
    from PIL import ImageCms

    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in ("RGB", "CMYK"):
        return picture
    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):  # a broken profile: its colours as they are
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
        return turned if turned is not None else picture
    return picture


def _on_white(picture: Image.Image) -> Image.Image:
    """The picture as it would lie on paper."""
    from PIL import Image

    if picture.mode.startswith("I"):  # 16 bits a pixel, of which a conversion would keep the lower eight
        return picture.convert("I").point(lambda value: value / 256).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        paper = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(paper, clear).convert("RGB")
    return picture.convert("RGB")
