"""Folders in which a request works with pictures of somebody; gone when it ends, and swept where it was killed."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from records.settings import Settings

_LEFT_BEHIND_S = 600


@contextlib.contextmanager
def private_folder(settings: Settings) -> Iterator[Path]:
    """An empty folder for the length of a block, which only this user may read."""
    home = _folder(settings)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=home) as name:
        yield Path(name)


def sweep_private(settings: Settings) -> None:
    """Remove what requests left that were killed in the midst of it."""
    for folder in _folder(settings).glob("*"):
        with contextlib.suppress(FileNotFoundError):  # one that has just ended
            if time.time() - folder.stat().st_mtime > _LEFT_BEHIND_S:
                shutil.rmtree(folder, ignore_errors=True)


def _folder(settings: Settings) -> Path:
    return settings.data_dir / "looked-at"
