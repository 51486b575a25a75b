"""Touching up a finished still: straighten it, cut edges away, brighten a dark kitchen. The frame stays the same."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import ArtifactWrong

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

JPEG_QUALITY = 92
SMALLEST_SIDE_PX = 32
_BRIGHT_ENOUGH = 0.46  # of full lightness; the median of a well-lit living room
Box = tuple[int, int, int, int]
_MOST_LIFT = 0.55  # the smallest exponent: more would show a phone's noise


@dataclass(frozen=True)
class TouchUp:
    """What to do to a picture; by itself nothing.

    ``straighten_deg`` turns the picture clockwise. The four cuts are per cent of the straightened picture's width or
    height, taken off each side.
    """

    straighten_deg: float = 0.0
    cut_left: float = 0.0
    cut_right: float = 0.0
    cut_top: float = 0.0
    cut_bottom: float = 0.0
    brighten: bool = False


def touched_copy(picture: Path, wish: TouchUp, copy: Path) -> tuple[int, int]:
    """A JPEG of ``picture`` with the chosen changes; its width and height in px.

    Where nothing is changed, as when a bright picture is to be brightened, it is the very same file, byte for byte.
    Raises: ArtifactWrong where it is no picture.
    """
    import cv2
    import numpy as np

    pixels = cv2.imread(str(picture), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ArtifactWrong(f"{picture.name} cannot be read as a picture")
    before = pixels.astype(np.uint8, copy=False)
    after = touch_up(before, wish)
    if after is before:
        shutil.copyfile(picture, copy)
    elif not cv2.imwrite(str(copy), after, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
        raise ArtifactWrong(f"{picture.name} could not be written anew")
    height, width = after.shape[:2]
    return width, height


def kept_box(width: int, height: int, wish: TouchUp) -> Box:
    """What of a picture of that many pixels is kept once it was straightened: left, top, width and height."""
    left, top, across, down = (
        _straightened(width, height, wish.straighten_deg) if wish.straighten_deg else (0, 0, width, height)
    )
    begin, end = _kept(across, wish.cut_left, wish.cut_right)
    upper, lower = _kept(down, wish.cut_top, wish.cut_bottom)
    return left + begin, top + upper, end - begin, lower - upper


def touch_up(pixels: NDArray[np.uint8], wish: TouchUp) -> NDArray[np.uint8]:
    """The picture straightened, then cut, then brightened; the same array where nothing is to be done.

    pixels: uint8, (height, width, 3), BGR.
    """
    if wish.straighten_deg:
        pixels = _straighten(pixels, wish.straighten_deg)
    if wish.cut_left or wish.cut_right or wish.cut_top or wish.cut_bottom:
        pixels = _cut(pixels, wish)
    return _brighten(pixels) if wish.brighten else pixels


def _straighten(pixels: NDArray[np.uint8], turn_deg: float) -> NDArray[np.uint8]:
    """Turned clockwise about its middle, and the largest upright part of the same shape that has no empty corner."""
    import cv2
    import numpy as np

    height, width = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -turn_deg, 1.0)
    turned = cv2.warpAffine(pixels, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    left, top, across, down = _straightened(width, height, turn_deg)
    return np.ascontiguousarray(turned[top : top + down, left : left + across]).astype(np.uint8, copy=False)


def _straightened(width: int, height: int, turn_deg: float) -> Box:
    angle = math.radians(abs(turn_deg))
    longer, shorter = max(width, height), min(width, height)
    share = shorter / (longer * math.sin(angle) + shorter * math.cos(angle))
    # Cubic interpolation looks two pixels around.
    across, down = (max(1, int(side * share) - 2 * 2) for side in (width, height))
    return (width - across) // 2, (height - down) // 2, across, down


def _cut(pixels: NDArray[np.uint8], wish: TouchUp) -> NDArray[np.uint8]:
    import numpy as np

    height, width = pixels.shape[:2]
    left, right = _kept(width, wish.cut_left, wish.cut_right)
    top, bottom = _kept(height, wish.cut_top, wish.cut_bottom)
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def _kept(length: int, before: float, after: float) -> tuple[int, int]:
    """What is left of a side, at least so much that something can be seen."""
    begin, end = round(length * before / 100), round(length * (1 - after / 100))
    least = min(length, SMALLEST_SIDE_PX)
    begin = min(begin, length - least)
    return begin, max(end, begin + least)


def _brighten(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Dark pictures lifted so that their median lightness is that of a well-lit room; bright ones stay as they are.

    A curve on CIE lightness alone, so that colours keep their hue and nothing bright is lost.
    """
    import cv2
    import numpy as np

    lab = cv2.cvtColor(pixels, cv2.COLOR_BGR2LAB)
    lightness = float(np.median(lab[:, :, 0])) / 255
    if lightness >= _BRIGHT_ENOUGH:
        return pixels
    lift = max(_MOST_LIFT, math.log(_BRIGHT_ENOUGH) / math.log(max(lightness, 1 / 255)))
    curve = np.rint(255 * (np.arange(256) / 255) ** lift).astype(np.uint8)
    lab[:, :, 0] = cv2.LUT(np.ascontiguousarray(lab[:, :, 0]), curve)
    return cv2.cvtColor(lab, cv2.COLOR_LAB2BGR).astype(np.uint8, copy=False)
