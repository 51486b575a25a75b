"""``vigpack consent``: what people of a family agreed to, read and written down on the service's own machine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import ValidationError

from cli.screen import CommandFailed, counted, print_json, say
from pipeline.purposes import Purpose
from records.actions.erase import erase_marked
from records.actions.record_consents import consequences, record_consents
from records.audit.actions import Action
from records.audit.actor import command_line
from records.audit.log import note
from records.database import Database, open_database
from records.documents import FamilyPerson, Statement
from records.families.families import family_id_of
from records.settings import Settings, load_settings
from records.storage.open import open_storage
from records.views.consents import ConsentsView, ConsequencesView, consents_view, consequences_view
from worker.effects import carry_out_effects

_PERSON = re.compile(r"(?P<role>[a-z][a-z ]{1,29}?)(?: (?P<initials>[^\W\d_a-z]{1,4}))?")


class Act(StrEnum):
    """What to do."""

    SHOW = "show"
    GIVE = "give"
    WITHDRAW = "withdraw"


def consent(
    act: Annotated[Act, typer.Argument(help="What to do.")],
    code: Annotated[str, typer.Argument(help="The family's code.")],
    person: Annotated[
        list[str] | None, typer.Option(metavar="WHO", help='By role and initials, such as "mother M"; several times.')
    ] = None,
    to: Annotated[list[Purpose] | None, typer.Option(help="To which use; several times.")] = None,
    by: Annotated[str, typer.Option(metavar="WHO", help="Who said it for a child.")] = "",
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="When it was said; else today.")] = None,
    words: Annotated[str, typer.Option(help="The child's own word about it.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="For withdraw: do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON; asks nothing.")] = False,
) -> None:
    """Tell who of a family agreed to what; write down that somebody agrees, or says no.

    withdraw erases what was made for that use and shows the person, for good, and says first how much that is; on hold
    it goes when the hold ends. The signed form is added on the page. Reading leaves a line in the audit, too.
    """
    settings = load_settings()
    database = open_database(settings)
    try:
        if act is Act.SHOW:
            _show(database, code, as_json=as_json)
        else:
            said = _statements(person or (), to or (), by, on, words, agrees=act is Act.GIVE)
            _record(database, settings, code, said, asks=act is Act.WITHDRAW and not (yes or as_json), as_json=as_json)
    finally:
        database.dispose()


def _show(database: Database, code: str, *, as_json: bool) -> None:
    with database.session() as session:
        family_id = family_id_of(session, code)
        note(session, command_line(), Action.READ_FAMILY, family_id=family_id)
        view = consents_view(session, family_id)
    print_json(view) if as_json else _tell(view)


def _record(
    database: Database, settings: Settings, code: str, said: Sequence[Statement], *, asks: bool, as_json: bool
) -> None:
    storage = open_storage(settings)
    carry_out_effects(database, storage, settings)
    if asks:
        with database.reading() as session:
            family_id = family_id_of(session, code)
            before = consequences_view(session, family_id, consequences(session, family_id, said))
        typer.confirm(f"{_taken(before, 'This erases')} Write it down?", abort=True)
    with database.session() as session:
        family_id = family_id_of(session, code)
        found = record_consents(session, command_line(), family_id, said)
    for selection_id in sorted(found.selection_ids):
        erase_marked(database, storage, settings, selection_id)
    with database.reading() as session:
        erased = consequences_view(session, family_id, found)
    if as_json:
        print_json(erased)
        return
    say("Written down." if all(one.agrees for one in said) else f"Written down. {_taken(erased, 'Erased:')}")
    for copy in erased.copies_out:
        say(f"To be brought back: {copy.kind} {copy.id[:6]}, {copy.to_whom or copy.by}, {copy.created_at:%Y-%m-%d}.")


def _statements(
    people: Sequence[str], to: Sequence[Purpose], by: str, on: datetime | None, words: str, *, agrees: bool
) -> list[Statement]:
    if not people or not to:
        raise CommandFailed(for_guider='Say who with --person "mother M", and to which use with --to.')
    rest = {"purposes": tuple(to), "agrees": agrees, "given_by": by, "own_words": words}
    try:
        return [
            Statement.model_validate({"person": _person(one), "said_on": on.date() if on else None, **rest})
            for one in people
        ]
    except ValidationError as error:
        raise CommandFailed(
            for_guider='People are written by role and initials, such as "mother M". No name is kept.'
        ) from error


def _person(written: str) -> dict[str, str] | FamilyPerson:
    found = _PERSON.fullmatch(written.strip())
    return {"role": found["role"], "initials": found["initials"] or ""} if found else {"role": written}


def _tell(view: ConsentsView) -> None:
    titles = {one.purpose: one.title for one in view.purposes}
    for person in view.people:
        said = [one for one in view.said if one.person_id == person.id]
        say(f"{person.title}:{'' if said else ' nothing is recorded'}")
        for one in said:
            by = f", said by {one.given_by}" if one.given_by else ""
            form = ", with a form" if one.form_id else ""
            say(f"  {titles[one.purpose]}: {one.said}, {one.said_on:%Y-%m-%d}{by}{form}")
    if not view.people:
        say("Nobody is recorded of this family yet.")
    waiting = [one.title for one in view.purposes if one.needed and not one.open]
    if waiting:
        say(f"Not open to everybody's moments yet: {', '.join(waiting)}.")


def _taken(gone: ConsequencesView, before: str) -> str:
    """What a no takes, as a sentence."""
    if gone.held:
        return "The family is on hold: nothing is erased before that ends."
    parts = [
        counted(number, what)
        for number, what in (
            (gone.selections, "whole review"),
            (gone.moments, "moment"),
            (gone.outputs, "output"),
            (gone.shares, "supervisor's look"),
        )
        if number
    ]
    return f"{before} {', '.join(parts) or 'nothing'}."
