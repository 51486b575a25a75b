"""What a service needs before it uses moments for a purpose: configs/consent.toml, or a file of its own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from pipeline.moments import plain_sentence
from pipeline.purposes import Purpose
from records.errors import RecordsError


class ConsentPolicyWrong(RecordsError):
    """The file with the purposes and their bases cannot be used."""

    code = "consent_policy_wrong"


class Basis(StrEnum):
    """A lawful basis: UK GDPR, Art. 6 (1)."""

    CONSENT = "consent"
    PUBLIC_TASK = "public_task"
    LEGAL_OBLIGATION = "legal_obligation"
    LEGITIMATE_INTERESTS = "legitimate_interests"
    VITAL_INTERESTS = "vital_interests"
    CONTRACT = "contract"


class Agreement(StrEnum):
    """Whether a purpose waits for the family's agreement, or it is only noted."""

    NEEDED = "needed"
    NOTED = "noted"


class PurposePolicy(BaseModel):
    """What a service says of one purpose."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    """As it stands in a sentence: has not agreed to “supervision”."""
    about: str = ""
    basis: Basis
    agreement: Agreement

    @model_validator(mode="after")
    def _consent_is_needed_where_it_is_the_basis(self) -> Self:
        if self.basis is Basis.CONSENT and self.agreement is not Agreement.NEEDED:
            raise ValueError("rests on consent, so agreement must be needed")
        return self

    @property
    def waits(self) -> bool:
        """Whether nothing is used for it before everybody agreed."""
        return self.agreement is Agreement.NEEDED

    @property
    def heeds_no(self) -> bool:
        """Whether a refusal or a withdrawal stops it."""
        return self.basis is not Basis.LEGAL_OBLIGATION or self.waits


Policy = Mapping[Purpose, PurposePolicy]


@cache
def load_policy(path: Path | None = None) -> Policy:
    """Every purpose, in the file's order; of our own file where none is named. Raises: ConsentPolicyWrong."""
    where = "configs/consent.toml" if path is None else path.name
    try:
        written = files("configs").joinpath("consent.toml") if path is None else path
        tables = tomllib.loads(written.read_text(encoding="utf-8"))
        found = {Purpose(name): PurposePolicy.model_validate(table) for name, table in tables.items()}
    except ValidationError as error:
        raise _wrong(where, plain_sentence(error)) from None
    except (OSError, ValueError) as error:  # tomllib's too, and the name of a purpose that is none
        raise _wrong(where, f"It cannot be read: {error}.") from None
    if absent := [purpose for purpose in Purpose if purpose not in found]:
        raise _wrong(where, f"It says nothing of {', '.join(absent)}.")
    return found


def _wrong(where: str, why: str) -> ConsentPolicyWrong:
    sentence = f"{where}, which says what is needed for each purpose, cannot be used. {why}"
    return ConsentPolicyWrong(sentence, for_guider=sentence)
