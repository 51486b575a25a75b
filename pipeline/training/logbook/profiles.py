"""Requirement profiles from configs/requirement_profiles.toml, and what of them a logbook still lacks."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, computed_field

from pipeline.errors import PipelineError
from pipeline.training.logbook.book import HoursKind, Logbook, Role

Count = Annotated[int, Field(gt=0, le=10_000)]


class ProfileUnknown(PipelineError):
    """No requirement profile has that name."""

    code = "profile_unknown"


class Stage(BaseModel):
    """What one stage asks for; each field is explained at the top of configs/requirement_profiles.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    course_days: Count | None = None
    clients: Count | None = None
    cycles: Count | None = None
    supervision_hours: Count | None = None
    months: Count | None = None
    months_most: Count | None = None


class Profile(BaseModel):
    """One way to train."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    about: str = ""
    stages: Annotated[tuple[Stage, ...], Field(alias="stage", min_length=1)]


class Requirement(BaseModel):
    """One count: what there is and what is asked for."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    have: float
    need: int

    @computed_field  # type: ignore[prop-decorator]  # mypy#1362
    @property
    def missing(self) -> float:
        return max(0.0, round(self.need - self.have, 2))


class CheckedStage(BaseModel):
    """A stage, count by count."""

    model_config = ConfigDict(frozen=True)

    title: str
    requirements: list[Requirement]
    met: bool
    missing: list[str]
    """In words, such as “2 clients”."""
    remarks: list[str]


@cache
def profiles() -> dict[str, Profile]:
    """Every profile by its name."""
    tables = tomllib.loads(files("configs").joinpath("requirement_profiles.toml").read_text(encoding="utf-8"))
    return {name: Profile(name=name, **table) for name, table in tables.items()}


def profile(name: str) -> Profile:
    """The profile of that name. Raises: ProfileUnknown."""
    try:
        return profiles()[name]
    except KeyError:
        sentence = f"There is no requirement profile named “{name}”. Choose {' or '.join(profiles())}."
        raise ProfileUnknown(sentence, for_guider=sentence) from None


def course_days(book: Logbook) -> int:
    """Days of training; two entries of one day are one."""
    return len({entry.on for entry in book.hours if entry.kind == HoursKind.TRAINING})


def clients(book: Logbook) -> int:
    """Families with at least one whole cycle."""
    return len({entry.client for entry in book.cycles if entry.whole})


def cycles(book: Logbook) -> int:
    """Whole cycles."""
    return sum(entry.whole for entry in book.cycles)


def supervision_hours(book: Logbook) -> float:
    """Hours of supervision received; given and peer hours do not count."""
    received = [entry for entry in book.hours if (entry.kind, entry.role) == (HoursKind.SUPERVISION, Role.SUPERVISEE)]
    return round(sum(entry.minutes for entry in received) / 60, 2)


def months(book: Logbook, today: date) -> int:
    """Whole months since the beginning."""
    if (begun := book.beginning) is None or begun > today:
        return 0
    return (today.year - begun.year) * 12 + today.month - begun.month - (today.day < begun.day)


_COUNTED: dict[str, tuple[str, str, Callable[[Logbook, date], float]]] = {
    "course_days": ("training day", "training days", lambda book, _: course_days(book)),
    "clients": ("client", "clients", lambda book, _: clients(book)),
    "cycles": ("cycle", "cycles", lambda book, _: cycles(book)),
    "supervision_hours": ("hour of supervision", "hours of supervision", lambda book, _: supervision_hours(book)),
    "months": ("month", "months", months),
}


def check(book: Logbook, asked: Profile, today: date) -> list[CheckedStage]:
    """Each stage of a profile against a logbook."""
    return [_check_stage(book, stage, today) for stage in asked.stages]


def _check_stage(book: Logbook, stage: Stage, today: date) -> CheckedStage:
    requirements = [
        Requirement(name=name, title=many.capitalize(), have=count(book, today), need=need)
        for name, (_, many, count) in _COUNTED.items()
        if (need := getattr(stage, name)) is not None
    ]
    remarks = []
    if stage.months_most is not None and (been := months(book, today)) > stage.months_most:
        remarks.append(f"It usually takes up to {stage.months_most} months; it has been {been}.")
    if waiting := sum(entry.waits_for_its_review for entry in book.cycles):
        remarks.append(f"{waiting} {'film is' if waiting == 1 else 'films are'} not yet looked at together.")
    return CheckedStage(
        title=stage.title,
        requirements=requirements,
        met=all(not one.missing for one in requirements),
        missing=[f"{one.missing:g} {_COUNTED[one.name][one.missing != 1]}" for one in requirements if one.missing],
        remarks=remarks,
    )
