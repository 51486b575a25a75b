"""How many worker processes so many guiders need: a simulation of the queue on measured times.

Run: make capacity, or for your own service make capacity ARGS="--guiders 120 --per-week 3". Simulates the busiest hour
again and again until 2,000 selections are ready, and looks for the fewest processes with which 19 of 20 selections are
ready within a minute of their last byte. Writes bench/results/capacity.json.

The order is the service's own (records.ledger.scheduling): urgency first, then the guider for whom least runs or was
begun of late, then age. What a moment takes was measured: bench/results, docs/benchmarks; its length varies.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import simpy

from records.ledger.scheduling import RECENT, Priority

RESULTS = Path(__file__).parent / "results" / "capacity.json"
CLIPS_A_MINUTE = {1: 3.55, 2: 7.5, 4: 12.5, 8: 22.0, 16: 35.5}
"""Of 20 s as filmed, 1080p at 17 Mbit/s, by the processes that work side by side; on 16 processors."""
LINE_BITS_PER_S = 5e6
GOAL_S = 60.0
_HOUR_S = 3600.0
_SPREAD = 0.5
"""The standard deviation of a moment's length, against its mean."""


@dataclass(frozen=True)
class Way:
    """How moments travel. Seconds are one process's own, alone on its processor; bytes are of a clip of 20 s."""

    name: str
    clip_s: float
    clip_bytes: float


AS_FILMED = Way("as filmed", 60 / CLIPS_A_MINUTE[1], 42.5e6)
LIGHTER = Way("lighter", 0.1 * 60 / CLIPS_A_MINUTE[1], 4.5e6)
STILL_S, STILL_BYTES = 0.5, 1e6
PACK_S = 1.0
CLIPS, STILLS = 6, 3


@dataclass(frozen=True)
class Demand:
    """What guiders send: two selections a week each, on five days, a fifth of a day's in its busiest hour."""

    guiders: int
    way: Way
    per_week: float = 2.0
    busiest: float = 0.2

    @property
    def selections_per_hour(self) -> float:
        """In the busiest hour."""
        return self.guiders * self.per_week / 5 * self.busiest


@dataclass(order=True)
class Job:
    """One piece of work; ``guider`` is whose share it counts in."""

    priority: int
    queued_s: float
    guider: int = field(compare=False)
    takes_s: float = field(compare=False)
    done: simpy.Event = field(compare=False, repr=False)


class Workers:
    """Processes that take jobs in the service's order."""

    def __init__(self, env: simpy.Environment, processes: int) -> None:
        self.env = env
        self.waiting: dict[tuple[int, int], deque[Job]] = {}
        self.begun: dict[int, deque[float]] = {}
        self.running: dict[int, int] = {}
        self.idle = processes
        self.slowdown = slowdown(processes)

    def add(self, priority: int, guider: int, takes_s: float) -> simpy.Event:
        """What happens when that job is done."""
        done = self.env.event()
        job = Job(priority, self.env.now, guider, takes_s, done)
        self.waiting.setdefault((priority, guider), deque()).append(job)
        self._begin()
        return done

    def _begin(self) -> None:
        while self.idle and self.waiting:
            key = min(self.waiting, key=self._turn)
            job = self.waiting[key].popleft()
            if not self.waiting[key]:
                del self.waiting[key]
            self.idle -= 1
            self.running[job.guider] = self.running.get(job.guider, 0) + 1
            self.begun.setdefault(job.guider, deque()).append(self.env.now)
            self.env.process(self._work(job))

    def _work(self, job: Job) -> Iterator[simpy.Event]:
        yield self.env.timeout(job.takes_s * self.slowdown)
        self.idle += 1
        self.running[job.guider] -= 1
        job.done.succeed()
        self._begin()

    def _turn(self, key: tuple[int, int]) -> tuple[int, int, float]:
        priority, guider = key
        begun = self.begun.get(guider, deque())
        while begun and begun[0] < self.env.now - RECENT.total_seconds():
            begun.popleft()
        of_late = len(begun) or self.running.get(guider, 0)
        return priority, of_late, self.waiting[key][0].queued_s


def slowdown(processes: int) -> float:
    """How much longer each job takes beside the others on a machine; of more than 16, on machines of 16 each."""
    own = min(processes, max(CLIPS_A_MINUTE))
    steps = sorted(CLIPS_A_MINUTE)
    above = next(step for step in steps if step >= own)
    below = max(step for step in steps if step <= own)
    share = 0.0 if above == below else (math.log(own) - math.log(below)) / (math.log(above) - math.log(below))
    each = [CLIPS_A_MINUTE[step] / step for step in (below, above)]
    return max(1.0, CLIPS_A_MINUTE[1] / (each[0] + share * (each[1] - each[0])))


