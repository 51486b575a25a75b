"""Tables of totals that somebody printed: read from CSV, added up anew, and flagged where the print does not fit."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from io import StringIO
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pipeline.errors import PipelineError
from pipeline.training.rating.totals import Row, Score, add_up

MOST_ROWS = 200
_TOTAL = re.compile(r"totals?|sum|all", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,6}")
Label = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
Points = Annotated[int, Field(strict=True, ge=0, le=999_999)]


class TableUnreadable(PipelineError):
    """A table of printed totals cannot be understood."""

    code = "table_unreadable"


class PrintedRow(BaseModel):
    """One line: the points in the one and in the other recording, and the most that could be reached, if known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: Label
    one: Points
    other: Points
    most: Points | None = None


class PrintedTable(BaseModel):
    """A table as it was printed; ``total`` is its last line, None where it has none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    heading: Label
    one: Label
    other: Label
    rows: Annotated[tuple[PrintedRow, ...], Field(min_length=1, max_length=MOST_ROWS)]
    total: PrintedRow | None = None


class CheckedTable(BaseModel):
    """The same table with its sums computed; ``flags`` say in words where the print does not fit them."""

    model_config = ConfigDict(frozen=True)

    heading: str
    one: str
    other: str
    rows: list[Row]
    whole: Row
    printed: PrintedRow | None
    flags: list[str]


def read_printed(text: str) -> PrintedTable:
    """The table in CSV with a comma, semicolon or tab: a heading line, then a label and two or three numbers a line.

    The third number is the most that could be reached. A last line labelled Total is the printed total.
    Raises: TableUnreadable, whose sentence names the line.
    """
    first = text.lstrip("\ufeff \r\n").partition("\n")[0]
    separator = max(",;\t", key=first.count)
    lines = [
        [cell.strip() for cell in line]
        for line in csv.reader(StringIO(text.lstrip("\ufeff")), delimiter=separator)
        if any(cell.strip() for cell in line)
    ]
    if len(lines) < 2 or not 3 <= len(lines[0]) <= 4:
        raise _unreadable("Write a heading line and then, in each line, a label and the points of two recordings.")
    if len(lines) > MOST_ROWS:
        raise _unreadable(f"The table has more than {MOST_ROWS} lines.")
    rows = [_read_row(number, cells) for number, cells in enumerate(lines[1:], 2)]
    total = rows.pop() if _TOTAL.fullmatch(rows[-1].label) else None
    if not rows:
        raise _unreadable("The table holds a total but no line that it sums.")
    heading, one, other = (cell[:100] for cell in lines[0][:3])
    return PrintedTable(heading=heading, one=one, other=other, rows=tuple(rows), total=total)


def _read_row(number: int, cells: Sequence[str]) -> PrintedRow:
    if not 3 <= len(cells) <= 4:
        raise _unreadable(f"Line {number} has {len(cells)} columns instead of a label and two or three numbers.")
    numbers = [*cells[1:3], *filter(None, cells[3:])]
    wrong = next((cell for cell in numbers if not _NUMBER.fullmatch(cell)), None)
    if wrong is not None:
        raise _unreadable(f"“{wrong[:20]}” in line {number} is no whole number.")
    most = int(cells[3]) if len(cells) > 3 and cells[3] else None
    return PrintedRow(label=cells[0][:100], one=int(cells[1]), other=int(cells[2]), most=most)


def _unreadable(sentence: str) -> TableUnreadable:
    return TableUnreadable(sentence, for_guider=sentence)


def check_printed(table: PrintedTable) -> CheckedTable:
    """The table with its true sums, and what of the print does not fit them."""
    known = all(row.most is not None for row in table.rows)  # or else no per cent would be of the whole
    rows = [
        Row(
            label=row.label,
            one=Score(points=row.one, most=(row.most or 0) if known else 0),
            other=Score(points=row.other, most=(row.most or 0) if known else 0),
        )
        for row in table.rows
    ]
    whole = Row(
        label="Total",
        one=add_up(row.one for row in rows if row.one),
        other=add_up(row.other for row in rows if row.other),
    )
    return CheckedTable(
        heading=table.heading,
        one=table.one,
        other=table.other,
        rows=rows,
        whole=whole,
        printed=table.total,
        flags=[*_too_high(table), *(_misfits(table, table.total) if table.total else ())],
    )


def _too_high(table: PrintedTable) -> list[str]:
    return [
        f"{row.label}: {points} points are more than the {row.most} that could be reached."
        for row in table.rows
        for points in (row.one, row.other)
        if row.most is not None and points > row.most
    ]


def _misfits(table: PrintedTable, total: PrintedRow) -> list[str]:
    one, other = sum(row.one for row in table.rows), sum(row.other for row in table.rows)
    flags = [
        f"{name or 'A column'}: the lines add up to {summed}, but {printed} is printed."
        for name, summed, printed in ((table.one, one, total.one), (table.other, other, total.other))
        if summed != printed
    ]
    if flags and one - other != total.one - total.other:
        flags.append(f"The lines differ by {one - other} altogether, the printed totals by {total.one - total.other}.")
    known = [row.most for row in table.rows if row.most is not None]
    if total.most is not None and len(known) == len(table.rows) and sum(known) != total.most:
        flags.append(f"The most that could be reached adds up to {sum(known)}, but {total.most} is printed.")
    return flags
