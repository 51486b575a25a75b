"""The simulation of the queue: against theory, against the real service under load, and against what the docs say."""

from __future__ import annotations

import json
import random
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest
import simpy

from bench.capacity import AS_FILMED, LIGHTER, PACK_S, Demand, Workers, fewest_processes, p95, ready_after_s, slowdown
from records.ledger.scheduling import Priority

HOUSE = Path(__file__).parents[2]


def test_one_process_has_the_waits_that_theory_tells() -> None:
    """M/M/1 at a load of 0.7: 0.7 / 0.3 of a job's time, on average."""
    env, draw = simpy.Environment(), random.Random(7)
    workers, waits = Workers(env, 1), []

    def one(guider: int) -> Iterator[simpy.Event]:
        came, takes_s = env.now, draw.expovariate(1.0)
        yield workers.add(Priority.MOMENT, guider, takes_s)
        waits.append(env.now - came - takes_s)

    def come() -> Iterator[simpy.Event]:
        for guider in range(40_000):
            yield env.timeout(draw.expovariate(0.7))
            env.process(one(guider))

    env.process(come())
    env.run()
    assert statistics.mean(waits) == pytest.approx(0.7 / 0.3, rel=0.1)


def test_it_tells_what_make_load_measured() -> None:
    """Thirty guiders, each with six clips and a pack, again and again, on two processes."""
    measured = json.loads((HOUSE / "bench" / "results" / "load.json").read_text())
    takes_s = measured["workers"] * 60 / measured["jobs_per_minute"] / slowdown(2)
    env, took = simpy.Environment(), []
    workers = Workers(env, measured["workers"])

    def again_and_again(guider: int) -> Iterator[simpy.Event]:
        while True:
            sent = env.now
            yield env.all_of([workers.add(Priority.MOMENT, guider, takes_s) for _ in range(measured["clips_each"])])
            yield workers.add(Priority.AWAITED_PACK, guider, takes_s)
            took.append(env.now - sent)

    for guider in range(measured["guiders"]):
        env.process(again_and_again(guider))
    env.run(until=measured["minutes"] * 60)
    ready = measured["pack_ready_after_last_upload_s"]
    assert len(took) == pytest.approx(ready["count"], rel=0.05)
    assert statistics.median(took) == pytest.approx(ready["p50"], rel=0.1)
    assert p95(took) == pytest.approx(ready["p95"], rel=0.2)


def test_where_nobody_else_sends_only_the_last_clip_and_the_pack_are_waited_for() -> None:
    took = ready_after_s(Demand(10, LIGHTER, per_week=0.01), 1, selections=50)
    assert min(took) == pytest.approx(2 * PACK_S + 0.5)


def test_more_processes_never_take_longer_and_fewer_than_found_are_too_few() -> None:
    demand = Demand(500, AS_FILMED)
    found = fewest_processes(demand, selections=300)
    assert found is not None
    processes, took = found
    assert p95(took) <= 60 < p95(ready_after_s(demand, processes - 1, selections=300))
    assert statistics.mean(ready_after_s(demand, processes + 2, selections=300)) <= statistics.mean(took)


def test_an_urgent_job_goes_first_and_then_the_guider_who_had_least() -> None:
    env, order = simpy.Environment(), []
    workers = Workers(env, 1)

    def one(name: str, priority: int, guider: int) -> Iterator[simpy.Event]:
        yield workers.add(priority, guider, 1.0)
        order.append(name)

    for name, guider in (("first", 1), ("his second", 1), ("hers", 2)):
        env.process(one(name, Priority.MOMENT, guider))
    env.process(one("a pack", Priority.AWAITED_PACK, 1))
    env.run()
    assert order == ["first", "a pack", "hers", "his second"]


def test_the_docs_tell_what_was_found() -> None:
    told = (HOUSE / "docs" / "capacity.md").read_text()
    for line in json.loads((HOUSE / "bench" / "results" / "capacity.json").read_text())["lines"]:
        what = f"| {line['guiders']:,} | {line['way']} | {line['selections_in_the_busiest_hour']:g} |"
        assert f"{what} **{line['processes']}** | {line['ready_p50_s']} s | {line['ready_p95_s']} s |" in told
