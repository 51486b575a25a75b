"""``vigpack backup``: everything in one sealed folder, while the service runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.screen import CommandFailed, counted, print_json, progress_bar, say
from records.audit.actions import Action
from records.audit.actor import command_line
from records.audit.erasure_register import export_register
from records.audit.log import note_alone
from records.backup.layout import Manifest
from records.backup.make import make_backup
from records.backup.sealing import make_key, parse_recipients, write_new_key
from records.backup.state import note_backup
from records.database import Database, open_database
from records.migrations.migrate import is_current
from records.secrets.service_key import service_key_fingerprint
from records.settings import Settings, load_settings
from records.storage.open import open_storage


def backup(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Where it goes: a folder not there yet.")
    ] = None,
    recipient: Annotated[
        list[str] | None,
        typer.Option(
            help="Whom it is sealed for: age1…; more than one may be named. [default: VIGPACK_BACKUP_RECIPIENT]"
        ),
    ] = None,
    new_key: Annotated[
        Path | None,
        typer.Option(
            "--new-key",
            help="Only make a key: its private half goes into this file (- for stdout).",
        ),
    ] = None,
    erasures: Annotated[
        Path | None,
        typer.Option(help="Only write the erasure register into this file: what was erased, by random ids alone."),
    ] = None,
    data: Annotated[Path | None, typer.Option(help="The data folder. [default: VIGPACK_DATA_DIR]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Copy database and files into a new folder, sealed: only the private key opens it, and it is not needed here.

    The service may run. Ends with 1 where files were missing or damaged before; the backup is kept all the same.
    """
    if sum(asked is not None for asked in (folder, new_key, erasures)) != 1:
        raise typer.BadParameter("Name a folder for the backup, or --new-key FILE, or --erasures FILE.")
    if new_key is not None:
        _new_key(new_key, as_json=as_json)
        return
    settings = load_settings(**({"data_dir": data} if data else {}))
    if erasures is not None:
        entries = export_register(open_storage(settings), erasures)
        print_json({"erasures": entries}) if as_json else say(f"{entries} erasures are named in {erasures}.")
        return
    assert folder is not None  # noqa: S101 one of the three is there
    _make(settings, folder, " ".join(recipient or [settings.backup_recipient]), as_json=as_json)


def _new_key(path: Path, *, as_json: bool) -> None:
    if str(path) == "-":
        print(make_key()[1], end="", flush=True)
        return
    recipient = write_new_key(path)
    if as_json:
        print_json({"recipient": recipient, "private_key": str(path)})
    else:
        say(recipient)
        print(f"Keep {path} where the server is not: nothing else opens the backups.", file=sys.stderr)


def _make(settings: Settings, folder: Path, recipients: str, *, as_json: bool) -> None:
    made_for = parse_recipients(recipients)
    database = open_database(settings)
    try:
        with progress_bar("backup", shown=not as_json) as on_progress:
            fingerprint = service_key_fingerprint(settings)
            made = make_backup(database, open_storage(settings), folder, made_for, on_progress, fingerprint)
        if is_current(database):
            _note(database, made)
    finally:
        database.dispose()
    if as_json:
        print_json({"folder": str(folder), **made.model_dump(mode="json")})
    else:
        say(f"{_told(made)} are in {folder}, sealed and read back.")
    if made.missing or made.damaged:
        raise CommandFailed(
            for_guider=f"But {counted(made.missing, 'stored file')} had been lost and {made.damaged} damaged before. "
            "Keep the earlier backups: they may hold them."
        )


def _note(database: Database, made: Manifest) -> None:
    figures = {"files": made.objects, "missing": made.missing, "damaged": made.damaged}
    note_alone(database, command_line(), Action.BACKUP, figures=figures)
    if not (made.missing or made.damaged):
        note_backup(database, made.made_at)


def _told(made: Manifest) -> str:
    size = f"{made.object_bytes / 1e6:.1f} MB"
    return f"{counted(made.selections, 'selection')} and {counted(made.objects, 'file')} ({size})"
