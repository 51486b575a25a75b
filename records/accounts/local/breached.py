"""Passwords that became known by breaches, looked up in a list on this machine: nobody outside is asked about any."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from records.accounts.local.errors import BreachedListUnreadable

_DIGEST: Final = 40
"""SHA-1 in hexadecimal."""


def is_breached(password: str, list_file: Path) -> bool:
    """Whether a password is in the list.

    ``list_file`` is "ordered by hash" as haveibeenpwned-downloader writes it into one file: lines of
    ``SHA-1:how often``, sorted. A search reads some 40 lines of it, whatever its size. Raises: BreachedListUnreadable.
    """
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    try:
        with list_file.open("rb") as lines:
            low, high = 0, lines.seek(0, 2)
            while low < high:  # the line that is wanted begins in [low, high)
                middle = (low + high) // 2
                if middle > low:
                    lines.seek(middle - 1)
                    lines.readline()  # to the first line that begins at middle or later
                else:
                    lines.seek(low)
                begins, line = lines.tell(), lines.readline()
                found = line[:_DIGEST].upper()
                if begins < high and found == wanted:
                    return True
                if begins < high and found < wanted:
                    low = lines.tell()
                else:
                    high = middle
            return False
    except OSError as error:
        raise BreachedListUnreadable from error


def check_list(list_file: Path) -> None:
    """Nothing, if it looks like such a list. Raises: BreachedListUnreadable."""
    try:
        with list_file.open("rb") as lines:
            first, second = lines.readline(), lines.readline()
    except OSError as error:
        raise BreachedListUnreadable from error
    digests = [line.partition(b":")[0].strip() for line in (first, second or first)]
    if any(len(one) != _DIGEST or not one.isalnum() for one in digests) or digests[0].upper() > digests[1].upper():
        raise BreachedListUnreadable
