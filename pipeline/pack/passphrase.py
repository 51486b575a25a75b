"""Passphrases of sealed packs: six words by chance, to be told by telephone; the page makes them from the same list."""

from __future__ import annotations

import secrets
from importlib.resources import files
from typing import Final

_HOW_MANY: Final = 6


def passphrase_words() -> list[str]:
    """All words that one is made of, no two with the same four first letters."""
    text = files("configs").joinpath("passphrase_words.txt").read_text(encoding="ascii")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def new_passphrase() -> str:
    """Six words, each as likely as any other: 65 bits."""
    words = passphrase_words()
    return " ".join(secrets.choice(words) for _ in range(_HOW_MANY))
