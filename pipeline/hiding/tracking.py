"""A proposal of what to cover on each picture, from what a guider marked on some. A person looks at each.

Between two boxes the person is looked for from both sides at once (pipeline.hiding.paths). Covered is wherever they may
be; where that is in doubt, the wider region that they can have reached; the whole picture only where nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.hiding.appearance import Appearance, Pixels, Scores, with_limbs
from pipeline.hiding.paths import Look, Place, find_path
from pipeline.marks import Box, Covers, Mark, Picture, picture_ms

_WORKING_SIDE_PX = 128
_DRAWN_MARGIN, _MARGIN, _LEAST_MARGIN = 0.05, 0.1, 0.012
"""What is covered around a box: of its sides, where it was followed of the longer one, and at least of the picture."""
_SIZE_UNKNOWN = 2.0
"""So many times that margin where each drawn box was cut off by the picture, and by another of its edges."""
_NEAR_EDGE = 0.06
"""A strip as narrow as that between a cover and the picture's edge is covered too."""
_REACH_S = 10.0
"""With a box on one side only, nobody is followed longer than that."""
_LOST = 1.0
"""Of a likeness, which is 2 where a box was drawn."""
_LOST_AT_ONE_END_S, _LOST_BETWEEN_S = 0.5, 2.0
"""Lost for longer than that, nothing is known of where they are."""
_AWAY_A_SECOND = 0.6
"""Of their longer side: how much further they may have gone since they were seen, or before they are seen again."""
_WIDE = 3.0
"""So many times as large as the person, a region is in doubt."""
_NEARLY_WHOLE = 0.85
_BESIDE_S = 0.15
"""Covered as well is where they were so long before and will be so long after: a foot stays behind in a stride."""
_AT_AN_EDGE = 0.015
_MOST_CHANGE = 35.0

NOT_MARKED = "Nobody was marked near this picture."
TOO_FAR = "This is long after, or before, a box that you drew."
LOST = "The person was lost here."
CHANGED = "The whole picture changes here."
UNSURE = "The person could be in more than one place here."


@dataclass
class _Run:
    """Pictures that are followed together: ``ends`` were drawn on the first and the last of them."""

    numbers: range
    ends: tuple[Box | None, Box | None]


def propose(look: Look, count: int, fps: Fraction, marks: Mapping[int, Mark]) -> list[Picture]:
    """What to cover on each of ``count`` pictures; marks: by the number of their picture."""
    pictures = [Picture(picture_ms(n, fps), Covers.WHOLE, doubt=NOT_MARKED) for n in range(count)]
    order = sorted(marks)
    for begin, end in zip([-1, *order], [*order, count], strict=True):
        before, after = marks.get(begin), marks.get(end)
        if before is not None and after is not None and before.covers is after.covers is Covers.NOBODY:
            for n in range(begin + 1, end):
                pictures[n] = Picture(pictures[n].at_ms, Covers.NOBODY)
            continue
        first, last = before.box if before else None, after.box if after else None
        if first or last:
            for n, picture in _fill(look, fps, range(begin + 1, end), first, last):
                pictures[n] = picture
    for n, mark in marks.items():
        box = mark.box.grown(_DRAWN_MARGIN, _LEAST_MARGIN) if mark.box else None
        pictures[n] = Picture(picture_ms(n, fps), mark.covers, box, drawn=True)
    return pictures


def _fill(
    look: Look, fps: Fraction, between: range, first: Box | None, last: Box | None
) -> Iterator[tuple[int, Picture]]:
    """The pictures between two marks; a box is there on one side at least."""
    begin, end = between.start - bool(first), between.stop + bool(last)
    reach = round(_REACH_S * fps)
    wanted = range(begin if first else max(begin, end - reach - 1), end if last else min(end, begin + reach + 1))
    small = {n: _smaller(look(n)) for n in wanted}
    changes = [n for n in wanted if n - 1 in small and _changed(small[n - 1], small[n])]
    for n in between:
        doubt = TOO_FAR if n not in wanted else CHANGED
        yield n, Picture(picture_ms(n, fps), Covers.WHOLE, doubt=doubt)
    for run in _runs(wanted.start, wanted.stop, changes, first, last):
        for n, picture in _follow([small[n] for n in run.numbers], fps, run):
            if n in between:
                yield n, picture


def _runs(begin: int, end: int, changes: Sequence[int], first: Box | None, last: Box | None) -> Iterator[_Run]:
    """Nobody is followed over a change of the whole picture."""
    if not changes:
        yield _Run(range(begin, end), (first, last))
        return
    if first:
        yield _Run(range(begin, changes[0]), (first, None))
    if last:
        yield _Run(range(changes[-1], end), (None, last))


