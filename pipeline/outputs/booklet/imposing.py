"""Imposing: which pages stand beside one another, so that sheets printed on both sides and folded make a booklet."""

from __future__ import annotations

Side = tuple[int | None, int | None]
"""The pages on the left and on the right half of one side of a sheet, from 0; None is an empty half."""


def pages_needed(pages: int) -> int:
    """How many pages the booklet gets: whole sheets of four, the last page, its back, empty."""
    return -(-(pages + 1) // 4) * 4


def impose(pages: int, *, rtl: bool = False) -> list[Side]:
    """The sides to print, fronts and backs in turn, the outermost sheet first.

    The sheets are laid into one another and folded in the middle. ``rtl``: the booklet opens from the other side.
    """
    total = pages_needed(pages)

    def face(number: int) -> int | None:
        return number if number < pages else None

    sides: list[Side] = []
    for sheet in range(total // 4):
        first, last = 2 * sheet, total - 1 - 2 * sheet
        sides += [(face(last), face(first)), (face(first + 1), face(last - 1))]
    return [(right, left) for left, right in sides] if rtl else sides
