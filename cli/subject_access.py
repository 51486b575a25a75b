"""``vigpack subject-access``: everything that is held of one family, for somebody of it who asks to see it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.screen import CommandFailed, counted, print_json, progress_bar, say
from pipeline.pack.passphrase import new_passphrase
from records.actions.erase import erase_marked
from records.audit.act import note_act
from records.audit.actor import command_line
from records.backup.sealing import Recipients, parse_recipients, seal
from records.copies.register import Carrier
from records.database import Database, open_database
from records.families.families import family_id_of
from records.retention_policy.policy import policy_of
from records.settings import Settings, load_settings
from records.storage.open import open_storage
from records.subject_access.requests import (
    SubjectAccessView,
    close_request,
    hand_out,
    open_request,
    request_for,
    view_request,
)
from records.subject_access.sealed import MOST_SEALED_BYTES, AnswerTooLargeToSeal, seal_answer
from records.subject_access.stream import answer_bytes, answer_stream
from worker.effects import carry_out_effects

_TOO_LARGE = (
    "This answer is too large for a page with a passphrase. Seal it for somebody's key with --recipient, or write it"
    " with --plain and give it over in person."
)


class Act(StrEnum):
    """What to do."""

    OPEN = "open"
    SHOW = "show"
    EXPORT = "export"
    CLOSE = "close"


def subject_access(
    act: Annotated[Act, typer.Argument(help="What to do.")],
    code: Annotated[str, typer.Argument(help="The family's code, such as K-104.")],
    asked_by: Annotated[str, typer.Option(help="For open: who asks, by role and initials, or who acts for them.")] = "",
    about: Annotated[
        list[str] | None,
        typer.Option(help="For open: whose data it is about, as the family names them: --about 'mother M'. Repeat it."),
    ] = None,
    received_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="For open: the day it was asked; today unless given.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="For export: the ZIP file to write; it must not be there.")] = None,
    to_whom: Annotated[str, typer.Option(help="For export: whom the answer is handed to.")] = "",
    recipient: Annotated[
        list[str] | None,
        typer.Option(
            help="For export: whose key (age1…) it is sealed for, however large it is, instead of a passphrase."
        ),
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="For export: unsealed; everybody who holds it can open it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Answer a subject access request (DSAR; UK GDPR, Art. 15): open it, see how far it is, write the answer, close it.

    open keeps everything of the family until it is answered. Its guider then looks at each thing on the page Families
    and says whether it goes into the answer; here nothing is decided, and nobody's picture is seen. export writes what
    was checked: a ZIP with a page to begin with, all files, and a list with the SHA-256 of each. That ZIP lies, up to
    500 MB, inside a page that asks for a passphrase, which is made and told once.
    """
    if plain and recipient:
        raise typer.BadParameter("Name a recipient, or --plain, not both.")
    settings = load_settings()
    with _opened(settings) as database:
        match act:
            case Act.OPEN:
                _tell(_open(database, settings, code, asked_by, about or [], received_on), as_json=as_json)
            case Act.SHOW:
                _tell(_show(database, code), as_json=as_json)
            case Act.EXPORT:
                way = _Way(parse_recipients(" ".join(recipient)) if recipient else None, plain=plain)
                _export(database, settings, code, out, to_whom, way, as_json=as_json)
            case Act.CLOSE:
                _close(database, settings, code, as_json=as_json)


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    database = open_database(settings)
    database.before_commit = note_act
    try:
        yield database
    finally:
        database.dispose()


def _open(
    database: Database, settings: Settings, code: str, asked_by: str, about: list[str], received_on: datetime | None
) -> SubjectAccessView:
    with database.session() as session:
        family_id = family_id_of(session, code)
        row = open_request(
            session,
            command_line(),
            policy_of(settings),
            family_id,
            asked_by=asked_by,
            about=about,
            received_on=received_on.date() if received_on else None,
        )
        return view_request(session, row)


def _show(database: Database, code: str) -> SubjectAccessView:
    with database.reading() as session:
        return view_request(session, request_for(session, family_id_of(session, code)))


@dataclass(frozen=True)
class _Way:
    """How the answer leaves."""

    recipients: Recipients | None
    plain: bool

    @property
    def carrier(self) -> Carrier:
        return Carrier.PLAIN if self.plain else Carrier.SEALED


