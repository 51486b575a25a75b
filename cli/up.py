"""``vigpack up``: everything on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.local.data_dir_lock import hold_data_dir, note_url
from cli.local.ports import free_port, is_free
from cli.local.preloaded import preloaded_parts
from cli.local.services import address_of, api_part, environment_for, queue_part, url_of, worker_part
from cli.local.supervisor import Supervisor, TellOnStdout
from cli.local.watch import watch_as_small_process
from cli.migrate import note_migration
from cli.screen import CommandFailed
from records.audit.actions import Action
from records.audit.actor import command_line
from records.audit.log import note_alone
from records.database import open_database
from records.migrations.migrate import migrate
from records.settings import Settings, load_settings


def up(
    data: Annotated[Path, typer.Option(help="Where everything is kept; made if absent.")] = Path("vigpack-data"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen on this machine; 0: a free one.")] = 8000,
    concurrency: Annotated[
        int, typer.Option(min=0, help="How many moments are prepared at the same time; 0: one per processor.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Tell each event as one line of JSON.")] = False,
) -> None:
    """Run everything on this machine: page, API, worker, queue, database and a folder for the files.

    Ctrl-C ends all of it. Work that was under way goes on at the next start.
    """
    tell = TellOnStdout(as_json)
    held = hold_data_dir(data.resolve())
    settings = load_settings(data_dir=data.resolve(), port=port or free_port())
    if not is_free(settings.port):
        raise CommandFailed(
            for_guider=f"Port {settings.port} is taken by another program. Choose another one with --port."
        )
    logs = settings.data_dir / "logs"
    logs.mkdir(exist_ok=True)
    with preloaded_parts(logs) as preloaded:
        before, after = migrate(settings)
        if before != after:
            note_migration(settings, before, after)
        supervisor = Supervisor(logs, tell, preloaded=preloaded)
        supervisor.catch_signals()
        try:
            _start_parts(supervisor, settings, tell, concurrency or os.cpu_count() or 1)
            note_url(held, url_of(settings))
        except BaseException:
            supervisor.stop()
            raise
    watch_as_small_process(supervisor)


def _start_parts(supervisor: Supervisor, settings: Settings, tell: TellOnStdout, concurrency: int) -> None:
    part, broker_url = queue_part(settings)
    environment = environment_for(settings)
    if broker_url:
        environment["VIGPACK_BROKER_URL"] = broker_url
        settings = settings.model_copy(update={"broker_url": broker_url})
    if part:
        supervisor.start(part)
        tell("ready", "queue", "Queue: a Redis of its own, on this machine only.")
    elif broker_url:
        tell("ready", "queue", "Queue: the Redis named in VIGPACK_BROKER_URL.")
    else:
        tell("ready", "queue", "Queue: a folder, as no redis-server is installed.")
    with_key = not tell.as_json
    database = open_database(settings)
    try:
        if with_key and address_of(settings) != url_of(settings):
            note_alone(database, command_line(), Action.PRINT_ADDRESS)
        supervisor.start(worker_part(database, settings, environment, concurrency))
    finally:
        database.dispose()
    tell("ready", "worker", f"Worker: prepares {concurrency} moments at the same time.")
    supervisor.start(api_part(settings, environment))
    url = url_of(settings)
    tell("ready", "api", _how_to_open(settings, with_key=with_key), url)


def _how_to_open(settings: Settings, *, with_key: bool) -> str:
    """With the key for a person at a terminal; what programs read ends in logs."""
    if not with_key:
        return f"Page and API: {url_of(settings)}  (“vigpack address” shows how to open it)"
    if settings.has_accounts:
        return (
            f"Open this address and sign in: {address_of(settings)}\n"
            "The first person is invited by: vigpack users invite LOGIN --role manager  (with the same settings)\n"
            f"Ctrl-C ends everything; data in {settings.data_dir}"
        )
    return (
        f"Open this address: {address_of(settings)}\n"
        f"It opens every film: keep it to yourself. Ctrl-C ends everything; data in {settings.data_dir}"
    )
