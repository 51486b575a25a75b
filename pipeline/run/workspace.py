"""A folder that appears only when everything in it is finished."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import FolderNotEmpty, FolderNotWritable, NoSpace

_WORK_FOLDER = ".vigpack-part"


@contextmanager
def filled_whole(out: Path) -> Iterator[Path]:
    """A folder to work in, whose content is moved into ``out`` when all went well and is gone when it did not."""
    existed = out.exists()
    work = out / _WORK_FOLDER
    try:
        if existed and not out.is_dir():
            raise FolderNotWritable(f"{out} is a file")
        if existed and any(entry.name != _WORK_FOLDER for entry in out.iterdir()):
            raise FolderNotEmpty(f"{out} is not empty")
        shutil.rmtree(work, ignore_errors=True)  # left by a run that was killed
        work.mkdir(parents=True)
    except OSError as error:
        raise (NoSpace if error.errno == errno.ENOSPC else FolderNotWritable)(str(error)) from None
    try:
        yield work
        for entry in sorted(work.iterdir()):
            entry.rename(out / entry.name)
        work.rmdir()
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        if not existed:
            out.rmdir()
        raise


@contextmanager
def disk_errors_told() -> Iterator[None]:
    """A full disk becomes NoSpace, which says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace(str(error)) from None
        raise
