"""``vigpack worker --check``, ``--drain`` and ``--undrain``: of a worker that runs; starting one loads none of this."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from cli.screen import CommandFailed, say
from records.audit.actions import Action
from records.audit.actor import command_line
from records.audit.log import may_note, note
from records.database import Database, open_database
from records.ledger.workers import drain_worker, drained_workers, undrain_worker, workers_of
from records.secrets.service_key import has_service_key
from records.settings import Settings
from worker.hung import end_hung_workers


def check_worker(settings: Settings, *, end_hung: bool) -> None:
    """Say which worker of this machine has reported lately. Raises CommandFailed where none has."""
    with _opened(settings) as database:
        _check(database, settings, end_hung=end_hung)


def set_draining(settings: Settings, name: str, *, draining: bool) -> None:
    """Drain the worker of that name, or all of this machine, or let them work again. Raises CommandFailed: none."""
    with _opened(settings) as database:
        _set_draining(database, settings, name, draining=draining)


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    database = open_database(settings)
    try:
        yield database
    finally:
        database.dispose()


def _check(database: Database, settings: Settings, *, end_hung: bool) -> None:
    if not (found := workers_of(database, settings, socket.gethostname())):
        sentence = "No worker of this machine has reported lately."
        if end_hung and not workers_of(database, settings, socket.gethostname(), within_s=settings.hung_after_s):
            ended = end_hung_workers(settings.hung_after_s)
            sentence += " It hung, and was ended, to be started again." if ended else ""
        raise CommandFailed(for_guider=sentence)
    with database.reading() as session:
        drained = drained_workers(session, found)
    say(f"Worker {found[0]} {'is drained: it takes no jobs' if found[0] in drained else 'works'}.")


def _set_draining(database: Database, settings: Settings, name: str, *, draining: bool) -> None:
    machine = socket.gethostname()
    names = [name if ":" in name else f"{machine}:{name}"] if name else workers_of(database, settings, machine)
    if not names:
        raise CommandFailed(for_guider="No worker of this machine has reported lately.")
    is_told = may_note(database) and has_service_key(settings)
    with database.session() as session:
        for one in names:
            (drain_worker if draining else undrain_worker)(session, one)
            if is_told:
                note(session, command_line(), Action.DRAIN if draining else Action.UNDRAIN, one)
    for one in names:
        say(
            f"Worker {one} takes no more jobs and ends with those it has." if draining else f"Worker {one} works again."
        )
