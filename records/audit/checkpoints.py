"""Signed words of how far the audit went, kept out of reach of the database's owner: so a cut end is found.

Each is a line of JSON in the service's log and, where VIGPACK_AUDIT_CHECKPOINT_DIR is set, in a file there. Its Ed25519
signature lets anybody check it who has the public key (``vigpack audit key``), without any of our secrets.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import select

from records.clock import utcnow
from records.database import Database
from records.logs import get_logger
from records.models import AuditRow
from records.secrets.service_key import former_service_keys, service_key
from records.settings import Settings
from records.storage.contract import saying_what_failed

EVENT: Final = "audit_checkpoint"
_PURPOSE: Final = "audit checkpoints"
FILE_NAME: Final = "audit-checkpoints.jsonl"

log = get_logger("audit")


class Checkpoint(BaseModel):
    """That the audit had this line at that time."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sequence: int
    code: str
    at: datetime
    signature: str = ""

    def signed_text(self) -> bytes:
        """What the signature is of."""
        at = self.at.astimezone(UTC).isoformat(timespec="seconds")
        return f"vigpack audit checkpoint\n{self.sequence}\n{self.code}\n{at}".encode()

    def is_signed_by(self, public_key: str) -> bool:
        """Whether the holder of this key wrote it."""
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
            key.verify(bytes.fromhex(self.signature), self.signed_text())
        except (InvalidSignature, ValueError):
            return False
        return True


def _signing_key(settings: Settings) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(service_key(settings, _PURPOSE))


def public_key(settings: Settings) -> str:
    """The public half of the key that signs checkpoints: 64 hex digits. Raises: SecretFileUnusable."""
    return _public_half(_signing_key(settings))


def public_keys(settings: Settings) -> list[str]:
    """That one, and those of the service's former keys. Raises: SecretFileUnusable."""
    former = former_service_keys(settings, _PURPOSE)
    return [public_key(settings), *(_public_half(Ed25519PrivateKey.from_private_bytes(key)) for key in former)]


def _public_half(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


def write_checkpoint(db: Database, settings: Settings, after: int = 0) -> int:
    """Sign how far the audit goes, if it goes beyond line ``after``; the number of its last line.

    Raises: DatabaseUnavailable, SecretFileUnusable, NoRoom.
    """
    with db.reading() as session:
        last = session.execute(
            select(AuditRow.sequence, AuditRow.code).order_by(AuditRow.sequence.desc()).limit(1)
        ).first()
    if last is None or last.sequence == after:
        return after
    point = Checkpoint(sequence=last.sequence, code=last.code, at=utcnow().replace(microsecond=0))
    point = point.model_copy(update={"signature": _signing_key(settings).sign(point.signed_text()).hex()})
    told = point.model_dump(mode="json")
    log.info(EVENT, **told)
    if settings.audit_checkpoint_dir is not None:
        path = settings.audit_checkpoint_dir / FILE_NAME
        with saying_what_failed(f"write {path.name}"), path.open("a", encoding="ascii") as file:
            file.write(json.dumps({"event": EVENT, **told}) + "\n")
    return int(last.sequence)


def parse_checkpoints(lines: Iterable[str]) -> Iterator[Checkpoint]:
    """Those in a log or a file of checkpoints; other lines are left out."""
    for line in lines:
        start = line.find("{")
        if EVENT not in line or start < 0:
            continue
        try:
            yield Checkpoint.model_validate_json(line[start:].strip())
        except ValidationError:
            continue


def read_checkpoints(path: Path) -> list[Checkpoint]:
    """Those in a file. Raises: StorageUnavailable."""
    with saying_what_failed(f"read {path.name}"), path.open(encoding="utf-8", errors="replace") as lines:
        return list(parse_checkpoints(lines))


def kept_checkpoints(settings: Settings) -> list[Checkpoint]:
    """Those that this installation keeps elsewhere; none where no folder is set or none was written yet.

    Raises: StorageUnavailable.
    """
    folder = settings.audit_checkpoint_dir
    return read_checkpoints(folder / FILE_NAME) if folder and (folder / FILE_NAME).exists() else []
