"""The data flow as a drawing: where what is of families lies, and what leaves. For screens, and for print in grey."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from api.governance.blocks import Drawing
from records.inventory.access import RoleView
from records.inventory.inventory import Inventory
from records.inventory.kept import FAMILIES

NAME: Final = "data-flow"
_WIDTH, _GUTTER, _MARGIN = 1120, 76, 10
_COLUMN = (_WIDTH - 2 * _MARGIN - 2 * _GUTTER) // 3
_LINE, _TITLE, _PAD, _GAP = 19, 24, 12, 16
_LETTERS, _TITLE_LETTERS = 36, 31
"""So many stand on a line of a box, in the widest of the fonts that a reader may have instead of ours (DejaVu Sans)."""


@dataclass(frozen=True)
class _Box:
    title: str
    lines: tuple[str, ...]
    sealed: bool = False
    """Drawn with a double edge: what lies there is sealed."""

    @property
    def height(self) -> int:
        return 2 * _PAD + _TITLE * len(self.titles) + _LINE * sum(len(_wrapped(line)) for line in self.lines)

    @property
    def titles(self) -> list[str]:
        return textwrap.wrap(self.title, _TITLE_LETTERS)


def draw_data_flow(found: Inventory) -> Drawing:
    """Three columns: what stays with the guider, what the service keeps, what leaves it."""
    columns = (_at_the_guider(found), _in_the_service(found), _outside(found))
    heads = ("With the guider", "In the service", "Outside")
    top = 46
    tallest = max(sum(box.height + _GAP for box in column) for column in columns)
    height = top + tallest + _MARGIN
    parts, middles = [], []
    for number, (head, column) in enumerate(zip(heads, columns, strict=True)):
        x = _MARGIN + number * (_COLUMN + _GUTTER)
        parts.append(f'<text x="{x}" y="30" font-size="19" font-weight="bold">{html.escape(head)}</text>')
        y, centres = top, []
        for box in column:
            parts.append(_draw(box, x, y))
            centres.append(y + box.height // 2)
            y += box.height + _GAP
        middles.append(centres)
    parts += _arrows(middles)
    says = _in_words(heads, columns)
    title, description = "How what is of families flows", html.escape(says)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"'
        ' aria-labelledby="flow-title flow-says" font-family="Atkinson Hyperlegible, Verdana, sans-serif"'
        f' fill="#1d1a16"><title id="flow-title">{title}</title><desc id="flow-says">{description}</desc><rect'
        f' width="{_WIDTH}" height="{height}" fill="#ffffff"/><defs><marker id="head" viewBox="0 0 10 10" refX="9"'
        ' refY="5" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 10 5 0'
        f' 10z"/></marker></defs>{"".join(parts)}</svg>\n'
    )
    return Drawing(NAME, svg, says, is_wide=height < _WIDTH)


def _at_the_guider(found: Inventory) -> list[_Box]:
    return [
        _Box("The film", ("It stays where it is, on the guider’s own device, and is never changed.",)),
        _Box(
            found.place("browser").name,
            ("Cuts the chosen seconds and sends only those.", *_kept_in(found, "browser")),
        ),
        _Box("Who may look", tuple(_looks(one) for one in found.roles)),
        _Box(
            "How to read this",
            ("A double edge: what lies there or goes there is sealed.", "An arrow: what travels."),
            True,
        ),
    ]


def _looks(role: RoleView) -> str:
    sees = "what is theirs or shared with them" if role.sees_films else "no film, picture, caption or code"
    return f"• {role.title}: {sees}"


def _in_the_service(found: Inventory) -> list[_Box]:
    sealed = {"store", "database", "keys"}
    boxes = [
        _Box(place.name, (place.where, *_kept_in(found, place.id)), sealed=place.id in sealed)
        for place in found.places
        if place.id in {"scratch", "store", "database", "keys"}
    ]
    order = {"Work in progress": 0, "Store of files": 1, "Database": 2, "Key store": 3}
    return sorted(boxes, key=lambda box: order[box.title])


def _outside(found: Inventory) -> list[_Box]:
    """What is of families, each way in a box; database and bucket stand in the service's column, wherever they are."""
    own = {"bucket", "database"}
    boxes = [
        _Box(one.what, (f"To: {one.to}.", one.protected_by), sealed=one.id in {"sealed", "backup"})
        for one in found.leaving
        if one.of_families and one.id not in own
    ]
    others = tuple(f"• {one.what}, to: {one.to}" for one in found.leaving if not one.of_families)
    return [*boxes, _Box("Nothing of a family", others)]


