"""The file of an unfinished upload, which one writer at a time may hold."""

from __future__ import annotations

import threading
from pathlib import Path

from records.uploads.partial_file import held_if_free, try_hold


def test_a_file_erased_while_somebody_waits_for_it_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "partial"
    first = try_hold(path)
    assert first is not None
    with held_if_free(path) as second:
        assert second is None
    path.unlink()
    again = try_hold(path)  # a new file: the first holder's is nobody's
    assert again is not None
    first.write(b"to nobody")
    assert path.read_bytes() == b""
    first.close()
    again.close()


def test_a_hold_that_is_forgotten_is_let_go(tmp_path: Path) -> None:
    assert try_hold(tmp_path / "partial") is not None  # dropped at once
    with held_if_free(tmp_path / "partial") as held:
        assert held is not None


def test_eight_threads_hold_a_file_one_after_another(tmp_path: Path) -> None:
    path, inside, most = tmp_path / "partial", [0], [0]
    done: list[int] = []

    def hold_often() -> None:
        while len(done) < 100:
            with held_if_free(path) as held:
                if held is not None:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    held.write(b"x")
                    inside[0] -= 1
                    done.append(1)

    threads = [threading.Thread(target=hold_often) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
