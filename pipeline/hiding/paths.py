"""Where a person can have been on each picture between two drawn boxes, and how sure that is.

A person takes one path from one box to the other. Each place of each picture has a likeness; a step from one picture to
the next goes where the picture's own movement (dense inverse search optical flow; Kroeger et al. 2016) carries it, and
other steps cost. Max-sum message passing from both sides (Viterbi forwards and backwards) gives for each place of each
picture the best whole path through it. The best path says where they are; all places whose path is nearly as good say
where they could be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.hiding.appearance import Appearance, Pixels, Scores, centre_px, size_px, sum_around
from pipeline.marks import Box

_SCALES = 0.78, 1.0, 1.28
"""Of the size between the two boxes."""
_PICTURES_A_SECOND = 10
"""As many count in full: neighbouring pictures of a faster film say nearly the same."""
_STEP_COST, _SCALE_COST, _FLOW_WRONG_COST = 3.0, 0.5, 0.3
"""For a tenth of the box's side, for the next size, and for not going with the flow."""
_REACH_PX = 3
_NEARLY, _NEARLY_WHERE_LOST = 0.8, 2.0
"""How much worse than the best a path may be so that its places are covered too."""
_IMPOSSIBLE = -60.0
Ends = tuple[Box | None, Box | None]
"""The boxes drawn on the first and on the last picture; one of both at least is there."""


@dataclass(frozen=True)
class Place:
    """Where somebody is on a picture.

    likely: the box of the best path. possible: around the boxes of all paths that are nearly as good; reachable: the
    same with far worse ones. likeness: see Appearance.likeness, of the likely box.
    """

    likely: Box
    possible: Box
    reachable: Box
    likeness: float


def find_path(
    pictures: Sequence[Pixels], persons: Sequence[Scores], looks: Appearance, fps: Fraction, ends: Ends
) -> list[Place]:
    """Where the person is on each of these pictures, which are small and of one size.

    persons: of each picture, what Appearance.persons gives.
    """
    search = _Search(pictures, persons, looks, fps, ends)
    return search.places()


class _Search:
    def __init__(
        self, pictures: Sequence[Pixels], persons: Sequence[Scores], looks: Appearance, fps: Fraction, ends: Ends
    ) -> None:
        self._persons, self._first, self._last = persons, *ends
        self._count, self._shape = len(pictures), pictures[0].shape[:2]
        self._weight = float(_PICTURES_A_SECOND / fps)
        self._reach = max(_REACH_PX, round(_REACH_PX * 12.5 / float(fps)))
        self._greys = [cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in pictures]
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._likeness = np.asarray(
            [
                [looks.likeness(picture, persons[n], *size_px(*self._size(n, scale), self._shape)) for scale in _SCALES]
                for n, picture in enumerate(pictures)
            ],
            np.float16,
        )
        height, width = self._shape
        self._columns, self._rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))

    def places(self) -> list[Place]:
        before = [self._start(self._first)]
        for n in range(1, self._count):
            before.append(_kept(self._step(before[-1].astype(np.float32) + self._of(n - 1), n - 1, n)))
        after = self._start(self._last)
        found = []
        for n in reversed(range(self._count)):
            found.append(self._place(n, before[n].astype(np.float32) + self._of(n) + after))
            if n:
                after = _kept(self._step(after + self._of(n), n, n - 1)).astype(np.float32)
        return found[::-1]

    def _of(self, n: int) -> Scores:
        return np.asarray(self._likeness[n].astype(np.float32) * self._weight, np.float32)

    def _size(self, n: int, scale: float) -> tuple[float, float]:
        first, last = self._first or self._last, self._last or self._first
        assert first is not None and last is not None  # noqa: S101, PT018  one of both is there
        share = n / max(1, self._count - 1)
        width = first.width + (last.width - first.width) * share
        height = first.height + (last.height - first.height) * share
        return min(1.0, width * scale), min(1.0, height * scale)

    def _start(self, box: Box | None) -> NDArray[np.float16]:
        scores = np.zeros((len(_SCALES), *self._shape), np.float16)
        if box is not None:
            scores[:] = _IMPOSSIBLE
            scores[_SCALES.index(1.0)][centre_px(box, self._shape)] = 0
        return scores

    def _step(self, scores: Scores, here: int, there: int) -> Scores:
        """The best that leads to each place of picture ``there`` from a neighbouring one."""
        back = self._flow.calc(self._greys[there], self._greys[here], None)  # type: ignore[call-overload]
        weights = self._persons[there] + np.float32(0.02)
        cost = _SCALE_COST * self._weight
        larger, smaller = np.concatenate([scores[1:], scores[-1:]]), np.concatenate([scores[:1], scores[:-1]])
        sizes = np.maximum(scores, np.maximum(larger, smaller) - cost)
        reached = np.empty_like(scores)
        for number, scale in enumerate(_SCALES):
            size = size_px(*self._size(there, scale), self._shape)
            mass = sum_around(weights, size)
            moved = [sum_around(back[..., axis] * weights, size) / mass for axis in (0, 1)]
            costs = [_STEP_COST * self._weight / max(1.0, side / 10) for side in size]
            spread = _spread(sizes[number], costs[0], costs[1], self._reach)
            x, y = self._columns + moved[0], self._rows + moved[1]
            carried = cv2.remap(spread, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
            reached[number] = np.maximum(np.asarray(carried), spread - _FLOW_WRONG_COST * self._weight)
        return reached

    def _place(self, n: int, scores: Scores) -> Place:
        best = np.unravel_index(int(scores.argmax()), scores.shape)
        likely = self._around(n, scores >= scores.max())
        return Place(
            likely,
            self._around(n, scores >= scores.max() - _NEARLY),
            self._around(n, scores >= scores.max() - _NEARLY_WHERE_LOST),
            float(self._likeness[(n, *best)]),
        )

    def _around(self, n: int, there: NDArray[np.bool_]) -> Box:
        edges: list[tuple[float, float, float, float]] = []
        height, width = self._shape
        for number, scale in enumerate(_SCALES):
            rows, columns = np.nonzero(there[number])
            if len(rows):
                across, down = (side / 2 for side in self._size(n, scale))
                edges.append(
                    (
                        (columns.min() + 0.5) / width - across,
                        (rows.min() + 0.5) / height - down,
                        (columns.max() + 0.5) / width + across,
                        (rows.max() + 0.5) / height + down,
                    )
                )
        lefts, tops, rights, bottoms = zip(*edges, strict=True)
        return Box.from_edges(min(lefts), min(tops), max(rights), max(bottoms))


def _kept(scores: Scores) -> NDArray[np.float16]:
    """Relative to the best, so that half precision is enough: only differences within a picture count."""
    return np.asarray(np.maximum(scores - scores.max(), _IMPOSSIBLE), np.float16)


def _spread(scores: Scores, across: float, down: float, reach: int) -> Scores:
    """The best within so many steps; each costs ``across`` to the side, ``down`` up or down."""
    for _ in range(reach):
        wide = np.pad(scores, 1, constant_values=-np.inf)
        scores = np.maximum.reduce(
            [
                scores,
                wide[:-2, 1:-1] - down,
                wide[2:, 1:-1] - down,
                wide[1:-1, :-2] - across,
                wide[1:-1, 2:] - across,
            ]
        )
    return scores


Look = Callable[[int], Pixels]
"""Gives a picture by its number: uint8, (height, width, 3), BGR."""
