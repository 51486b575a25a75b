"""What is costly to make and never changed is made by one process of a test run; the others find it there."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

_FOLDER = "TESTS_MADE_ONCE"
"""Names the folder of a run to all its processes."""


def begin_run() -> None:
    """Make the folder of this run, in the process that starts the others."""
    os.environ[_FOLDER] = tempfile.mkdtemp(prefix="vigpack-tests-")


def end_run() -> None:
    """Remove it with what is in it."""
    shutil.rmtree(os.environ.pop(_FOLDER, ""), ignore_errors=True)


def is_run() -> bool:
    """Whether there is such a folder: measurements use what the tests draw, too."""
    return _FOLDER in os.environ


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """The file or folder that ``make`` makes at the path it is given, unless it was made before; never change it."""
    folder = Path(os.environ[_FOLDER])
    made = folder / name
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            being_made = made.with_stem(f"{made.stem}-being-made")
            make(being_made)
            being_made.rename(made)
    return made
