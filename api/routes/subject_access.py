"""The right to see over HTTP: a family's guider opens a request, looks at everything, and hands out the answer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.background import BackgroundTask

from api.dependencies import AppContext, Asker, Ctx, GivenId
from api.errors import NothingHere, described
from api.routes.artifacts import (
    FILE_ANSWERS,
    Body,
    BreakableResponse,
    GivenAsking,
    TakenBack,
    answer_file,
    answer_ranges,
    asked_again,
    while_allowed,
)
from api.routes.copies import blocks_of, one_of_few
from api.routes.families import PREFIX as FAMILIES
from api.temp_folder import private_folder
from pipeline.limits import ID_PATTERN, LIMITS
from records.accounts.principal import Principal
from records.actions.erase import erase_marked
from records.audit.act import Transaction
from records.clock import local_day, utcnow
from records.copies.register import Carrier
from records.documents import GivenDay
from records.families.access import Right
from records.families.families import FamilyGone, check_family
from records.retention_policy.policy import policy_of
from records.subject_access.extension import extend_request
from records.subject_access.items import Decision, SubjectAccessItem, find_items
from records.subject_access.reports import SubjectAccessFigures, subject_access_report
from records.subject_access.requests import (
    State,
    SubjectAccessGone,
    SubjectAccessRequest,
    SubjectAccessView,
    check,
    close_request,
    decide,
    find_request,
    hand_out,
    open_request,
    requests_of,
    state_of,
    view_request,
)
from records.subject_access.sealed import seal_answer
from records.subject_access.stream import AnswerArchive, AnswerBrokenOff, find_answer
from records.views.files import StoredFile

_ALL = f"{FAMILIES}/{{family_id}}/subject-access"
_ONE = f"{_ALL}/{{request_id}}"
router = APIRouter(tags=["families"])
ItemId = Annotated[str, Field(pattern=r"^[a-z]{4,8}:[0-9a-f]{32}$", examples=["clip:0f1e2d3c4b5a69788796a5b4c3d2e1f0"])]


class NewSubjectAccess(BaseModel):
    """Who asked to see what is held of them, when, and about whom."""

    model_config = ConfigDict(extra="forbid")

    asked_by: Annotated[str, Field(min_length=1, max_length=LIMITS.longest_to_whom)]
    """By role and initials, or who acts for them."""
    people: Annotated[list[Annotated[str, Field(pattern=ID_PATTERN)]], Field(max_length=20)] = []
    """Whose data it is about: ids of people of the family."""
    received_on: GivenDay | None = None
    """Null: today."""


class GivenDecision(BaseModel):
    """What becomes of one thing."""

    model_config = ConfigDict(extra="forbid")

    item: ItemId
    decision: Decision
    reason: Annotated[str, Field(max_length=LIMITS.longest_words)] = ""
    """Why it is left out, as the family reads it."""
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Of what was looked at."""


class GivenCheck(BaseModel):
    """Who looked at everything."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=LIMITS.longest_name)]


class GivenExtension(BaseModel):
    """Why it takes two more months, as the family was told."""

    model_config = ConfigDict(extra="forbid")

    because: Annotated[str, Field(min_length=1, max_length=LIMITS.longest_words)]
    told_on: GivenDay | None = None
    """Null: today."""


class GivenReceiver(BaseModel):
    """Whom the answer is handed to."""

    model_config = ConfigDict(extra="forbid")

    to_whom: Annotated[str, Field(min_length=1, max_length=LIMITS.longest_to_whom)]
    sealed: bool = False
    """It is fetched behind a passphrase."""


class GivenPassphrase(BaseModel):
    """What the answer opens with."""

    model_config = ConfigDict(extra="forbid")

    passphrase: Annotated[SecretStr, Field(max_length=200, description="The page makes one of six words.")]


@router.get(_ALL, summary="Subject access requests of a family", responses=described(401, 403, 404))
def list_subject_access_requests(family_id: GivenId, asker: Asker, ctx: Ctx) -> list[SubjectAccessRequest]:
    """The newest first. Its guider's alone."""
    with ctx.db.reading() as session:
        check_family(session, asker, family_id, Right.OWN)
        return requests_of(session, family_id)


@router.post(_ALL, status_code=201, summary="Somebody asks to see", responses=described(401, 403, 404, 422))
def create_subject_access_request(
    family_id: GivenId, new: NewSubjectAccess, asker: Asker, ctx: Ctx
) -> SubjectAccessView:
    """From now on nothing of the family is erased before it is answered. Nobody's agreement is needed for it."""
    with ctx.db.session() as session:
        check_family(session, asker, family_id, Right.OWN)
        row = open_request(
            session,
            asker,
            policy_of(ctx.settings),
            family_id,
            asked_by=new.asked_by,
            about=new.people,
            received_on=new.received_on,
        )
        return view_request(session, row)


