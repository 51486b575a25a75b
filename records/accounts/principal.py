"""Who asks, as every request carries it, and what that lets them do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MACHINE_ACCOUNT: Final = f"{1:032x}"
SHARED_GUIDER_ACCOUNT: Final = f"{2:032x}"
SHARED_IT_ACCOUNT: Final = f"{3:032x}"
OF_AN_ACCOUNT: Final = "account "


class Role(StrEnum):
    """What somebody is in the service; one account may have several."""

    GUIDER = "guider"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"
    GOVERNANCE = "governance"
    IT = "it"


class Scope(StrEnum):
    """What may be done, in the coarse steps in which an API token can be given it."""

    REVIEWS_READ = "reviews:read"
    REVIEWS_WRITE = "reviews:write"
    OPERATIONS_READ = "operations:read"
    OPERATIONS_WRITE = "operations:write"
    PEOPLE_READ = "people:read"
    """Who works here, and whose families are whose; no footage, caption or code."""
    PEOPLE_WRITE = "people:write"
    PEOPLE_CONFIRM = "people:confirm"
    """To say as a second person that somebody was invited anew who is who they say."""
    REPORTS_READ = "reports:read"
    """Counts, and the logbooks of those who said so."""
    AUDIT_READ = "audit:read"


class Via(StrEnum):
    """How a request proved who asks."""

    SECRET = "secret"  # noqa: S105 a word
    """This machine's own, or a token shared by several people."""
    SESSION = "session"
    API_TOKEN = "api_token"  # noqa: S105 a word
    PASS = "pass"  # noqa: S105 a word
    """A player's, for one address."""
    OPEN = "open"
    """Not at all: sign-in was switched off by a setting."""
    PROCESS = "process"
    """By being one of the service's own: a worker, or a command line on its machine."""


_SCOPES_OF: dict[Role, frozenset[Scope]] = {
    Role.GUIDER: frozenset({Scope.REVIEWS_READ, Scope.REVIEWS_WRITE}),
    Role.SUPERVISOR: frozenset({Scope.REVIEWS_READ}),
    Role.MANAGER: frozenset({Scope.PEOPLE_READ, Scope.PEOPLE_WRITE, Scope.PEOPLE_CONFIRM, Scope.REPORTS_READ}),
    Role.GOVERNANCE: frozenset({Scope.AUDIT_READ, Scope.PEOPLE_CONFIRM, Scope.REPORTS_READ}),
    Role.IT: frozenset({Scope.OPERATIONS_READ, Scope.OPERATIONS_WRITE}),
}
"""What each role may do at all; of which families is asked elsewhere."""


@dataclass(frozen=True)
class Principal:
    """Who asks: an account, and how it proved itself."""

    account_id: str
    name: str
    """As the audit notes it."""
    roles: frozenset[Role]
    via: Via
    scopes: frozenset[Scope]
    session_id: str = ""
    is_confirmed: bool = True
    """False: the sign-in was reset, and nobody has said yet that it is they; no scope is open then."""

    def may(self, scope: Scope) -> bool:
        """Whether this is allowed."""
        return scope in self.scopes


SERVICE: Final = Principal("", "this service", frozenset(), Via.PROCESS, frozenset())
"""The service itself, which works on others' behalf. It is named wherever it asks; nothing stands in for it."""


def guider_of(who: Principal, browser_code: str | None) -> str | None:
    """As whom somebody sends moments and keeps a logbook: of an account that several share, their browser's code.

    No browser's code can be that of an account: none has a space in it.
    """
    shared = who.account_id in {MACHINE_ACCOUNT, SHARED_GUIDER_ACCOUNT}
    return browser_code if shared else f"{OF_AN_ACCOUNT}{who.account_id}"


def scopes_of(roles: Iterable[Role]) -> frozenset[Scope]:
    """Everything that these roles may do."""
    return frozenset[Scope]().union(*(_SCOPES_OF.get(role, frozenset()) for role in roles))


def parse_roles(text: str) -> frozenset[Role]:
    """The roles named in a text; names that this version does not know open nothing."""
    return frozenset(role for role in Role if role in text.split())


def parse_scopes(text: str) -> frozenset[Scope]:
    """The scopes named in a text; names that this version does not know open nothing."""
    return frozenset(scope for scope in Scope if scope in text.split())
