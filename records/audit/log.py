"""The audit: who did what, when, to which thing. Lines are added, chained (records/audit/chain.py), never changed.

A line holds ids, verbs and figures, and no name, code, address or word of anybody: nothing in it has to be erased.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TextIO

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from records.audit.act import mark_noted
from records.audit.actions import Action
from records.audit.actor import Actor
from records.audit.chain import append_at_commit
from records.clock import utcnow
from records.database import Database
from records.models import AccountRow, ArtifactRow, AuditRow, SelectionRow

Figure = int | float | StrEnum
"""What a line may tell beside ids: a number, yes or no, or one word of a closed list."""


class AuditLine(BaseModel):
    """One thing that somebody did."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    sequence: int
    at: datetime
    who: str
    """The account's name while it exists, else its id."""
    account_id: str
    via: str
    session_id: str
    action: str
    target: str
    family_id: str
    selection_id: str
    moment_id: str
    detail: str
    """Figures as JSON, {"marks":2}; in lines from before there was a chain, as it was written then."""


def note(
    session: Session,
    who: Actor,
    action: Action,
    target: str = "",
    *,
    family_id: str = "",
    selection_id: str = "",
    moment_id: str = "",
    figures: Mapping[str, Figure] | None = None,
) -> None:
    """Add a line in the transaction of the act itself: neither is there without the other.

    ``target`` is the id of what is neither family, selection nor moment: a job, an account, a worker's name. A
    selection's family need not be given.
    """
    mark_noted()
    if selection_id and not family_id:
        named = select(SelectionRow.family_id).where(SelectionRow.id == selection_id)
        family_id = session.scalar(named) or ""
    append_at_commit(
        session,
        AuditRow(
            at=utcnow(),
            account_id=who.account_id,
            via=str(who.via),
            session_id=who.session_id,
            action=action,
            target=target,
            family_id=family_id,
            selection_id=selection_id,
            moment_id=moment_id,
            detail=json.dumps(dict(figures), sort_keys=True, separators=(",", ":")) if figures else "",
        ),
    )


def note_alone(
    db: Database, who: Actor, action: Action, target: str = "", figures: Mapping[str, Figure] | None = None
) -> None:
    """Add a line in a transaction of its own, for what changes nothing in the database. Raises: DatabaseUnavailable."""
    with db.session() as session:
        note(session, who, action, target, figures=figures)


def may_note(db: Database) -> bool:
    """Whether our role in the database may add lines: a worker's own may not. Raises: DatabaseUnavailable."""
    if db.engine.dialect.name != "postgresql":
        return True
    with db.reading() as session:
        return bool(session.scalar(text("SELECT has_table_privilege('audit', 'INSERT')")))


def may_change(db: Database) -> bool:
    """Whether our role in the database could change the audit, or take away what refuses it.

    On SQLite everybody who has the file can. Raises: DatabaseUnavailable.
    """
    if db.engine.dialect.name != "postgresql":
        return True
    asked = text(
        "SELECT rolsuper OR pg_has_role(current_user, relowner, 'MEMBER')"
        " OR has_table_privilege('audit', 'UPDATE, DELETE, TRUNCATE, TRIGGER')"
        " FROM pg_roles, pg_class WHERE rolname = current_user AND pg_class.oid = to_regclass('audit')"
    )
    with db.reading() as session:
        return bool(session.scalar(asked))


def of_artifact(session: Session, artifact_id: str) -> tuple[str, bool] | None:
    """The moment of which a finished file is, empty for one of several, and whether it is a moment's clip or still."""
    row = session.get(ArtifactRow, artifact_id)
    return None if row is None else (row.moment_id or "", row.moment_id is not None)


def begun_in(session: Session) -> str:
    """The id of the selection that this transaction has begun."""
    session.flush()
    return next((row.id for row in session.identity_map.values() if isinstance(row, SelectionRow)), "")


@dataclass
class Wanted:
    """Which lines; what is left empty does not matter."""

    account_id: str = ""
    action: Action | None = None
    family_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int = 0
    """Only lines with a lower number: for the next page."""


def find_lines(session: Session, wanted: Wanted, limit: int | None = None) -> list[AuditLine]:
    """The wanted lines, newest first."""
    asked = select(AuditRow).order_by(AuditRow.sequence.desc()).limit(limit)
    if wanted.account_id:
        asked = asked.where(AuditRow.account_id == wanted.account_id)
    if wanted.action:
        asked = asked.where(AuditRow.action == wanted.action)
    if wanted.family_id:
        asked = asked.where(AuditRow.family_id == wanted.family_id)
    if wanted.since:
        asked = asked.where(AuditRow.at >= _as_utc(wanted.since))
    if wanted.until:
        asked = asked.where(AuditRow.at < _as_utc(wanted.until))
    if wanted.before:
        asked = asked.where(AuditRow.sequence < wanted.before)
    return _lines(session, asked)


def write_csv(lines: Iterable[AuditLine], into: TextIO) -> None:
    """The lines as a table with a head."""
    writer = csv.DictWriter(into, list(AuditLine.model_fields))
    writer.writeheader()
    writer.writerows(line.model_dump(mode="json") for line in lines)


def _as_utc(at: datetime) -> datetime:
    """A time without a zone is meant as UTC."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def newest(session: Session, limit: int = 50) -> list[AuditLine]:
    """The last lines, newest first."""
    return _lines(session, select(AuditRow).order_by(AuditRow.sequence.desc()).limit(limit))


def _lines(session: Session, wanted: Select[AuditRow]) -> list[AuditLine]:
    rows = session.scalars(wanted).all()
    named = select(AccountRow.id, AccountRow.display_name).where(AccountRow.id.in_({row.account_id for row in rows}))
    names = {row.id: row.display_name for row in session.execute(named)}
    return [AuditLine.model_validate({**vars(row), "who": names.get(row.account_id, row.account_id)}) for row in rows]
