"""``vigpack store``: whether the stored files and the database belong together, and taking a store as it is."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.screen import print_json, say
from records.actions.accept_store import accept_store
from records.audit.actor import command_line
from records.database import open_database
from records.ledger.store_identity import StoreCount, StoreMatch, compare_store, count_files
from records.settings import load_settings
from records.storage.open import open_storage
from worker.monitoring.alerts import assess_store


def store(
    accept: Annotated[
        bool, typer.Option("--accept", help="Take the store as it is for this database; the next sweep clears it up.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON; asks nothing.")] = False,
) -> None:
    """Tell whether the stored files and the database belong together, and how many files the database knows.

    Where they do not belong together, nothing is ever swept away. Give vigpack the right database; or, if this one is
    right, accept the store: what the database does not know is then deleted within the hour. The audit tells of it.
    Ends with 1 where they do not belong together.
    """
    settings = load_settings()
    storage = open_storage(settings)
    database = open_database(settings)
    try:
        found = compare_store(database, storage)
        count = count_files(database, storage)
        alert = assess_store(found.match, found.strange_files)
        if accept and alert is not None:
            if not (yes or as_json):
                say(alert.message)
                typer.confirm(_warning(count), abort=True)
            accept_store(database, storage, command_line())
            found, alert = compare_store(database, storage), None
    finally:
        database.dispose()
    if as_json:
        print_json(
            {"match": found.match, "known_files": count.known_files, "unknown_files": count.strange_files}
            | {"accepted": found.accepted}
        )
    else:
        say(alert.message if alert else _content(found.match))
        say(f"Files of reviews in the store: {count.known_files} known to the database, {count.strange_files} unknown.")
        if alert:
            say(alert.remedy)
        elif found.accepted:
            say("The store was accepted: what the database does not know is deleted within the hour.")
    if alert:
        raise typer.Exit(1)


def _content(match: StoreMatch) -> str:
    if match is StoreMatch.NEW:
        return "Neither has been looked at yet; a worker does it when it starts."
    return "The store and the database belong together."


def _warning(count: StoreCount) -> str:
    files = f"{count.strange_files} of {count.known_files + count.strange_files} files are of reviews it never had"
    return f"Take the store as it is? What this database does not know is then deleted for good: {files}."