def _export(
    database: Database, settings: Settings, code: str, out: Path | None, to_whom: str, way: _Way, *, as_json: bool
) -> None:
    if out is None:
        raise CommandFailed(for_guider="Name the file to write with --out.")
    if out.exists():
        raise CommandFailed(for_guider=f"{out} is there already. Name another file.")
    behind_passphrase = not way.plain and way.recipients is None
    with database.session() as session:
        family_id = family_id_of(session, code)
        row = request_for(session, family_id)
        total = answer_bytes(session, row)
        if behind_passphrase and total > MOST_SEALED_BYTES:
            raise AnswerTooLargeToSeal(for_guider=_TOO_LARGE)
        hand_out(session, command_line(), row, to_whom, way.carrier)
        request_id = row.id
    storage, policy = open_storage(settings), policy_of(settings)
    passphrase = new_passphrase() if behind_passphrase else ""
    part = out.with_name(f"{out.name}.part")
    part.unlink(missing_ok=True)
    try:
        with progress_bar("Writing", shown=not as_json) as moved:
            answer = answer_stream(database, storage, policy, family_id, request_id, lambda: True)
            blocks = _counted(answer, total, moved)
            if way.recipients is not None:
                seal(blocks, part, way.recipients)
            elif way.plain:
                _write(blocks, part)
            else:
                with tempfile.TemporaryDirectory(dir=out.parent, prefix=".answer-") as folder:  # for this account alone
                    name = f"subject-access-{request_id[:6]}.zip"
                    _move(seal_answer(blocks, name, passphrase, Path(folder)), part)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    _tell_export(out, passphrase, way, as_json=as_json)


def _counted(blocks: Iterator[bytes], total: int, moved: Callable[[float], None]) -> Iterator[bytes]:
    done = 0
    for block in blocks:
        done += len(block)
        moved(min(1.0, done / max(1, total)))
        yield block


def _write(blocks: Iterator[bytes], part: Path) -> None:
    with open(part, "xb", opener=_for_this_account) as file:
        file.writelines(blocks)
        file.flush()
        os.fsync(file.fileno())


def _move(sealed: Path, part: Path) -> None:
    sealed.chmod(0o600)
    with sealed.open("rb") as file:
        os.fsync(file.fileno())
    sealed.replace(part)


def _tell_export(out: Path, passphrase: str, way: _Way, *, as_json: bool) -> None:
    if as_json:
        print_json({"file": str(out), "bytes": out.stat().st_size} | ({"passphrase": passphrase} if passphrase else {}))
        return
    say(f"{out} is written: {out.stat().st_size / 1e6:.1f} MB.")
    if passphrase:
        say(f"The passphrase: {passphrase}")
        say("Write it down now: nobody can find it again. Say it by telephone or in person.")
    elif way.plain:
        say("Everybody who holds it can open it: give it over in person, or by a way that nobody else can read.")
    else:
        say("It opens with the recipient's private key: age --decrypt --identity KEY --output answer.zip FILE")


def _for_this_account(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _close(database: Database, settings: Settings, code: str, *, as_json: bool) -> None:
    storage = open_storage(settings)
    carry_out_effects(database, storage, settings)
    with database.session() as session:
        row = request_for(session, family_id_of(session, code))
        emptied, closed = close_request(session, command_line(), row), row.id
    for selection_id in sorted(emptied):
        erase_marked(database, storage, settings, selection_id)
    print_json({"closed": closed}) if as_json else say("The request is closed.")


def _tell(view: SubjectAccessView, *, as_json: bool) -> None:
    """Without a word of what is held: who runs a command need not be who may read it."""
    request = view.request
    figures = {
        "request": request.id,
        "state": request.state,
        "received_on": request.received_on.isoformat(),
        "due_on": request.due_on.isoformat(),
        "items": len(view.items),
        "undecided": view.undecided,
        "to_cover": view.to_cover,
    }
    if as_json:
        print_json(figures)
        return
    say(f"Asked on {request.received_on}, to be answered by {request.due_on}. It is {request.state.replace('_', ' ')}.")
    say(f"{counted(len(view.items), 'thing')} held; {view.undecided} to be looked at, {view.to_cover} to be covered.")
