"""What a family agreed to over HTTP: recorded once, with the form; and who can be seen in a moment."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.dependencies import AppContext, Asker, Ctx, GivenId
from api.errors import described
from api.routes.artifacts import FILE_ANSWERS, GivenAsking, answer_file, asked_again
from api.routes.artwork import read_photograph
from api.routes.families import PREFIX as FAMILIES
from api.routes.selections import PREFIX as SELECTIONS
from api.routes.selections import view_now
from api.temp_folder import private_folder
from pipeline.images.photograph import MEDIA_TYPE
from records.accounts.principal import Principal
from records.actions.erase import erase_marked
from records.actions.people_seen import set_people_seen
from records.actions.record_consents import Consequences, consequences, record_consents
from records.audit.act import Transaction
from records.consent.forms import ConsentFormWrong, find_form, keep_form
from records.documents import FamilyPerson, Statements
from records.families.access import Right
from records.families.families import check_family
from records.views.consents import (
    ConsentsView,
    ConsequencesView,
    FormView,
    PurposeNeeds,
    consents_view,
    consequences_view,
    purposes_view,
)
from records.views.files import StoredFile
from records.views.selections import SelectionView

router = APIRouter(tags=["families"])
PDF = "application/pdf"
_PHOTOGRAPHS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_HEAD_BYTES = 16
CONSENTS = f"{FAMILIES}/{{family_id}}/consents"
FORMS = f"{FAMILIES}/{{family_id}}/consent-forms"


class NewStatements(BaseModel):
    """What people of the family say."""

    model_config = ConfigDict(extra="forbid")

    statements: Annotated[Statements, Field(min_length=1)]


class RecordedConsents(BaseModel):
    """What is recorded now, and what went because somebody said no."""

    consents: ConsentsView
    erased: ConsequencesView


class PeopleSeen(BaseModel):
    """Who can be seen or heard in a moment."""

    model_config = ConfigDict(extra="forbid")

    people: Annotated[tuple[FamilyPerson, ...] | None, Field(max_length=20)]
    """Null: everybody of the family."""


@router.get("/api/v1/purposes", summary="Purposes and what each needs", responses=described(401, 403))
def list_purposes(ctx: Ctx) -> list[PurposeNeeds]:
    """For what moments may be used here, and whether that waits for the family's agreement."""
    with ctx.db.reading() as session:
        return purposes_view(session)


@router.get(CONSENTS, summary="What a family agreed to", responses=described(401, 403, 404))
def get_consents(family_id: GivenId, asker: Asker, ctx: Ctx) -> ConsentsView:
    """Everybody of it by every purpose. For those who work on the family."""
    with ctx.db.reading() as session:
        check_family(session, asker, family_id, Right.WORK)
        return consents_view(session, family_id)


@router.post(CONSENTS, summary="Record what a family says", responses=described(401, 403, 404, 422, 503))
def add_consents(family_id: GivenId, new: NewStatements, asker: Asker, ctx: Ctx) -> RecordedConsents:
    """What is new takes the place of what the same person said to the same purpose before; that stays to be read.

    **A no erases** whatever was made for that purpose and shows the person: work in progress stops, files go, and
    moments themselves go with the purpose that they are kept for. This cannot be undone.
    """
    with ctx.db.session() as session:
        check_family(session, asker, family_id, Right.WORK)
        found = record_consents(session, asker, family_id, new.statements)
    for selection_id in sorted(found.selection_ids):
        erase_marked(ctx.db, ctx.storage, ctx.settings, selection_id)
    with ctx.db.reading() as session:
        erased = consequences_view(session, family_id, found)
        return RecordedConsents(consents=consents_view(session, family_id), erased=erased)


@router.post(f"{CONSENTS}/preview", summary="What a no would erase", responses=described(401, 403, 404, 422))
def preview_consequences(family_id: GivenId, new: NewStatements, asker: Asker, ctx: Ctx) -> ConsequencesView:
    """Nothing is recorded and nothing goes."""
    with ctx.db.reading() as session:
        check_family(session, asker, family_id, Right.WORK)
        found: Consequences = consequences(session, family_id, new.statements)
        return consequences_view(session, family_id, found)


@router.post(
    FORMS,
    status_code=201,
    summary="Add a signed form",
    responses=described(401, 403, 404, 409, 413, 422, 503, 507),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}}
                for kind in ("image/jpeg", "image/png", "application/pdf")
            },
        }
    },
)
async def add_consent_form(family_id: GivenId, request: Request, asker: Asker, ctx: Ctx) -> FormView:
    """The body is the file: a photograph (upright, without place or device when it is kept) or a PDF, as it is."""
    await run_in_threadpool(_check, ctx, asker, family_id)  # before any byte is read
    with private_folder(ctx.settings) as folder:
        with (folder / "sent").open("wb") as sent:
            async for block in request.stream():
                await run_in_threadpool(sent.write, block)
        return await run_in_threadpool(_keep, ctx, asker, family_id, folder)


def _check(ctx: AppContext, asker: Principal, family_id: str) -> None:
    with ctx.db.reading() as session:
        check_family(session, asker, family_id, Right.WORK)


def _keep(ctx: AppContext, asker: Principal, family_id: str, folder: Path) -> FormView:
    file, media_type = folder / "sent", PDF
    with file.open("rb") as sent:
        head = sent.read(_HEAD_BYTES)
    if head.startswith(_PHOTOGRAPHS):
        read_photograph(ctx, folder)
        file, media_type = folder / "photograph.jpg", MEDIA_TYPE
    elif not head.startswith(b"%PDF-"):
        raise ConsentFormWrong
    with file.open("rb") as kept:
        sha256 = hashlib.file_digest(kept, "sha256").hexdigest()
    with ctx.db.session() as session:
        check_family(session, asker, family_id, Right.WORK)  # a body may take longer than a share lasts
        row = keep_form(session, ctx.storage, asker, family_id, file, media_type, sha256)
        return FormView(id=row.id, media_type=row.media_type, bytes=row.bytes, created_at=row.created_at)


@router.get(f"{FORMS}/{{form_id}}", summary="A signed form", response_class=Response, responses=FILE_ANSWERS)
def download_consent_form(
    family_id: GivenId, form_id: GivenId, asking: GivenAsking, asker: Asker, ctx: Ctx
) -> Response:
    """As it is kept, to be saved: a PDF from elsewhere is not opened in the page's own place."""

    def look(session: Transaction) -> StoredFile:
        check_family(session, asker, family_id, Right.WORK)
        row = find_form(session, family_id, form_id)
        shown = (row.media_type, None) if row.media_type == MEDIA_TYPE else ("application/octet-stream", "form.pdf")
        return StoredFile(row.storage_key, row.sha256, *shown)

    with ctx.db.reading() as session:
        file = look(session)
    return answer_file(ctx.storage, file, asking, may_go_on=asked_again(ctx, look))


@router.put(
    f"{SELECTIONS}/{{selection_id}}/moments/{{moment_id}}/people",
    summary="Say who can be seen in a moment",
    responses=described(401, 404, 422),
)
def save_people_seen(
    selection_id: GivenId, moment_id: GivenId, seen: PeopleSeen, asker: Asker, ctx: Ctx
) -> SelectionView:
    """Until that is said, everybody of the family can be seen or heard in it."""
    with ctx.db.session() as session:
        set_people_seen(session, asker, selection_id, moment_id, seen.people)
    return view_now(ctx, selection_id)
