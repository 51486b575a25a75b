"""The ZIP of a folder: stored, streamed, and the same bytes for the same files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

_BLOCK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


def store(folder: Path, names: Iterable[str], archive: Path) -> None:
    """Write ``archive`` with the files ``names`` of ``folder``, in that order, under the folder's own name.

    Nothing is compressed: film and pictures are already. Dates, rights and system are fixed, so that equal files make
    an equal archive on any machine. A mebibyte at a time is held in memory.
    """
    with ZipFile(archive, "w", ZIP_STORED) as zip_file:
        for name in names:
            source = folder / name
            entry = fixed_entry(f"{folder.name}/{name}")
            entry.file_size = source.stat().st_size  # tells zipfile whether the entry needs 64 bits
            with source.open("rb") as reading, zip_file.open(entry, "w") as writing:
                while block := reading.read(_BLOCK):
                    writing.write(block)


def fixed_entry(name: str) -> ZipInfo:
    """A file's place in a ZIP, without a date and rights of its own."""
    entry = ZipInfo(name, _EPOCH)
    entry.create_system = _UNIX
    entry.external_attr = 0o644 << 16
    return entry
