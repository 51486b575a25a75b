"""Covering parts of pictures so that nothing of what was there is left: in a clip by ffmpeg, in a still by OpenCV.

Covers are of one calm colour and not blurred: what is blurred can be brought back. They reach out to the next edge of
cells of CELL_PX, which are the blocks of the chroma planes too, so that no colour of what is covered stays at an edge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from pipeline.marks import Covers, Picture

CELL_PX = 8
GREY = 0x5B
"""Of each colour, full range."""


@dataclass(frozen=True)
class Masks:
    """A file of one small mask for each picture of a clip: uint8 of rows × columns, 255 where a cell is covered."""

    path: Path
    columns: int
    rows: int


def mask_of(picture: Picture, width: int, height: int) -> NDArray[np.uint8]:
    """The cells of a picture of that size in px that are covered, 255 each."""
    rows, columns = math.ceil(height / CELL_PX), math.ceil(width / CELL_PX)
    mask = np.zeros((rows, columns), np.uint8)
    if picture.covers is Covers.WHOLE:
        mask[:] = 255
    elif picture.box is not None:
        box = picture.box
        left, right = math.floor(box.x * width / CELL_PX), math.ceil((box.x + box.width) * width / CELL_PX)
        top, bottom = math.floor(box.y * height / CELL_PX), math.ceil((box.y + box.height) * height / CELL_PX)
        mask[top:bottom, left:right] = 255
    return mask


def write_masks(pictures: Sequence[Picture], width: int, height: int, path: Path) -> Masks:
    """The masks of all pictures of a clip of that size in px, at ``path``."""
    with path.open("wb") as file:
        for picture in pictures:
            file.write(mask_of(picture, width, height).tobytes())
    return Masks(path, math.ceil(width / CELL_PX), math.ceil(height / CELL_PX))


def add_cover(stream: Any, masks: Masks, width: int, height: int, fps: Fraction) -> Any:
    """The ffmpeg-python ``stream`` of that size and rate with what the masks say covered.

    Where a mask is missing the pictures end, so that none can pass uncovered; then the clip fails its verification.
    """
    given = ffmpeg.input(
        str(masks.path), format="rawvideo", pix_fmt="gray", s=f"{masks.columns}x{masks.rows}", framerate=str(fps),
        protocol_whitelist="file",
    )  # fmt: skip
    cells = given.filter("scale", masks.columns * CELL_PX, masks.rows * CELL_PX, flags="neighbor")
    cells = cells.filter("crop", width, height, 0, 0)
    seen = stream.split()
    hidden = seen[1].filter("drawbox", color=f"0x{3 * f'{GREY:02x}'}", thickness="fill")
    hidden = ffmpeg.filter([hidden, cells], "alphamerge", eof_action="endall")
    return ffmpeg.filter([seen[0], hidden], "overlay", format="yuv420", eof_action="endall").filter("format", "yuv420p")


def cover_pixels(pixels: NDArray[np.uint8], picture: Picture) -> NDArray[np.uint8]:
    """A picture, uint8 (height, width, 3), with what is to be covered on it covered."""
    height, width = pixels.shape[:2]
    cells = np.kron(mask_of(picture, width, height), np.ones((CELL_PX, CELL_PX), np.uint8))[:height, :width]
    return np.where(cells[:, :, None] > 0, np.uint8(GREY), pixels)


def is_covered(pixels: NDArray[np.uint8], picture: Picture, most_difference: int) -> bool:
    """Whether a smaller copy of a finished picture shows the cover, and nothing else, where it has to."""
    if picture.covers is Covers.NOBODY:
        return True
    height, width = pixels.shape[:2]
    if picture.box is None:
        inside = pixels
    else:
        edges = picture.box.x, picture.box.y, picture.box.x + picture.box.width, picture.box.y + picture.box.height
        left, top = math.ceil(edges[0] * width), math.ceil(edges[1] * height)
        right, bottom = math.floor(edges[2] * width), math.floor(edges[3] * height)
        # Where a picture is made smaller, what lies beside a cover is mixed into the cover's outermost pixels.
        inside = pixels[
            top + (top > 0) * 2 : bottom - (bottom < height) * 2, left + (left > 0) * 2 : right - (right < width) * 2
        ]
    return inside.size == 0 or int(np.abs(inside.astype(np.int16) - GREY).max()) <= most_difference
