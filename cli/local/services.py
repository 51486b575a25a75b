"""The parts of one machine: its queue, its worker, its API."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from functools import partial
from pathlib import Path

import httpx

from cli.local.ports import LOOPBACK
from cli.local.redis_server import redis_part
from cli.local.supervisor import Part
from records.accounts.principal import MACHINE_ACCOUNT
from records.accounts.shared_secrets import shared_secrets
from records.clock import utcnow
from records.database import Database
from records.errors import WorkerMissing
from records.ledger.workers import has_worker_reported, undrain_worker
from records.settings import Settings
from worker.command import worker_argv, worker_env
from worker.redis_server import find_redis_server

_WORKER = "up"
"""Its name, so that a worker that was drained and is started again knows that it was."""
_PATHS = ("VIGPACK_SECRETS_DIR", "VIGPACK_SCRATCH_DIR", "VIGPACK_FFMPEG")


def vigpack_argv(*words: str) -> list[str]:
    """The arguments that run a vigpack command with this very Python; ``-P`` keeps a foreign ``api`` folder out."""
    return [sys.executable, "-P", "-m", "cli", *words]


def environment_for(settings: Settings) -> dict[str, str]:
    """The environment of the parts: ours, with these settings, and every path made absolute."""
    environment = dict(os.environ)
    for name in _PATHS:
        if os.sep in environment.get(name, ""):
            environment[name] = str(Path(environment[name]).resolve())
    environment["VIGPACK_DATA_DIR"] = str(settings.data_dir)
    environment["VIGPACK_HOST"] = LOOPBACK
    environment["VIGPACK_PORT"] = str(settings.port)
    environment["PYTHONUNBUFFERED"] = "1"
    return environment


def queue_part(settings: Settings) -> tuple[Part | None, str]:
    """The queue to start (None: nothing needs to be started) and the address to give the others ("": a folder)."""
    if settings.broker_url:
        return None, settings.broker_url
    program = find_redis_server()
    if program is None:
        return None, ""
    return redis_part(program, settings.data_dir / "queue", dict(os.environ))


def worker_part(database: Database, settings: Settings, environment: dict[str, str], concurrency: int) -> Part:
    """The worker; ready once it has told the database that it lives. To start it anew means that it is to work."""
    began = utcnow()
    with database.session() as session, contextlib.suppress(WorkerMissing):
        undrain_worker(session, f"{socket.gethostname()}:{_WORKER}")

    def has_reported() -> bool:
        with database.reading() as session:
            return has_worker_reported(session, began)

    return Part(
        "worker",
        worker_argv(concurrency),
        environment | worker_env() | {"VIGPACK_WORKER_NAME": _WORKER},
        has_reported,
        stop_within_s=45,
        hung_after_s=settings.hung_after_s,
        is_preloaded=True,
    )


def api_part(settings: Settings, environment: dict[str, str]) -> Part:
    """The API and the page; ready once it answers."""
    ready = partial(is_alive, url_of(settings))
    return Part(
        "api",
        vigpack_argv("api"),
        environment,
        ready,
        stop_within_s=15,
        hung_after_s=settings.hung_after_s,
        is_preloaded=True,
    )


def url_of(settings: Settings) -> str:
    """Where the page and the API are."""
    return f"http://{LOOPBACK}:{settings.port}"


def address_of(settings: Settings) -> str:
    """What opens the page in a browser. The key stands behind a #, so no browser sends it to anybody."""
    secrets = shared_secrets(settings)
    key = secrets.by_account.get(MACHINE_ACCOUNT)
    return f"{url_of(settings)}/#key={key}" if key else url_of(settings)


def is_alive(url: str) -> bool:
    """Whether an API of ours answers there."""
    try:
        return httpx.get(f"{url}/healthz", timeout=2, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
