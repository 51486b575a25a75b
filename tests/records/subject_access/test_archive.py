"""The archive of an answer: how long it is stands before its first byte does."""

from __future__ import annotations

import zipfile

import pytest

from records.clock import utcnow
from records.subject_access.archive import Archive, archive_bytes


@pytest.mark.parametrize("limit", [zipfile.ZIP64_LIMIT, 900, 9_000])
def test_how_long_an_archive_will_be_is_known_before(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond 2 GiB its list is another; a smaller limit stands for so many bytes."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", limit)
    files = [("index.html", 10), ("reviews/Übung.mp4", 5000), ("leer", 0), ("data/a.json", 4100)]
    archive = Archive(utcnow())
    blocks = [block for path, size in files for block in archive.add(path, [bytes(size)], "")] + [*archive.end()]
    assert sum(map(len, blocks)) == archive_bytes(files)


def test_the_list_of_very_many_files_is_longer() -> None:
    many = [("00000", 0)] * zipfile.ZIP_FILECOUNT_LIMIT
    assert archive_bytes([*many, many[0]]) - archive_bytes(many) == 79 + 51 + 76
