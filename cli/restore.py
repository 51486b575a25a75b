"""``vigpack restore``: a backup, put back where nothing is yet, or only tried."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.local.data_dir_lock import hold_data_dir
from cli.screen import CommandFailed, counted, print_json, progress_bar, say
from records.audit.erasure_register import Erasure, parse_erasures
from records.backup.key_of_service import service_key_here, what_is_needed
from records.backup.make import Progress
from records.backup.read import Backup, open_backup
from records.backup.rehearse import Rehearsed, rehearse
from records.backup.restore import Restored
from records.backup.restore import restore as restore_backup
from records.backup.sealing import Identity, parse_identity
from records.database import open_database
from records.settings import Settings, load_settings
from records.storage.open import open_storage

_DAY = "%Y-%m-%d %H:%M UTC"


def restore(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The backup.")],
    key: Annotated[Path, typer.Option(help="The file with the private key; - reads it from stdin.")],
    erasures: Annotated[
        list[Path] | None,
        typer.Option(help="A later backup, or a file of vigpack backup --erasures: what it names is erased again."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only try: open every file, load the database elsewhere, change nothing.")
    ] = False,
    data: Annotated[Path | None, typer.Option(help="The data folder. [default: VIGPACK_DATA_DIR]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Put a backup back where nothing is yet: an empty database and an empty store, the service stopped.

    It may come from another kind of database or store, or from an older version. An interrupted restore goes on when
    it is asked for again.
    """
    settings = load_settings(**({"data_dir": data} if data else {}))
    identity = parse_identity(read_key(key))
    scratch = settings.data_dir if settings.data_dir.is_dir() else None
    with open_backup(folder, identity, scratch) as opened, progress_bar("restore", shown=not as_json) as on_progress:
        key_here = service_key_here(opened.manifest, settings)
        if check:
            found: Rehearsed | Restored = rehearse(opened, scratch, on_progress, settings)
            sentence = "can be restored"
        else:
            register = _register(erasures or [], identity)
            found = _restore(opened, settings, register, on_progress)
            sentence = "are back"
    made_at = opened.manifest.made_at
    if as_json:
        print_json(
            {
                **asdict(found),
                "made_at": made_at.isoformat(),
                "version": opened.manifest.version,
                "service_key": key_here,
            }
        )
        return
    here = (
        f"{counted(found.selections, 'selection')}, {counted(found.objects, 'file')} and {counted(found.rows, 'row')}"
    )
    say(f"{here} {sentence}, as of {made_at:{_DAY}}.")
    if isinstance(found, Restored) and found.erased_again:
        say(f"Erased again, as it was erased since then: {counted(found.erased_again, 'thing')}.")
    if found.missing:
        say(
            f"{counted(found.missing, 'file')} had been lost before this backup was made: an earlier one may hold them."
        )
    if found.without_key:
        say(
            f"But the keys of {counted(found.without_key, 'selection')} are not here: they cannot be read before "
            "vigpack keys restore FILE (docs/keys.md)."
        )
    if needed := what_is_needed(key_here, settings, is_restored=not check):
        say(needed)


def _restore(opened: Backup, settings: Settings, register: list[Erasure], on_progress: Progress) -> Restored:
    if not settings.database_url:
        hold_data_dir(settings.data_dir.resolve(), wait_s=0)
    database = open_database(settings)
    try:
        return restore_backup(opened, database, open_storage(settings), settings, register, on_progress)
    finally:
        database.dispose()


def read_key(path: Path) -> str:
    """The private key in a file, or for - from stdin."""
    if str(path) == "-":
        return sys.stdin.read()
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError as error:
        raise CommandFailed(str(error), for_guider=f"There is no key in {path}.") from error


def _register(paths: list[Path], identity: Identity) -> list[Erasure]:
    """What files and later backups name."""
    found: list[Erasure] = []
    for path in paths:
        if path.is_dir():
            with open_backup(path, identity) as later:
                found += parse_erasures(later.erased)
        else:
            try:
                found += parse_erasures(path.read_text(encoding="ascii", errors="replace").splitlines())
            except FileNotFoundError as error:
                raise CommandFailed(str(error), for_guider=f"There is no list of erasures in {path}.") from error
    return found