@router.get(_ONE, summary="A subject access request", responses=described(401, 403, 404))
def get_subject_access_request(family_id: GivenId, request_id: GivenId, asker: Asker, ctx: Ctx) -> SubjectAccessView:
    """With everything that is held and has to be looked at, and what was decided about it."""
    with ctx.db.reading() as session:
        check_family(session, asker, family_id, Right.OWN)
        return view_request(session, find_request(session, family_id, request_id))


@router.put(f"{_ONE}/decisions", summary="Include or leave out", responses=described(401, 403, 404, 422))
def save_subject_access_decision(
    family_id: GivenId, request_id: GivenId, given: GivenDecision, asker: Asker, ctx: Ctx
) -> SubjectAccessView:
    """Of one thing, as it was looked at. What was checked already has to be checked again."""
    with ctx.db.session() as session:
        check_family(session, asker, family_id, Right.OWN)
        row = find_request(session, family_id, request_id, lock=True)
        decide(session, asker, row, given.item, given.decision, given.reason, given.fingerprint)
        session.flush()
        return view_request(session, row)


@router.put(f"{_ONE}/check", summary="Everything was looked at", responses=described(401, 403, 404, 422))
def confirm_subject_access_check(
    family_id: GivenId, request_id: GivenId, given: GivenCheck, asker: Asker, ctx: Ctx
) -> SubjectAccessView:
    """By a person whose name stands in the answer. It can be taken away for 30 days from then on."""
    with ctx.db.session() as session:
        check_family(session, asker, family_id, Right.OWN)
        row = find_request(session, family_id, request_id, lock=True)
        check(session, asker, row, given.name)
        return view_request(session, row)


@router.put(f"{_ONE}/extension", summary="It takes longer", responses=described(401, 403, 404, 422))
def save_subject_access_extension(
    family_id: GivenId, request_id: GivenId, given: GivenExtension, asker: Asker, ctx: Ctx
) -> SubjectAccessView:
    """Two more months, where the family was told so, and why, within the first (UK GDPR, Art. 12 (3))."""
    with ctx.db.session() as session:
        check_family(session, asker, family_id, Right.OWN)
        row = find_request(session, family_id, request_id, lock=True)
        told_on = given.told_on or local_day(utcnow())
        extend_request(session, asker, row, because=given.because, told_on=told_on)
        return view_request(session, row)


@router.post(f"{_ONE}/copies", summary="Hand out the answer", responses=described(401, 403, 404, 422))
def create_subject_access_copy(
    family_id: GivenId, request_id: GivenId, given: GivenReceiver, asker: Asker, ctx: Ctx
) -> SubjectAccessView:
    """The register of copies and the audit have it from now on; then it is fetched at its own address."""
    with ctx.db.session() as session:
        check_family(session, asker, family_id, Right.OWN)
        row = find_request(session, family_id, request_id, lock=True)
        hand_out(session, asker, row, given.to_whom, Carrier.SEALED if given.sealed else Carrier.PLAIN)
        return view_request(session, row)


@router.delete(_ONE, status_code=204, summary="Close a request", responses=described(401, 403, 404))
def delete_subject_access_request(family_id: GivenId, request_id: GivenId, asker: Asker, ctx: Ctx) -> Response:
    """It was answered, or taken back. That it was there stays with the family; what was decided goes, and what somebody
    said no to meanwhile.
    """
    with ctx.db.session() as session:
        check_family(session, asker, family_id, Right.OWN)
        emptied = close_request(session, asker, find_request(session, family_id, request_id, lock=True))
    for selection_id in sorted(emptied):
        erase_marked(ctx.db, ctx.storage, ctx.settings, selection_id)
    return Response(status_code=204)


@router.get(
    f"{_ONE}/items/{{item_id}}/file",
    summary="A file to be looked at",
    response_class=Response,
    responses=FILE_ANSWERS,
)
def download_subject_access_item(
    family_id: GivenId, request_id: GivenId, item_id: str, asking: GivenAsking, asker: Asker, ctx: Ctx
) -> Response:
    """What is to be decided about, without anybody's agreement: looking at it serves the right to see."""

    def look(session: Transaction) -> StoredFile:
        check_family(session, asker, family_id, Right.OWN)
        row = find_request(session, family_id, request_id)
        if row.ended_at is not None:
            raise SubjectAccessGone
        found = next((one for one in find_items(session, row) if one.item.id == item_id and one.storage_key), None)
        if found is None:
            raise NothingHere
        return _shown(found.item, found.storage_key, found.sha256)

    with ctx.db.reading() as session:
        file = look(session)
    return answer_file(ctx.storage, file, asking, may_go_on=asked_again(ctx, look))


