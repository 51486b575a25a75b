"""The chain of the audit's lines: each carries a code over itself and the one before, keyed from outside the database.

``code = HMAC-SHA256(key, previous code + the line)``. A line that was changed, moved, added or taken out by somebody
without the key breaks it there; only a cut end does not: that is found by the checkpoints (checkpoints.py).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Protocol

from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from records.database import AUDIT_KEY
from records.models import AuditRow

FIRST_CODE: Final = "0" * 64
_PENDING = "vigpack_audit_lines"
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('vigpack audit'))")


class Line(Protocol):
    """What is chained of a line."""

    sequence: int
    at: datetime
    account_id: str
    via: str
    session_id: str
    action: str
    target: str
    family_id: str
    selection_id: str
    moment_id: str
    detail: str


def code_of(key: bytes, previous: str, line: Line) -> str:
    """The code of a line: 64 hex digits."""
    content = [
        line.sequence,
        line.at.astimezone(UTC).isoformat(timespec="microseconds"),
        line.account_id,
        line.via,
        line.session_id,
        line.action,
        line.target,
        line.family_id,
        line.selection_id,
        line.moment_id,
        line.detail,
    ]
    # The JSON of a list tells where each value ends: no two lines have the same text.
    canonical = json.dumps([previous, *content], ensure_ascii=True, separators=(",", ":"))
    return hmac.digest(key, canonical.encode("ascii"), "sha256").hex()


def name_of_key(key: bytes) -> str:
    """By which a line tells with which key it was chained; it does not tell the key."""
    return hmac.digest(key, b"name", "sha256").hex()[:8]


def append_at_commit(session: Session, row: AuditRow) -> None:
    """Have a line chained and written as the last thing before the session's transaction is committed.

    So late, because PostgreSQL lets one transaction at a time be at it, from here to its commit. SQLite has one writer
    in any case.
    """
    if _PENDING not in session.info:
        session.info[_PENDING] = []
        event.listen(session, "before_commit", _append)
        event.listen(session, "after_rollback", _forget)
    session.info[_PENDING].append(row)


def _append(session: Session) -> None:
    pending: list[AuditRow] = session.info[_PENDING]
    if not pending:
        return
    rows, pending[:] = pending[:], []
    key_of: Callable[[], bytes] = session.info[AUDIT_KEY]
    key = key_of()
    session.flush()  # every other lock is had before this one, so that none waits for another in a circle
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_LOCK)
    last = session.execute(select(AuditRow.sequence, AuditRow.code).order_by(AuditRow.sequence.desc()).limit(1)).first()
    sequence, previous = (last.sequence, last.code) if last else (0, FIRST_CODE)
    if last and not previous:
        previous = _code_of_former_lines(session, key)
    for row in rows:
        sequence += 1
        row.sequence, row.key_name = sequence, name_of_key(key)
        row.code = previous = code_of(key, previous, row)
        session.add(row)
    session.flush()


def _code_of_former_lines(session: Session, key: bytes) -> str:
    """Lines from before there was a chain carry no code; the first that does stands on all of them."""
    code = FIRST_CODE
    for row in session.scalars(select(AuditRow).order_by(AuditRow.sequence)):
        code = code_of(key, code, row)
    return code


def _forget(session: Session) -> None:
    session.info[_PENDING].clear()
