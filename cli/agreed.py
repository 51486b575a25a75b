"""Who agreed, where a list of moments says so: the fields that the service takes, heeded without a service too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cli.screen import CommandFailed
from pipeline.errors import SelectionInvalid
from pipeline.moments import Selection, parse_selection, plain_sentence, read_shape
from pipeline.purposes import Purpose
from records.consent.policy import PurposePolicy
from records.documents import FamilyPerson, Statement, Statements

_STATEMENTS = TypeAdapter(Statements)
_PEOPLE = TypeAdapter(tuple[FamilyPerson, ...])


def read_with_agreement(path: Path) -> tuple[Selection, tuple[Statement, ...], list[FamilyPerson]]:
    """The selection in a file, what it says of who agreed, and who can be seen or heard; empty where it says nothing.

    Raises: SelectionInvalid.
    """
    shape = read_shape(path)
    try:
        agreed = _STATEMENTS.validate_python(shape.pop("agreed", ()))
        told = [_people_of(moment) for moment in (*_tables(shape, "clip"), *_tables(shape, "still"))]
    except ValidationError as error:
        sentence = f"Who agreed cannot be understood: {plain_sentence(error)}"
        raise SelectionInvalid(sentence, for_guider=sentence) from None
    named = [statement.person for statement in agreed]
    seen = [person for people in told for person in (named if people is None else people)]
    return parse_selection(shape), agreed, seen


def check_agreement(
    agreed: Sequence[Statement],
    seen: Iterable[FamilyPerson],
    purposes: Iterable[Purpose],
    policy: Mapping[Purpose, PurposePolicy],
) -> None:
    """Nothing, if the file says nothing, or all who can be seen agreed to each of these. Raises: CommandFailed."""
    said = {(one.person.title, purpose): one.agrees for one in agreed for purpose in one.purposes}
    for purpose in dict.fromkeys(purposes) if agreed else ():
        one = policy[purpose]
        for title in dict.fromkeys(person.title for person in seen):
            answer = said.get((title, purpose))
            if (answer is None and one.waits) or (answer is False and one.heeds_no):
                lack = "says no" if answer is False else "is not said to agree"
                raise CommandFailed(
                    for_guider=f"{title[0].upper()}{title[1:]} {lack} to “{one.title}” in the list of moments: "
                    "take only moments without them and say under each who can be seen, or write down what they said."
                )


def _tables(shape: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = shape.get(name, [])
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _people_of(moment: dict[str, Any]) -> tuple[FamilyPerson, ...] | None:
    return _PEOPLE.validate_python(moment.pop("people")) if "people" in moment else None
