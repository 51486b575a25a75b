"""The service's starts and stops in the audit, with the settings that are not what they were at the last start."""

from __future__ import annotations

import hmac
from typing import Final

from pydantic import SecretStr
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from records.audit.actions import Action
from records.audit.actor import SERVICE
from records.audit.log import Figure, note
from records.database import Database
from records.migrations.migrate import is_current
from records.models import LastSettingRow, new_id
from records.secrets.service_key import service_key
from records.settings import Settings

_KEY_ROW: Final = "service_key"


def note_start(db: Database, settings: Settings) -> str | None:
    """Add that the API began, and each setting that changed since it last did; the id that its stop is noted under.

    None where the tables have not their newest shape yet. Of a number the line tells what it was and is; of everything
    else only that it changed: of it the database keeps a keyed hash, which tells nothing.
    Raises: DatabaseUnavailable, SecretFileUnusable.
    """
    if not is_current(db):
        return None
    start_id = new_id()
    with db.session() as session:
        changed = _changes(session, settings)
        note(session, SERVICE, Action.START, start_id, figures={"settings_changed": len(changed)})
        for name, figures in changed.items():
            note(session, SERVICE, Action.CHANGE_SETTING, f"VIGPACK_{name.upper()}", figures=figures)
    return start_id


def note_stop(db: Database, start_id: str) -> None:
    """Add that it ended in good order: a start without a stop was ended by force. Raises: DatabaseUnavailable."""
    with db.session() as session:
        note(session, SERVICE, Action.STOP, start_id)


def _changes(session: Session, settings: Settings) -> dict[str, dict[str, Figure]]:
    """By name; empty at the first start. Keeps how they are now for the next one."""
    key = service_key(settings, "last settings")
    now = {name: _LastSetting(key, name, getattr(settings, name)) for name in sorted(type(settings).model_fields)}
    now[_KEY_ROW] = _LastSetting(key, _KEY_ROW, "")  # hashed with itself: also where it stands in a file
    kept = {row.name: row for row in session.scalars(select(LastSettingRow))}
    changed: dict[str, dict[str, Figure]] = {}
    if _KEY_ROW in kept and kept[_KEY_ROW].hashed != now[_KEY_ROW].hashed:
        changed[_KEY_ROW] = {}  # with another key none of the other hashes can be compared
    elif kept:
        for name, setting in now.items():
            before = kept.get(name)
            if before is not None and before.hashed != setting.hashed:
                changed[name] = setting.figures_since(before)
    session.execute(delete(LastSettingRow))
    session.add_all(
        LastSettingRow(name=name, hashed=setting.hashed, number=setting.number) for name, setting in now.items()
    )
    session.flush()
    return changed


class _LastSetting:
    def __init__(self, key: bytes, name: str, value: object) -> None:
        plain = value.get_secret_value() if isinstance(value, SecretStr) else value
        self.hashed = hmac.digest(key, f"{name}={plain!r}".encode("utf-8", "surrogateescape"), "sha256").hex()
        self.number = float(value) if isinstance(value, int | float) else None

    def figures_since(self, before: LastSettingRow) -> dict[str, Figure]:
        if self.number is None or before.number is None:
            return {}
        return {"from": _plain(before.number), "to": _plain(self.number)}


def _plain(number: float) -> int | float:
    return int(number) if number.is_integer() else number