@router.get(
    f"{_ONE}/answer",
    summary="The answer as an archive",
    response_class=Response,
    responses=FILE_ANSWERS | {200: {"content": {"application/zip": {}}}, **described(403, 422)},
)
def download_subject_access_answer(
    family_id: GivenId, request_id: GivenId, asking: GivenAsking, asker: Asker, ctx: Ctx
) -> Response:
    """Once it was handed out. It is put together while it is sent: a page to begin with, all files, the same for
    computers, and a list with the SHA-256 of each. The service keeps nothing of it. It breaks off where the family is
    erased meanwhile; a download that broke off for another reason goes on with the range that is missing, as long as
    the ETag is the same.
    """
    name, answer, still_wanted = _answer(ctx, asker, family_id, request_id)

    def read(start: int, end: int) -> Iterator[bytes]:
        return _breaking(answer.read(start, end, still_wanted))

    file = StoredFile("", answer.sha256, "application/zip", name)
    return answer_ranges(Body(file, lambda: answer.length, read), asking)


@router.post(
    f"{_ONE}/sealed-answer",
    summary="The answer behind a passphrase",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}}, **described(401, 403, 404, 422, 503)},
)
def create_sealed_subject_access_answer(
    family_id: GivenId, request_id: GivenId, given: GivenPassphrase, asker: Asker, ctx: Ctx
) -> Response:
    """The same archive inside a page that asks for the passphrase. Once it was handed out. The service keeps neither:
    what was made is gone with the answer.
    """
    name, answer, still_wanted = _answer(ctx, asker, family_id, request_id)
    blocks = answer.read(0, answer.length, still_wanted)
    with contextlib.ExitStack() as stack:
        busy = stack.enter_context(contextlib.ExitStack())
        busy.enter_context(one_of_few())
        folder = stack.enter_context(private_folder(ctx.settings))
        try:
            sealed = seal_answer(blocks, name, given.passphrase.get_secret_value(), folder)
        except AnswerBrokenOff as error:
            raise SubjectAccessGone from error
        busy.close()

        def look(session: Transaction) -> None:
            check_family(session, asker, family_id, Right.OWN)
            if state_of(find_request(session, family_id, request_id)) is not State.HANDED_OUT:
                raise SubjectAccessGone

        length, held = sealed.stat().st_size, stack.pop_all()
        return BreakableResponse(
            while_allowed(blocks_of(sealed, held), asked_again(ctx, look)),
            media_type="application/zip",
            headers={
                "Content-Disposition": f'attachment; filename="sealed-{name}"',
                "Content-Length": str(length),
                "Cache-Control": "private, no-store",
            },
            background=BackgroundTask(held.close),
        )


@router.get(
    "/api/v1/reports/subject-access", summary="Subject access requests in figures", responses=described(401, 403)
)
def get_subject_access_report(ctx: Ctx) -> list[SubjectAccessFigures]:
    """Every request that is open, the most urgent first: when it is due, and how far it is. No code of any family."""
    with ctx.db.reading() as session:
        return subject_access_report(session)


def _answer(
    ctx: AppContext, asker: Principal, family_id: str, request_id: str
) -> tuple[str, AnswerArchive, Callable[[], bool]]:
    """The archive, its name, in which no word of the family stands, and whether it may still be sent.

    Raises: SubjectAccessGone.
    """
    with ctx.db.reading() as session:
        check_family(session, asker, family_id, Right.OWN)
        row = find_request(session, family_id, request_id)
        if state_of(row) is not State.HANDED_OUT:
            raise SubjectAccessGone
        name = f"subject-access-{row.id[:6]}.zip"

    def still_wanted() -> bool:
        return _is_open(ctx, asker, family_id, request_id)

    return name, find_answer(ctx.db, ctx.storage, policy_of(ctx.settings), family_id, request_id), still_wanted


def _is_open(ctx: AppContext, asker: Principal, family_id: str, request_id: str) -> bool:
    with ctx.db.reading() as session:
        try:
            check_family(session, asker, family_id, Right.OWN)
            return state_of(find_request(session, family_id, request_id)) is State.HANDED_OUT
        except (FamilyGone, SubjectAccessGone):
            return False


def _breaking(blocks: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from blocks
    except AnswerBrokenOff as error:
        raise TakenBack from error


def _shown(item: SubjectAccessItem, storage_key: str, sha256: str) -> StoredFile:
    if item.media_type.startswith(("image/", "video/", "audio/")):
        return StoredFile(storage_key, sha256, item.media_type)
    return StoredFile(storage_key, sha256, "application/octet-stream", "form.pdf")  # from elsewhere: saved, not opened