def send(
    env: simpy.Environment, workers: Workers, guider: int, way: Way, draw: random.Random, note: Callable[[float], None]
) -> Iterator[simpy.Event]:
    """One selection on its way: moment after moment over the guider's line; ``note`` gets how long after the last."""
    jobs = []
    for n in range(CLIPS + STILLS):
        length = length_of(draw) if n < CLIPS else 1.0
        bytes_, takes_s = (way.clip_bytes, way.clip_s) if n < CLIPS else (STILL_BYTES, STILL_S)
        yield env.timeout(bytes_ * length * 8 / LINE_BITS_PER_S)
        jobs.append(workers.add(Priority.MOMENT, guider, takes_s * length))
    arrived = env.now
    yield env.all_of(jobs)
    yield env.all_of([workers.add(Priority.AWAITED_PACK, guider, PACK_S) for _ in range(2)])
    note(env.now - arrived)


def length_of(draw: random.Random) -> float:
    """A clip's length against the mean, log-normal."""
    sigma = math.sqrt(math.log(1 + _SPREAD**2))
    return draw.lognormvariate(-(sigma**2) / 2, sigma)


def ready_after_s(demand: Demand, processes: int, *, selections: int, seed: int = 1) -> list[float]:
    """From the last byte to the pack, of selections that come at random in that hour, but for the first fifth."""
    env, draw, took = simpy.Environment(), random.Random(seed), []  # noqa: S311 - keeps nothing secret
    workers = Workers(env, processes)

    def come() -> Iterator[simpy.Event]:
        for _ in range(selections):
            yield env.timeout(draw.expovariate(demand.selections_per_hour / _HOUR_S))
            env.process(send(env, workers, draw.randrange(demand.guiders), demand.way, draw, took.append))

    env.process(come())
    env.run()
    return took[selections // 5 :]


def fewest_processes(demand: Demand, *, selections: int) -> tuple[int, list[float]] | None:
    """The fewest with which 19 of 20 are ready in time, and how long each took; None where no number is enough."""
    busy = demand.selections_per_hour * (CLIPS * demand.way.clip_s + STILLS * STILL_S + 2 * PACK_S) / _HOUR_S
    processes = max(1, math.floor(busy))
    while processes < 4 * busy + 16:
        took = ready_after_s(demand, processes, selections=selections)
        if p95(took) <= GOAL_S:
            return processes, took
        processes += max(1, processes // 50)
    return None


def p95(values: list[float]) -> float:
    """Of 20, the 19th."""
    return statistics.quantiles(values, n=20)[-1]


def look_at(demand: Demand, selections: int) -> dict[str, Any]:
    """A line of the results."""
    found = fewest_processes(demand, selections=selections)
    line: dict[str, Any] = {"guiders": demand.guiders, "way": demand.way.name}
    line["selections_in_the_busiest_hour"] = round(demand.selections_per_hour, 1)
    if found is not None:
        processes, took = found
        line |= {"processes": processes, "ready_p50_s": round(statistics.median(took), 1)}
        line |= {"ready_p95_s": round(p95(took), 1)}
    return line


def main() -> None:
    """Print a line for each number of guiders and way, and write them."""
    parser = argparse.ArgumentParser(prog="python -m bench.capacity", description=__doc__)
    parser.add_argument("--guiders", type=int, nargs="+", default=[36, 500, 10_000])
    parser.add_argument("--per-week", type=float, default=Demand.per_week, help="selections of a guider")
    parser.add_argument("--busiest", type=float, default=Demand.busiest, help="share of a day's in its busiest hour")
    parser.add_argument("--selections", type=int, default=2_000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    lines = []
    for guiders in given.guiders:
        for way in (AS_FILMED, LIGHTER):
            lines.append(look_at(Demand(guiders, way, given.per_week, given.busiest), given.selections))
            print(json.dumps(lines[-1]))
    assumed = {"per_week": given.per_week, "busiest": given.busiest, "selections": given.selections}
    given.out.write_text(json.dumps({"assumed": assumed, "goal_p95_s": GOAL_S, "lines": lines}, indent=2) + "\n")


if __name__ == "__main__":
    main()
