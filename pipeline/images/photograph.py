"""A photograph of what a child made: upright, no larger than a page needs, and nothing in it but the picture.

Only JPEG and PNG are decoded, and only after their heads have told how large they are. Where they were taken and with
what is not copied; wide colours become those of a screen.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.artifact import Artifact, publish
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from PIL import Image

MEDIA_TYPE = "image/jpeg"
MOST_BYTES = 30_000_000
MOST_PIXELS = 64_000_000
LONGEST_SIDE_PX = 2400
"""A picture across an A4 page at 240 px an inch."""
JPEG_QUALITY = 90
_KINDS = ("JPEG", "PNG")
_HEAD_BYTES = 32
_OF_PHONES = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif")


class PhotographUnreadable(PipelineError):
    """The file is no photograph that can be read, or not the whole of one."""

    code = "photograph_unreadable"
    for_guider = "This picture cannot be read. Choose a photograph as JPEG or PNG."


class PhotographTooLarge(PipelineError):
    """The file or its picture is larger than any page needs."""

    code = "photograph_too_large"
    for_guider = "This picture is too large to be read safely. Choose one of at most 30 MB and 64 megapixels."


@dataclass(frozen=True)
class Photograph:
    """A finished photograph and its size."""

    artifact: Artifact
    width_px: int
    height_px: int


def take_photograph(source: Path, destination: Path) -> Photograph:
    """A JPEG of the photograph at ``destination``. Raises: PhotographUnreadable, PhotographTooLarge."""
    try:
        if source.stat().st_size > MOST_BYTES:
            raise PhotographTooLarge(f"{source.stat().st_size} bytes")
        with source.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise _not_there(source) from error
    if head[4:8] == b"ftyp" and head[8:12] in _OF_PHONES:
        sentence = "This picture is in a phone’s own format (HEIC) that cannot be read here. Save it as JPEG first."
        raise PhotographUnreadable(head[8:12].decode("ascii"), for_guider=sentence)
    picture = _read(source)
    part = destination.with_name(f".{destination.name}.part")
    try:
        picture.save(part, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        artifact = publish(part, destination, MEDIA_TYPE)
    finally:
        part.unlink(missing_ok=True)
    return Photograph(artifact, *picture.size)


def _not_there(source: Path) -> PhotographUnreadable:
    sentence = f"There is no picture named {source.name} here that can be read."
    return PhotographUnreadable(source.name, for_guider=sentence)


def _read(source: Path) -> Image.Image:
    """The picture upright, small enough and in a screen's colours, without anything beside it."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(source, formats=_KINDS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise PhotographTooLarge(f"{opened.width} x {opened.height}")
            opened.draft("RGB", (LONGEST_SIDE_PX, LONGEST_SIDE_PX))  # a JPEG is decoded no larger than need be
            upright = ImageOps.exif_transpose(opened)
            upright.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX), Image.Resampling.LANCZOS, reducing_gap=3.0)
            seen = _on_white(_for_a_screen(upright))
    except Image.DecompressionBombError as error:
        raise PhotographTooLarge(str(error)) from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:  # all of them mean: damaged
        raise PhotographUnreadable(type(error).__name__) from None
    bare = Image.new("RGB", seen.size)  # a new picture carries nothing of the old one but what is seen
    bare.paste(seen)
    return bare


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

    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        paper = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(paper, clear).convert("RGB")
    return picture.convert("RGB")
