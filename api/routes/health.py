"""Whether the service is alive, and whether it can do its job."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from api.dependencies import Ctx
from api.errors import described
from records.settings import Settings
from worker.monitoring.health import Health, health

_JSON = "application/json"
router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    status: str = "alive"


@router.get("/healthz", summary="Is the process alive?")
async def check_liveness() -> Alive:
    """Answers without looking at anything else; needs no token."""
    return Alive()


@router.get(
    "/readyz",
    summary="Can it do its job?",
    responses={503: {"model": Health, "description": "Not now; `problems` says why."}, **described(401)},
)
def check_readiness(ctx: Ctx) -> Response:
    """The database current, storage writable, the queue reachable, room on the disk."""
    found = health(ctx.db, ctx.settings, ctx.storage)
    return Response(found.model_dump_json(), 200 if can_work(found, ctx.settings) else 503, media_type=_JSON)


def can_work(found: Health, settings: Settings) -> bool:
    """Whether uploads can be taken and kept. Without a worker they wait, and that is no reason to refuse them."""
    room = found.disk_free_bytes is not None and found.disk_free_bytes >= settings.min_free_bytes
    return bool(found.database_current) and found.storage_writable and found.broker_answers and room
