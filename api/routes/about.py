"""About this service: what is kept, who may see it, what leaves, its papers, and whom to ask; for everybody."""

from __future__ import annotations

import platform
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict
from starlette.responses import FileResponse, PlainTextResponse, Response

from api.dependencies import AppContext, Ctx
from api.errors import NothingHere, described
from api.governance.accessibility import accessibility_statement
from api.governance.blocks import PAGE_POLICY, Paper, as_markdown, as_page, drawings_of
from api.governance.disclosure import POLICY_PATH, disclosure_policy, security_txt
from api.governance.packages import SBOMS, sboms
from api.governance.papers import OFFERED, made_for_anybody, made_on
from api.governance.printed import as_pdf
from api.middleware.access import ABOUT
from records.clock import utcnow
from records.inventory.inventory import Inventory, inventory_of

router = APIRouter(tags=["about"])
_NAME: Final = "^[a-z-]{1,40}$"


class Form(StrEnum):
    """In which form a paper can be had."""

    PAGE = "html"
    PDF = "pdf"
    MARKDOWN = "md"
    DRAWING = "svg"


class PaperOffer(BaseModel):
    """A paper that can be taken away, under ``/api/v1/about/papers/{name}.{form}``."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    about: str
    forms: tuple[Form, ...]


class AboutView(Inventory):
    """What is kept, who may see it, what leaves; which papers there are; what runs."""

    python: str
    papers: tuple[PaperOffer, ...]
    sboms: tuple[str, ...]
    """Software bills of material (CycloneDX), under ``/api/v1/about/sboms/{name}``; none where nobody made any."""


@router.get(ABOUT, summary="About this service", responses=described(401))
def get_about(ctx: Ctx) -> AboutView:
    """From the settings in force. No secret, no server's address and nothing of a family is in it."""
    found = inventory_of(ctx.settings)
    return AboutView(
        **{name: getattr(found, name) for name in Inventory.model_fields},
        python=platform.python_version(),
        papers=_offers(found),
        sboms=tuple(path.name for path in sboms()),
    )


@router.get(
    f"{ABOUT}/papers/{{name}}.{{form}}",
    summary="A paper of information governance",
    responses=described(401, 404),
    response_class=Response,
)
def download_paper(name: Annotated[str, Path(pattern=_NAME)], form: Form, ctx: Ctx) -> Response:
    """As a page, PDF, Markdown, or its drawing alone; written from the settings in force, today."""
    if name not in OFFERED:
        raise NothingHere
    paper = OFFERED[name](*_today(ctx))
    match form:
        case Form.PAGE:
            return _page(paper)
        case Form.PDF:
            return _file(_pressed(paper), "application/pdf", f"{name}.pdf")
        case Form.MARKDOWN:
            return _file(as_markdown(paper).encode(), "text/markdown; charset=utf-8", f"{name}.md")
        case Form.DRAWING:
            for drawing in drawings_of(paper):
                return _file(drawing.svg.encode(), "image/svg+xml", f"{name}.svg")
            raise NothingHere


@router.get(
    f"{ABOUT}/sboms/{{name}}",
    summary="A software bill of materials",
    responses=described(401, 404),
    response_class=FileResponse,
)
def download_sbom(name: str) -> FileResponse:
    """CycloneDX, as JSON: `sbom.cdx.json` of the service, `page-sbom.cdx.json` of the page, where they were made."""
    for path in sboms():
        if name in SBOMS and path.name == name:
            return FileResponse(path, media_type="application/vnd.cyclonedx+json", filename=name)
    raise NothingHere


@router.get("/accessibility", include_in_schema=False)
def open_accessibility(ctx: Ctx) -> Response:
    """The accessibility statement, for those who cannot sign in because something keeps them out."""
    return _page(accessibility_statement(*_for_anybody(ctx)))


@router.get(POLICY_PATH, include_in_schema=False)
def open_security_policy(ctx: Ctx) -> Response:
    """How to report a weakness."""
    return _page(disclosure_policy(*_for_anybody(ctx)))


@router.get("/.well-known/security.txt", include_in_schema=False)
def get_security_txt(ctx: Ctx) -> Response:
    """RFC 9116; there is none where no contact is set."""
    found = inventory_of(ctx.settings)
    if not found.security_contacts:
        raise NothingHere
    return PlainTextResponse(security_txt(found, ctx.settings.public_url, utcnow()))


def _today(ctx: AppContext) -> tuple[Inventory, str]:
    found = inventory_of(ctx.settings)
    return found, made_on(found, date.today())  # noqa: DTZ011 the day by the clock on the wall


def _for_anybody(ctx: AppContext) -> tuple[Inventory, str]:
    return inventory_of(ctx.settings), made_for_anybody(date.today())  # noqa: DTZ011


@lru_cache(maxsize=1)
def _offers(found: Inventory) -> tuple[PaperOffer, ...]:
    """Writing all of them to tell their titles takes 60 ms: once for the settings of a process."""
    return tuple(
        PaperOffer(
            name=paper.name,
            title=paper.title,
            about=paper.about,
            forms=tuple(form for form in Form if form != Form.DRAWING or any(drawings_of(paper))),
        )
        for paper in (write(found, "") for write in OFFERED.values())
    )


@lru_cache(maxsize=8)
def _pressed(paper: Paper) -> bytes:
    """Typesetting takes some tenths of a second: once for a paper and day."""
    return as_pdf(paper)


def _page(paper: Paper) -> Response:
    return Response(as_page(paper), media_type="text/html", headers={"Content-Security-Policy": PAGE_POLICY})


def _file(content: bytes, media_type: str, name: str) -> Response:
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
