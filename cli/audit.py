"""``vigpack audit``: who did what, and whether that record is whole."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.screen import CommandFailed, print_json, say
from records.audit.actions import Action
from records.audit.actor import command_line
from records.audit.checkpoints import public_key, read_checkpoints
from records.audit.log import AuditLine, Wanted, find_lines, note, note_alone, write_csv
from records.audit.verify import FaultKind, Verification, verify
from records.database import Database, open_database
from records.families.families import family_id_of
from records.settings import Settings, load_settings


class What(StrEnum):
    """What to do."""

    VERIFY = "verify"
    SHOW = "show"
    EXPORT = "export"
    KEY = "key"


_WRONG = {
    FaultKind.BROKEN: "was changed, moved or added, or the line before it was",
    FaultKind.MISSING: "is missing",
    FaultKind.OTHER_KEY: "was written with another key: nothing can be said of it",
    FaultKind.CUT: "is named by a checkpoint and is not there: the end was cut off",
    FaultKind.DIFFERS: "is not the one that a checkpoint names",
    FaultKind.FORGED: "has a checkpoint that does not carry our signature",
}


def audit(
    what: Annotated[What, typer.Argument(help="verify, show, export, or key.")],
    checkpoints: Annotated[Path | None, typer.Option(help="Compare with this log or file of checkpoints.")] = None,
    family: Annotated[str, typer.Option(help="Only what was done with this family, such as K-104.")] = "",
    family_id: Annotated[str, typer.Option(help="The same by its id, also of one that was erased.")] = "",
    account: Annotated[str, typer.Option(help="Only what this account did.")] = "",
    action: Annotated[Action | None, typer.Option(help="Only this.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only since then (UTC).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Export as CSV, which is also what is usual.")] = False,
) -> None:
    """Tell who did what, and whether that record is whole.

    verify: go through the chain; show and export: the lines; key: the public key that checkpoints are signed with.
    Looking leaves a line, too.
    """
    settings = load_settings()
    with _database(settings) as database:
        if what == What.KEY:
            note_alone(database, command_line(), Action.PRINT_KEY)
            say(public_key(settings))
            return
        if what == What.VERIFY:
            _verify(database, settings, checkpoints, as_json=as_json)
            return
        wanted = Wanted(account_id=account, action=action, family_id=family_id, since=since)
        lines = _find(database, wanted, family, Action.READ_AUDIT if what == What.SHOW else Action.EXPORT_AUDIT)
    if as_json:
        print_json([line.model_dump(mode="json") for line in lines])
    elif what == What.EXPORT or as_csv:
        write_csv(lines, sys.stdout)
    else:
        for line in lines:
            things = " ".join(filter(None, (line.selection_id, line.moment_id, line.target, line.detail)))
            say(f"{line.sequence} {line.at:%Y-%m-%d %H:%M:%S} {line.who}: {line.action} {things}")


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    database = open_database(settings)
    try:
        yield database
    finally:
        database.dispose()


def _find(database: Database, wanted: Wanted, family: str, action: Action) -> list[AuditLine]:
    with database.session() as session:
        if family:
            wanted.family_id = family_id_of(session, family)
        lines = find_lines(session, wanted)
        note(session, command_line(), action, figures={"lines": len(lines)})
    return lines


def _verify(database: Database, settings: Settings, path: Path | None, *, as_json: bool) -> None:
    points = read_checkpoints(path) if path else []
    found = verify(database, settings, points)
    note_alone(database, command_line(), Action.VERIFY_AUDIT, figures={"faults": len(found.faults)})
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _say(found)
    if not found.is_whole:
        first = found.faults[0]
        raise CommandFailed(for_guider=f"The audit is not whole: line {first.sequence} {_WRONG[first.kind]}.")


def _say(found: Verification) -> None:
    for fault in found.faults:
        say(f"Line {fault.sequence} {_WRONG[fault.kind]}.")
    if found.is_whole:
        since = f" since {found.since:%Y-%m-%d %H:%M} UTC" if found.since else ""
        say(f"Unbroken{since}: {found.lines} lines, {found.checkpoints} checkpoints compared.")
