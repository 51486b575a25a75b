"""What comes after what in a reel, and the screen it is made for; nothing is drawn or encoded here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from pipeline.artifact import PreparedMoment

TELEVISION_RATES = tuple(Fraction(rate) for rate in ("24000/1001", "24", "25", "30000/1001", "30"))
_NEAR = Fraction(1, 200)
_SMALL, _LARGE = (1280, 720), (1920, 1080)
GROUND = "#24414a"
"""Calm and dark for a living room, and yet never mistaken for a film that does not play."""
GROUND_RGB = tuple(int(GROUND[n : n + 2], 16) for n in (1, 3, 5))
OPENING_S = 5.0
NUMBER_S = 1.4
HELD_S = 2.5
CLOSING_S = 4.0
_READ_FIRST_S, _READ_WORD_S, _READ_MOST_S = 2.0, 0.4, 15.0


@dataclass(frozen=True)
class Screen:
    """What the reel is made for: a lying screen, and one constant rate."""

    width_px: int
    height_px: int
    fps: Fraction

    def frames(self, seconds: float | Fraction) -> int:
        """How many frames stand for so long, at least one."""
        return max(1, round(Fraction(seconds) * self.fps))

    def fit(self, width_px: int, height_px: int) -> tuple[int, int]:
        """The even size, in px, in which a picture fills as much of the screen as it can."""
        scale = min(Fraction(self.width_px, width_px), Fraction(self.height_px, height_px))
        return max(2, 2 * round(width_px * scale / 2)), max(2, 2 * round(height_px * scale / 2))


@dataclass(frozen=True)
class Card:
    """Words alone on the calm ground; ``at_once``: they are there from the first frame."""

    words: str
    frames: int
    at_once: bool = False


@dataclass(frozen=True)
class Played:
    """A moment in motion, ``slower`` times as long as it was; ``silent`` where its sound is left out."""

    clip: PreparedMoment
    frames: int
    slower: int = 1
    silent: bool = False


@dataclass(frozen=True)
class Again:
    """The pictures that were played last, each standing ``slower`` times as long, so that none is encoded twice."""

    frames: int
    slower: int
    silent: bool


@dataclass(frozen=True)
class Held:
    """A moment standing still on the frame at ``best_ms`` of its own clock; None: on the sharpest near its end."""

    clip: PreparedMoment
    best_ms: int | None
    words: str
    frames: int


Piece = Card | Played | Held | Again


def screen_for(clips: Sequence[PreparedMoment]) -> Screen:
    """1080p where a clip is larger than 720p, else 720p; the rate that suits the longest stretch of film."""
    large = any(min(clip.width_px or 0, clip.height_px or 0) > _SMALL[1] for clip in clips)
    lengths: dict[Fraction, int] = {}
    for clip in clips:
        rate = television_rate(Fraction(clip.fps or 25).limit_denominator(1001))
        lengths[rate] = lengths.get(rate, 0) + (clip.duration_ms or 0)
    return Screen(*(_LARGE if large else _SMALL), max(lengths, key=lambda rate: (lengths[rate], rate)))


def television_rate(fps: Fraction) -> Fraction:
    """The rate every television plays that shows film of ``fps`` most evenly: the same, a part or a multiple of it."""
    while fps > TELEVISION_RATES[-1] * (1 + _NEAR):
        fps /= 2

    def evenness(rate: Fraction) -> Fraction:
        times = rate / fps
        return abs(times - max(1, round(times))) / times

    return min(TELEVISION_RATES, key=lambda rate: (evenness(rate) > _NEAR, abs(rate - fps) if fps > 20 else -rate))


def plan(
    clips: Sequence[PreparedMoment],
    screen: Screen,
    *,
    opening: str,
    closing: str,
    slower: int,
    best_ms: Sequence[int | None],
    captions: bool,
    slow_sound: bool,
) -> tuple[Piece, ...]:
    """The pieces of a reel in their order.

    ``best_ms`` holds for each clip the time on its own clock to stand still at, or None. With ``slower`` 0
    nothing comes again.
    """
    pieces: list[Piece] = [Card(opening, screen.frames(OPENING_S), at_once=True)]
    for number, (clip, at_ms) in enumerate(zip(clips, best_ms, strict=True), 1):
        length_s = Fraction(clip.duration_ms or 0, 1000)
        words = clip.caption if captions else ""
        if len(clips) > 1:
            pieces.append(Card(f"{number} / {len(clips)}", screen.frames(NUMBER_S)))
        pieces.append(Played(clip, screen.frames(length_s)))
        pieces.append(Held(clip, at_ms, words, screen.frames(_reading_s(words))))
        if not slower:
            continue
        if (clip.fps or 0) > screen.fps * (1 + _NEAR):  # slowly, there is time for pictures that were left out
            pieces.append(Played(clip, screen.frames(length_s * slower), slower, silent=not slow_sound))
        else:
            pieces.append(Again(screen.frames(length_s), slower, silent=not slow_sound))
    if closing:
        pieces.append(Card(closing, screen.frames(CLOSING_S)))
    return tuple(pieces)


def _reading_s(words: str) -> float:
    return HELD_S if not words else min(_READ_MOST_S, max(HELD_S, _READ_FIRST_S + _READ_WORD_S * len(words.split())))
