"""Handing out over HTTP: what leaves, the register of what left, and what is back."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.background import BackgroundTask

from api.dependencies import AppContext, Asker, Ctx, GivenId
from api.errors import Busy, described
from api.routes.artifacts import BreakableResponse, asked_again, while_allowed
from api.routes.selections import PREFIX
from api.temp_folder import private_folder
from pipeline.limits import ID_PATTERN, LIMITS, or_empty
from pipeline.outputs.kinds import find_kind
from pipeline.pack.sealed import seal_files, seal_pack
from records.actions.hand_out import Leaving, LinkReachesNobody, check_hand_out, hand_out
from records.audit.act import Transaction
from records.copies.carriers import has_player
from records.copies.register import Carrier, HandedOutCopy
from records.documents import GivenTime
from records.families.access import Right, check_selection
from records.views.copies import end_own_copy, list_copies
from records.views.output_inputs import fetch

COPIES = "/api/v1/copies"
router = APIRouter(tags=["copies"])
_SEALED_AT_ONCE = threading.BoundedSemaphore(2)
"""Each reads and writes a whole pack, and takes a processor."""
_WAIT_S = 20.0
_BLOCK_BYTES = 1 << 18
GivenFilter = Annotated[str, Query(pattern=or_empty(ID_PATTERN))]


class SealingBusy(Busy):
    """Other packs are being sealed, and this one was waited for long enough."""

    code = "sealing_busy"
    for_guider = "Other packs are being sealed just now. Please try again in a moment."


class _Leaving(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Annotated[str, Field(max_length=32, description="The kind of output.")]
    to_whom: Annotated[str, Field(max_length=LIMITS.longest_to_whom)] = Field(
        default="", description="A role with initials, or an organisation; empty: oneself."
    )
    until: Annotated[GivenTime | None, Field(description="When it is to be back.")] = None


class NewCopy(_Leaving):
    """What leaves plain or by a link."""

    carrier: Literal[Carrier.LINK, Carrier.PLAIN]
    reason: Annotated[
        str, Field(max_length=LIMITS.longest_words, description="Why it leaves plain; needed for that alone.")
    ] = ""


class NewSealedCopy(_Leaving):
    """What leaves behind a passphrase."""

    passphrase: Annotated[SecretStr, Field(max_length=200, description="The page makes one of six words.")]


class CopyMade(BaseModel):
    """The entry in the register, and of a link what opens it."""

    entry: HandedOutCopy
    link: str | None = None
    """The address without this service's own; what stands behind its # is told here once and kept nowhere."""


@router.post(
    f"{PREFIX}/{{selection_id}}/copies",
    status_code=201,
    summary="Hand out a plain file or a link",
    responses=described(401, 403, 404, 422),
)
def create_copy(selection_id: GivenId, new: NewCopy, asker: Asker, ctx: Ctx) -> CopyMade:
    """The register and the audit have it from now on. A plain file is fetched at its own address then; a link opens
    until its day, until it is ended (`DELETE /api/v1/copies/{copy_id}`), or until the review is erased.
    """
    if new.carrier is Carrier.LINK and not reaches_others(ctx):
        raise LinkReachesNobody
    leaving = Leaving(new.kind, new.carrier, new.to_whom, new.reason, new.until)
    with ctx.db.session() as session:
        entry, secret = hand_out(session, asker, selection_id, leaving)
    return CopyMade(entry=entry, link=f"/link#{secret}" if secret else None)


@router.post(
    f"{PREFIX}/{{selection_id}}/sealed-copies",
    summary="Hand out what a passphrase opens",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}}, **described(401, 403, 404, 422, 503)},
)
def create_sealed_copy(selection_id: GivenId, new: NewSealedCopy, asker: Asker, ctx: Ctx) -> Response:
    """A pack, or all files of another output, as a ZIP whose page asks for the passphrase. The service keeps neither:
    what was made is gone with the answer. Its entry in the register is in it when the first byte leaves; `X-Copy-Id`
    tells which it is.
    """
    leaving = Leaving(new.kind, Carrier.SEALED, new.to_whom, "", new.until)
    with ctx.db.reading() as session:
        there = [(one.name, one.storage_key, one.sha256) for one in check_hand_out(session, selection_id, leaving)]
    passphrase = new.passphrase.get_secret_value()
    with contextlib.ExitStack() as stack:
        busy = stack.enter_context(contextlib.ExitStack())
        busy.enter_context(one_of_few())
        folder = stack.enter_context(private_folder(ctx.settings))
        (folder / "open").mkdir()
        files = {name: fetch(ctx.storage, key, sha256, folder / "open" / name) for name, key, sha256 in there}
        if has_player(new.kind):
            [pack] = files.values()
            seal_pack(pack, passphrase, folder / "sealed.zip")
        else:
            seal_files(files, find_kind(new.kind).title, passphrase, folder / "sealed.zip")
        busy.close()
        with ctx.db.session() as session:
            entry, _ = hand_out(session, asker, selection_id, leaving)
        name = f"sealed-{entry.id[:6]}.zip"  # no word of the family stands in it

        def look(session: Transaction) -> None:
            check_selection(session, asker, selection_id, Right.WORK)
            check_hand_out(session, selection_id, leaving)

        length, held = (folder / "sealed.zip").stat().st_size, stack.pop_all()
        return BreakableResponse(
            while_allowed(blocks_of(folder / "sealed.zip", held), asked_again(ctx, look)),
            media_type="application/zip",
            headers={
                "X-Copy-Id": entry.id,
                "Content-Disposition": f'attachment; filename="{name}"',
                "Content-Length": str(length),
            },
            background=BackgroundTask(held.close),
        )


@router.get(COPIES, summary="Copies that were handed out", responses=described(401, 403, 404))
def list_handed_out_copies(
    asker: Asker,
    ctx: Ctx,
    family_id: GivenFilter = "",
    selection_id: GivenFilter = "",
) -> list[HandedOutCopy]:
    """Of a family or of a selection that one works on, all that ever left; without either, what one handed out of
    families that were erased since.
    """
    with ctx.db.reading() as session:
        return list_copies(session, asker, family_id=family_id, selection_id=selection_id)


@router.delete(f"{COPIES}/{{copy_id}}", status_code=204, summary="A copy is back", responses=described(401, 403, 404))
def delete_copy(copy_id: GivenId, asker: Asker, ctx: Ctx) -> Response:
    """Somebody brought it back or deleted it where it lay. A link ends with this, and opens nothing from then on."""
    with ctx.db.session() as session:
        end_own_copy(session, asker, copy_id)
    return Response(status_code=204)


@contextlib.contextmanager
def one_of_few() -> Iterator[None]:
    """For the length of a block few others seal anything. Raises: SealingBusy."""
    if not _SEALED_AT_ONCE.acquire(timeout=_WAIT_S):
        raise SealingBusy
    try:
        yield
    finally:
        _SEALED_AT_ONCE.release()


def blocks_of(file: Path, held: contextlib.ExitStack) -> Iterator[bytes]:
    """The file's blocks; what holds it is let go with the last one, also where nobody takes that."""
    with held, file.open("rb") as reading:
        while block := reading.read(_BLOCK_BYTES):
            yield block


def reaches_others(ctx: AppContext) -> bool:
    """Whether others than this machine are answered."""
    return bool(ctx.settings.token.get_secret_value()) or ctx.settings.has_accounts
