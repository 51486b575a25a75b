"""Whether the service is alive, whether it can do its job, and figures for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pydantic import BaseModel
from starlette.responses import Response

from api.errors import described
from api.parts import GivenParts
from records.settings import Settings
from worker.health import Health, health

_JSON = "application/json"
router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    status: str = "alive"


@router.get("/healthz", summary="Is the process alive?")
async def alive() -> Alive:
    """Answers without looking at anything else; needs no token."""
    return Alive()


@router.get(
    "/readyz",
    summary="Can it do its job?",
    responses={503: {"model": Health, "description": "Not now; `problems` says why."}, **described(401)},
)
def ready(parts: GivenParts) -> Response:
    """The database current, storage writable, the queue reachable, room on the disk."""
    found = health(parts.db, parts.settings, parts.storage)
    return Response(found.model_dump_json(), 200 if can_work(found, parts.settings) else 503, media_type=_JSON)


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response, responses=described(401))
def figures(parts: GivenParts) -> Response:
    """The queue's depth and age, the disk, the workers. What is unknown is absent."""
    registry = CollectorRegistry()
    registry.register(_Figures(health(parts.db, parts.settings, parts.storage)))
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")


def can_work(found: Health, settings: Settings) -> bool:
    """Whether uploads can be taken and kept. Without a worker they wait, and that is no reason to refuse them."""
    room = found.disk_free_bytes is not None and found.disk_free_bytes >= settings.min_free_bytes
    return bool(found.database_current) and found.storage_writable and found.broker_answers and room


class _Figures(Collector):
    """One look at the service in Prometheus' terms."""

    def __init__(self, found: Health) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        found = self._found
        if found.jobs is not None:
            jobs = GaugeMetricFamily("vigpack_jobs", "Jobs by kind and state.", labels=["kind", "state"])
            for count in found.jobs:
                jobs.add_metric([count.kind, count.state], count.jobs)
            yield jobs
        known = {
            "vigpack_jobs_due": ("Jobs that wait and may begin.", found.jobs_due),
            "vigpack_oldest_waiting_seconds": ("How long the oldest of them has waited.", found.oldest_waiting_s),
            "vigpack_broker_messages": ("Wake-up messages in the queue.", found.broker_messages),
            "vigpack_disk_free_bytes": ("Free on the disk that receives uploads.", found.disk_free_bytes),
            "vigpack_workers_alive": ("Workers that gave a sign of life of late.", found.workers_alive),
            "vigpack_last_done_timestamp_seconds": (
                "When a job was last finished.",
                None if found.last_done_at is None else found.last_done_at.timestamp(),
            ),
        }
        for name, (about, value) in known.items():
            if value is not None:
                yield GaugeMetricFamily(name, about, value=value)
