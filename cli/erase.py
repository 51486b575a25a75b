"""``vigpack erase``: everything of one family, gone for good."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.screen import CommandFailed, print_json, say
from records.actions.erase_family import erase_family
from records.audit.act import note_act
from records.audit.actions import Action
from records.audit.actor import command_line
from records.audit.log import note
from records.database import Database, open_database
from records.documents import ErasedCounts
from records.families.families import find_family
from records.retention.certificates import ErasureCertificate, copies_still_out, count_family
from records.settings import load_settings
from records.storage.open import open_storage
from records.training.logbook import forget_code, names_code
from worker.effects import carry_out_effects


def erase(
    family: Annotated[str, typer.Argument(help="The family's code, such as K-104.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the certificate as JSON; asks nothing.")] = False,
) -> None:
    """Erase a family: films, clips, stills, packs, agreements, all that is known. Prints a certificate.

    Logbooks lose the code and the days; that there was a client, which cycles and in which months stays in them.
    What was handed out before is not reached by this: the certificate lists it. A family on hold stays.
    """
    settings = load_settings()
    storage = open_storage(settings)
    database = open_database(settings)
    carry_out_effects(database, storage, settings)
    database.before_commit = note_act
    made: ErasureCertificate | None = None
    try:
        family_id, there, out, in_logbooks = _find(database, family)
        if family_id is None and not in_logbooks:
            raise CommandFailed(for_guider=f"There is nothing of a family with the code {family} here.")
        if not (yes or as_json):
            typer.confirm(_question(family, there, out), abort=True)
        if family_id is not None:
            made = erase_family(database, storage, settings, command_line(), family_id)
        with database.session() as session:
            if forgotten := forget_code(session, family):
                note(session, command_line(), Action.CHANGE_LOGBOOK, figures={"forgotten": forgotten})
    finally:
        database.dispose()
    if as_json:
        certificate = made.model_dump(mode="json") if made else None
        print_json({"family": family, "selections_erased": there.selections, "certificate": certificate})
        return
    say(f"{_count(there.selections)} of family {family} erased.")
    if made is not None:
        say(f"Certificate {made.id}: {_figures(made.counts)}; copies still out: {len(made.copies_out)}.")


def _find(database: Database, code: str) -> tuple[str | None, ErasedCounts, int, bool]:
    """The family's id, how much there is of it, how many copies are out, and whether its code stands in a logbook."""
    with database.reading() as session:
        found = find_family(session, code)
        in_logbooks = names_code(session, code)
        if found is None or found.code != code or not found.visible:
            return None, ErasedCounts(), 0, in_logbooks
        return found.id, count_family(session, found.id), len(copies_still_out(session, found.id)), in_logbooks


def _question(family: str, there: ErasedCounts, out: int) -> str:
    outside = f" {out} copies are still out and are not reached." if out else ""
    return f"Erase {_count(there.selections)} of family {family} for good? It is {_figures(there)}.{outside}"


def _figures(there: ErasedCounts) -> str:
    return f"{there.cycles} cycles, {there.moments} moments, {there.files} files, {there.bytes / 1e6:.1f} MB"


def _count(selections: int) -> str:
    return "1 selection" if selections == 1 else f"{selections} selections"
