"""Which stored files a backup is to hold and which it holds already, on disk, as there may be very many."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from records.backup.layout import StoredObject
from records.backup.sealing import Sealed


class WorkList:
    """Keys and sums only. The file is made anew and lies in the unfinished backup."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch(mode=0o600, exist_ok=False)
        self._list = sqlite3.connect(path, isolation_level=None)
        self._list.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "CREATE TABLE wanted (key TEXT PRIMARY KEY, sha256 TEXT) WITHOUT ROWID;"
            "CREATE TABLE held (key TEXT PRIMARY KEY, file TEXT, bytes INTEGER, sha256 TEXT, sealed_bytes INTEGER,"
            " sealed_sha256 TEXT, damaged INTEGER) WITHOUT ROWID;"
        )

    def want(self, files: Iterable[tuple[str, str | None]]) -> None:
        """These and no others are to be in the backup: key and, where it is known, SHA-256."""
        self._list.execute("BEGIN")
        self._list.execute("DELETE FROM wanted")
        self._list.executemany("INSERT OR REPLACE INTO wanted VALUES (?, ?)", files)
        self._list.execute("COMMIT")

    def missing(self) -> Iterator[tuple[str, str | None]]:
        """What is wanted and not held yet."""
        asked = (
            "SELECT key, sha256 FROM wanted WHERE key > ? AND key NOT IN (SELECT key FROM held) ORDER BY key LIMIT 500"
        )
        last = ""
        while page := self._list.execute(asked, (last,)).fetchall():
            yield from page
            last = page[-1][0]

    def count_missing(self) -> int:
        """How many of them."""
        asked = "SELECT count(*) FROM wanted WHERE key NOT IN (SELECT key FROM held)"
        return int(self._list.execute(asked).fetchone()[0])

    def hold(self, key: str, file: str, sealed: Sealed, *, damaged: bool) -> None:
        """Note that a file was copied."""
        row = (key, file, sealed.bytes, sealed.sha256, sealed.sealed_bytes, sealed.sealed_sha256, damaged)
        self._list.execute("INSERT INTO held VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def drop_unwanted(self) -> list[str]:
        """Forget what is held and wanted no more: where each lay."""
        unwanted = "key NOT IN (SELECT key FROM wanted)"
        files = [row[0] for row in self._list.execute(f"SELECT file FROM held WHERE {unwanted}")]  # noqa: S608 our own words
        self._list.execute(f"DELETE FROM held WHERE {unwanted}")  # noqa: S608
        return files

    def held(self) -> Iterator[StoredObject]:
        """Every file that was copied, by its key."""
        for row in self._list.execute("SELECT * FROM held ORDER BY key"):
            key, file, size, sha256, sealed_bytes, sealed_sha256, damaged = row
            yield StoredObject(key, file, size, sha256, sealed_bytes, sealed_sha256, damaged=bool(damaged))

    def totals(self) -> tuple[int, int, int]:
        """Files, their bytes, and how many of them are damaged."""
        asked = "SELECT count(*), coalesce(sum(bytes), 0), coalesce(sum(damaged), 0) FROM held"
        files, size, damaged = self._list.execute(asked).fetchone()
        return int(files), int(size), int(damaged)

    def close(self) -> None:
        """Remove the list."""
        self._list.close()
        self._path.unlink()
