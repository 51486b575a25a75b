"""Figures for Prometheus: one look at the service in its terms. What is unknown is absent, never 0.

Labels are bounded: kinds, states, priorities, outcomes and codes that this program knows, and "other" for any else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from api.dependencies import Ctx
from api.errors import described
from api.middleware.wrong_tokens import WrongTokens
from pipeline.artifact import COPIED, EncodingReason
from pipeline.errors import plain_reasons
from pipeline.outputs.kinds import KINDS
from records.database import Database
from records.errors import DatabaseUnavailable
from records.ledger.jobs import MOMENT
from records.ledger.outcome_counts import Outcome, OutcomeCounts, outcome_counts
from records.states import JobState
from records.views.queue_stats import QueueFigures
from worker.monitoring.alerts import assess_store, newly_silent, without_jail
from worker.monitoring.health import Health, health

EDGES_S = (1, 2, 3, 5, 8, 12, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 1800, 3600, 7200)
"""Of the buckets. None has more than two digits, so that counts of rounded times are exact:
records/ledger/outcome_counts.py."""
_FORMER_CODES = {"recovery_late": "healing_late"}
router = APIRouter(tags=["health"])


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response, responses=described(401))
def get_metrics(ctx: Ctx, request: Request) -> Response:
    """The queue's depth and age, times, outcomes, workers, disk, clocks. What is unknown is absent."""
    registry = CollectorRegistry()
    registry.register(Figures(health(ctx.db, ctx.settings, ctx.storage), _all_outcomes(ctx.db)))
    registry.register(WrongTokenFigures(request.app.state.wrong_tokens, request.app.state.sign_in_tries.wrong))
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")


def _all_outcomes(db: Database) -> OutcomeCounts | None:
    try:
        with db.reading() as session:
            return outcome_counts(session)
    except DatabaseUnavailable:
        return None


class Figures(Collector):
    """One look, collected once."""

    def __init__(self, found: Health, ended: OutcomeCounts | None) -> None:
        self._found = found
        self._ended = ended if found.queue is not None else None

    def collect(self) -> Iterator[Metric]:
        found = self._found
        yield _labelled("vigpack_build_info", "The version that answers.", ["version"], {(found.version,): 1})
        healthy = found.verdict.state in {"well", "busy"}
        now = [(alert.code, alert.level) for alert in found.verdict.alerts]
        alerts: dict[tuple[str, ...], float] = dict.fromkeys(now, 1)
        yield _gauge("vigpack_healthy", "Whether nothing is wrong.", healthy)
        yield _labelled("vigpack_problem", "What is wrong, as the IT page tells it.", ["code", "level"], alerts)
        # Their former names, for one release; with the codes of that time.
        former: dict[tuple[str, ...], float] = {(_FORMER_CODES.get(code, code), level): 1 for code, level in now}
        yield _gauge("vigpack_well", "The same as vigpack_healthy.", healthy)
        yield _labelled("vigpack_hurts", "The same as vigpack_problem.", ["code", "level"], former)
        for name, about, value in _parts(found):
            if value is not None:
                yield _gauge(name, about, value)
        if found.queue is not None:
            yield from _queue(found.queue)
        if self._ended is not None:
            yield from _outcomes(self._ended)


class WrongTokenFigures(Collector):
    """What this process saw of wrong tokens; no place is named."""

    def __init__(self, found: WrongTokens, sign_ins: WrongTokens) -> None:
        self._found, self._sign_ins = found, sign_ins

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "vigpack_wrong_tokens", "Wrong access tokens that were looked at.", value=self._found.counted
        )
        yield CounterMetricFamily(
            "vigpack_tokens_not_tried", "Access tokens that were refused unseen: too many wrong ones came from there.",
            value=self._found.refused,
        )  # fmt: skip
        yield CounterMetricFamily(
            "vigpack_wrong_sign_ins", "Wrong passwords, codes, passkeys and invitations that were looked at.",
            value=self._sign_ins.counted,
        )  # fmt: skip
        yield CounterMetricFamily(
            "vigpack_sign_ins_not_tried", "Attempts to sign in that were refused unseen: too many had failed.",
            value=self._sign_ins.refused,
        )  # fmt: skip


def _is_open(found: Health) -> bool:
    return found.jail == "none" or (found.queue is not None and bool(without_jail(found.queue)))


def _parts(found: Health) -> list[tuple[str, str, float | None]]:
    return [
        ("vigpack_database_up", "Whether the database answers.", found.database_answers),
        ("vigpack_broker_up", "Whether the queue answers.", found.broker_answers),
        ("vigpack_storage_up", "Whether films can be received and kept.", found.storage_writable),
        ("vigpack_sweep_stopped", "Whether nothing is swept, as store and database do not match.", _stopped(found)),
        ("vigpack_broker_messages", "Wake-up messages in the queue.", found.broker_messages),
        ("vigpack_disk_free_bytes", "Free on the disk that receives uploads.", found.disk_free_bytes),
        ("vigpack_disk_total_bytes", "Size of that disk.", found.disk_total_bytes),
        ("vigpack_jail_missing", "Whether nothing keeps in what opens films, on any machine.", _is_open(found)),
        ("vigpack_disk_reserve_bytes", "Uploads are refused when less is free.", found.disk_reserve_bytes),
        ("vigpack_disk_days_left", "Days until then, at the rate of the last day.", found.disk_days_left),
        ("vigpack_backup_overdue", "Whether the last backup is too old, or missing.", found.backup_overdue),
        (
            "vigpack_last_backup_timestamp_seconds",
            "The moment whose state the last good backup holds.",
            found.last_backup_at.timestamp() if found.last_backup_at else None,
        ),
        (
            "vigpack_proxy_up",
            "Whether browsers get an answer from the proxy.",
            None if found.proxy_problem is None else not found.proxy_problem,
        ),
        (
            "vigpack_certificate_ends_timestamp_seconds",
            "When the proxy's certificate ends.",
            found.certificate_ends_at.timestamp() if found.certificate_ends_at else None,
        ),
        ("vigpack_clock_skew_seconds", "Largest difference to the database's clock.", found.clock_skew_s),
        ("vigpack_workers", "Workers that take jobs and gave a sign of life of late.", found.workers_alive),
    ]


