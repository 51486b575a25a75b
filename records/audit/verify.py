"""Looks whether the audit is whole: every line's code over itself and the one before, and what the checkpoints say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from records.audit.chain import FIRST_CODE, code_of, name_of_key
from records.audit.checkpoints import Checkpoint, public_keys
from records.database import AUDIT_PURPOSE, Database
from records.models import AuditRow
from records.secrets.service_key import former_service_keys
from records.settings import Settings

_MOST_FAULTS = 20
_AT_ONCE = 1000


class FaultKind(StrEnum):
    """What is wrong at a line."""

    BROKEN = "broken"
    """It was changed, moved or added by somebody without the key, or with one that had been replaced before it, or the
    line before it was."""
    MISSING = "missing"
    """It and perhaps others after it are not there."""
    OTHER_KEY = "other_key"
    """It was written with a key that was not given: nothing can be said of it."""
    CUT = "cut"
    """A checkpoint names it, and the audit ends before it."""
    DIFFERS = "differs"
    """A checkpoint names another line in its place."""
    FORGED = "forged"
    """A checkpoint of it does not carry our signature."""


class Fault(BaseModel):
    """Something that is wrong, and where."""

    model_config = ConfigDict(frozen=True)

    kind: FaultKind
    sequence: int


class Verification(BaseModel):
    """What was found."""

    model_config = ConfigDict(frozen=True)

    lines: int
    """In all."""
    from_before: int
    """How many of them are from before there was a chain: they are held by the first line that has a code."""
    since: datetime | None
    """When the first line was written."""
    last: int
    """The number of the last line; 0 where there is none."""
    code: str
    """Its code."""
    checkpoints: int
    """How many were compared."""
    faults: tuple[Fault, ...]
    """The first 20; none: it is whole."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


@dataclass
class _Walk:
    keys: Mapping[str, bytes]
    previous: str = FIRST_CODE
    expected: int = 1
    has_chain: bool = False
    key_name: str = ""
    replaced: set[str] = field(default_factory=set)
    """Keys after which another one came."""

    def faults_at(self, row: AuditRow, former: list[AuditRow]) -> Iterator[FaultKind]:
        """What is wrong with the next line; ``former`` are those without a code before the first that has one."""
        key = self.keys.get(row.key_name)
        if not self.has_chain and key is not None:
            for one in former:
                self.previous = code_of(key, self.previous, one)
        self.has_chain = True
        if row.key_name != self.key_name:
            self.replaced.add(self.key_name)
            self.key_name = row.key_name
        if row.sequence != self.expected:
            yield FaultKind.MISSING
        elif key is None:
            yield FaultKind.OTHER_KEY if row.code else FaultKind.BROKEN
        elif row.key_name in self.replaced or code_of(key, self.previous, row) != row.code:
            yield FaultKind.BROKEN
        self.previous = row.code


def verify(db: Database, settings: Settings, checkpoints: Iterable[Checkpoint] = ()) -> Verification:
    """Go through every line, with the service's key and those that were before it.

    Raises: DatabaseUnavailable, SecretFileUnusable.
    """
    keys = {name_of_key(key): key for key in (db.audit_key(), *former_service_keys(settings, AUDIT_PURPOSE))}
    signers = public_keys(settings)
    by_sequence: dict[int, list[Checkpoint]] = {}
    faults: list[Fault] = []
    compared = 0
    for compared, point in enumerate(checkpoints, 1):  # noqa: B007 how many there were
        if any(point.is_signed_by(key) for key in signers):
            by_sequence.setdefault(point.sequence, []).append(point)
        else:
            faults.append(Fault(kind=FaultKind.FORGED, sequence=point.sequence))
    walk, former, lines = _Walk(keys), list[AuditRow](), 0
    since, last = None, 0
    with db.snapshot() as connection, Session(connection) as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.sequence).execution_options(yield_per=_AT_ONCE))
        for row in rows:
            lines, last, since = lines + 1, row.sequence, since or row.at
            if not row.code and not walk.has_chain:
                found = [FaultKind.MISSING] if row.sequence != walk.expected else []
                former.append(row)
            else:
                found = list(walk.faults_at(row, former))
            faults += [Fault(kind=kind, sequence=walk.expected if kind == "missing" else last) for kind in found]
            walk.expected = last + 1
            for point in by_sequence.pop(last, ()):
                if point.code != row.code:
                    faults.append(Fault(kind=FaultKind.DIFFERS, sequence=last))
    faults += [Fault(kind=FaultKind.CUT, sequence=sequence) for sequence in sorted(by_sequence) if sequence > last]
    return Verification(
        lines=lines,
        from_before=len(former),
        since=since,
        last=last,
        code=walk.previous,
        checkpoints=compared,
        faults=tuple(faults[:_MOST_FAULTS]),
    )
