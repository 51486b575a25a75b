"""A logbook as a table for a spreadsheet, and as the pages that documents of every format show."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from io import StringIO

from pydantic import BaseModel, ConfigDict

from pipeline.training.logbook.book import KIND_WORDS, ROLE_WORDS, CycleEntry, HoursEntry, Logbook
from pipeline.training.logbook.profiles import CheckedStage, Profile, check

TITLE = "VIG logbook"
_COLUMNS = ("entry", "on", "client", "cycle", "filmed on", "reviewed on", "hours", "role", "counted")


class Table(BaseModel):
    """One table of a document; every cell is text."""

    model_config = ConfigDict(frozen=True)

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Sheet(BaseModel):
    """A document: its title, what it was checked against, and its tables."""

    model_config = ConfigDict(frozen=True)

    title: str
    lines: tuple[str, ...]
    tables: tuple[Table, ...]


def to_csv(book: Logbook) -> str:
    """Every entry as one line, dates as in ISO 8601; begins with a mark by which spreadsheets know it for UTF-8."""
    names = book.names()
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for cycle in book.cycles:
        counted = "yes" if cycle.whole else "left out" if cycle.left_out else "not yet"
        days = (_iso(cycle.filmed_on), _iso(cycle.reviewed_on))
        writer.writerow(("cycle", "", names[cycle.client], cycle.cycle, *days, "", ROLE_WORDS[cycle.role], counted))
    for entry in book.hours:
        role = ROLE_WORDS[entry.role] if entry.minutes else ""
        writer.writerow((KIND_WORDS[entry.kind].lower(), _iso(entry.on), "", "", "", "", _hours(entry), role, "yes"))
    return "\ufeff" + out.getvalue()


def lay_out(book: Logbook, asked: Profile, today: date) -> Sheet:
    """The logbook as a document, checked against a profile on that day."""
    names = book.names()
    begun = f"Began on {_said(book.beginning)}. " if book.beginning else ""
    return Sheet(
        title=TITLE,
        lines=(
            f"{begun}Checked on {_said(today)} against: {asked.title}.",
            *(remark for remark in dict.fromkeys(r for stage in check(book, asked, today) for r in stage.remarks)),
        ),
        tables=(
            *(_stage_table(stage) for stage in check(book, asked, today)),
            Table(
                title="Cycles",
                columns=("Client", "Cycle", "Filmed", "Reviewed", "Role", "Counts"),
                rows=tuple(_cycle_row(cycle, names[cycle.client]) for cycle in book.cycles),
            ),
            Table(
                title="Supervision, intervision and training",
                columns=("Date", "What", "Hours", "Role"),
                rows=tuple(
                    (
                        _said(entry.on),
                        KIND_WORDS[entry.kind],
                        _hours(entry),
                        ROLE_WORDS[entry.role] if entry.minutes else "",
                    )
                    for entry in book.hours
                ),
            ),
        ),
    )


def _stage_table(stage: CheckedStage) -> Table:
    rows = [
        (one.title, f"{one.have:g}", str(one.need), f"{one.missing:g}" if one.missing else "–")
        for one in stage.requirements
    ]
    return Table(
        title=f"{stage.title}: {'complete' if stage.met else 'missing ' + _listed(stage.missing)}",
        columns=("Asked for", "There is", "Needed", "Missing"),
        rows=tuple(rows),
    )


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _cycle_row(cycle: CycleEntry, name: str) -> tuple[str, ...]:
    counted = "yes" if cycle.whole else "left out" if cycle.left_out else "not yet"
    return (name, str(cycle.cycle), _said(cycle.filmed_on), _said(cycle.reviewed_on), ROLE_WORDS[cycle.role], counted)


def _hours(entry: HoursEntry) -> str:
    return f"{entry.minutes / 60:.2f}".rstrip("0").rstrip(".") if entry.minutes else ""


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _said(day: date | None) -> str:
    return f"{day.day} {day:%b %Y}" if day else "–"
