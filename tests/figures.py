"""Films of a figure that walks: magenta, with marks to hold on to, before a wall of quiet patterns without that colour.

Nothing else in the picture is magenta, and compression does not make it so: a pixel counts as the figure's where red
and blue are both far above green.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from pipeline.marks import Box, Covers, Mark
from tests.footage import run

WIDTH, HEIGHT = 320, 240
FIGURE = (40, 96)
"""Its width and height in px."""
Way = Callable[[int], tuple[float, float] | None]
"""Where its top left corner is on a picture, in px; None where it is not seen."""
_ABOVE_GREEN = 60


def walk(number: int) -> tuple[float, float] | None:
    """To the right and a little down, a step a picture."""
    return 60 + 2.4 * number, 60 + 0.4 * number


def mark(way: Way, number: int, at_ms: int | None = None) -> Mark:
    """A box closely around the figure on a picture."""
    place = way(number)
    assert place is not None
    left, top = place
    box = Box.from_edges(left / WIDTH, top / HEIGHT, (left + FIGURE[0]) / WIDTH, (top + FIGURE[1]) / HEIGHT)
    return Mark(at_ms=number * 40 if at_ms is None else at_ms, covers=Covers.BOX, box=box)


def walking_film(
    path: Path,
    way: Way,
    *,
    frames: int = 50,
    fps: int = 25,
    filters: str = "null",
    container: Sequence[str] = (),
    hide_behind: int | None = None,
) -> Path:
    """A film of the figure; ``filters`` may change its times or turn it; a pillar may stand before x = hide_behind."""
    argv = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(fps), "-i", "pipe:0"]
    argv += ["-f", "lavfi", "-t", str(frames / fps), "-i", "sine=frequency=440"]
    argv += ["-vf", f"{filters},format=yuv420p", "-fps_mode", "passthrough", "-c:v", "libx264", "-preset", "ultrafast"]
    argv += ["-crf", "12", "-g", "25", "-bf", "2", "-c:a", "aac"]
    run(*argv, *container, str(path), stdin=(one.tobytes() for one in draw_pictures(way, frames, hide_behind)))
    return path


def draw_pictures(way: Way, frames: int, hide_behind: int | None = None) -> Iterator[NDArray[np.uint8]]:
    """The pictures of such a film, RGB."""
    random = np.random.default_rng(7)
    wall = np.kron(random.integers(90, 150, (HEIGHT // 8, WIDTH // 8)), np.ones((8, 8))).astype(np.uint8)
    ground = np.stack([wall, wall, wall], axis=2)
    width, height = FIGURE
    pattern = np.kron(random.integers(0, 2, (height // 8, width // 8)), np.ones((8, 8))).astype(bool)
    figure = np.where(pattern[:, :, None], np.array([255, 0, 255]), np.array([150, 10, 150])).astype(np.uint8)
    for number in range(frames):
        picture = ground.copy()
        if (place := way(number)) is not None:
            left, top = round(place[0]), round(place[1])
            x, y = max(0, left), max(0, top)
            right, bottom = min(WIDTH, left + width), min(HEIGHT, top + height)
            if right > x and bottom > y:
                picture[y:bottom, x:right] = figure[y - top : bottom - top, x - left : right - left]
        if hide_behind is not None:
            picture[:, hide_behind : hide_behind + 60] = (70, 110, 90)
        yield picture


def pictures_in(path: Path) -> list[NDArray[np.uint8]]:
    """Every picture of a film as RGB, upright where it is stored so."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def figure_pixels(picture: NDArray[np.uint8]) -> int:
    """How many pixels of an RGB picture have the figure's colour."""
    red, green, blue = (picture[:, :, n].astype(np.int16) for n in range(3))
    return int(((red - green > _ABOVE_GREEN) & (blue - green > _ABOVE_GREEN)).sum())
