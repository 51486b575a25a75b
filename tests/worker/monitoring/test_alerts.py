"""What the facts amount to: one rule, one case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from records.folders import FolderProblem
from records.models import utcnow
from records.views.queue_stats import QueueFigures, ReadyTimes, RunningJob, WorkerFigure
from worker.monitoring.alerts import assess
from worker.monitoring.snapshot import AnotherAddress, Facts

NOW = utcnow()
GB = 10**9
ELSEWHERE = AnotherAddress(origin="https://x.example", refused=True)
FOLDER = FolderProblem(path="/data", message="/data cannot be written.", remedy="Give it back.")


def a_worker(**changes: Any) -> WorkerFigure:
    given = {"name": "here:1", "version": "1.0", "state": "working", "started_at": NOW - timedelta(days=1)}
    return WorkerFigure(
        **{**given, "seen_s": 3, "jobs_done": 9, "skew_s": 0, "runs": [], "folder_problems": [], **changes}
    )


A_WORKER_IN_THE_OPEN = a_worker(jail="none", jail_missing_because="only Linux has what a jail is made of")


def a_running_job(**changes: Any) -> RunningJob:
    given = {"id": "a", "kind": "moment", "priority": 5, "worker": "here:1", "attempt": 1, "progress": 0.5}
    times = {"running_s": 5, "lease_age_s": 3, "unmoved_s": 2, "stalled": False}
    return RunningJob(**{**given, **times, **changes})


def a_queue(**changes: Any) -> QueueFigures:
    given: dict[str, Any] = {
        "jobs": [],
        "waiting": [],
        "due": 0,
        "oldest_waiting_s": 0,
        "running": [],
        "stalled": 0,
        "last_done_at": None,
        "done_24h": 0,
        "done_per_hour": 0,
        "failed_24h": [],
        "pictures_24h": [],
        "failed_now": 0,
        "ready_24h": ReadyTimes(jobs=0, p50_s=None, p95_s=None, p99_s=None),
        "last_recovery_at": NOW,
        "workers": [a_worker()],
    }
    return QueueFigures(**{**given, **changes})


def some_facts(queue: QueueFigures | None = None, **changes: Any) -> Facts:
    given = {
        "at": NOW,
        "version": "1.0",
        "database": "sqlite",
        "database_answers": True,
        "database_current": True,
        "broker": "redis",
        "broker_answers": True,
        "broker_messages": 0,
        "storage": "folder",
        "storage_writable": True,
        "store_match": "ours",
        "disk_free_bytes": 90 * GB,
        "disk_total_bytes": 100 * GB,
        "disk_reserve_bytes": 2 * GB,
        "most_waiting_jobs": 2000,
        "clock_skew_s": 0.01,
        "queue": queue or a_queue(),
    }
    return Facts(**{**given, **changes})


def test_nothing_that_hurts_is_well_and_work_alone_is_busy() -> None:
    assert assess(some_facts()).state == "well"
    assert assess(some_facts(a_queue(due=5, oldest_waiting_s=100))).state == "busy"
    assert assess(some_facts(a_queue(running=[a_running_job()]))).state == "busy"


@pytest.mark.parametrize(
    ("code", "level", "facts"),
    [
        ("database_away", "bad", some_facts(database_answers=False, database_current=None, clock_skew_s=None)),
        ("database_old", "bad", some_facts(database_current=False)),
        ("database_full", "bad", some_facts(a_queue(workers=[]), database_full=True)),
        ("storage_away", "bad", some_facts(storage_writable=False)),
        ("store_foreign", "bad", some_facts(store_match="foreign")),
        ("store_older", "bad", some_facts(store_match="older")),
        ("store_unknown", "bad", some_facts(store_match="unknown")),
        ("store_missing", "bad", some_facts(store_match="missing")),
        ("store_strange", "warn", some_facts(store_match="strange", store_strange_files=3)),
        ("folder_not_writable", "bad", some_facts(storage_writable=False, folder_problems=[FOLDER])),
        ("folder_not_writable", "bad", some_facts(a_queue(workers=[a_worker(folder_problems=[FOLDER])]))),
        ("jail_missing", "warn", some_facts(jail="none", jail_missing_because="bwrap is not installed")),
        ("jail_missing", "bad", some_facts(jail="none", jail_required=True)),
        ("jail_missing", "warn", some_facts(a_queue(workers=[A_WORKER_IN_THE_OPEN]))),
        ("queue_away", "bad", some_facts(broker_answers=False, broker_messages=None)),
        ("proxy_away", "bad", some_facts(proxy_url="https://vig.example.org", proxy_problem="It does not answer.")),
        (
            "certificate_ends",
            "warn",
            some_facts(
                proxy_url="https://vig.example.org",
                proxy_problem="",
                certificate_ends_at=NOW + timedelta(days=5),
                certificate_ends_soon=True,
            ),
        ),
        ("disk_full", "bad", some_facts(disk_free_bytes=GB)),
        ("disk_fills", "warn", some_facts(disk_fills_per_day_bytes=40 * GB, disk_days_left=2.2)),
        ("disk_low", "warn", some_facts(disk_free_bytes=3 * GB)),
        ("clocks_differ", "warn", some_facts(clock_skew_s=-2.5)),
        (
            "browser_refused",
            "bad",
            some_facts(another_address=ELSEWHERE.model_copy(update={"refused": True})),
        ),
        (
            "public_url_wrong",
            "warn",
            some_facts(another_address=ELSEWHERE.model_copy(update={"refused": False})),
        ),
        ("no_worker", "bad", some_facts(a_queue(workers=[a_worker(state="left")]))),
        ("nothing_taken", "bad", some_facts(a_queue(due=3, oldest_waiting_s=121))),
        ("queue_full", "bad", some_facts(a_queue(due=2000, running=[a_running_job()]))),
        ("stalled", "bad", some_facts(a_queue(running=[a_running_job(stalled=True)], stalled=1))),
        (
            "waits_long",
            "warn",
            some_facts(a_queue(due=9, oldest_waiting_s=601, running=[a_running_job()])),
        ),
        (
            "worker_silent",
            "warn",
            some_facts(a_queue(workers=[a_worker(), a_worker(state="silent", seen_s=80)])),
        ),
        ("given_up", "warn", some_facts(a_queue(failed_now=2))),
        ("recovery_late", "warn", some_facts(a_queue(last_recovery_at=NOW - timedelta(seconds=301)))),
        ("recovery_late", "warn", some_facts(a_queue(last_recovery_at=None))),
        ("backup_old", "warn", some_facts(backup_max_age_days=7, unsaved_since=NOW - timedelta(days=8))),
        (
            "backup_old",
            "warn",
            some_facts(
                backup_max_age_days=7,
                unsaved_since=NOW - timedelta(days=8),
                last_backup_at=NOW - timedelta(days=8),
            ),
        ),
        ("versions_differ", "warn", some_facts(a_queue(workers=[a_worker(), a_worker(version="0.9")]))),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_each_trouble_is_told_with_what_to_do(code: str, level: str, facts: Facts) -> None:
    verdict = assess(facts)
    assert [(alert.code, alert.level) for alert in verdict.alerts] == [(code, level)]
    assert (verdict.state, verdict.sentence) == (level, verdict.alerts[0].message)
    assert verdict.alerts[0].remedy.endswith(".")


def test_no_backup_is_asked_for_on_the_first_days_nor_where_another_program_makes_them() -> None:
    young = some_facts(backup_max_age_days=7, unsaved_since=NOW - timedelta(days=6))
    watched_elsewhere = some_facts(backup_max_age_days=0, unsaved_since=NOW - timedelta(days=60))
    empty = some_facts(backup_max_age_days=7)
    assert [assess(facts).state for facts in (young, watched_elsewhere, empty)] == ["well"] * 3


def test_a_worker_without_a_jail_is_named_unless_the_api_s_machine_is_the_same() -> None:
    found = some_facts(a_queue(workers=[A_WORKER_IN_THE_OPEN, a_worker(name="there:1", jail="landlock")]))
    [told] = [one.message for one in assess(found).alerts if one.code == "jail_missing"]
    assert told.startswith("Worker here:1 does not keep what opens films from files and networks: there is no jail")
    both = found.model_copy(update={"jail": "none", "jail_missing_because": A_WORKER_IN_THE_OPEN.jail_missing_because})
    assert [one.code for one in assess(both).alerts].count("jail_missing") == 1


def test_the_worst_comes_first() -> None:
    verdict = assess(some_facts(a_queue(failed_now=1), clock_skew_s=9, storage_writable=False))
    assert [alert.code for alert in verdict.alerts] == ["storage_away", "clocks_differ", "given_up"]


def test_whose_clock_is_wrong_is_told() -> None:
    def told(skew_s: float) -> str:
        workers = [a_worker(), a_worker(name="2:moments", skew_s=-30.2)]
        [alert] = assess(some_facts(a_queue(workers=workers), clock_skew_s=skew_s)).alerts
        return alert.message

    assert told(-30.2) == "The clock of worker 2:moments is 30 seconds behind the database's."
    assert told(61) == "The clock of the API is 61 seconds ahead of the database's."


def test_a_worker_long_gone_hurts_nobody() -> None:
    gone = a_worker(state="silent", seen_s=1000)
    assert assess(some_facts(a_queue(workers=[a_worker(), gone]))).state == "well"


def test_a_worker_that_only_just_began_has_not_recovered_anything_yet() -> None:
    young = a_worker(started_at=NOW - timedelta(seconds=20))
    assert assess(some_facts(a_queue(last_recovery_at=None, workers=[young]))).state == "well"


def test_who_is_to_be_started_depends_on_what_became_of_the_workers() -> None:
    def advice(*states: str) -> str:
        [alert] = assess(some_facts(a_queue(workers=[a_worker(state=one, seen_s=2000) for one in states]))).alerts
        return alert.remedy

    assert "docker compose up -d worker" in advice()
    assert "docker compose up -d worker" in advice("left")
    assert "docker compose up -d --force-recreate worker" in advice("silent", "left")  # plain `up -d` leaves what hangs
    assert "--undrain" in advice("draining", "left")


def test_the_advice_to_grow_counts_what_runs() -> None:
    workers = [a_worker(name=f"{n}:moments") for n in range(4)]
    queue = a_queue(due=9, oldest_waiting_s=601, running=[a_running_job()], workers=workers)
    [alert] = assess(some_facts(queue)).alerts
    assert "echo VIGPACK_WORKERS=5 >> .env, then docker compose up -d worker" in alert.remedy


def test_what_is_unknown_is_no_trouble_by_itself() -> None:
    facts = some_facts(disk_free_bytes=None, disk_total_bytes=None, clock_skew_s=None)
    assert assess(facts).state == "well"


def test_starting_the_proxy_anew_mends_no_certificate_of_one_s_own() -> None:
    """Caddy renews its own; another one has to lie there before."""
    ends = some_facts(
        proxy_url="https://vig.example.org",
        proxy_problem="",
        certificate_ends_at=NOW + timedelta(days=5),
        certificate_ends_soon=True,
    )
    [alert] = assess(ends).alerts
    assert alert.remedy.index("put the new one into certificates/") < alert.remedy.index("docker compose up")
