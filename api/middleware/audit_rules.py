"""Which line each route leaves in the audit. A route that changes something and is not named here leaves "change"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from api.middleware.access import SAFE_METHODS
from records.audit.actions import Action

_SELECTIONS: Final = "/api/v1/selections"
_ONE: Final = f"{_SELECTIONS}/{{selection_id}}"
_SUBJECT_ACCESS: Final = "/api/v1/families/{family_id}/subject-access"
_MOMENT: Final = f"{_ONE}/moments/{{moment_id}}"


@dataclass(frozen=True)
class Rule:
    """How a request of a route is noted."""

    action: Action
    once: bool = False
    """One line for each account, session and thing in ten minutes."""
    is_at_answer: bool = False
    """Who it is, is known only then."""


_RULES: Final = {
    f"POST {_SELECTIONS}": Rule(Action.CREATE),
    f"DELETE {_ONE}": Rule(Action.ERASE),
    f"PATCH {_ONE}": Rule(Action.CORRECT),
    f"PATCH {_MOMENT}": Rule(Action.CORRECT),
    f"POST {_ONE}/moments": Rule(Action.ADD_MOMENTS),
    f"DELETE {_MOMENT}": Rule(Action.DROP_MOMENT),
    f"POST {_ONE}/retry": Rule(Action.RETRY),
    f"POST {_ONE}/outputs": Rule(Action.PREPARE),
    f"POST {_ONE}/outputs/again": Rule(Action.PREPARE),
    f"POST {_ONE}/copies": Rule(Action.HAND_OUT),
    f"POST {_ONE}/sealed-copies": Rule(Action.HAND_OUT),
    "DELETE /api/v1/copies/{copy_id}": Rule(Action.RETURN_COPY),
    "POST /api/v1/links": Rule(Action.OPEN_LINK),
    "GET /api/v1/links/{copy_id}/files/{artifact_id}": Rule(Action.VIEW, once=True),
    f"POST {_ONE}/preview": Rule(Action.VIEW),
    f"PUT {_ONE}/words": Rule(Action.WRITE),
    f"PUT {_ONE}/ratings/{{rater}}": Rule(Action.RATE),
    f"DELETE {_ONE}/ratings/{{rater}}": Rule(Action.DELETE_RATING),
    f"POST {_ONE}/artwork": Rule(Action.ADD_ARTWORK),
    f"PUT {_ONE}/artwork/{{artwork_id}}": Rule(Action.CHANGE_ARTWORK),
    f"DELETE {_ONE}/artwork/{{artwork_id}}": Rule(Action.DELETE_ARTWORK),
    f"PUT {_MOMENT}/ends": Rule(Action.TRIM),
    f"POST {_MOMENT}/source/pass": Rule(Action.ALLOW_PLAYER),
    f"PUT {_MOMENT}/hiding": Rule(Action.HIDE),
    f"DELETE {_MOMENT}/hiding": Rule(Action.LIFT_HIDING),
    f"PUT {_MOMENT}/silence": Rule(Action.SILENCE),
    f"PUT {_MOMENT}/hiding/confirmation": Rule(Action.CONFIRM_HIDING),
    "POST /api/v1/uploads": Rule(Action.UPLOAD),
    "POST /api/v1/uploads/": Rule(Action.UPLOAD),
    "PATCH /api/v1/uploads/{upload_id}": Rule(Action.UPLOAD, once=True),
    "DELETE /api/v1/uploads/{upload_id}": Rule(Action.DELETE_UPLOAD),
    "PUT /api/v1/logbook": Rule(Action.CHANGE_LOGBOOK),
    "GET /api/v1/reports/logbooks/{account_id}": Rule(Action.VIEW, once=True),
    "PUT /api/v1/logbook/visibility": Rule(Action.CHANGE_LOGBOOK),
    "PUT /api/v1/logbook/cycles": Rule(Action.CHANGE_LOGBOOK),
    "POST /api/v1/logbook/hours": Rule(Action.CHANGE_LOGBOOK),
    "DELETE /api/v1/logbook/entries/{entry_id}": Rule(Action.CHANGE_LOGBOOK),
    "POST /api/v1/session": Rule(Action.SIGN_IN, is_at_answer=True),
    "DELETE /api/v1/session": Rule(Action.SIGN_OUT),
    "DELETE /api/v1/sessions": Rule(Action.SIGN_OUT),
    "DELETE /api/v1/sessions/{session_id}": Rule(Action.END_SESSION),
    "POST /api/v1/tokens": Rule(Action.MAKE_TOKEN),
    "DELETE /api/v1/tokens/{token_id}": Rule(Action.REVOKE_TOKEN),
    "POST /api/v1/families": Rule(Action.OPEN_FAMILY),
    "PUT /api/v1/families/{family_id}": Rule(Action.CHANGE_FAMILY),
    "DELETE /api/v1/families/{family_id}": Rule(Action.ERASE_FAMILY),
    "PUT /api/v1/families/{family_id}/retention": Rule(Action.SET_RETENTION),
    "PUT /api/v1/families/{family_id}/involvement": Rule(Action.CLOSE_FAMILY),
    "POST /api/v1/families/{family_id}/holds": Rule(Action.HOLD_FAMILY),
    "DELETE /api/v1/families/{family_id}/holds/{hold_id}": Rule(Action.RELEASE_FAMILY),
    "POST /api/v1/families/{family_id}/shares": Rule(Action.SHARE),
    "DELETE /api/v1/families/{family_id}/shares/{share_id}": Rule(Action.STOP_SHARING),
    "POST /api/v1/families/{family_id}/consents": Rule(Action.RECORD_CONSENT),
    "POST /api/v1/families/{family_id}/consent-forms": Rule(Action.ADD_CONSENT_FORM),
    f"POST {_SUBJECT_ACCESS}": Rule(Action.OPEN_SUBJECT_ACCESS),
    f"PUT {_SUBJECT_ACCESS}/{{request_id}}/decisions": Rule(Action.DECIDE_SUBJECT_ACCESS),
    f"PUT {_SUBJECT_ACCESS}/{{request_id}}/check": Rule(Action.CHECK_SUBJECT_ACCESS),
    f"PUT {_SUBJECT_ACCESS}/{{request_id}}/extension": Rule(Action.EXTEND_SUBJECT_ACCESS),
    f"POST {_SUBJECT_ACCESS}/{{request_id}}/copies": Rule(Action.HAND_OUT),
    f"GET {_SUBJECT_ACCESS}/{{request_id}}/answer": Rule(Action.DOWNLOAD),
    f"POST {_SUBJECT_ACCESS}/{{request_id}}/sealed-answer": Rule(Action.DOWNLOAD),
    f"DELETE {_SUBJECT_ACCESS}/{{request_id}}": Rule(Action.CLOSE_SUBJECT_ACCESS),
    f"PUT {_MOMENT}/people": Rule(Action.SET_PEOPLE_SEEN),
    "PUT /api/v1/resets/{account_id}/confirmation": Rule(Action.CONFIRM_RESET),
    "POST /api/v1/account/confirmation": Rule(Action.CONFIRM_RESET),
    "POST /api/v1/families/break-glass": Rule(Action.BREAK_GLASS),
    "POST /api/v1/families/hand-over": Rule(Action.HAND_OVER),
    "GET /api/v1/people": Rule(Action.READ_PEOPLE, once=True),
    "GET /api/v1/operations/audit": Rule(Action.READ_AUDIT, once=True),
    "GET /api/v1/audit": Rule(Action.READ_AUDIT),
    "GET /api/v1/audit/export": Rule(Action.EXPORT_AUDIT),
    "GET /api/v1/audit/verification": Rule(Action.VERIFY_AUDIT),
}
_LEAVE_NONE: Final = {
    "POST /api/v1/session/draft-keys",  # what they open lies in the asker's own browser
    "PUT /api/v1/session/draft-keys/{draft_id}",
    "POST /api/v1/retention/gone",  # nothing is kept, and it tells of nothing that is there
    "POST /api/v1/families/{family_id}/consents/preview",  # figures alone, and nothing is kept
    "POST /api/v1/ratings/printed-totals",  # nothing is kept, and nothing of a family is in it
    "POST /api/v1/operations/retry-failed",  # each job has a line of its own
    "POST /api/v1/operations/acknowledge-failed",
    f"PUT {_MOMENT}/hiding/seen",  # every few seconds; that the pictures were fetched is noted, and the confirmation
}
_SHOWING: Final = (
    _SELECTIONS,
    "/api/v1/events",
    "/api/v1/ratings",
    "/api/v1/logbook",
    "/api/v1/families",
    "/api/v1/retention",
    "/api/v1/copies",
)
"""What lies below these shows something of a family."""
_VIEW: Final = Rule(Action.VIEW, once=True)
_CHANGE: Final = Rule(Action.CHANGE)


def rule_of(method: str, route: str) -> Rule | None:
    """How it is noted; None where it leaves no line."""
    asked = f"{method} {route}"
    if asked in _LEAVE_NONE or not route.startswith("/api/"):
        return None
    if rule := _RULES.get(asked):
        return rule
    if method not in SAFE_METHODS:
        return _CHANGE
    shows = any(route == root or route.startswith(f"{root}/") for root in _SHOWING)
    return _VIEW if method == "GET" and shows else None
