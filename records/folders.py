"""Every folder that the service must be able to write, looked at in one place for doctor, the IT page and workers.

A folder that somebody else owns is the commonest trouble after a restore by hand: root unpacked it. So each problem
says whose the folder is, as whom we run, and the command that gives it back.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from records.settings import Settings

Part = Literal["api", "worker"]
_MOST_SELECTIONS = 100
"""Of the folders in the store so many are looked at: the IT page asks every other second."""
_LITTLE_SCRATCH_BYTES = 64_000_000
"""With less in scratch, moments fail: a finished one of 30 s has 10 MB, and several are made at once."""
_ANEW = (
    "Start the worker anew, which empties it: docker compose up -d --force-recreate worker. No work is lost. If it "
    "fills again, make it larger: docs/operations.md, “Sizes”."
)
_COMPOSE = "docker compose run --rm --user root --cap-add CHOWN --cap-add DAC_OVERRIDE migrate chown -R vigpack: "


MAKE_ROOM: Final = (
    "Make the disk larger, or erase what need not be kept: docker compose exec api vigpack erase CODE; on one machine "
    "vigpack erase CODE."
)


class FolderProblem(BaseModel):
    """A folder (or the database's file) that cannot be written, in words for IT."""

    model_config = ConfigDict(frozen=True)

    path: str
    message: str
    remedy: str


FULL_DATABASE: Final = FolderProblem(
    path="database",
    message="The disk of the database is full; not everything can be kept.",
    remedy=(
        "Make it larger, or make room on it: docker compose exec postgres df -h /var/lib/postgresql/data says how full "
        "it is. What was kept is safe, and everything goes on by itself."
    ),
)
"""What a worker says that met it: small changes may still find room, by which others do not know."""


def folder_problems(settings: Settings, *parts: Part) -> list[FolderProblem]:
    """What cannot be written of all that these parts of the service write on this machine; nothing is made."""
    found: dict[Path, FolderProblem] = {}
    database = _database_file(settings)
    beside = () if database is None else (database.parent, database)
    for folder in (*_folders(settings, parts), *beside):
        existing = _nearest_existing(folder)
        if existing not in found and (error := _try_writing(existing, a_file=existing == database)) is not None:
            found[existing] = _problem(settings, existing, error)
    if "worker" in parts and (scratch := _nearest_existing(settings.scratch().resolve())) not in found:
        with contextlib.suppress(OSError):  # gone meanwhile: told the next time
            if shutil.disk_usage(scratch).free < _LITTLE_SCRATCH_BYTES:
                no_room = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                found[scratch] = _problem(settings, scratch, no_room)
    return list(found.values())


def _folders(settings: Settings, parts: tuple[Part, ...]) -> Iterator[Path]:
    data = settings.data_dir.resolve()
    if "api" in parts:
        yield from (data, data / "incoming", data / "looked-at")
    if "worker" in parts:
        yield settings.scratch().resolve()
    if not settings.broker_url:
        yield data / "messages"
    if not settings.storage_url:
        store = data / "store"
        yield from (store, store / ".parts", store / "selections")
        yield from _selections(store / "selections")


def _selections(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as inside:
            return [Path(entry.path) for entry in islice(inside, _MOST_SELECTIONS)]
    except OSError:  # told of the folder itself
        return []


def _database_file(settings: Settings) -> Path | None:
    try:
        url = make_url(settings.database())
    except ArgumentError:
        return None
    return Path(url.database).resolve() if url.get_backend_name() == "sqlite" and url.database else None


def _nearest_existing(path: Path) -> Path:
    """The path, or the folder in which it would be made."""
    return next(one for one in (path, *path.parents) if _exists(one))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder above it cannot be entered: that one is told
        return False


def _try_writing(path: Path, *, a_file: bool) -> OSError | None:
    try:
        if path.is_dir():
            os.scandir(path).close()
            with tempfile.TemporaryFile(dir=path) as probe:
                probe.write(b"vigpack")
        elif not a_file:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        elif not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        return error
    return None


def _problem(settings: Settings, path: Path, error: OSError) -> FolderProblem:
    ours = _user(os.geteuid())
    message = f"{path} cannot be written ({error.strerror})."
    match error.errno:
        case errno.EACCES | errno.EPERM:
            return _foreign(settings, path, ours)
        case errno.EROFS:
            do = "It is mounted read-only. Mount it so that it can be written."
        case errno.ENOSPC | errno.EDQUOT:
            scratch = settings.scratch().resolve()
            if path != scratch or scratch.is_relative_to(settings.data_dir.resolve()):
                do = f"There is no room. {MAKE_ROOM}"
            else:
                do = f"There is no room for work in progress. {_ANEW if _in_image() else 'Make room on its disk.'}"
        case errno.ENOTDIR:
            do = "Something else lies where a folder should be. Look at it, and move it away."
        case _:
            do = f"Look at the disk it is on, and let {ours} write there."
    return FolderProblem(path=str(path), message=message, remedy=do)


def _foreign(settings: Settings, path: Path, ours: str) -> FolderProblem:
    facts = path.stat()
    mode = f"{facts.st_mode & 0o7777:o}"
    data, scratch = settings.data_dir.resolve(), settings.scratch().resolve()
    if facts.st_uid == os.geteuid():
        message = f"{path} cannot be written: it is {ours}'s own, but its mode is {mode}."
        return FolderProblem(path=str(path), message=message, remedy=f"Let it be written: chmod -R u+rwX {path}")
    message = (
        f"{path} cannot be written: it belongs to {_user(facts.st_uid)} (mode {mode}), and vigpack runs as {ours}."
    )
    if path.is_relative_to(data) or data.is_relative_to(path):
        whole = data
    else:
        whole = scratch if path.is_relative_to(scratch) else path
    give = _COMPOSE if _in_image() else f"sudo chown -R {os.geteuid()}:{os.getegid()} "
    return FolderProblem(path=str(path), message=message, remedy=f"Give it back: {give}{whole}")


def _in_image() -> bool:
    """Whether this is the image of docker-compose.yml: in a container, in its place."""
    return sys.prefix == "/opt/vigpack" and any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv"))


def _user(number: int) -> str:
    try:
        return f"{pwd.getpwuid(number).pw_name} ({number})"
    except KeyError:
        return f"user {number}"