def _follow(small: Sequence[Pixels], fps: Fraction, run: _Run) -> Iterator[tuple[int, Picture]]:
    first, last = run.ends
    if len(small) < 2:
        return
    drawn = [(small[at], box) for at, box in ((0, first), (-1, last)) if box is not None]
    looks = Appearance(drawn)
    persons = [looks.persons(picture) for picture in small]
    places = find_path(small, persons, looks, fps, run.ends)
    lost = [place.likeness < _LOST for place in places]
    unknown, unseen_s = _unknown(lost, fps, run.ends), _unseen_s(lost, fps)
    regions = [_region(place, seen) for place, seen in zip(places, persons, strict=True)]
    cut_off = _cut_off([box for _, box in drawn])
    each = {_cut_off([box]) for _, box in drawn}
    margin = _MARGIN * (_SIZE_UNKNOWN if len(each) > 1 and all(map(any, each)) else 1)
    beside = max(1, round(_BESIDE_S * fps))
    for at, place in enumerate(places):
        at_ms = picture_ms(run.numbers[at], fps)
        if unknown[at]:
            yield run.numbers[at], Picture(at_ms, Covers.WHOLE, doubt=LOST)
            continue
        around, share = _around(regions[max(0, at - beside) : at + beside + 1]), margin + _AWAY_A_SECOND * unseen_s[at]
        box = _grown(around, place.likely, small[0].shape, share, cut_off)
        unsure = _area(place.possible) > _WIDE * _area(place.likely)
        doubt = LOST if lost[at] else UNSURE if unsure else ""
        if _area(box) > _NEARLY_WHOLE and doubt:
            yield run.numbers[at], Picture(at_ms, Covers.WHOLE, doubt=doubt)
        else:
            yield run.numbers[at], Picture(at_ms, Covers.BOX, box, doubt=doubt)


def _unknown(lost: Sequence[bool], fps: Fraction, ends: tuple[Box | None, Box | None]) -> list[bool]:
    """On which pictures nothing is known: in a long stretch where they were lost, and beyond it up to a box."""
    count = len(lost)
    longest = round((_LOST_BETWEEN_S if all(ends) else _LOST_AT_ONE_END_S) * fps)
    unknown = [False] * count
    begin = 0
    for n in range(count + 1):
        if n < count and lost[n]:
            continue
        if n - begin > longest:
            left = begin if ends[0] else 0
            right = n if ends[1] else count
            unknown[left:right] = [True] * (right - left)
        begin = n + 1
    return unknown


def _unseen_s(lost: Sequence[bool], fps: Fraction) -> list[float]:
    """How far in time the nearest picture is on which they were seen; the drawn ones are such."""
    seen = [n for n, unseen in enumerate(lost) if not unseen]
    return [float(min((abs(n - at) for at in seen), default=0) / fps) for n in range(len(lost))]


def _region(place: Place, persons: Scores) -> Box:
    box = place.reachable if place.likeness < _LOST else place.possible
    return box.together(with_limbs(persons, place.likely))


def _around(boxes: Sequence[Box]) -> Box:
    """The smallest box around all."""
    around = boxes[0]
    for box in boxes[1:]:
        around = around.together(box)
    return around


def _cut_off(drawn: Sequence[Box]) -> tuple[bool, bool, bool, bool]:
    """Left, top, right, bottom: whether a person reached out of the picture where they were drawn."""
    return (
        any(box.x < _AT_AN_EDGE for box in drawn),
        any(box.y < _AT_AN_EDGE for box in drawn),
        any(box.x + box.width > 1 - _AT_AN_EDGE for box in drawn),
        any(box.y + box.height > 1 - _AT_AN_EDGE for box in drawn),
    )


def _grown(box: Box, person: Box, shape: Sequence[int], margin: float, cut_off: tuple[bool, bool, bool, bool]) -> Box:
    """The box with its margin; all the way to an edge that cut the person off, and to one that is near."""
    height, width = shape[:2]
    margin_px = margin * max(person.width * width, person.height * height)
    across, down = max(_LEAST_MARGIN, margin_px / width), max(_LEAST_MARGIN, margin_px / height)
    near = (box.x - across, box.y - down, 1 - box.x - box.width - across, 1 - box.y - box.height - down)
    left, top, right, bottom = (
        0.0 if cut or beyond < _NEAR_EDGE else beyond for cut, beyond in zip(cut_off, near, strict=True)
    )
    return Box.from_edges(left, top, 1 - right, 1 - bottom)


def _area(box: Box) -> float:
    return box.width * box.height


def _smaller(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    ratio = min(1.0, _WORKING_SIDE_PX / max(width, height))
    size = max(16, round(width * ratio)), max(16, round(height * ratio))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _changed(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> bool:
    tiny = [
        cv2.resize(cv2.cvtColor(one, cv2.COLOR_BGR2GRAY), (32, 18), interpolation=cv2.INTER_AREA).astype(np.int16)
        for one in (before, now)
    ]
    return bool(np.abs(tiny[0] - tiny[1]).mean() > _MOST_CHANGE)
