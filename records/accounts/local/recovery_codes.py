"""Recovery codes: ten on paper, each good once, for the day on which the phone is lost."""

from __future__ import annotations

import secrets
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from records.clock import utcnow
from records.database import rows_changed
from records.models import RecoveryCodeRow
from records.secrets.keys import hash_secret

HOW_MANY: Final = 10
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: none of them is taken for another."""
_LOOKS_LIKE: Final = str.maketrans("OIL", "011")
_GROUPS: Final = 4


def new_recovery_codes(session: Session, account_id: str) -> list[str]:
    """Ten new codes of 80 random bits each, to be shown once; those before are good no more."""
    session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.account_id == account_id))
    made = [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(_GROUPS)) for _ in range(HOW_MANY)
    ]
    session.add_all(RecoveryCodeRow(account_id=account_id, code_hash=hash_of_code(account_id, code)) for code in made)
    session.flush()
    return made


def use_recovery_code(session: Session, account_id: str, given: str) -> bool:
    """Whether it was one of the account's and not used yet; from now on it is."""
    is_good = (RecoveryCodeRow.code_hash == hash_of_code(account_id, given)) & RecoveryCodeRow.used_at.is_(None)
    return rows_changed(session, update(RecoveryCodeRow).where(is_good).values(used_at=utcnow())) > 0


def unused_recovery_codes(session: Session, account_id: str) -> list[str]:
    """The hashes of those that are still good."""
    unused = (RecoveryCodeRow.account_id == account_id) & RecoveryCodeRow.used_at.is_(None)
    return list(session.scalars(select(RecoveryCodeRow.code_hash).where(unused)))


def recovery_codes_left(session: Session, account_id: str) -> int:
    """How many are still good."""
    unused = (RecoveryCodeRow.account_id == account_id) & RecoveryCodeRow.used_at.is_(None)
    return session.scalar(select(func.count()).select_from(RecoveryCodeRow).where(unused)) or 0


def hash_of_code(account_id: str, code: str) -> str:
    """What is remembered of a code."""
    plain = "".join(letter for letter in code.upper().translate(_LOOKS_LIKE) if letter in _LETTERS)
    return hash_secret(f"{account_id} {plain}")
