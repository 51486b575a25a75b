"""Certificates of erasure: that everything of a family was erased, when, why, and what is still out; ids and counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from records.copies.register import copies_out
from records.database import rows_changed
from records.documents import CopyOut, ErasedCounts
from records.models import (
    ArtifactRow,
    ArtworkRow,
    ErasureCertificateRow,
    MomentRow,
    OutputRow,
    SelectionRow,
    UploadRow,
    WithheldRow,
)
from records.retention_policy.policy import Policy


class Cause(StrEnum):
    """Why a family was erased."""

    ASKED = "asked"
    """Its guider, or somebody at the service's console, had it erased."""
    POLICY = "policy"
    """Its time was over."""
    RESTORED = "restored"
    """It was erased before, and a restored backup had it again."""


class ErasureCertificate(BaseModel):
    """That a family was erased. It names nobody, and holds no word of the family."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: str
    family_id: str
    """The random number under which the service kept it; the audit names it by this."""
    by: str
    """The account that asked; service where the policy was the cause; of somebody at the console, what the audit calls
    them."""
    cause: Cause
    rule: str
    """The schedule's times, as CASE+2M, where the policy was the cause."""
    begun_at: datetime
    finished_at: datetime | None
    """When nothing was left, in the store, the database and its journal; null: it is still going on."""
    counts: ErasedCounts
    copies_out: tuple[CopyOut, ...]
    """What had left the service and was not brought back: erasing does not reach it."""


def count_family(session: Session, family_id: str) -> ErasedCounts:
    """How much there is of a family."""
    its = SelectionRow.family_id == family_id
    selections, cycles, first, last = session.execute(
        select(
            func.count(),
            func.count(SelectionRow.cycle.distinct()),
            func.min(SelectionRow.created_at),
            func.max(SelectionRow.created_at),
        ).where(its)
    ).one()
    ids = select(SelectionRow.id).where(its)

    def counted(table: type[MomentRow] | type[OutputRow]) -> int:
        return session.scalar(select(func.count()).where(table.selection_id.in_(ids))) or 0

    def stored(table: type[ArtifactRow] | type[ArtworkRow] | type[WithheldRow]) -> tuple[int, int]:
        found = session.execute(select(func.count(), func.sum(table.bytes)).where(table.selection_id.in_(ids))).one()
        return int(found[0]), int(found[1] or 0)

    uploads, sent = session.execute(
        select(func.count(), func.sum(UploadRow.offset_bytes)).where(UploadRow.selection_id.in_(ids))
    ).one()
    made = [stored(table) for table in (ArtifactRow, ArtworkRow, WithheldRow)]
    return ErasedCounts(
        selections=selections,
        cycles=cycles,
        moments=counted(MomentRow),
        outputs=counted(OutputRow),
        uploads=uploads,
        photographs=made[1][0],
        files=uploads + sum(files for files, _ in made),
        bytes=int(sent or 0) + sum(size for _, size in made),
        first_sent_on=first.date() if first else None,
        last_sent_on=last.date() if last else None,
    )


def copies_still_out(session: Session, family_id: str) -> tuple[CopyOut, ...]:
    """What left and was not brought back, without a word of whom it went to."""
    return tuple(
        CopyOut(
            id=copy.id,
            carrier=copy.carrier,
            purpose=copy.purpose,
            handed_out_on=copy.created_at.date(),
            until=copy.until.date() if copy.until else None,
        )
        for copy in copies_out(session, family_id=family_id)
    )


def list_certificates(session: Session, *, owner_account_id: str | None = None) -> list[ErasureCertificate]:
    """Of an account's families, or all, the newest first; at most 500."""
    query = select(ErasureCertificateRow).order_by(ErasureCertificateRow.begun_at.desc(), ErasureCertificateRow.id)
    if owner_account_id is not None:
        query = query.where(ErasureCertificateRow.owner_account_id == owner_account_id)
    return [certificate_view(row) for row in session.scalars(query.limit(500))]


def unfinished(session: Session) -> Sequence[tuple[str, str]]:
    """The ids of certificates whose erasing goes on, and of their families."""
    query = select(ErasureCertificateRow.id, ErasureCertificateRow.family_id)
    return [(row[0], row[1]) for row in session.execute(query.where(ErasureCertificateRow.finished_at.is_(None)))]


def drop_old(session: Session, policy: Policy, now: datetime) -> int:
    """Erase certificates whose own time is over; how many."""
    old = ErasureCertificateRow.finished_at < policy.certificates.before(now)
    return rows_changed(session, delete(ErasureCertificateRow).where(old))


def certificate_view(row: ErasureCertificateRow) -> ErasureCertificate:
    """As it is shown."""
    return ErasureCertificate.model_validate(row)
