"""How much each place of a picture looks like the person who was marked: by their colours and by their picture.

The colours inside the drawn boxes are weighed against those around them (a colour histogram ratio; Bradski 1998), and
the drawn boxes themselves are compared by normalised cross-correlation.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.marks import Box

Pixels = NDArray[np.uint8]
Scores = NDArray[np.float32]
_BINS = 8, 16, 16
_RING = 1.6
_RING_WEIGHT = 0.7
_LEAST_OWN = 0.02
_PERSONS = 0.5
_REACH = 0.5, 0.25
"""Of a box's width and height: how far colours of theirs are looked for beside it."""


class Appearance:
    """What a person looks like in the boxes drawn around them; pictures are uint8 (height, width, 3), BGR, small."""

    def __init__(self, drawn: Sequence[tuple[Pixels, Box]]) -> None:
        inside, outside = np.zeros(_BINS, np.float32), np.zeros(_BINS, np.float32)
        self._templates: list[Pixels] = []
        for picture, box in drawn:
            bins = _bins_of(picture)
            left, top, right, bottom = edges_px(box, picture.shape)
            person = np.zeros(picture.shape[:2], np.uint8)
            axes = max(1, int(0.4 * (right - left))), max(1, int(0.45 * (bottom - top)))
            cv2.ellipse(person, ((left + right) // 2, (top + bottom) // 2), axes, 0, 0, 360, 1, -1)
            others = np.ones(picture.shape[:2], np.float32)
            others[top:bottom, left:right] = 0
            inside += _histogram(bins, person.astype(np.float32)) / len(drawn)
            outside += _histogram(bins, others) / len(drawn)
            self._templates.append(picture[top:bottom, left:right].copy())
        self._share = (inside / (inside + outside + 1e-4)).astype(np.float32).ravel()
        own = []
        for picture, box in drawn:
            y, x = centre_px(box, picture.shape)
            own.append(float(_contrast(self.persons(picture), size_px(box.width, box.height, picture.shape))[y, x]))
        self._own = max(_LEAST_OWN, float(np.mean(own)))

    def persons(self, picture: Pixels) -> Scores:
        """How likely each pixel is the person's, 0 to 1, by its colour alone."""
        return np.asarray(self._share[_bins_of(picture)], np.float32)

    def likeness(self, picture: Pixels, persons: Scores, width_px: int, height_px: int) -> Scores:
        """For a box of that size around each pixel: up to 1.2 by colours and 1 by the picture; about 2 where drawn."""
        colours = np.clip(_contrast(persons, (width_px, height_px)) / self._own, 0, 1.2)
        wide = cv2.copyMakeBorder(
            picture, height_px // 2, (height_px - 1) // 2, width_px // 2, (width_px - 1) // 2, cv2.BORDER_REPLICATE
        )
        best = np.zeros(picture.shape[:2], np.float32)
        for template in self._templates:
            sized = cv2.resize(template, (width_px, height_px), interpolation=cv2.INTER_AREA)
            found = cv2.matchTemplate(wide, sized, cv2.TM_CCOEFF_NORMED)
            best = np.maximum(best, np.where(np.isfinite(found), found, 0))
        return np.asarray(colours + np.minimum(best, 1), np.float32)


def with_limbs(persons: Scores, box: Box) -> Box:
    """The box with what of the person's colours reaches out of it, as a stretched arm does."""
    left, top, right, bottom = edges_px(box, persons.shape)
    across, down = int(_REACH[0] * (right - left)), int(_REACH[1] * (bottom - top))
    x, y = max(0, left - across), max(0, top - down)
    near = (persons[y : bottom + down, x : right + across] > _PERSONS).astype(np.uint8)
    near = np.asarray(cv2.morphologyEx(near, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)), np.uint8)
    parts = np.asarray(cv2.connectedComponents(near, connectivity=8)[1])
    middle = parts[
        (2 * top + bottom) // 3 - y : (top + 2 * bottom) // 3 - y + 1,
        (3 * left + right) // 4 - x : (left + 3 * right) // 4 - x + 1,
    ]
    rows, columns = np.nonzero(np.isin(parts, np.unique(middle[middle > 0])))
    if not len(rows):
        return box
    height, width = persons.shape
    found = (columns.min() + x) / width, (rows.min() + y) / height, (columns.max() + x + 1) / width
    return box.together(Box.from_edges(*found, (rows.max() + y + 1) / height))


def edges_px(box: Box, shape: Sequence[int]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom in px of a picture of that shape; at least 2 px apart."""
    height, width = shape[:2]
    left, top = min(width - 2, round(box.x * width)), min(height - 2, round(box.y * height))
    right, bottom = round((box.x + box.width) * width), round((box.y + box.height) * height)
    return left, top, min(width, max(left + 2, right)), min(height, max(top + 2, bottom))


def centre_px(box: Box, shape: Sequence[int]) -> tuple[int, int]:
    """Row and column of the middle of a box."""
    height, width = shape[:2]
    return min(height - 1, int((box.y + box.height / 2) * height)), min(width - 1, int((box.x + box.width / 2) * width))


def size_px(width: float, height: float, shape: Sequence[int]) -> tuple[int, int]:
    """Width and height in px of a box of that size, each 4 at least, and no larger than the picture."""
    return (
        min(shape[1], max(4, round(width * shape[1]))),
        min(shape[0], max(4, round(height * shape[0]))),
    )


def sum_around(values: Scores, size: tuple[int, int]) -> Scores:
    """Of all values in a box of that size in px around each; outside of the picture are none."""
    return np.asarray(cv2.boxFilter(values, -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT), np.float32)


def _contrast(persons: Scores, size: tuple[int, int]) -> Scores:
    """How much more of the person is in the box around each pixel than in a ring around that."""
    ones = np.ones_like(persons)
    height, width = persons.shape
    around = min(2 * width - 1, int(_RING * size[0])), min(2 * height - 1, int(_RING * size[1]))
    inside, all_ = sum_around(persons, size), sum_around(persons, around)
    space, whole = sum_around(ones, size), sum_around(ones, around)
    return np.asarray(inside / space - _RING_WEIGHT * (all_ - inside) / np.maximum(whole - space, 1), np.float32)


def _bins_of(picture: Pixels) -> NDArray[np.int32]:
    lab = cv2.cvtColor(picture, cv2.COLOR_BGR2LAB).astype(np.int32)
    a, b = (np.clip((lab[..., n] - 64) // 8, 0, 15) for n in (1, 2))
    return np.asarray((lab[..., 0] // 32) * 256 + a * 16 + b, np.int32)


def _histogram(bins: NDArray[np.int32], weights: Scores) -> Scores:
    """Shares that add up to 1, smoothed over neighbouring colours."""
    counts = np.asarray(np.bincount(bins.ravel(), weights.ravel(), int(np.prod(_BINS))), np.float64).reshape(_BINS)
    for axis in range(3):
        moved = np.moveaxis(counts, axis, 0)
        beside = np.concatenate([moved[:1], moved, moved[-1:]])
        counts = np.moveaxis(0.25 * beside[:-2] + 0.5 * moved + 0.25 * beside[2:], 0, axis)
    return np.asarray(counts / max(float(counts.sum()), 1e-6), np.float32)
