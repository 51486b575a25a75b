"""``vigpack worker``: the part that prepares moments and makes packs."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from records.settings import load_settings
from worker.command import worker_argv, worker_env


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
    for_short: Annotated[
        int,
        typer.Option(
            min=0, help="How many more at the same time of those that take a second or two, such as lighter moments."
        ),
    ] = 1,
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
        from cli.local.running_worker import check_worker, set_draining

        if check:
            check_worker(settings, end_hung=end_hung)
        else:
            set_draining(settings, name, draining=drain)
        return
    argv = worker_argv(concurrency or os.cpu_count() or 1, for_short)
    named = {"VIGPACK_WORKER_NAME": name} if name else {}
    load_settings(**({"worker_name": name} if name else {}))  # refused here, with a sentence, and not in the worker
    sys.stdout.flush()
    os.execvpe(argv[0], argv, {**os.environ, **worker_env(), **named})  # noqa: S606 an argument list, no shell
