"""A proposal of what to cover on each picture, from what a guider marked on some. A person looks at each.

Sparse optical flow (Lucas-Kanade, with forward-backward error; Kalal et al. 2010) carries a box from picture to
picture. It proposes only: wherever it has the least doubt, the whole picture is proposed to be covered, and stays so
until the next picture that was marked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.marks import Box, Covers, Mark, Picture, picture_ms

Look = Callable[[int], NDArray[np.uint8]]
"""Gives a picture by its number: uint8, (height, width, 3), BGR."""
WORKING_SIDE_PX = 480
_DRAWN_MARGIN, _MARGIN, _LEAST_MARGIN = 0.05, 0.2, 0.012
"""Of a box's sides, and at least of the picture: what is covered around it."""
_REACH_S = 2.0
"""A box is followed no longer than that from where it was drawn."""
_NEAR_S = 0.5
"""Between two boxes as near as that in time, and no further apart than they are large, a straight way is enough."""
_INNER = 0.8
_POINTS, _LEAST_POINTS = 80, 8
_MOST_BACK_PX = 1.0
_LEAST_FOUND, _LEAST_TOGETHER = 0.6, 0.6
_LIKE_BEFORE, _LIKE_DRAWN = 0.75, 0.35
_OTHER_COLOURS = 0.45
_MOST_CHANGE = 35.0
_LEAST_INSIDE = 0.6
_LK = {"winSize": (21, 21), "maxLevel": 3, "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.03)}

NOT_MARKED = "Nobody was marked near this picture."
_TOO_FAR = "This is long after, or before, a box that you drew."
_LOST = "The person was lost here."
_CHANGED = "The whole picture changes here."
_LOOKS_OTHERWISE = "What was followed looks different here."
_LEFT = "The person leaves the picture here."
_APART = "From the two sides two different places were found."


class _Doubt(Exception):
    """A box cannot be followed any further; the text says why."""


def propose(look: Look, count: int, fps: Fraction, marks: Mapping[int, Mark]) -> list[Picture]:
    """What to cover on each of ``count`` pictures; marks: by the number of their picture."""
    pictures = [Picture(picture_ms(n, fps), Covers.WHOLE, doubt=NOT_MARKED) for n in range(count)]
    boxes: dict[int, Box] = {}
    order = sorted(marks)
    for number in order:
        mark = marks[number]
        pictures[number] = Picture(picture_ms(number, fps), mark.covers, drawn=True)
        if mark.box is not None:
            boxes[number] = mark.box
    followed: dict[int, Box] = {}
    for begin, end in zip([-1, *order], [*order, count], strict=True):
        before, after = marks.get(begin), marks.get(end)
        if before is not None and after is not None and before.covers is after.covers is Covers.NOBODY:
            for n in range(begin + 1, end):
                pictures[n] = Picture(pictures[n].at_ms, Covers.NOBODY)
            continue
        found, doubts = _fill(look, fps, begin, end, before, after)
        followed |= found
        for n in range(begin + 1, end):
            if n not in found:
                pictures[n] = Picture(pictures[n].at_ms, Covers.WHOLE, doubt=doubts.get(n, NOT_MARKED))
    for n, box in followed.items():
        near = box  # who moves on within a picture is covered where they were and where they will be
        for other in (n - 1, n + 1):
            beside = followed.get(other) or boxes.get(other)
            near = near.together(beside) if beside else near
        pictures[n] = Picture(pictures[n].at_ms, Covers.BOX, near.grown(_MARGIN, _LEAST_MARGIN))
    for n, box in boxes.items():
        pictures[n] = Picture(pictures[n].at_ms, Covers.BOX, box.grown(_DRAWN_MARGIN, _LEAST_MARGIN), drawn=True)
    return pictures


def _fill(
    look: Look, fps: Fraction, begin: int, end: int, before: Mark | None, after: Mark | None
) -> tuple[dict[int, Box], dict[int, str]]:
    """The boxes on the pictures between two marks, and why there is none where there is none."""
    doubts: dict[int, str] = {}
    reach = round(_REACH_S * fps)
    first = before.box if before else None
    last = after.box if after else None
    on = _follow(look, first, range(begin, end), reach, doubts) if first else {}
    back = _follow(look, last, range(end, begin, -1), reach, doubts) if last else {}
    between = range(begin + 1, end)
    if first and last and _is_near(look, fps, first, last, range(begin, end + 1)):
        straight = {n: first.between(last, (n - begin) / (end - begin)) for n in between}
        return {n: _around([straight[n], on.get(n), back.get(n)]) for n in between}, {}
    found: dict[int, Box] = {}
    for n in between:
        one, other = on.get(n), back.get(n)
        if one is not None and other is not None and one.overlap(other) < 0.3:
            doubts[n] = _APART
        elif one is not None or other is not None:
            found[n] = _around([one, other])
    if last and first and any(doubt is _APART for doubt in doubts.values()):
        # One of the two ways went over to somebody else, and nothing says which, or where.
        return {}, dict.fromkeys(between, _APART)
    return found, doubts


def _around(boxes: Sequence[Box | None]) -> Box:
    there = [box for box in boxes if box is not None]
    all_ = there[0]
    for box in there[1:]:
        all_ = all_.together(box)
    return all_


def _is_near(look: Look, fps: Fraction, first: Box, last: Box, numbers: range) -> bool:
    if len(numbers) - 1 > _NEAR_S * fps:
        return False
    across = abs(first.x + first.width / 2 - last.x - last.width / 2)
    down = abs(first.y + first.height / 2 - last.y - last.height / 2)
    if across > max(first.width, last.width) or down > max(first.height, last.height):
        return False
    greys = [_grey(look(n)) for n in numbers]
    return not any(_changed(a, b) for a, b in pairwise(greys))


def _follow(look: Look, drawn: Box, numbers: range, reach: int, doubts: dict[int, str]) -> dict[int, Box]:
    """The box along ``numbers``, from the first, where it was drawn, as far as there is no doubt; then why not."""
    found: dict[int, Box] = {}
    box = drawn
    picture = look(numbers[0])
    grey, colours = _grey(picture), _colours(picture, drawn)
    patch = pattern = _patch(grey, drawn)
    for step, n in enumerate(numbers[1:], 1):
        try:
            if step > reach:
                raise _Doubt(_TOO_FAR)
            picture = look(n)
            now = _grey(picture)
            box = _carry(grey, now, box)
            patch_now = _patch(now, box)
            other = cv2.compareHist(colours, _colours(picture, box), cv2.HISTCMP_BHATTACHARYYA)
            if _likeness(patch, patch_now) < _LIKE_BEFORE or _likeness(pattern, patch_now) < _LIKE_DRAWN:
                raise _Doubt(_LOOKS_OTHERWISE)
            if other > _OTHER_COLOURS:
                raise _Doubt(_LOOKS_OTHERWISE)
        except _Doubt as doubt:
            for rest in numbers[step:]:
                doubts.setdefault(rest, str(doubt))
            break
        found[n] = box
        grey, patch = now, patch_now
    return found


def _carry(before: NDArray[np.uint8], now: NDArray[np.uint8], box: Box) -> Box:
    """The box on the next picture. Raises: _Doubt."""
    if _changed(before, now):
        raise _Doubt(_CHANGED)
    height, width = before.shape
    inner = np.zeros_like(before)
    centre = round((box.x + box.width / 2) * width), round((box.y + box.height / 2) * height)
    axes = max(2, round(_INNER * box.width * width / 2)), max(2, round(_INNER * box.height * height / 2))
    cv2.ellipse(inner, centre, axes, 0, 0, 360, 255, -1)
    apart = max(2.0, min(axes) / 8)
    points = cv2.goodFeaturesToTrack(before, _POINTS, 0.01, apart, mask=inner)
    if points is None or len(points) < _LEAST_POINTS:
        raise _Doubt(_LOST)
    there, found, _ = cv2.calcOpticalFlowPyrLK(before, now, points, None, **_LK)  # type: ignore[call-overload]
    again, back, _ = cv2.calcOpticalFlowPyrLK(now, before, there, None, **_LK)  # type: ignore[call-overload]
    away = np.linalg.norm((again - points).reshape(-1, 2), axis=1)
    good = (found.ravel() == 1) & (back.ravel() == 1) & (away < _MOST_BACK_PX)
    if good.sum() < max(_LEAST_POINTS, _LEAST_FOUND * len(points)):
        raise _Doubt(_LOST)
    old, new = points.reshape(-1, 2)[good], there.reshape(-1, 2)[good]
    moved = np.median(new - old, axis=0)
    together = np.linalg.norm(new - old - moved, axis=1) <= max(2.0, 0.06 * 2 * min(axes))
    if together.mean() < _LEAST_TOGETHER:
        raise _Doubt(_LOST)
    spread_old, spread_new = (np.linalg.norm(p - np.median(p, axis=0), axis=1) for p in (old, new))
    scale = float(np.clip(np.median(spread_new / np.maximum(spread_old, 1.0)), 0.95, 1.05))
    x, y = box.x + box.width / 2 + moved[0] / width, box.y + box.height / 2 + moved[1] / height
    half_w, half_h = scale * box.width / 2, scale * box.height / 2
    inside = (min(x + half_w, 1.0) - max(x - half_w, 0.0)) * (min(y + half_h, 1.0) - max(y - half_h, 0.0))
    if not (0 < x < 1 and 0 < y < 1) or inside < _LEAST_INSIDE * 4 * half_w * half_h:
        raise _Doubt(_LEFT)
    return Box.from_edges(x - half_w, y - half_h, x + half_w, y + half_h)


def _grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)


