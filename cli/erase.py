"""``vigpack erase``: everything of one family, gone for good."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.screen import CommandFailed, print_json, say
from records.actions.erase import erase_selection, selections_of_family
from records.audit.act import Act, doing, note_act
from records.audit.actions import Action
from records.audit.actor import command_line
from records.audit.log import note
from records.database import open_database
from records.settings import load_settings
from records.storage.open import open_storage
from records.training.logbook import forget_code, names_code
from worker.effects import carry_out_effects


def erase(
    family: Annotated[str, typer.Argument(help="The family's code, such as K-104.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON; asks nothing.")] = False,
) -> None:
    """Erase every selection of a family: uploads, clips, stills, packs and what is known of them.

    Logbooks lose the code and the days; that there was a client, which cycles and in which months stays in them.
    What was handed out before is not reached by this.
    """
    settings = load_settings()
    storage = open_storage(settings)
    database = open_database(settings)
    carry_out_effects(database, storage, settings)
    database.before_commit = note_act
    try:
        with database.reading() as session:
            selections = selections_of_family(session, family)
            in_logbooks = names_code(session, family)
        if not selections and not in_logbooks:
            raise CommandFailed(for_guider=f"There is nothing of a family with the code {family} here.")
        if not (yes or as_json):
            typer.confirm(f"Erase {_count(len(selections))} of family {family} for good?", abort=True)
        for selection_id in selections:
            with doing(_erasing(selection_id)):
                erase_selection(database, storage, settings, selection_id)
        with database.session() as session:
            if in_logbooks:
                note(
                    session, command_line(), Action.CHANGE_LOGBOOK, figures={"forgotten": forget_code(session, family)}
                )
    finally:
        database.dispose()
    if as_json:
        print_json({"family": family, "selections_erased": len(selections)})
    else:
        say(f"{_count(len(selections))} of family {family} erased.")


def _erasing(selection_id: str) -> Act:
    return Act(lambda session: note(session, command_line(), Action.ERASE, selection_id=selection_id))


def _count(selections: int) -> str:
    return "1 selection" if selections == 1 else f"{selections} selections"
