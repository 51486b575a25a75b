"""What is being done in this request or command, so that the first transaction that it commits carries its line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy.orm import Session

Transaction = Session
"""As those call it who know no database."""


@dataclass
class Act:
    """One thing that is being done."""

    add_line: Callable[[Session], None]
    """Notes it, where it is to be noted in a transaction of its own."""
    is_noted: bool = False


_current: ContextVar[Act | None] = ContextVar("act", default=None)


@contextmanager
def doing(act: Act | None) -> Iterator[None]:
    """For the block, and whatever threads and tasks are begun in it, this is what is being done; None: nothing is."""
    before = _current.set(act)
    try:
        yield
    finally:
        _current.reset(before)


def mark_noted() -> None:
    """It has its line."""
    if (act := _current.get()) is not None:
        act.is_noted = True


def note_act(session: Session) -> None:
    """Add the line of what is being done to a transaction that is about to be committed, unless it has one."""
    act = _current.get()
    if act is not None and not act.is_noted:
        act.add_line(session)
