"""The policy in force, from configs/retention.toml or the service's own file."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError, model_validator

from pipeline.purposes import Purpose
from records.errors import RecordsError
from records.retention_policy.periods import Clock, Period, Term
from records.settings import Settings

NAME: Final = r"^[a-z0-9][a-z0-9-]{0,31}$"
_OF_A_FAMILY: Final = {Clock.CASE, Clock.DOB}


class RetentionFileWrong(RecordsError):
    """The service's own retention file cannot be read, or says something that cannot be done."""

    code = "retention_file_wrong"

    def __init__(self, path: Path, why: str) -> None:
        sentence = f"The retention policy in {path} cannot be used: {why}"
        super().__init__(sentence, for_guider=sentence)


def _period(given: Any) -> Any:
    return Period.parse(given) if isinstance(given, str) else given


def _term(given: Any) -> Any:
    return Term.parse(given) if isinstance(given, str) else given


def _period_or_none(given: Any) -> Any:
    return None if given == "" else _period(given)


_Length = Annotated[Period, BeforeValidator(_period), PlainSerializer(str)]
_Time = Annotated[Term, BeforeValidator(_term), PlainSerializer(str)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Sources(_Part):
    """How long what was sent of films is kept."""

    ready: _Time
    unfinished: _Time
    receiving: _Length

    @model_validator(mode="after")
    def _clocks(self) -> Sources:
        if self.ready.clock != Clock.READY or self.unfinished.clock != Clock.SENT:
            raise ValueError("sources.ready runs from READY, sources.unfinished from SENT")
        return self


class Schedule(_Part):
    """When everything of a family goes."""

    title: str = Field(min_length=1, max_length=200)
    keep: tuple[_Time, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _clocks(self) -> Schedule:
        if any(term.clock not in _OF_A_FAMILY for term in self.keep):
            raise ValueError("a schedule's times run from CASE or DOB")
        return self

    @property
    def needs_birth(self) -> bool:
        """Whether a date has to be computed from the child's month of birth."""
        return any(term.clock == Clock.DOB for term in self.keep)

    @property
    def rule(self) -> str:
        """Its times in one word: CASE+6,DOB+25."""
        return ",".join(str(term).removesuffix("Y") for term in self.keep)


class Policy(_Part):
    """Everything that retention goes by; each field is explained at the top of configs/retention.toml."""

    default: str
    ended_after_silence: Annotated[Period | None, BeforeValidator(_period_or_none), PlainSerializer(str)]
    notice: _Length
    hold_review: _Length
    certificates: _Length
    sources: Sources
    purposes: dict[Purpose, _Time] = {}
    schedules: dict[Annotated[str, Field(pattern=NAME)], Schedule]

    @model_validator(mode="after")
    def _known(self) -> Policy:
        if self.default not in self.schedules:
            raise ValueError(f"there is no schedule {self.default}")
        if any(term.clock != Clock.MADE for term in self.purposes.values()):
            raise ValueError("the times of purposes run from MADE")
        return self

    def schedule(self, name: str) -> Schedule:
        """A family's schedule; the default for one that the policy no longer knows."""
        return self.schedules.get(name) or self.schedules[self.default]


def policy_of(settings: Settings) -> Policy:
    """The policy in force, read once in a process. Raises: RetentionFileWrong."""
    return _read(settings.retention_file)


@cache
def _read(path: Path | None) -> Policy:
    if path is None:
        return Policy.model_validate(
            tomllib.loads(files("configs").joinpath("retention.toml").read_text(encoding="utf-8"))
        )
    try:
        return Policy.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RetentionFileWrong(path, str(error)) from error
    except ValidationError as error:
        found = error.errors()[0]
        place = ".".join(str(part) for part in found["loc"])
        raise RetentionFileWrong(path, f"{place}: {found['msg']}" if place else found["msg"]) from error
