"""Running something in a thread of its own: browser tests leave an event loop running in the one of the tests."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def in_a_thread(function: Callable[P, R], *args: P.args, **named: P.kwargs) -> R:
    """What the function gives, or raises, where no event loop runs."""
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(function, *args, **named).result()