def _stopped(found: Health) -> bool | None:
    if found.store_match is None:
        return None
    return assess_store(found.store_match, found.store_strange_files) is not None


def _queue(queue: QueueFigures) -> Iterator[Metric]:
    states = _sums(((_kind(one.kind), _known(one.state, JobState)), one.jobs) for one in queue.jobs)
    yield _labelled("vigpack_jobs", "Jobs by state and kind.", ["kind", "state"], states)
    depths = _sums(((_kind(one.kind), str(one.priority)), one.jobs) for one in queue.waiting)
    about = "Jobs that wait and may begin, by kind and urgency (0 first)."
    yield _labelled("vigpack_jobs_waiting", about, ["kind", "priority"], depths)
    yield _gauge("vigpack_jobs_due", "Jobs that wait and may begin.", queue.due)
    yield _gauge("vigpack_jobs_stalled", "Running jobs that stand still.", queue.stalled)
    yield _gauge("vigpack_oldest_waiting_seconds", "How long the oldest of them has waited.", queue.oldest_waiting_s)
    yield _gauge("vigpack_workers_silent", "Workers that fell silent of late.", newly_silent(queue))
    for name, about, moment in (
        ("vigpack_last_done_timestamp_seconds", "When a job was last finished.", queue.last_done_at),
        ("vigpack_last_recovery_timestamp_seconds", "When lost work was last looked for.", queue.last_recovery_at),
        # Its former name, for one release.
        (
            "vigpack_healed_timestamp_seconds",
            "The same as vigpack_last_recovery_timestamp_seconds.",
            queue.last_recovery_at,
        ),
    ):
        if moment is not None:
            yield _gauge(name, about, moment.timestamp())
    if queue.workers:
        youngest = min(worker.seen_s for worker in queue.workers)
        yield _gauge("vigpack_heartbeat_age_seconds", "Since any worker last gave a sign of life.", youngest)


def _outcomes(ended: OutcomeCounts) -> Iterator[Metric]:
    outcomes = _sums(((_kind(kind), outcome), jobs) for (kind, outcome), jobs in ended.by_outcome().items())
    known = {(kind, outcome): 0.0 for kind in (MOMENT, *KINDS) for outcome in Outcome}
    total = CounterMetricFamily(
        "vigpack_jobs_ended", "Attempts that ended, by kind and how.", labels=["kind", "outcome"]
    )
    for labels, jobs in sorted((known | outcomes).items()):
        total.add_metric(labels, jobs)
    yield total
    codes = _sums(((_known(code, plain_reasons()),), jobs) for code, jobs in ended.failed_by_code().items())
    failed = CounterMetricFamily("vigpack_jobs_failed", "Jobs that were given up, by reason.", labels=["code"])
    # Each reason stands there from the start: Prometheus does not see a first failure that comes together with its row.
    for labels, jobs in sorted(({(code,): 0.0 for code in plain_reasons()} | codes).items()):
        failed.add_metric(labels, jobs)
    yield failed
    hows = (COPIED, *EncodingReason)
    counted = _sums(((_known(how, hows),), clips) for how, clips in ended.clips_by_picture().items())
    about = "Finished clips, by how their picture came about: copied, or why it was encoded."
    pictures = CounterMetricFamily("vigpack_clips_finished", about, labels=["picture"])
    for labels, clips in sorted(({(str(how),): 0.0 for how in hows} | counted).items()):
        pictures.add_metric(labels, clips)
    yield pictures
    about = "From the complete upload to ready; of an output: from the asking."
    ready = HistogramMetricFamily("vigpack_time_to_ready_seconds", about, labels=["kind"])
    times = {kind: [*found] for kind, found in ended.ready_ms().items()}
    merged: dict[str, list[tuple[int, int]]] = {kind: [] for kind in (MOMENT, *KINDS)}
    for kind, found in times.items():
        merged.setdefault(_kind(kind), []).extend(found)
    for kind, found in sorted(merged.items()):
        buckets = [(str(edge), sum(n for ms, n in found if ms <= 1000 * edge)) for edge in EDGES_S]
        jobs = sum(n for _, n in found)
        ready.add_metric([kind], [*buckets, ("+Inf", jobs)], sum(ms * n for ms, n in found) / 1000)
    yield ready


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _labelled(name: str, about: str, labels: list[str], rows: dict[tuple[str, ...], float]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=labels)
    for values, value in rows.items():
        family.add_metric(values, value)
    return family


def _sums(rows: Iterable[tuple[tuple[str, ...], float]]) -> dict[tuple[str, ...], float]:
    """Rows whose labels became the same are added up."""
    found: dict[tuple[str, ...], float] = {}
    for labels, value in rows:
        found[labels] = found.get(labels, 0) + value
    return found


def _kind(kind: str) -> str:
    return _known(kind, (MOMENT, *KINDS))


def _known(word: str, words: Iterable[str]) -> str:
    return word if word in set(words) else "other"