def _kept_in(found: Inventory, place_id: str) -> tuple[str, ...]:
    return tuple(f"• {one.what}" for one in found.kept if one.place == place_id and one.about == FAMILIES)


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, _LETTERS, subsequent_indent="  " if line.startswith("•") else "") or [""]


def _draw(box: _Box, x: int, y: int) -> str:
    height = box.height
    edge = (
        f'<rect x="{x}" y="{y}" width="{_COLUMN}" height="{height}" rx="9" fill="#f6f1ea" stroke="#1d1a16"'
        ' stroke-width="1.6"/>'
    )
    if box.sealed:
        edge += (
            f'<rect x="{x + 4}" y="{y + 4}" width="{_COLUMN - 8}" height="{height - 8}" rx="6" fill="none"'
            ' stroke="#1d1a16"/>'
        )
    line_y = y + _PAD + 15
    parts = [edge]
    for title in box.titles:
        parts.append(f'<text x="{x + _PAD}" y="{line_y}" font-size="15" font-weight="bold">{html.escape(title)}</text>')
        line_y += _TITLE
    for line in box.lines:
        for piece in _wrapped(line):
            indent = 11 if piece.startswith("  ") else 0
            parts.append(
                f'<text x="{x + _PAD + indent}" y="{line_y}" font-size="14">{html.escape(piece.strip())}</text>'
            )
            line_y += _LINE
    return "".join(parts)


def _arrows(middles: Sequence[Sequence[int]]) -> list[str]:
    """From the browser to the service, and from the service to each way out."""
    left, right = _MARGIN + _COLUMN, _MARGIN + _COLUMN + _GUTTER
    sends = middles[0][1]
    arrives = middles[1][0]
    drawn = [_arrow(left, sends, right, arrives)]
    drawn += [_label(left, arrives - above, word) for above, word in ((26, "chosen"), (11, "seconds"))]
    from_x, to_x = right + _COLUMN, right + _COLUMN + _GUTTER
    leaves = middles[1][min(1, len(middles[1]) - 1)]
    bend = from_x + _GUTTER // 2
    first, last = min(leaves, *middles[2]), max(leaves, *middles[2])
    drawn.append(_line(f"M{from_x} {leaves}H{bend}M{bend} {first}V{last}"))
    drawn += [_arrow(bend, y, to_x, y) for y in middles[2]]
    return drawn


def _arrow(x1: int, y1: int, x2: int, y2: int) -> str:
    bend = (x1 + x2) // 2
    path = f"M{x1} {y1}H{bend}V{y2}H{x2}" if y1 != y2 else f"M{x1} {y1}H{x2}"
    return f'<path d="{path}" fill="none" stroke="#1d1a16" stroke-width="1.8" marker-end="url(#head)"/>'


def _line(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="#1d1a16" stroke-width="1.8"/>'


def _label(x: int, y: int, text: str) -> str:
    return f'<text x="{x + _GUTTER // 2}" y="{y}" font-size="13" text-anchor="middle">{html.escape(text)}</text>'


def _in_words(heads: Sequence[str], columns: Sequence[Sequence[_Box]]) -> str:
    """What the drawing shows, for who cannot see it."""
    said = [f"{head}: {'; '.join(box.title for box in column)}." for head, column in zip(heads, columns, strict=True)]
    return " ".join(
        [*said, "Only the chosen seconds go from the guider’s browser to the service. A double edge: sealed."]
    )
