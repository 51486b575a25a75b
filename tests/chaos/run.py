"""One run: guiders send, faults strike, everything settles, and what must hold is checked."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.faults import Undo, faults_for
from tests.chaos.films import DrawnFilm
from tests.chaos.guider import Guider, Planned, plan_selection
from tests.chaos.onlooker import Onlooker
from tests.chaos.stack import Stack
from tests.chaos.verify import Findings, check_selections, everything_is_gone, leftovers

MOST_FAULTS = 4
_TICK_S = 0.02
_STRIKE_WITHIN_S = 4.0
_SETTLE_WITHIN_S = 45.0
_CLEAN_WITHIN_S = 20.0
_NOTHING_TO_STRIKE_S = 3.0


@dataclass
class Run:
    """What a run did and found."""

    seed: int
    seconds: float = 0.0
    timeline: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    planned: list[Planned] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    found: Findings = field(default_factory=Findings)

    @property
    def ok(self) -> bool:
        """Whether everything held."""
        return not self.found.violations

    def report(self) -> dict[str, Any]:
        """In figures."""
        return {
            "seed": self.seed,
            "ok": self.ok,
            "seconds": round(self.seconds, 1),
            "selections": len(self.planned),
            "erased": sum(one.erased for one in self.planned),
            "jobs": self.found.jobs,
            "attempts": self.found.attempts,
            "timeline": self.timeline,
            "violations": [f"{kind}: {words}" for kind, words in self.found.violations],
        }


@dataclass
class _Strike:
    at: float
    name: str
    seed: int


class _Clock:
    """The seconds of a run, and the timeline written with them."""

    def __init__(self, run: Run) -> None:
        self._run, self._began = run, time.monotonic()

    def now(self) -> float:
        return time.monotonic() - self._began

    def note(self, words: str) -> None:
        self._run.timeline.append(f"{self.now():5.2f} {words}")


def run_once(stack: Stack, films: Sequence[DrawnFilm], seed: int, most_faults: int = MOST_FAULTS) -> Run:
    """A run of this seed on a stack that is well; it is well and empty again afterwards, or the run says why not."""
    rng = random.Random(seed)
    run = Run(seed)
    clock = _Clock(run)
    guiders = []
    for _ in range(rng.randint(2, 3)):
        planned = [plan_selection(rng, list(films)) for _ in range(rng.randint(1, 2))]
        run.planned += planned
        guiders.append(Guider(stack.api_url, stack.token, planned, random.Random(rng.getrandbits(64))))
    known = sorted(faults_for(stack))
    strikes = [
        _Strike(rng.uniform(0.1, _STRIKE_WITHIN_S), rng.choice(known), rng.getrandbits(32))
        for _ in range(rng.randint(2, most_faults))
    ]
    onlooker = Onlooker(stack.api_url, stack.token)
    for thread in (*guiders, onlooker):
        thread.start()
    _strike_all(stack, clock, sorted(strikes, key=lambda strike: strike.at), run)
    _settle(stack, clock, guiders, run)
    onlooker.stop.set()
    onlooker.join(15)
    for words in onlooker.violations:
        run.found.add("refused", words)
    _check(stack, clock, run)
    run.seconds = clock.now()
    return run


def _strike_all(stack: Stack, clock: _Clock, strikes: list[_Strike], run: Run) -> None:
    """Strike at the planned instants, end each fault when it is over, and keep the parts running meanwhile."""
    faults = faults_for(stack)
    undos: list[tuple[float, str, Undo]] = []
    while strikes or undos:
        stack.crew.look()
        now = clock.now()
        for undo in [one for one in undos if one[0] <= now]:
            undos.remove(undo)
            undo[2]()
            clock.note(f"over: {undo[1]}")
        for strike in [one for one in strikes if one.at <= now]:
            struck = faults[strike.name](stack, random.Random(strike.seed))
            if struck is None and now < strike.at + _NOTHING_TO_STRIKE_S:
                continue
            strikes.remove(strike)
            if struck is None:
                clock.note(f"{strike.name}: nothing to strike")
                continue
            run.faults[strike.name] += 1
            clock.note(f"{strike.name}: {struck.words}")
            if struck.undo_after_s:
                undos.append((now + struck.undo_after_s, struck.words, struck.undo))
        time.sleep(_TICK_S)


def _settle(stack: Stack, clock: _Clock, guiders: list[Guider], run: Run) -> None:
    """Wait until every guider has what she wanted."""
    deadline = clock.now() + _SETTLE_WITHIN_S
    while any(guider.is_alive() for guider in guiders) and clock.now() < deadline:
        stack.crew.look()
        time.sleep(_TICK_S)
    for guider in guiders:
        guider.stop.set()
    for guider in guiders:
        guider.join(15)
        run.refusals.update(guider.refusals)
        for words in guider.violations:
            run.found.add("refused", words)
        for planned in guider.planned:
            if not (planned.ready or planned.erased):
                run.found.add("stuck", f"selection {planned.id or '(never begun)'} was not ready in time")
    clock.note("settled")


def _check(stack: Stack, clock: _Clock, run: Run) -> None:
    for kind, words in _until_none(stack, clock, lambda: _unwell(stack)):
        run.found.add(kind, words)
    stack.call_sweepers()
    for kind, words in _until_none(stack, clock, lambda: leftovers(stack)):
        run.found.add(kind, words)
    check_selections(stack, run.planned, run.found)
    clock.note("checked")
    if not run.ok:
        return  # what is there may explain it
    cleaner = Guider(stack.api_url, stack.token, [], random.Random(0))
    for planned in run.planned:
        if not planned.erased:
            cleaner.erase(planned.id)
    for kind, words in _until_none(stack, clock, lambda: everything_is_gone(stack)):
        run.found.add(kind, words)
    for words in cleaner.violations:
        run.found.add("refused", words)
    stack.postgres.execute("TRUNCATE chaos_steps", stack.database)
    clock.note("erased")


def _unwell(stack: Stack) -> list[tuple[str, str]]:
    why = stack.why_not_well()
    return [("stuck", why)] if why else []


def _until_none(stack: Stack, clock: _Clock, left: Callable[[], list[tuple[str, str]]]) -> list[tuple[str, str]]:
    """What is left after sweeping and recovery have had their time."""
    deadline = clock.now() + _CLEAN_WITHIN_S
    while (found := left()) and clock.now() < deadline:
        stack.crew.look()
        time.sleep(0.25)
    return found