def _changed(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> bool:
    small = [cv2.resize(grey, (32, 18), interpolation=cv2.INTER_AREA).astype(np.int16) for grey in (before, now)]
    return bool(np.abs(small[0] - small[1]).mean() > _MOST_CHANGE)


def _patch(grey: NDArray[np.uint8], box: Box) -> NDArray[np.float32]:
    height, width = grey.shape
    left, top = int(box.x * width), int(box.y * height)
    right, bottom = (
        max(left + 2, round((box.x + box.width) * width)),
        max(top + 2, round((box.y + box.height) * height)),
    )
    cut = grey[top:bottom, left:right]
    return np.asarray(cv2.resize(cut, (32, 32), interpolation=cv2.INTER_AREA), np.float32)


def _likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Normalised correlation, -1 to 1; 0 where a picture is flat, and so tells nothing."""
    a, b = one - one.mean(), other - other.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 1.0 else 0.0


def _colours(picture: NDArray[np.uint8], box: Box) -> NDArray[np.float32]:
    height, width = picture.shape[:2]
    left, top = int(box.x * width), int(box.y * height)
    right, bottom = (
        max(left + 2, round((box.x + box.width) * width)),
        max(top + 2, round((box.y + box.height) * height)),
    )
    lab = cv2.cvtColor(np.ascontiguousarray(picture[top:bottom, left:right]), cv2.COLOR_BGR2LAB)
    counts = cv2.calcHist([lab], [0, 1, 2], None, [8, 8, 8], [0, 256, 64, 192, 64, 192])
    return np.asarray(counts / max(1.0, float(counts.sum())), np.float32)
