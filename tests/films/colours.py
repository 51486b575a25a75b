"""Whether a still has the colours of its film's first picture."""

from __future__ import annotations

from pathlib import Path

import av
import av.error
import cv2
import numpy as np
from numpy.typing import NDArray

from tests.films.truth import as_displayed, rgb, track_shown

_PARTS = (4, 4)


def colours_differ(path: Path, still: NDArray[np.uint8], near: int = 6) -> str | None:
    """In what the colours of a still of the first picture are not the film's, over 4 × 4 parts; None: in nothing.

    still: uint8, (height, width, 3), BGR. near: of 255.
    """
    try:
        with av.open(str(path)) as container:
            frame = next(frame for frame in container.decode(track_shown(container)) if frame.pts is not None)
    except (av.error.FFmpegError, StopIteration, IndexError):
        return None
    stored = rgb(frame, whole=True)
    if stored is None:
        return None
    right = cv2.resize(as_displayed(stored, frame), _PARTS, interpolation=cv2.INTER_AREA)
    found = cv2.resize(still[:, :, ::-1], _PARTS, interpolation=cv2.INTER_AREA).astype(float)
    apart = np.abs(found - right).max(axis=2)
    row, column = np.unravel_index(apart.argmax(), apart.shape)
    if apart[row, column] <= near:
        return None
    seen, wanted = found[row, column].round(), right[row, column].round()
    return f"its colour is {tuple(map(int, seen))} instead of {tuple(map(int, wanted))}"
