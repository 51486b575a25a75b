"""A constant rate for a clip, and which of the film's frames stands in each of its slots.

Slot k of the result stands for the time k/fps and shows the last frame that began by then, give or take a fifth of a
slot (films round their times, so a frame may be stamped a little late). The first slot always shows the first frame
of the clip and the last slot its last one, since those are what the guider chose.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

STANDARD_RATES = tuple(
    Fraction(rate)
    for rate in ("24000/1001", "24", "25", "30000/1001", "30", "48", "50", "60000/1001", "60", "100", "120", "240")
)
LEAST_FPS = 5
LATE_SLOTS = Fraction(201, 1000)
"""A little more than a fifth, by which times of usual rates fall on a slot's edge, where ffmpeg rounds either way."""
_NEAR_STANDARD = Fraction(1, 200)
_STEADY = Fraction(1, 5)
Time = int | Fraction


@dataclass(frozen=True)
class Slots:
    """How frames fall into the slots of a constant rate."""

    fps: Fraction
    count: int
    """Number of slots: the clip's length in frames of the result."""
    left_out: tuple[tuple[int, int], ...]
    """Runs of frames, first to last index, that would push the first or the last frame out of its slot."""
    last_frame: int
    """Index of the last frame among those that are kept."""
    last_slot: int | None
    """The slot the last frame is put into; None: it falls there by its own time."""


def clip_rate(pts: Sequence[Time], end_pts: Time, time_base: Fraction, max_fps: int) -> Fraction:
    """The rate for a clip: the film's own up to ``max_fps``, else the film's divided by a whole number.

    A steady film keeps its rate, at the exact value of the standard it is near to. A film whose rate varies gets the
    standard rate that its faster frames need. A very slow film gets a whole multiple of its rate.
    """
    gaps = sorted((b - a) * time_base for a, b in pairwise([*pts, end_pts]) if b > a)
    if not gaps:
        return Fraction(min(25, max_fps))
    middle = gaps[len(gaps) // 2]
    steady = gaps[-1 - len(gaps) // 10] - gaps[len(gaps) // 10] <= middle * _STEADY
    if steady:
        usual = [gap for gap in gaps if abs(gap - middle) <= middle * _STEADY]  # a frame left out here and there
        rate = _near_standard(len(usual) / sum(usual, Fraction(0)))
    else:
        # How long the last one stands is for the moment to say, which ends at a whole millisecond.
        own = sorted((b - a) * time_base for a, b in pairwise(pts) if b > a)
        fast = 1 / own[len(own) // 10]
        rate = next((r for r in STANDARD_RATES if r >= fast * (1 - _NEAR_STANDARD)), STANDARD_RATES[-1])
    if rate > max_fps:
        rate /= math.ceil(rate / max_fps)
    if rate < LEAST_FPS:  # repeated pictures cost nothing, and half a second of film must not become a whole one
        rate *= math.ceil(LEAST_FPS / rate)
    return rate.limit_denominator(1001)


def _near_standard(rate: Fraction) -> Fraction:
    nearest = min(STANDARD_RATES, key=lambda standard: abs(standard - rate))
    if abs(nearest - rate) <= nearest * _NEAR_STANDARD:
        return nearest
    whole = Fraction(round(rate))
    return whole if whole and abs(whole - rate) <= whole * _NEAR_STANDARD else rate


def fill_slots(
    pts: Sequence[Time], end_pts: Time, time_base: Fraction, fps: Fraction, count: int | None = None
) -> Slots:
    """Which slots there are and what must be arranged so that the first and the last frame are in theirs.

    count: how many there are, where that is not for the length to say.
    """
    if count == 1 and len(pts) > 1:
        return Slots(fps, 1, ((1, len(pts) - 1),), 0, None)
    given, length = count, (end_pts - pts[0]) * time_base
    count = given or max(1, round(length * fps))
    slots = places(pts, time_base, fps)
    last = len(pts) - 1
    if last == 0:
        return Slots(fps, count, (), 0, None)
    count = given or max(2, count)
    wanted = max(1, min(slots[last], count - 1))
    crowds = (
        [index for index in range(1, last) if slots[index] == 0],
        [index for index in range(1, last) if slots[index] > wanted],
    )
    runs = [(crowd[0], crowd[-1]) for crowd in crowds if crowd]
    kept = last - sum(to - begin + 1 for begin, to in runs)
    return Slots(fps, count, tuple(runs), kept, None if wanted == slots[last] else wanted)


def places(pts: Sequence[Time], time_base: Fraction, fps: Fraction) -> list[int]:
    """The slot that each frame falls into by its own time."""
    return [max(0, math.ceil((p - pts[0]) * time_base * fps - LATE_SLOTS)) for p in pts]
