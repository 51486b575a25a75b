from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from records.log_file import LogFile, log_files
from records.settings import Settings


def logger_of(handler: logging.Handler) -> logging.Logger:
    logger = logging.Logger("of a test")
    logger.addHandler(handler)
    return logger


def test_a_file_that_is_full_is_begun_anew_once_by_whoever_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("records.log_file._MOST_BYTES", 100)
    one, two = (logger_of(LogFile(tmp_path, "worker-here")) for _ in range(2))
    for number in range(9):
        (one if number % 2 else two).warning("line %d, of about thirty bytes", number)
    kept = [(tmp_path / name).read_text().splitlines() for name in ("worker-here.log.1", "worker-here.log")]
    assert [line.split(",")[0] for lines in kept for line in lines][-4:] == [f"line {number}" for number in range(5, 9)]
    assert all(len(lines) <= 5 for lines in kept)


def test_a_folder_that_cannot_be_written_costs_the_lines_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    logger_of(LogFile(tmp_path / "file" / "logs", "api-here")).warning("x")
    assert capsys.readouterr().err == ""


def test_files_of_containers_long_gone_are_dropped(tmp_path: Path) -> None:
    old, fresh = tmp_path / "api-old.log", tmp_path / "api-fresh.log"
    for path in (old, fresh):
        path.touch()
    os.utime(old, (0, 0))
    LogFile(tmp_path, "api-here")
    assert (old.exists(), fresh.exists()) == (False, True)


def test_none_is_written_unless_a_folder_is_named(tmp_path: Path) -> None:
    assert log_files(Settings(), "api") == []
    assert len(log_files(Settings(log_dir=tmp_path), "api")) == 1
