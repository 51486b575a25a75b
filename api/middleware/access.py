"""What each address asks of its caller: the one place where that stands. What is not named here is a guider's."""

from __future__ import annotations

import re
from enum import StrEnum

from api.errors import NotConfirmed, NotForIt, NotInScope
from records.accounts.principal import Principal, Role, Scope, Via

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
OPERATIONS = "/api/v1/operations"
SESSION = "/api/v1/session"
STORAGE_KEYS = f"{SESSION}/storage-keys"
DRAFT_KEYS = f"{SESSION}/draft-keys"
SIGN_IN = "/api/v1/sign-in"
_GUARDED_OUTSIDE_API = ("/readyz", "/metrics")
_BREAK_GLASS = "/api/v1/families/break-glass"
HAND_OVER = "/api/v1/families/hand-over"
_OWNERS = "/api/v1/families/owners"
_OWN_ACCOUNT = ("/api/v1/sessions", "/api/v1/tokens", "/api/v1/account", "/api/v1/notices")
_INVITATIONS = "/api/v1/invitations"
_PEOPLE = "/api/v1/people"
_REPORTS = "/api/v1/reports"
_RESETS = "/api/v1/resets"
_AUDIT = "/api/v1/audit"
_COLLEAGUES = "/api/v1/colleagues"
ABOUT = "/api/v1/about"
LINKS = "/api/v1/links"
"""Each request there brings what opens one link, which the route looks at."""
_RATING = re.compile(r"/api/v1/selections/[^/]+/ratings/[^/]+")


class Need(StrEnum):
    """What is asked where no scope is."""

    NOTHING = "nothing"
    """The sign of life, the page itself, which holds nothing of anybody, and signing in."""
    PRINCIPAL = "principal"
    """Anybody who is known."""
    RATING = "rating"
    """Somebody who works on reviews, or in person one who is shown them; a program needs to be given the writing."""
    STORAGE = "storage"
    """Somebody in person who sees films: about what their browser keeps of those."""
    SIGNED_IN = "signed in"
    """Somebody in person, about their own account: a program's token and a player's pass do not do."""


def need_of(method: str, path: str) -> Need | Scope:
    """What a request must bring."""
    safe = method in SAFE_METHODS
    if path == "/healthz" or (safe and not is_guarded(path)):
        return Need.NOTHING
    if _is_within(path, SIGN_IN, _INVITATIONS, LINKS):
        return Need.NOTHING
    if path == SESSION:
        return {"POST": Need.NOTHING, "DELETE": Need.SIGNED_IN}.get(method, Need.PRINCIPAL)
    if path == STORAGE_KEYS or _is_within(path, DRAFT_KEYS):
        return Need.STORAGE
    if _is_within(path, ABOUT) and safe:
        return Need.PRINCIPAL
    if _is_within(path, *_OWN_ACCOUNT):
        return Need.SIGNED_IN
    if path == _BREAK_GLASS:
        return Scope.REVIEWS_READ  # a supervisor may have to
    if path == HAND_OVER:
        return Scope.PEOPLE_WRITE
    if path == _OWNERS:
        return Scope.PEOPLE_READ
    if _is_within(path, _PEOPLE):
        return Scope.PEOPLE_READ if safe else Scope.PEOPLE_WRITE
    if _is_within(path, _REPORTS) and safe:
        return Scope.REPORTS_READ
    if _is_within(path, _RESETS):
        return Scope.PEOPLE_CONFIRM
    if _is_within(path, _AUDIT) and safe:
        return Scope.AUDIT_READ
    if path == _COLLEAGUES:
        return Scope.REVIEWS_WRITE  # who shares needs their names; who is only shown something does not
    if _RATING.fullmatch(path) and not safe:
        return Need.RATING
    if _is_within(path, OPERATIONS) or path in _GUARDED_OUTSIDE_API:
        return Scope.OPERATIONS_READ if safe else Scope.OPERATIONS_WRITE
    return Scope.REVIEWS_READ if safe else Scope.REVIEWS_WRITE


def check_access(principal: Principal, need: Need | Scope) -> None:
    """Nothing, if they may. Raises: NotForIt, NotInScope."""
    if need == Need.RATING:
        in_person = principal.via not in {Via.API_TOKEN, Via.PASS}
        need = Scope.REVIEWS_READ if in_person else Scope.REVIEWS_WRITE
    if need in {Need.SIGNED_IN, Need.STORAGE} and principal.via in {Via.API_TOKEN, Via.PASS}:
        raise NotInScope
    if need == Need.STORAGE:
        need = Scope.REVIEWS_READ
    if isinstance(need, Scope) and not principal.may(need):
        if not principal.is_confirmed:
            raise NotConfirmed
        if principal.roles == {Role.IT} and need in {Scope.REVIEWS_READ, Scope.REVIEWS_WRITE}:
            raise NotForIt
        raise NotInScope


def is_api(path: str) -> bool:
    """Whether a path belongs to the API."""
    return path == "/api" or path.startswith("/api/")


def is_guarded(path: str) -> bool:
    """Whether looking there is for those who are known."""
    return is_api(path) or path in _GUARDED_OUTSIDE_API


def _is_within(path: str, *roots: str) -> bool:
    return any(path == root or path.startswith(f"{root}/") for root in roots)
