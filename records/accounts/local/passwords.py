"""Passwords: which are good enough, and how they are remembered (Argon2id)."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from pipeline.limits import LIMITS
from records.accounts.local.breached import is_breached
from records.accounts.local.errors import LoginWrong, PasswordTooWeak

SHORTEST: Final = 12
LONGEST: Final = LIMITS.longest_new_password
_LOGIN_LENGTHS: Final = range(3, 101)
_LOOKED_AT: Final = 72
"""So much of a password is searched for patterns; the search takes longer than its square."""
_HARD_TO_GUESS: Final = 3
"""zxcvbn's score from 10^8 guesses on: two hundred years at the ten a minute that are tried."""
_HASHER = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),))


def normalise_login(given: str) -> str:
    """A login as it is compared: its letters' case and ways of writing the same letter do not matter.

    Raises: LoginWrong.
    """
    login = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", given).casefold()).strip()
    if len(login) not in _LOGIN_LENGTHS or any(unicodedata.category(letter)[0] in "CZ" for letter in login):
        raise LoginWrong
    return login


def check_password(password: str, *personal: str, breached: Path | None = None) -> None:
    """Nothing, if it is good enough; ``personal``: what it must not be made of; ``breached``: a list of known ones.

    Raises: PasswordTooWeak, BreachedListUnreadable.
    No rule about kinds of characters: NIST SP 800-63B-4 advises against them.
    """
    from zxcvbn import zxcvbn

    plain = _normalised(password)
    if len(plain) < SHORTEST:
        raise PasswordTooWeak(
            for_guider=f"A password has at least {SHORTEST} characters. Three or four words are easy to keep."
        )
    if len(plain) > LONGEST:
        raise PasswordTooWeak(for_guider=f"A password has at most {LONGEST} characters.")
    own = [word for text in personal for word in (text, *text.replace("@", " ").replace(".", " ").split()) if word]
    folded = plain.casefold()
    for word in own:
        folded = folded.replace(word.casefold(), "") if len(word) > 2 else folded
    if len(folded) < SHORTEST // 2:
        raise PasswordTooWeak(for_guider="A password must not be made of your name or login.")
    if zxcvbn(plain[:_LOOKED_AT], [*own, "vigpack"])["score"] < _HARD_TO_GUESS:
        raise PasswordTooWeak
    if breached is not None and is_breached(password, breached):
        raise PasswordTooWeak(
            for_guider="This password stands in a list of stolen ones, so others may try it. Please choose another."
        )


def hash_password(password: str) -> str:
    """What is remembered of a password. Takes a while and 19 MiB, on purpose (OWASP's figures for Argon2id)."""
    return _HASHER.hash(_normalised(password))


def verify_password(password: str, kept: str | None) -> bool:
    """Whether it is the one; without one that is kept the answer is no and takes as long."""
    is_right = _HASHER.verify(_normalised(password), kept or _nobody_s())
    return is_right and kept is not None


@cache
def _nobody_s() -> str:
    return _HASHER.hash("nobody has this one")


def _normalised(password: str) -> str:
    return unicodedata.normalize("NFKC", password)
