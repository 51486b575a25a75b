"""Arrows, circles and a spotlight that a guider drew on a moment: data beside its picture, never pixels of it.

Places are shares of the upright, whole picture: (0, 0) is its upper left corner, (1, 1) the lower right one. Each line
is bright with a black edge, so that one of the two stands out by 3:1 from any picture (WCAG 2.2, 1.4.11).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.limits import LIMITS
from pipeline.times import Ms, clock

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Colour = Literal["yellow", "blue", "white"]
COLOURS: Final[dict[Colour, str]] = {"yellow": "#ffd400", "blue": "#7fd4ff", "white": "#ffffff"}
EDGE: Final = "#000000"
SHADE: Final = 0.6
"""How much of the light a spotlight takes away around it."""
_LINE: Final = 0.008  # of the picture's diagonal: 12 of 1280 by 720 pixels
_HEAD = 6.0  # length of an arrow's head, in widths of its line
_ROWS, _COLUMNS = ("top", "", "bottom"), ("left", "", "right")


class Drawing(BaseModel):
    """One shape on a picture: an arrow from (x1, y1) to its tip (x2, y2), or an ellipse in the box between the two.

    On a clip it has times, on the clock of the film or, in a finished file, from that file's start: it shows while a
    picture between them, ``in_ms <= frame_ms < out_ms``, is on screen. On a still it has none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    kind: Literal["arrow", "circle", "spotlight"]
    """A spotlight darkens all but its ellipse; it hides nobody."""
    x1: Share
    y1: Share
    x2: Share
    y2: Share
    colour: Colour = "yellow"
    in_ms: Annotated[Ms | None, Field(alias="in")] = None
    out_ms: Annotated[Ms | None, Field(alias="out")] = None

    @model_validator(mode="after")
    def _can_be_seen(self) -> Self:
        across, down = abs(self.x2 - self.x1), abs(self.y2 - self.y1)
        least = LIMITS.smallest_drawing
        if (max(across, down) if self.kind == "arrow" else min(across, down)) < least:
            raise ValueError("is too small to be seen")
        return self

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if (self.in_ms is None) != (self.out_ms is None):
            raise ValueError("needs both a start and an end, or neither")
        if self.in_ms is not None and self.out_ms is not None and self.in_ms >= self.out_ms:
            raise ValueError(f"ends ({clock(self.out_ms)}) before it begins ({clock(self.in_ms)})")
        return self

    @property
    def name(self) -> str:
        """In words, by where it leads the eye: ``Arrow to the top left``, ``Circle on the right``."""
        arrow = self.kind == "arrow"
        x, y = (self.x2, self.y2) if arrow else ((self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2)
        row, column = _ROWS[_third(y)], _COLUMNS[_third(x)]
        lies = "to" if arrow else "at" if row else "on" if column else "in"
        return f"{self.kind.capitalize()} {lies} the {' '.join(filter(None, (row, column))) or 'middle'}"

    def outline(self, width: int, height: int) -> str:
        """An SVG path of its shape in a picture of that many pixels: closed and to be filled for an arrow."""
        x1, y1, x2, y2 = self.x1 * width, self.y1 * height, self.x2 * width, self.y2 * height
        if self.kind == "arrow":
            return _arrow(x1, y1, x2, y2, line_px(width, height))
        across, down = abs(x2 - x1) / 2, abs(y2 - y1) / 2
        left, right, middle = min(x1, x2), max(x1, x2), (y1 + y2) / 2
        half = f"A{across:.1f} {down:.1f} 0 1 1"
        return f"M{left:.1f} {middle:.1f}{half} {right:.1f} {middle:.1f}{half} {left:.1f} {middle:.1f}Z"


Drawings = Annotated[tuple[Drawing, ...], Field(max_length=LIMITS.most_drawings)]


def line_px(width: int, height: int) -> float:
    """How wide a line is on a picture of that many pixels; its black edge is half as wide on each side."""
    return _LINE * math.hypot(width, height)


def within_clip(drawings: Iterable[Drawing], in_ms: int, out_ms: int) -> tuple[Drawing, ...]:
    """Those that show between two times of the film, with times from the first of the two on."""
    return tuple(
        one.model_copy(update={"in_ms": max(one.in_ms, in_ms) - in_ms, "out_ms": min(one.out_ms, out_ms) - in_ms})
        for one in drawings
        if one.in_ms is not None and one.out_ms is not None and one.in_ms < out_ms and one.out_ms > in_ms
    )


def to_svg(drawings: Sequence[Drawing], width: int, height: int, *, turn_deg: float, box: Sequence[int]) -> str:
    """An SVG of what is drawn on a picture of that many pixels, without the picture.

    ``turn_deg``: how far the picture was turned clockwise about its middle; ``box``: left, top, width and height of
    what was then cut out of it.
    """
    left, top, across, down = box
    shapes = [(one, one.outline(width, height)) for one in drawings]
    spots = [path for one, path in shapes if one.kind == "spotlight"]
    line = line_px(width, height)
    # Larger than the picture: turned, it still reaches into every corner.
    around = f'x="{-width}" y="{-height}" width="{3 * width}" height="{3 * height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across}" height="{down}" '
        f'viewBox="{left} {top} {across} {down}"><g transform="rotate({turn_deg} {width / 2} {height / 2})">'
    ]
    if spots:
        open_ = "".join(f'<path d="{path}" fill="#000"/>' for path in spots)
        parts.append(f'<mask id="spots" maskUnits="userSpaceOnUse" {around}><rect {around} fill="#fff"/>{open_}</mask>')
        parts.append(f'<rect {around} fill="{EDGE}" fill-opacity="{SHADE}" mask="url(#spots)"/>')
    for one, path in shapes:
        core, arrow = COLOURS[one.colour], one.kind == "arrow"
        edge = f'stroke="{EDGE}" stroke-width="{line if arrow else 2 * line:.1f}" stroke-linejoin="round"'
        inner = f'fill="{core}"' if arrow else f'fill="none" stroke="{core}" stroke-width="{line:.1f}"'
        parts.append(f'<path d="{path}" fill="none" {edge}/><path d="{path}" {inner}/>')
    return "".join([*parts, "</g></svg>"])


def _third(share: float) -> int:
    return min(2, int(share * 3))


def _arrow(x1: float, y1: float, x2: float, y2: float, line: float) -> str:
    length = math.hypot(x2 - x1, y2 - y1)
    across, down = (x2 - x1) / length, (y2 - y1) / length
    head = min(_HEAD * line, 0.6 * length)
    # Along the arrow from its tip back, and to its side.
    side, half = 0.55 * head, min(0.75 * line, 0.2 * head)
    corners = [(length, half), (head, half), (head, side), (0, 0), (head, -side), (head, -half), (length, -half)]
    points = [f"{x2 - back * across - out * down:.1f} {y2 - back * down + out * across:.1f}" for back, out in corners]
    return f"M{'L'.join(points)}Z"
