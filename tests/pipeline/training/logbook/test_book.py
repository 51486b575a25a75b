"""The logbook against a requirement profile, and the documents made of it."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from io import BytesIO, StringIO

import pytest
from docx import Document

from pipeline.training.logbook.book import CycleEntry, HoursEntry, HoursKind, Logbook, Role
from pipeline.training.logbook.profiles import ProfileUnknown, check, months, profile
from pipeline.training.logbook.sheet import lay_out, to_csv
from pipeline.training.logbook.word_document import to_docx

BEGUN = date(2025, 9, 15)
TODAY = date(2026, 11, 24)


def cycle(family: str | None, number: int, *, reviewed: bool = True, left_out: bool = False) -> CycleEntry:
    filmed_on = BEGUN + timedelta(days=10 * number)
    return CycleEntry(
        client=family or "3f2a", family=family, cycle=number, filmed_on=filmed_on,
        reviewed_on=filmed_on + timedelta(days=5) if reviewed else None, left_out=left_out,
    )  # fmt: skip


def hours(kind: HoursKind, day: int, minutes: int = 0, role: Role = Role.SUPERVISEE) -> HoursEntry:
    return HoursEntry(kind=kind, on=date(2026, 1, day), minutes=minutes, role=role)


BOOK = Logbook(
    began_on=BEGUN,
    cycles=(
        *(cycle("K-104", number) for number in (1, 2, 3)),
        cycle("K-207", 1),
        cycle("K-207", 2, reviewed=False),
        cycle("K-300", 1, left_out=True),
        cycle(None, 1),
    ),
    hours=(
        hours(HoursKind.TRAINING, 5),
        hours(HoursKind.TRAINING, 5),
        hours(HoursKind.SUPERVISION, 9, 90),
        hours(HoursKind.SUPERVISION, 16, 75),
        hours(HoursKind.SUPERVISION, 17, 60, Role.SUPERVISOR),
        hours(HoursKind.INTERVISION, 18, 60, Role.PEER),
    ),
)


def test_what_the_reports_profile_still_asks_for() -> None:
    [stage] = check(BOOK, profile("report"), TODAY)
    assert {one.name: (one.have, one.need) for one in stage.requirements} == {
        "course_days": (1, 2),
        "clients": (3, 6),
        "cycles": (5, 19),
        "supervision_hours": (2.75, 15),
        "months": (14, 12),
    }
    assert stage.missing == ["1 training day", "3 clients", "14 cycles", "12.25 hours of supervision"]
    assert stage.remarks == ["1 film is not yet looked at together."]
    assert not stage.met


def test_a_stage_is_met_once_nothing_is_missing_and_a_long_training_is_only_remarked_on() -> None:
    many = Logbook(
        began_on=BEGUN,
        cycles=tuple(cycle(f"K-{n % 6}", n + 1) for n in range(19)),
        hours=(hours(HoursKind.TRAINING, 5), hours(HoursKind.TRAINING, 6), hours(HoursKind.SUPERVISION, 9, 900)),
    )
    [stage] = check(many, profile("report"), date(2027, 6, 1))
    assert (stage.met, stage.missing) == (True, [])
    assert stage.remarks == ["It usually takes up to 18 months; it has been 20."]
    assert [one.met for one in check(BOOK, profile("stages"), TODAY)] == [False, False, False]
    assert [one.met for one in check(many, profile("stages"), TODAY)] == [True, True, True]


def test_months_are_whole_and_count_from_the_first_entry_where_nothing_else_is_said() -> None:
    book = Logbook(hours=(hours(HoursKind.TRAINING, 31),))
    assert [months(book, day) for day in (date(2026, 2, 28), date(2026, 3, 31), date(2025, 1, 1))] == [0, 2, 0]
    assert months(Logbook(), TODAY) == 0


def test_a_profile_nobody_wrote_is_refused_by_name() -> None:
    with pytest.raises(ProfileUnknown, match="“gold”"):
        profile("gold")


def test_the_csv_holds_every_entry_and_calls_an_erased_family_by_a_number() -> None:
    text = to_csv(BOOK)
    assert text.startswith("\ufeffentry,on,client")
    lines = list(csv.DictReader(StringIO(text.removeprefix("\ufeff"))))
    assert len(lines) == len(BOOK.cycles) + len(BOOK.hours)
    assert [line["counted"] for line in lines[:7]] == ["yes", "yes", "yes", "yes", "not yet", "left out", "yes"]
    assert lines[6]["client"] == "erased 1"
    assert "3f2a" not in text
    assert [(line["entry"], line["hours"], line["role"]) for line in lines[7:10]] == [
        ("training day", "", ""),
        ("training day", "", ""),
        ("supervision", "1.5", "supervisee"),
    ]


def test_a_family_that_is_another_guider_s_is_not_called_erased() -> None:
    gone, hidden = CycleEntry(client="a", family=None, cycle=1), CycleEntry(client="b", family=None, cycle=1)
    book = Logbook(cycles=(gone, hidden.model_copy(update={"is_hidden": True})))
    assert book.names() == {"a": "erased 1", "b": "not shown 2"}


def test_the_word_document_shows_what_is_missing_and_every_entry_and_names_no_author() -> None:
    document = Document(BytesIO(to_docx(lay_out(BOOK, profile("report"), TODAY))))
    headings = [line.text for line in document.paragraphs if line.style and line.style.name.startswith("Heading")]  # type: ignore[union-attr]
    assert headings == [
        "Accreditation: missing 1 training day, 3 clients, 14 cycles and 12.25 hours of supervision",
        "Cycles",
        "Supervision, intervision and training",
    ]
    asked, cycles, times = document.tables
    assert [cell.text for cell in asked.rows[3].cells] == ["Cycles", "5", "19", "14"]
    assert len(cycles.rows) == 1 + len(BOOK.cycles)
    assert [cell.text for cell in cycles.rows[1].cells] == [
        "K-104",
        "1",
        "25 Sep 2025",
        "30 Sep 2025",
        "trainee guider",
        "yes",
    ]
    assert len(times.rows) == 1 + len(BOOK.hours)
    assert document.core_properties.author == ""
    assert all("w:tblHeader" in table.rows[0]._tr.xml for table in document.tables)


def test_an_empty_logbook_is_a_document_too() -> None:
    document = Document(BytesIO(to_docx(lay_out(Logbook(), profile("stages"), TODAY))))
    assert [line.text for line in document.paragraphs].count("Nothing yet.") == 2
