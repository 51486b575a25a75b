"""Bytes of an upload that lie sealed while more of them come: whatever is saved, cut and read is the film's."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from records.storage.contract import StorageDamaged
from records.uploads.partial_file import Partial, try_hold
from records.uploads.sealed_partial import SealedPartial, sealed_partial

KEY = b"k" * 32
MEBIBYTE = 1 << 20
FILM = bytes(itertools.islice(itertools.cycle(range(251)), 3 * MEBIBYTE + 4321))
numbers = itertools.count()


def opened(path: Path, key: bytes = KEY) -> contextlib.closing[Partial]:
    held = try_hold(path)
    assert held is not None
    return contextlib.closing(sealed_partial(held, key))


def saved(path: Path, *lengths: int) -> None:
    """A file into which so many bytes of the film were written and saved, one after another."""
    done = 0
    for length in lengths:
        with opened(path) as partial:
            partial.cut_to(done)
            partial.write(FILM[done : done + length])
            partial.sync()
        done += length


@tried(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(1, MEBIBYTE + 99), min_size=1, max_size=3),
    st.floats(0, 1),
    st.lists(st.integers(1, MEBIBYTE + 99), min_size=1, max_size=4),
)
def test_it_is_cut_anywhere_and_goes_on_from_there(
    tmp_path: Path, lengths: list[int], share: float, reads: list[int]
) -> None:
    path = tmp_path / f"upload-{next(numbers)}"
    saved(path, *lengths)
    offset = int(share * sum(lengths))
    with opened(path) as partial:
        assert partial.size() == sum(lengths)
        partial.cut_to(offset)
        assert partial.size() == offset
        partial.write(FILM[offset : offset + 5000])
        partial.sync()
    with opened(path) as partial:
        assert isinstance(partial, SealedPartial)
        assert partial.size() == offset + 5000
        found = b"".join(partial.read(length) for length in itertools.chain(reads, [len(FILM)]))
    assert found == FILM[: offset + 5000]


@pytest.mark.parametrize("torn", [1, 3, 17, 4000])
def test_what_a_crash_left_of_a_record_counts_for_nothing(tmp_path: Path, torn: int) -> None:
    path = tmp_path / "upload"
    saved(path, 5000, 5000)
    path.write_bytes(path.read_bytes()[:-torn])
    with opened(path) as partial:
        assert partial.size() == 5000
        partial.cut_to(5000)
        partial.write(FILM[5000:7000])
        partial.sync()
        assert partial.read(len(FILM)) == FILM[:7000]


def test_a_head_that_a_crash_tore_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    saved(path, 5000)
    path.write_bytes(path.read_bytes()[:20])
    saved(path, 300)
    with opened(path) as partial:
        assert partial.read(1000) == FILM[:300]


def test_a_record_that_was_moved_changed_or_is_another_film_s_is_found(tmp_path: Path) -> None:
    path, other = tmp_path / "upload", tmp_path / "other"
    saved(path, 1000, 1000)
    good = path.read_bytes()
    head, record = 40, (len(good) - 40) // 2
    swapped = good[:head] + good[head + record :] + good[head : head + record]
    flipped = good[:-1] + bytes([good[-1] ^ 1])
    for bad in (swapped, flipped):
        path.write_bytes(bad)
        with opened(path) as partial, pytest.raises(StorageDamaged):
            partial.read(2000)
    other.write_bytes(good)
    with opened(other) as partial, pytest.raises(StorageDamaged):
        partial.read(2000)
    path.write_bytes(good)
    with opened(path, b"o" * 32) as partial, pytest.raises(StorageDamaged):
        partial.read(2000)
