"""Runs a module of ours in a process of its own, within limits: for libraries that decode what came from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from pipeline.ffmpeg.limits import Limits, bind_to_parent


def run_module(name: str, argv: Sequence[str], *, limits: Limits, timeout_s: float) -> tuple[int, str]:
    """The exit status of ``python -m name`` and what it printed; the process dies with this one, whatever happens.

    Raises: TimeoutError.
    """
    options: dict[str, Any] = {}
    if sys.platform != "win32":
        options["process_group"] = 0
        options["preexec_fn"] = bind_to_parent(os.getpid(), limits, timeout_s)
    # -P: no module of the folder it is started in can take another's place.
    command = [sys.executable, "-P", "-m", name, *argv]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s, check=False, **options
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"{name} did not end within {timeout_s:.0f} s") from None
    return done.returncode, done.stdout
