"""``vigpack worker``: the part that prepares moments and makes packs."""

from __future__ import annotations

import os
import socket
import sys
from typing import Annotated

import typer

from cli.screen import CommandFailed, say
from records.audit.actions import Action
from records.audit.actor import command_line
from records.audit.log import may_note, note
from records.database import Database, open_database
from records.ledger.workers import drain_worker, drained_workers, undrain_worker, workers_of
from records.secrets.service_key import has_service_key
from records.settings import Settings, load_settings
from worker.broker import worker_argv, worker_env
from worker.hung import end_hung_workers


def worker(
    name: Annotated[
        str,
        typer.Argument(
            metavar="[NAME]",
            help="What it is called, after its machine's name, so that it keeps its name when it is started again; "
            "with --drain and --undrain: which one (without: all of this machine).",
        ),
    ] = "",
    concurrency: Annotated[
        int, typer.Option(min=0, help="How many moments are prepared at the same time; 0: one per processor.")
    ] = 0,
    check: Annotated[
        bool, typer.Option("--check", help="Only tell whether a worker of this machine has reported lately.")
    ] = False,
    end_hung: Annotated[
        bool,
        typer.Option(
            "--end-hung",
            help="With --check: end by force a worker with these settings that was silent for VIGPACK_HUNG_AFTER_S.",
        ),
    ] = False,
    drain: Annotated[
        bool, typer.Option("--drain", help="Let a running worker take no more jobs, end those it has, and end.")
    ] = False,
    undrain: Annotated[bool, typer.Option("--undrain", help="Let a drained worker work again.")] = False,
) -> None:
    """Prepare moments and make packs until stopped. Several workers may run, here and elsewhere."""
    if check + drain + undrain > 1:
        raise typer.BadParameter("--check, --drain and --undrain exclude one another.")
    if end_hung and not check:
        raise typer.BadParameter("--end-hung belongs to --check.")
    settings = load_settings()
    if check or drain or undrain:
        database = open_database(settings)
        try:
            if check:
                _check(database, settings, end_hung=end_hung)
            else:
                _set_draining(database, settings, name, draining=drain)
        finally:
            database.dispose()
        return
    argv = worker_argv(concurrency or os.cpu_count() or 1)
    named = {"VIGPACK_WORKER_NAME": name} if name else {}
    load_settings(**({"worker_name": name} if name else {}))  # refused here, with a sentence, and not in the worker
    sys.stdout.flush()
    os.execvpe(argv[0], argv, {**os.environ, **worker_env(), **named})  # noqa: S606 an argument list, no shell


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
