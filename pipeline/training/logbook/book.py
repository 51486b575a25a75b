"""What a logbook holds: cycles, hours and training days. Families stand in it by their code, people not at all."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Role(StrEnum):
    """As whom the guider took part."""

    GUIDER = "guider"
    TRAINEE_GUIDER = "trainee_guider"
    SUPERVISEE = "supervisee"
    SUPERVISOR = "supervisor"
    PEER = "peer"


class HoursKind(StrEnum):
    """What the time was spent on; a training entry is one day."""

    SUPERVISION = "supervision"
    INTERVISION = "intervision"
    TRAINING = "training"


ROLE_WORDS = {
    Role.GUIDER: "guider",
    Role.TRAINEE_GUIDER: "trainee guider",
    Role.SUPERVISEE: "supervisee",
    Role.SUPERVISOR: "supervisor",
    Role.PEER: "peer",
}
KIND_WORDS = {
    HoursKind.SUPERVISION: "Supervision",
    HoursKind.INTERVISION: "Intervision",
    HoursKind.TRAINING: "Training day",
}


class CycleEntry(BaseModel):
    """One cycle with one family. It is whole once it was filmed and looked at together."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)

    id: str | None = None
    """Of what was written by hand or kept; None where all of it comes from films."""
    client: str
    """Tells families apart, also those whose code is erased."""
    family: str | None
    """None once the family is erased, or is another guider's."""
    is_hidden: bool = False
    """The family is there, and its code is not shown to who reads this: it is another guider's."""
    cycle: int
    role: Role = Role.TRAINEE_GUIDER
    filmed_on: date | None = None
    reviewed_on: date | None = None
    from_films: bool = False
    left_out: bool = False
    """The guider does not want it counted."""

    @property
    def whole(self) -> bool:
        return self.filmed_on is not None and self.reviewed_on is not None and not self.left_out

    @property
    def waits_for_its_review(self) -> bool:
        return self.filmed_on is not None and self.reviewed_on is None and not self.left_out


class HoursEntry(BaseModel):
    """One session or training day."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)

    id: str | None = None
    kind: HoursKind
    on: date
    minutes: Annotated[int, Field(ge=0, le=24 * 60)] = 0
    role: Role = Role.SUPERVISEE


class Logbook(BaseModel):
    """Everything of one guider, oldest first."""

    model_config = ConfigDict(frozen=True)

    began_on: date | None = None
    """When the training began; None: with the first entry."""
    cycles: tuple[CycleEntry, ...] = ()
    hours: tuple[HoursEntry, ...] = ()

    @property
    def beginning(self) -> date | None:
        """The day from which the months count."""
        if self.began_on is not None:
            return self.began_on
        days = [entry.on for entry in self.hours]
        days += [
            day for entry in self.cycles for day in (entry.filmed_on, entry.reviewed_on) if day and not entry.left_out
        ]
        return min(days, default=None)

    def names(self) -> dict[str, str]:
        """How each client is called in a document: by the code, or by a number where that is erased or not shown."""
        nameless = {entry.client: entry.is_hidden for entry in self.cycles if entry.family is None}
        numbers = {
            client: f"{'not shown' if is_hidden else 'erased'} {number}"
            for number, (client, is_hidden) in enumerate(nameless.items(), 1)
        }
        return {entry.client: entry.family or numbers[entry.client] for entry in self.cycles}
