"""Whether the service is well, what is wrong, and what to do now: rules over the facts, in words for IT."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field
from pydantic.config import JsonDict

from records.folders import FULL_DATABASE, MAKE_ROOM
from records.ledger.store_identity import StoreMatch
from records.views.queue_stats import QueueFigures, WorkerFigure
from worker.monitoring.proxy import OWN_CERTIFICATE
from worker.monitoring.snapshot import Facts

WAITS_S = 600
"""A job that could have begun so long ago waits too long."""
NOTHING_TAKEN_S = 120
"""Workers that are alive take a waiting job within seconds."""
RECOVERY_LATE_S = 300
SILENCE_MATTERS_S = 900
MOST_SKEW_S = 2.0
FEW_DAYS = 3
State = Literal["well", "busy", "warn", "bad"]
_START = "Start one: docker compose up -d worker, or vigpack up on one machine."
_UNDRAIN = (
    "All are drained. Let one work again: docker compose exec worker vigpack worker --undrain, or in the list below."
)
_GIVE_BACK = (
    "Give vigpack the database that belongs to these files: restore its newest backup. Only if this database is the "
    "right one: docker compose exec api vigpack store says what it does not know, and vigpack store --accept takes the "
    "store as it is."
)
_RESTART = (
    "Start them anew: docker compose up -d --force-recreate worker; on one machine end vigpack up and start it again. "
    "No work is lost."
)
"""Not ``restart``, which does nothing where a container is gone; nor ``up -d`` alone, which leaves alone what hangs."""
_GROW = "Add a worker: echo VIGPACK_WORKERS={} >> .env, then docker compose up -d worker."

PROXY_ANEW = (
    "Start the proxy anew: docker compose up -d --force-recreate proxy; docker compose logs --tail 50 proxy says what "
    "keeps it from working."
)

JAIL_REMEDY = (
    "Run it on Linux 5.13 or newer with Landlock switched on, or let it make user namespaces: docs/security.md, "
    "“Where films are opened”."
)
_FORMER_NAME: JsonDict = {"deprecated": True}


class Alert(BaseModel):
    """One thing that is wrong: how bad, in a sentence, and what to do now."""

    model_config = ConfigDict(frozen=True)

    code: str
    level: Literal["warn", "bad"]
    """bad: guiders notice it now; warn: they will, unless somebody acts."""
    message: str
    remedy: str

    @computed_field(description="The same as `message`, for one release.", json_schema_extra=_FORMER_NAME)  # type: ignore[prop-decorator]
    @property
    def says(self) -> str:
        """The message under its former name."""
        return self.message

    @computed_field(description="The same as `remedy`, for one release.", json_schema_extra=_FORMER_NAME)  # type: ignore[prop-decorator]
    @property
    def do(self) -> str:
        """The remedy under its former name."""
        return self.remedy


class Assessment(BaseModel):
    """How it is in one word and one sentence, and everything that is wrong, the worst first."""

    model_config = ConfigDict(frozen=True)

    state: State
    sentence: str
    alerts: list[Alert]

    @computed_field(description="The same as `alerts`, for one release.", json_schema_extra=_FORMER_NAME)  # type: ignore[prop-decorator]
    @property
    def hurts(self) -> list[Alert]:
        """The alerts under their former name."""
        return self.alerts


def assess(facts: Facts) -> Assessment:
    """The verdict over these facts."""
    alerts = sorted(
        [*_parts(facts), *_proxy(facts), *_disk(facts), *_queue(facts), *_backup(facts)],
        key=lambda alert: alert.level != "bad",
    )
    if alerts:
        return Assessment(state=alerts[0].level, sentence=alerts[0].message, alerts=alerts)
    busy = facts.queue is not None and (facts.queue.due or facts.queue.running)
    if not busy:
        return Assessment(state="well", sentence="All is well. Nothing waits.", alerts=[])
    return Assessment(state="busy", sentence="All is well, and busy.", alerts=[])


def _parts(facts: Facts) -> Iterator[Alert]:
    if not facts.database_answers:
        yield Alert(
            code="database_away",
            level="bad",
            message="The database does not answer.",
            remedy=(
                "Start it: docker compose up -d --force-recreate postgres; docker compose logs --tail 50 postgres says "
                "why it ended. What was sent is safe; uploads go on when it is back."
            ),
        )
    elif not facts.database_current:
        yield Alert(
            code="database_old",
            level="bad",
            message="The database has not been brought to this version; run vigpack migrate.",
            remedy="Run vigpack migrate: docker compose run --rm migrate, or vigpack up again on one machine.",
        )
    elif facts.database_full:
        said = FULL_DATABASE
        yield Alert(code="database_full", level="bad", message=said.message, remedy=said.remedy)
    for problem in facts.folder_problems:
        yield Alert(code="folder_not_writable", level="bad", message=problem.message, remedy=problem.remedy)
    if keys := facts.key_problem:
        yield Alert(code=keys.code, level=keys.level, message=keys.message, remedy=keys.remedy)
    if not facts.storage_writable and not facts.folder_problems:
        yield Alert(
            code="storage_away",
            level="bad",
            message="The place where films and packs are kept cannot be written.",
            remedy="Is the store running, may vigpack write to it, and is there room? vigpack doctor tells which.",
        )
    if facts.store_match and (alert := assess_store(facts.store_match, facts.store_strange_files)):
        yield alert
    if not facts.broker_answers:
        yield Alert(
            code="queue_away",
            level="bad",
            message="The queue does not answer; jobs wait until it does.",
            remedy=(
                "Start it: docker compose up -d --force-recreate redis; on one machine end vigpack up and start it "
                "again. The jobs stand in the database and are sent again by themselves."
            ),
        )
    if facts.jail == "none":
        told = "No film is prepared" if facts.jail_required else "What opens films is not kept from files and networks"
        yield _no_jail(facts, told, facts.jail_missing_because)
    if seen := facts.another_address:
        set_it = f"If that is your service, set VIGPACK_PUBLIC_URL={seen.origin} and start the API anew"
        if seen.refused:
            yield Alert(
                code="browser_refused",
                level="bad",
                message=f"A browser at {seen.origin} cannot send: a proxy puts another name into its requests.",
                remedy=f"{set_it}; or let the proxy hand on Host with its port, as the examples in configs/proxy do.",
            )
        else:
            yield Alert(
                code="public_url_wrong",
                level="warn",
                message=f"Browsers are at {seen.origin}, and VIGPACK_PUBLIC_URL says {facts.public_url}.",
                remedy=f"{set_it}. Older browsers are refused until then.",
            )
    if facts.clock_skew_s is not None and abs(facts.clock_skew_s) > MOST_SKEW_S:
        off = f"{abs(facts.clock_skew_s):.0f} seconds {'ahead of' if facts.clock_skew_s > 0 else 'behind'}"
        yield Alert(
            code="clocks_differ",
            level="warn",
            message=f"The clock of {_whose_clock(facts)} is {off} the database's.",
            remedy=(
                "Let the machines of both take the time from the same place: timedatectl set-ntp true on each, and "
                "timedatectl says whether its clock is right. Leases compare their clocks."
            ),
        )


def _whose_clock(facts: Facts) -> str:
    workers = [] if facts.queue is None else facts.queue.workers
    furthest = [worker.name for worker in workers if worker.state != "left" and worker.skew_s == facts.clock_skew_s]
    return f"worker {furthest[0]}" if furthest else "the API"


def _proxy(facts: Facts) -> Iterator[Alert]:
    if facts.proxy_problem:
        says = f"Browsers do not reach the service at {facts.proxy_url}."
        yield Alert(code="proxy_away", level="bad", message=says, remedy=f"{facts.proxy_problem} {PROXY_ANEW}")
    elif facts.certificate_ends_soon and facts.certificate_ends_at is not None:
        left = max(facts.certificate_ends_at - facts.at, timedelta())
        says = f"The certificate of {facts.proxy_url} ends in {_days(left / timedelta(days=1))}, and was not renewed."
        yield Alert(code="certificate_ends", level="warn", message=says, remedy=f"{OWN_CERTIFICATE} {PROXY_ANEW}")


def assess_store(match: StoreMatch, strange_files: int) -> Alert | None:
    """What is wrong where the store and the database do not belong together; None where they do."""
    match match:
        case StoreMatch.OURS | StoreMatch.NEW:
            return None
        case StoreMatch.FOREIGN:
            says, do = "The store belongs to another database; nothing is cleared away in it.", _GIVE_BACK
        case StoreMatch.OLDER:
            says = "The store holds what came after this database was backed up; nothing is cleared away in it."
            do = _GIVE_BACK
        case StoreMatch.UNKNOWN:
            says = "The store holds files that this database does not know; nothing is cleared away in it."
            do = _GIVE_BACK
        case StoreMatch.MISSING:
            says = "The store is empty, or not the one that this database had; its files are not found."
            do = (
                "Is its disk mounted, and do VIGPACK_DATA_DIR and VIGPACK_STORAGE_URL name the right place? "
                "Restore the files from the backup. If this store is to be used as it is: vigpack store --accept."
            )
        case StoreMatch.STRANGE:
            files = "A file" if strange_files == 1 else f"{strange_files} files"
            says = f"{files} in the store came from no review that this database had; nothing is cleared away in it."
            return Alert(code="store_strange", level="warn", message=says, remedy=_GIVE_BACK)
    return Alert(code=f"store_{match.value}", level="bad", message=says, remedy=do)


def _disk(facts: Facts) -> Iterator[Alert]:
    free, reserve = facts.disk_free_bytes, facts.disk_reserve_bytes
    if free is not None and free < reserve:
        says = "The disk is nearly full; uploads are refused."
        yield Alert(code="disk_full", level="bad", message=says, remedy=MAKE_ROOM)
    elif facts.disk_days_left is not None and facts.disk_days_left < FEW_DAYS:
        says = f"The disk will be full in {_days(facts.disk_days_left)}; then uploads are refused."
        yield Alert(code="disk_fills", level="warn", message=says, remedy=MAKE_ROOM)
    elif free is not None and free < 2 * reserve:
        says = f"Only {free / 1e9:.1f} GB are free; uploads are refused below {reserve / 1e9:.1f} GB."
        yield Alert(code="disk_low", level="warn", message=says, remedy=MAKE_ROOM)


def _backup(facts: Facts) -> Iterator[Alert]:
    if facts.backup_overdue and facts.unsaved_since is not None:
        days = round((facts.at - facts.unsaved_since).total_seconds() / 86_400)
        says = f"The last backup is {days} days old."
        if facts.last_backup_at is None:
            says = f"There is no backup, and the oldest footage came {days} days ago."
        make = (
            "Make one: vigpack backup DIR; docs/operations.md has the lines to paste, and how to have it done nightly."
        )
        yield Alert(code="backup_old", level="warn", message=says, remedy=make)


def _queue(facts: Facts) -> Iterator[Alert]:
    queue = facts.queue
    if queue is None or facts.database_full:  # then signs of life, claims and ends of jobs may not be written
        return
    if not facts.workers_alive:
        says = "No worker is running; moments wait until one is."
        yield Alert(code="no_worker", level="bad", message=says, remedy=start_a_worker(queue.workers))
    elif _nothing_is_taken(queue):
        yield Alert(
            code="nothing_taken",
            level="bad",
            message=f"{_jobs(queue.due)} and the workers take none.",
            remedy=_RESTART,
        )
    if queue.due >= facts.most_waiting_jobs:
        yield Alert(
            code="queue_full",
            level="bad",
            message=f"{queue.due} jobs wait; nothing new is taken until there are fewer.",
            remedy=f"{_grow(facts)} What was sent is safe.",
        )
    if queue.stalled:
        who = "A worker is" if queue.stalled == 1 else f"{queue.stalled} workers are"
        yield Alert(code="stalled", level="bad", message=f"{who} stuck in the middle of a job.", remedy=_RESTART)
    if facts.workers_alive and queue.oldest_waiting_s > WAITS_S and not _nothing_is_taken(queue):
        yield Alert(
            code="waits_long",
            level="warn",
            message=f"The oldest job has waited {queue.oldest_waiting_s / 60:.0f} minutes.",
            remedy=f"There is more work than the workers can do. {_grow(facts)}",
        )
    if silent := newly_silent(queue):
        who = "A worker" if silent == 1 else f"{silent} workers"
        yield Alert(
            code="worker_silent",
            level="warn",
            message=f"{who} went silent without ending in order.",
            remedy=f"It was killed (is memory short?), or hangs. Its jobs are given to others. {_RESTART}",
        )
    for worker in queue.workers:
        if worker.state == "working":
            for problem in worker.folder_problems:
                says = f"Worker {worker.name}: {problem.message}"
                yield Alert(code="folder_not_writable", level="bad", message=says, remedy=problem.remedy)
    for worker in without_jail(queue):
        if facts.jail == "none" and worker.jail_missing_because == facts.jail_missing_because:
            continue  # on the API's machine, or just like it, and told already
        does = "prepares no film" if facts.jail_required else "does not keep what opens films from files and networks"
        yield _no_jail(facts, f"Worker {worker.name} {does}", worker.jail_missing_because)
    if queue.failed_now:
        what = "A job was" if queue.failed_now == 1 else f"{queue.failed_now} jobs were"
        yield Alert(
            code="given_up",
            level="warn",
            message=f"{what} given up since yesterday.",
            remedy=(
                "The list below says why. Put that right and try again: that is safe. A damaged film must be sent "
                "anew. Where there is nothing to put right, take note, and it is counted no more."
            ),
        )
    if facts.workers_alive and _recovery_is_late(facts, queue):
        says = "Lost work has not been looked for lately."
        yield Alert(code="recovery_late", level="warn", message=says, remedy=_RESTART)
    versions = {worker.version for worker in queue.workers if worker.state == "working"} | {facts.version}
    if len(versions) > 1:
        says = f"Parts of different versions run side by side: {', '.join(sorted(versions))}."
        yield Alert(
            code="versions_differ",
            level="warn",
            message=says,
            remedy="Bring all machines to the same version: git pull, then docker compose up -d --build.",
        )


def start_a_worker(workers: Iterable[WorkerFigure]) -> str:
    """What to do where none of these takes jobs."""
    states = {worker.state for worker in workers}
    if "silent" in states:  # it may hang, and then be running for Docker
        return _RESTART
    return _UNDRAIN if "draining" in states else _START


def without_jail(queue: QueueFigures) -> list[WorkerFigure]:
    """The workers on whose machines nothing keeps in what opens films."""
    return [worker for worker in queue.workers if worker.state == "working" and worker.jail == "none"]


def _no_jail(facts: Facts, told: str, why: str) -> Alert:
    missing = f"because {why}" if why else "here"
    level: Literal["bad", "warn"] = "bad" if facts.jail_required else "warn"
    return Alert(code="jail_missing", level=level, message=f"{told}: there is no jail, {missing}.", remedy=JAIL_REMEDY)


def _grow(facts: Facts) -> str:
    return _GROW.format((facts.workers_alive or 0) + 1)


def newly_silent(queue: QueueFigures) -> int:
    """Workers that fell silent of late; one long gone was replaced, or is missed by nobody."""
    return sum(worker.state == "silent" and worker.seen_s < SILENCE_MATTERS_S for worker in queue.workers)


def _nothing_is_taken(queue: QueueFigures) -> bool:
    moves = any(not job.stalled for job in queue.running)
    return bool(queue.due) and queue.oldest_waiting_s > NOTHING_TAKEN_S and not moves


def _recovery_is_late(facts: Facts, queue: QueueFigures) -> bool:
    since = queue.last_recovery_at or min(worker.started_at for worker in queue.workers if worker.state == "working")
    return (facts.at - since).total_seconds() > RECOVERY_LATE_S


def _jobs(number: int) -> str:
    return "A job waits" if number == 1 else f"{number} jobs wait"


def _days(days: float) -> str:
    hours = round(days * 24)
    return f"{max(hours, 1)} hours" if hours < 48 else f"{round(days)} days"
