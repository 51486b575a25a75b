"""``vigpack keys``: the keys that films and words are sealed with."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.restore import read_key
from cli.screen import CommandFailed, counted, print_json, say
from records.audit.actions import Action
from records.audit.actor import command_line
from records.audit.log import note_alone
from records.backup.keys import backup_keys, restore_keys
from records.backup.sealing import parse_identity, parse_recipients
from records.database import open_database
from records.keys.health import count_not_backed_up, find_key_problem
from records.keys.ring import key_ring
from records.keys.rotation import rotate_master_key
from records.keys.store import KeyKind
from records.migrations.migrate import is_current
from records.settings import Settings, load_settings


class What(StrEnum):
    """What to do."""

    SHOW = "show"
    BACKUP = "backup"
    RESTORE = "restore"
    ROTATE = "rotate"


def keys(
    what: Annotated[What, typer.Argument(help="show, backup, restore, or rotate.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Of backup and restore: the sealed file.")
    ] = None,
    recipient: Annotated[
        list[str] | None, typer.Option(help="Of backup: whom it is sealed for. [default: VIGPACK_BACKUP_RECIPIENT]")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="Of restore: the file with the private key; - for stdin.")] = None,
    data: Annotated[Path | None, typer.Option(help="The data folder. [default: VIGPACK_DATA_DIR]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Back up the keys apart from the data, put them back, or change the master key.

    The service may run meanwhile. Without the keys no backup of the data can be read.
    """
    settings = load_settings(**({"data_dir": data} if data else {}))
    if (file is not None) != (what in {What.BACKUP, What.RESTORE}):
        raise typer.BadParameter("backup and restore need a FILE, show and rotate none.")
    match what:
        case What.SHOW:
            _show(settings, as_json=as_json)
            return
        case What.BACKUP:
            assert file is not None  # noqa: S101 asked above
            done = backup_keys(settings, file, parse_recipients(" ".join(recipient or [settings.backup_recipient])))
            action, sentence = Action.BACKUP_KEYS, f"{counted(done, 'key')} and the master key are in {file}, sealed."
        case What.RESTORE:
            if key is None or file is None:
                raise typer.BadParameter("restore needs --key FILE: the private key that the backup was made for.")
            done = restore_keys(settings, file, parse_identity(read_key(key)))
            action, sentence = Action.RESTORE_KEYS, f"{counted(done, 'key')} that had not been here are back."
        case What.ROTATE:
            done = rotate_master_key(settings)
            action = Action.ROTATE_KEYS
            sentence = f"{counted(done, 'key')} are wrapped with another master key now. Back the keys up anew."
    _note(settings, action, done)
    print_json({"keys": done}) if as_json else say(sentence)


def _show(settings: Settings, *, as_json: bool) -> None:
    store = key_ring(settings).store
    problem = find_key_problem(settings)
    families, selections = (sum(1 for _ in store.ids(kind)) for kind in (KeyKind.FAMILY, KeyKind.SELECTION))
    unsaved = count_not_backed_up(store)
    if as_json:
        found = {"families": families, "selections": selections, "not_backed_up": unsaved}
        print_json({"folder": str(store.root), **found, "problem": problem.message if problem else None})
    else:
        held = f"{families} of families and {selections} of selections"
        say(f"Keys in {store.root}: {held}; {unsaved} are in no backup of the keys.")
    if problem is not None and problem.level == "bad":
        raise CommandFailed(problem.message, for_guider=f"{problem.message} {problem.remedy}")


def _note(settings: Settings, action: Action, keys: int) -> None:
    database = open_database(settings)
    try:
        if is_current(database):
            note_alone(database, command_line(), action, figures={"keys": keys})
    finally:
        database.dispose()
