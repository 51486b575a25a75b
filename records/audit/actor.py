"""Who does something, as far as the audit needs to know it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final, Protocol


class Actor(Protocol):
    """Whoever does something; a Principal (records/accounts/principal.py) is one as it stands."""

    @property
    def account_id(self) -> str:
        """Of the account; for what is none, a word that says what it is."""
        ...

    @property
    def via(self) -> str:
        """How it proved who it is."""
        ...

    @property
    def session_id(self) -> str:
        """Of the session, where there is one."""
        ...


@dataclass(frozen=True)
class NamedActor:
    """One that is no account."""

    account_id: str
    via: str = ""
    session_id: str = ""


SERVICE: Final = NamedActor("service")
"""What nobody asked for: the start of the API."""
NOBODY: Final = NamedActor("nobody")
"""Somebody who has not shown who they are."""


COMMAND_LINE: Final = "command-line:"


def command_line() -> NamedActor:
    """Whoever runs a command on this machine, by the number of their account on it."""
    return NamedActor(f"{COMMAND_LINE}{os.getuid()}", "command_line")
