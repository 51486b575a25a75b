"""A list of breached passwords, searched where it lies."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from records.accounts.local.breached import check_list, is_breached
from records.accounts.local.errors import BreachedListUnreadable, PasswordTooWeak
from records.accounts.local.passwords import check_password

STOLEN = "teapot gravel ninety lantern"


def list_of(path: Path, passwords: list[str], end: str = "\r\n") -> Path:
    digests = sorted(hashlib.sha1(one.encode(), usedforsecurity=False).hexdigest().upper() for one in passwords)
    path.write_bytes(end.join(f"{one}:{10 ** (place % 7)}" for place, one in enumerate(digests)).encode())
    return path


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_every_password_of_a_list_of_any_length_is_found_and_no_other(tmp_path: Path, end: str) -> None:
    for length in range(1, 40):
        known = [f"password {number}" for number in range(length)]
        found = list_of(tmp_path / "list", known, end)
        check_list(found)
        assert [one for one in known if not is_breached(one, found)] == []
        assert not any(is_breached(f"another {number}", found) for number in range(40))


def test_a_good_password_that_was_stolen_is_refused(tmp_path: Path) -> None:
    check_password(STOLEN)
    with pytest.raises(PasswordTooWeak, match="stolen"):
        check_password(STOLEN, breached=list_of(tmp_path / "list", [STOLEN, "x", "y"]))


@pytest.mark.parametrize("text", ["", "password\nqwerty\n", f"{'F' * 40}:1\n{'0' * 40}:1\n", None])
def test_what_is_no_such_list_is_told_at_the_start(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "list"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BreachedListUnreadable):
        check_list(path)
