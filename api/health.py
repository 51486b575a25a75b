"""Whether the service is alive, whether it can do its job, and figures for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    status: str = "alive"


@router.get("/healthz", summary="Is the process alive?")
async def alive() -> Alive:
    """Answers without looking at anything else; needs no token."""
    return Alive()
