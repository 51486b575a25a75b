"""``vigpack copies``: what left the service, and what is back."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cli.screen import CommandFailed, print_json, say
from records.audit.actions import Action
from records.audit.actor import command_line
from records.audit.log import note
from records.clock import utcnow
from records.copies.register import HandedOutCopy, all_copies_out, copies_out, end_copy, id_of_copy
from records.database import Database, open_database
from records.families.families import family_id_of
from records.settings import load_settings


class Act(StrEnum):
    """What to do."""

    LIST = "list"
    RETURNED = "returned"


def copies(
    act: Annotated[Act, typer.Argument(help="What to do.")],
    which: Annotated[
        str, typer.Argument(help="For list: a family's code, else all. For returned: the copy's id, or how it begins.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """List the copies that were handed out and are not back; or say that one is back, which ends a link at once.

    Those of families that were erased are among them, until they are back. No family's code is printed. The list
    leaves a line in the audit.
    """
    database = open_database(load_settings())
    try:
        if act is Act.LIST:
            _list(database, which, as_json=as_json)
        else:
            _returned(database, which, as_json=as_json)
    finally:
        database.dispose()


def _list(database: Database, code: str, *, as_json: bool) -> None:
    with database.session() as session:
        family_id = family_id_of(session, code) if code else ""
        found = copies_out(session, family_id=family_id) if code else all_copies_out(session)
        note(session, command_line(), Action.READ_FAMILY, family_id=family_id, figures={"copies": len(found)})
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    for one in found:
        say(_line(one))
    if not found:
        say("Nothing is out.")


def _line(one: HandedOutCopy) -> str:
    whom = f"for {one.to_whom}" if one.to_whom else f"taken by {one.by or 'somebody here'}"
    late = one.until is not None and one.until <= utcnow()
    until = f", to be back {'since' if late else 'by'} {one.until:%Y-%m-%d}" if one.until else ""
    return f"{one.id[:8]}  {one.created_at:%Y-%m-%d}  {one.kind}, {one.carrier}, {whom}{until}"


def _returned(database: Database, beginning: str, *, as_json: bool) -> None:
    if not beginning:
        raise CommandFailed(for_guider="Name the copy: vigpack copies list tells how its id begins.")
    with database.session() as session:
        copy_id = id_of_copy(session, beginning)
        end_copy(session, command_line(), copy_id)
    print_json({"returned": copy_id}) if as_json else say("Noted: it is back. If it was a link, it opens nothing more.")
