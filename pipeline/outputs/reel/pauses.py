"""What stands between the moving pictures, composed with moviepy: cards, and the picture a moment is held on.

moviepy composes; it decodes and encodes nothing here. Of a pause only its first second moves, so a few dozen frames
are drawn and ffmpeg repeats the last of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.outputs.reel.moviepy_alone import ColorClip, CompositeVideoClip, ImageClip, VideoClip, vfx
from pipeline.outputs.reel.plan import GROUND_RGB, Screen

_APPEAR_S = 0.5
_DISSOLVE_S = 0.35
_SHRINK_S = 0.7
_TOP = 0.06
_GAP = 0.04


@dataclass(frozen=True)
class Pause:
    """A composition and for how long it changes, in seconds; after that it stands still."""

    clip: VideoClip
    moving_s: float

    def frames(self, screen: Screen, count: int) -> Iterator[bytes]:
        """The frames that differ, at most ``count``, each as RGB rows of the screen's size; the last one stays."""
        changing = min(count, screen.frames(self.moving_s) + 1) if self.moving_s else 1
        for number in range(changing):
            yield np.ascontiguousarray(self.clip.get_frame(number / float(screen.fps)), np.uint8).tobytes()


def card(words: NDArray[np.uint8], screen: Screen, *, at_once: bool) -> Pause:
    """The words on the calm ground, there from the first frame or appearing."""
    if at_once:
        return Pause(_on_ground(screen, _layer(words)), 0.0)
    return Pause(_on_ground(screen, _layer(words).with_effects([vfx.CrossFadeIn(_APPEAR_S)])), _APPEAR_S)


def held(last: NDArray[np.uint8], best: NDArray[np.uint8], words: NDArray[np.uint8] | None, screen: Screen) -> Pause:
    """The last frame that moved turns into the best one; with words that one then makes room for them.

    last, best: uint8, (height, width, 3), RGB, in the size in which the moment fills the screen.
    """
    before = _layer(last).with_position("center")
    after = _layer(best).with_position("center").with_effects([vfx.CrossFadeIn(_DISSOLVE_S)])
    if words is None:
        return Pause(_on_ground(screen, before, after), _DISSOLVE_S)
    inked = np.flatnonzero(words[:, :, 3].any(axis=1))
    room_px = int((inked[0] if inked.size else screen.height_px) - (_TOP + _GAP) * screen.height_px)
    smallest = min(1.0, room_px / best.shape[0])

    def scale(t: float) -> float:
        done = min(1.0, t / _SHRINK_S)
        return float(1 - (1 - smallest) * done * done * (3 - 2 * done))

    def place(t: float) -> tuple[float, float]:
        done = (1 - scale(t)) / (1 - smallest) if smallest < 1 else 1.0
        top = (screen.height_px - best.shape[0]) / 2
        end = _TOP * screen.height_px + (room_px - smallest * best.shape[0]) / 2
        return (screen.width_px - scale(t) * best.shape[1]) / 2, top + done * (end - top)

    # These count from the start of their layer.
    shrinking = _layer(best).resized(scale).with_position(place).with_start(_DISSOLVE_S)
    said = _layer(words).with_start(_DISSOLVE_S + _SHRINK_S / 2).with_effects([vfx.CrossFadeIn(_APPEAR_S)])
    before, after = before.with_end(_DISSOLVE_S), after.with_end(_DISSOLVE_S)
    return Pause(_on_ground(screen, before, after, shrinking, said), _DISSOLVE_S + _SHRINK_S / 2 + _APPEAR_S)


def _layer(picture: NDArray[np.uint8]) -> ImageClip:
    return ImageClip(picture, duration=_FOR_EVER_S)


def _on_ground(screen: Screen, *layers: VideoClip) -> CompositeVideoClip:
    ground = ColorClip((screen.width_px, screen.height_px), color=GROUND_RGB, duration=_FOR_EVER_S)
    return CompositeVideoClip([ground, *layers], use_bgclip=True)


_FOR_EVER_S = 3600.0
