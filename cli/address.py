"""``vigpack address``: how the page of a running ``vigpack up`` is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.local.data_dir_lock import running_url
from cli.screen import CommandFailed
from records.accounts.machine_secret import machine_secret
from records.audit.actions import Action
from records.audit.actor import command_line
from records.audit.log import note_alone
from records.database import open_database
from records.settings import load_settings


def address(
    data: Annotated[Path, typer.Option(help="The folder in which vigpack up works.")] = Path("vigpack-data"),
) -> None:
    """Show the address that opens the page of a running vigpack up. It is yours alone: it opens every film.

    A browser in which it was opened once needs it no more.
    """
    url = running_url(data.resolve())
    if url is None:
        sentence = f"No vigpack up works in {data.resolve()} just now. Start it, or name another --data."
        raise CommandFailed(for_guider=sentence)
    settings = load_settings(data_dir=data.resolve())
    has_key = (
        not settings.token.get_secret_value()
        and not settings.has_accounts
        and not settings.open_to_everyone_on_this_machine
    )
    if not has_key:
        print(url)
        return
    database = open_database(settings)
    try:
        note_alone(database, command_line(), Action.PRINT_ADDRESS)
    finally:
        database.dispose()
    print(f"{url}/#key={machine_secret(settings.data_dir)}")
