"""What a worker process works with: settings, database, storage, ffmpeg and its name. One set for each process."""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import dataclass

from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.jail.jail import Jail
from pipeline.run.decoders import Decoders
from records.database import Database, open_database
from records.settings import Settings, settings
from records.storage.contract import Storage
from records.storage.open import open_storage
from worker.effects import carry_out_effects


@dataclass(frozen=True)
class WorkerContext:
    """The settings, database, storage, ffmpeg, jail and decoders of this process, and the name of its worker."""

    settings: Settings
    db: Database
    storage: Storage
    ffmpeg: FfmpegRunner
    worker: str
    jail: Jail
    decoders: Decoders


_contexts: dict[int, WorkerContext] = {}
_one_at_a_time = threading.Lock()


def worker_context() -> WorkerContext:
    """What belongs to the calling process; made anew after a fork: connections must not be shared with the parent.

    Raises: StorageUnavailable.
    """
    with _one_at_a_time:
        if (ctx := _contexts.get(os.getpid())) is None:
            chosen = settings()
            runner, jail = chosen.ffmpeg_runner(), chosen.jail_for_media()
            ctx = WorkerContext(
                chosen,
                open_database(chosen),
                open_storage(chosen),
                runner,
                worker_name(chosen, os.getppid()),
                jail,
                Decoders(jail, runner, chosen.decode_by, chosen.scratch()),
            )
            carry_out_effects(ctx.db, ctx.storage, chosen)
            _contexts.clear()
            _contexts[os.getpid()] = ctx
        return ctx


def worker_name(settings: Settings, pid: int) -> str:
    """Machine, and name or process number, of the worker whose process that is."""
    return f"{socket.gethostname()}:{settings.worker_name or pid}"
