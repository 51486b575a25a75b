"""The audit, for information governance: who did what, to which thing, and whether that record is whole.

A line holds ids and figures, and no word of a family. Asking by a family's code is possible while there is one.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter
from starlette.responses import Response

from api.dependencies import Ctx
from api.errors import described
from pipeline.limits import ID_PATTERN, LIMITS
from records.audit.act import Transaction
from records.audit.actions import Action
from records.audit.checkpoints import kept_checkpoints, public_key
from records.audit.log import Wanted, find_lines, write_csv
from records.audit.shown import AuditedAccount, ShownLine, find_shown_lines, list_audited
from records.audit.verify import Verification, verify
from records.documents import GivenTime
from records.families.families import family_id_of

router = APIRouter(tags=["audit"])
AUDIT = "/api/v1/audit"


def _in_utc(given: datetime) -> datetime:
    return given if given.tzinfo else given.replace(tzinfo=UTC)


Time = Annotated[datetime, AfterValidator(_in_utc), AfterValidator(TypeAdapter(GivenTime).validate_python)]


class Filters(BaseModel):
    """Which lines are wanted; what is left out does not matter."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    family: Annotated[str, Field(pattern=f"{LIMITS.code}|^$", description="A family's code, while there is one.")] = ""
    family_id: Annotated[str, Field(pattern=f"{ID_PATTERN}|^$", description="Also of one that was erased.")] = ""
    account_id: Annotated[str, Field(pattern=f"{ID_PATTERN}|^$")] = ""
    action: Action | None = None
    since: Annotated[Time | None, Field(description="UTC where no zone is given.")] = None
    until: Time | None = None


class Page(BaseModel):
    """Some lines, newest first."""

    lines: list[ShownLine]
    next_before: Annotated[int | None, Field(description="`before` of the next page; none: there are no more.")]


class AuditCheck(BaseModel):
    """Whether the audit is whole, and what signs its checkpoints."""

    is_whole: bool
    found: Verification
    public_key: Annotated[str, Field(description="Ed25519, 64 hex digits: for checkpoints that were kept elsewhere.")]


class Format(StrEnum):
    """What the lines can be taken away as."""

    CSV = "csv"
    JSON = "json"


_MEDIA_TYPES = {Format.CSV: "text/csv; charset=utf-8", Format.JSON: "application/json"}


class ExportOf(Filters):
    """And as what."""

    format: Format = Format.CSV


class PageOf(Filters):
    """And which page of them."""

    before: Annotated[int, Field(ge=0, description="Only lines with a lower number.")] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100


@router.get(AUDIT, summary="Lines of the audit, newest first", responses=described(401, 403, 422, 503))
def list_audit_lines(ctx: Ctx, asked: Annotated[PageOf, Query()]) -> Page:
    """Who did what and when, with the names and codes that ids have now; a file that is taken away has ids alone.

    Reading them leaves a line, too.
    """
    with ctx.db.reading() as session:
        lines = find_shown_lines(session, _wanted(session, asked, asked.before), asked.limit)
    return Page(lines=lines, next_before=lines[-1].sequence if len(lines) == asked.limit else None)


@router.get(f"{AUDIT}/accounts", summary="Whose acts can be asked for", responses=described(401, 403))
def list_audit_accounts(ctx: Ctx) -> list[AuditedAccount]:
    """Everybody who has or had an account, by name."""
    with ctx.db.reading() as session:
        return list_audited(session)


@router.get(
    f"{AUDIT}/export",
    summary="Lines of the audit as a file",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in _MEDIA_TYPES.values()}}, **described(401, 403, 422, 503)},
)
def download_audit(ctx: Ctx, asked: Annotated[ExportOf, Query()]) -> Response:
    """All of them, the newest first."""
    with ctx.db.reading() as session:
        lines = find_lines(session, _wanted(session, asked))
    written = io.StringIO()
    if asked.format == Format.CSV:
        write_csv(lines, written)
    else:
        written.write(f"[{','.join(line.model_dump_json() for line in lines)}]")
    headers = {"Content-Disposition": f'attachment; filename="audit.{asked.format}"'}
    return Response(written.getvalue(), headers=headers, media_type=_MEDIA_TYPES[asked.format])


@router.get(f"{AUDIT}/verification", summary="Whether the audit is whole", responses=described(401, 403, 503))
def check_audit(ctx: Ctx) -> AuditCheck:
    """Goes through every line, and compares with the checkpoints that this installation keeps elsewhere.

    That the end was cut off is found by checkpoints alone: `vigpack audit verify --checkpoints` takes any.
    """
    found = verify(ctx.db, ctx.settings, kept_checkpoints(ctx.settings))
    return AuditCheck(is_whole=found.is_whole, found=found, public_key=public_key(ctx.settings))


def _wanted(session: Transaction, asked: Filters, before: int = 0) -> Wanted:
    named = family_id_of(session, asked.family) if asked.family else asked.family_id
    return Wanted(
        account_id=asked.account_id,
        action=asked.action,
        family_id=named,
        since=asked.since,
        until=asked.until,
        before=before,
    )
