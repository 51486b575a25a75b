"""What a provider's logout token says, once it is verified; what verifies it is loaded for that alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SKEW_S: Final = 60
LOGOUT_TOKEN_S: Final = 600
"""How old a logout token may be."""


@dataclass(frozen=True)
class LogoutToken:
    """Whose sessions are to end: one at the provider, or all of one person."""

    jti: str
    subject: str | None
    sid: str | None
