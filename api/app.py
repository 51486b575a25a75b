"""The HTTP application: its parts, its routers, and what stands before them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from api import errors
from api.background import keep_beating, keep_noted_in_audit, keep_running_maintenance, keep_writing_checkpoints
from api.dependencies import AppContext
from api.diagnostics.browser_addresses import BrowserAddresses
from api.diagnostics.health_cache import HealthCache
from api.diagnostics.recent_log import RecentLines
from api.feeds.feeds import Feeds
from api.feeds.health import HealthFeed
from api.feeds.open_streams import OpenStreams
from api.feeds.selections import SelectionFeed
from api.middleware.audited import Audited
from api.middleware.authentication import Guard, check_exposure
from api.middleware.client_address import ClientAddress
from api.middleware.families import check_family, note_look
from api.middleware.identity import Identity
from api.middleware.limits import BodyLimit, MethodOverride, SecurityHeaders
from api.middleware.rate import RatePerPerson
from api.middleware.request_log import RequestLog
from api.middleware.same_site import SameSite
from api.middleware.sign_in_tries import SignInTries
from api.middleware.wrong_tokens import WrongTokens
from api.records_ready import RecordsReady
from api.routes import (
    about,
    account,
    artifacts,
    artwork,
    audit,
    authenticator_app,
    browser_storage,
    colleagues,
    consents,
    copies,
    corrections,
    families,
    family_films,
    health,
    hiding,
    invitations,
    links,
    local_sign_in,
    logbook,
    metrics,
    notices,
    operations,
    operations_events,
    organisation,
    outputs,
    passkeys,
    people,
    preview,
    ratings,
    reports,
    resets,
    retention,
    review,
    selection_events,
    selections,
    session,
    sign_in,
    silence,
    subject_access,
    tokens,
    trim,
    uploads,
)
from api.routes.page import BUILT_PAGE, serve_page
from records.accounts.local.breached import check_list
from records.accounts.organisation.configuration import Organisation, organisation_of
from records.accounts.shared_secrets import shared_secrets
from records.audit.act import note_act
from records.database import open_database
from records.log_file import log_files
from records.logs import configure_logging
from records.settings import Settings, load_settings
from records.storage.open import open_storage
from records.uploads.uploads import Uploads
from worker.effects import carry_out_effects

if TYPE_CHECKING:
    from records.accounts.organisation.provider import Provider

_ABOUT = """Send the moments of a film, get a review pack and picture notes.

Begin with `POST /api/v1/selections`; send each awaited upload with tus 1.0 to `/api/v1/uploads`; follow
`/api/v1/events`; download the artifacts. Every error is a problem (RFC 9457) whose `detail` can be shown as it is.
"""


_READY_WITHIN_S = 10
"""After that it answers that its records are not ready, instead of not at all."""


def create_app(settings: Settings | None = None, page: Path = BUILT_PAGE) -> FastAPI:
    """The application, ready for a server; ``uvicorn api.app:create_app --factory`` reads the settings itself.

    Raises: OpenToTheNetwork, BreachedListUnreadable, OrganisationMisconfigured, StorageUnavailable.
    """
    given = settings or load_settings()
    check_exposure(given, given.host)
    if given.breached_passwords:
        check_list(given.breached_passwords)
    configure_logging(RecentLines(), *log_files(given, "api"))
    db, storage = open_database(given), open_storage(given)
    carry_out_effects(db, storage, given)
    db.before_commit = note_act
    ctx = AppContext(given, db, storage, Uploads(db, storage, given), given.ffmpeg_runner(), given.jail_for_media())

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        app.state.records_ready = ready = RecordsReady(ctx)
        first = [keep_running_maintenance(ctx, ready), keep_beating(given.hung_after_s)]
        tasks = [asyncio.create_task(duty) for duty in first]
        await run_in_threadpool(ready.looked.wait, _READY_WITHIN_S)
        tasks += [asyncio.create_task(duty) for duty in (keep_writing_checkpoints(ctx), keep_noted_in_audit(ctx))]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        db.dispose()

    app = FastAPI(
        title="vigpack",
        summary="Review packs and picture notes for Video Interaction Guidance",
        description=_ABOUT,
        version=version("vigpack"),
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # its page would load code from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,  # it would answer before the token is asked for, with the address the Host header names
        generate_unique_id_function=_operation_name,
        responses=errors.described(422, 500),
    )
    app.state.context = ctx
    browsers = BrowserAddresses()
    app.state.health = HealthCache(db, given, storage, browsers)
    app.state.feeds = Feeds(SelectionFeed(db), HealthFeed(app.state.health), OpenStreams(given.most_streams))
    app.state.previews = RatePerPerson(given.most_previews_per_minute, 60)
    app.state.openings = RatePerPerson(links.MOST_OPENINGS_PER_MINUTE, 60)
    app.add_middleware(MethodOverride)
    app.add_middleware(BodyLimit)
    app.add_middleware(SameSite, public_url=given.public_url, browsers=browsers)
    app.state.wrong_tokens = WrongTokens()
    app.state.sign_in_tries = SignInTries()
    app.state.identity = Identity(given, shared_secrets(given), db, app.state.wrong_tokens)
    chosen = organisation_of(given)
    app.state.provider = _provider_of(chosen) if chosen else None
    app.add_middleware(Guard, settings=given, identity=app.state.identity)
    app.add_middleware(Audited, db=db)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestLog)
    app.add_middleware(ClientAddress, trusted=given.trusted_proxies)  # the last one added stands outermost
    errors.install(app)
    app.router.routes.extend(_all_routes().routes)
    app.mount(review.FILES, review.player_files(), name="player")
    serve_page(app, page)
    _describe(app)
    return app


@cache
def _all_routes() -> APIRouter:
    """Every route, behind what is asked before each: the same for every application that a process makes.

    FastAPI looks into them, for a third of a second, when they are first asked for.
    """
    whole = APIRouter(generate_unique_id_function=_operation_name, responses=errors.described(422, 500))
    for routes in (
        about, uploads, selections, trim, hiding, silence, selection_events, outputs, preview, artwork, artifacts,
        consents,
        health, metrics, family_films, families, colleagues, copies, links, notices, session, browser_storage, sign_in,
        local_sign_in, invitations, account, authenticator_app, passkeys, people, resets, reports, organisation, tokens,
        ratings, logbook, review, audit, operations, operations_events, retention, subject_access, corrections,
    ):  # fmt: skip
        whole.include_router(routes.router, dependencies=[Depends(check_family), Depends(note_look)])
    return whole


def _provider_of(chosen: Organisation) -> Provider:
    from records.accounts.organisation.provider import Provider  # brings Authlib, which few services need

    return Provider(chosen)


def _operation_name(route: APIRoute) -> str:
    return route.name


def _describe(app: FastAPI) -> None:
    """Complete the OpenAPI description: what a problem looks like, and how one is known."""
    made = app.openapi

    def described() -> dict[str, object]:
        if app.openapi_schema is None:
            schema = made()
            parts = schema.setdefault("components", {})
            parts.setdefault("schemas", {})["Problem"] = errors.Problem.model_json_schema()
            parts["securitySchemes"] = {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-vigpack_session"},
            }
            schema["security"] = [{"token": []}, {"session": []}]
        return app.openapi_schema or {}

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's documented way to extend its description
