"""How often one person asks for something costly, in this process."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

_MOST_PEOPLE: Final = 10_000


class RatePerPerson:
    """At most so often within a time; what was refused does not count."""

    def __init__(self, most: int, within_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._within_s, self._clock = most, within_s, clock
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, person: str) -> float:
        """0 where they may now, which then counts; else in how many seconds they may."""
        now_s = self._clock()
        asked = self._asked.setdefault(person, deque())
        self._asked.move_to_end(person)
        while asked and asked[0] <= now_s - self._within_s:
            asked.popleft()
        if len(asked) >= self._most:
            return asked[0] + self._within_s - now_s
        asked.append(now_s)
        if len(self._asked) > _MOST_PEOPLE:
            self._asked.popitem(last=False)
        return 0.0
