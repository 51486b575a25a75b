"""What becomes of the selections that somebody watches, told to each who may see them.

The database is asked once for all watchers what has changed, and then for the views of what has. Who joins is told
how each of theirs is now: nothing is lost between two streams, whichever process answers the second.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.event_stream import StreamEvent
from api.feeds.open_streams import ClosedEvent
from api.feeds.outbox import Outbox, Told
from api.feeds.poller import Poller
from records.accounts.principal import Principal, Role
from records.database import Database
from records.families.access import visible_ids
from records.views.changes import fingerprints
from records.views.selections import SelectionView, selection_views

_LOOK_EVERY_S: Final = 0.5
_ASK_ACCESS_EVERY_S: Final = 10.0
"""How long it is taken for granted that somebody may still see a selection."""
_RUNNING_CLOCKS: Final = {
    "moments": {"__all__": {"waiting_s", "running_s"}},
    "outputs": {"__all__": {"waiting_s", "running_s"}},
}
"""These change by themselves; an event for each tick would say nothing."""


class SelectionEvent(StreamEvent):
    """The whole selection as it is now."""

    event: Literal["selection"] = "selection"
    data: SelectionView


class SelectionName(BaseModel):
    """Which selection it is about."""

    id: str


class GoneEvent(StreamEvent):
    """There is no such selection any more, or none that the watcher may see; nothing more is told of it."""

    event: Literal["gone"] = "gone"
    data: SelectionName


AnyEvent = Annotated[SelectionEvent | GoneEvent | ClosedEvent, Field(discriminator="event")]


_Seeing: TypeAlias = tuple[str, frozenset[Role]]


@dataclass(eq=False)
class _Watcher:
    who: Principal
    ids: set[str]
    outbox: Outbox = field(default_factory=Outbox)
    is_told: bool = False
    """Of each how it was when it joined, or later."""

    @property
    def seeing(self) -> _Seeing:
        """Those for whom this is the same see the same."""
        return self.who.account_id, self.who.roles


@dataclass
class _Access:
    """Which of some selections an account may see, and when that was asked."""

    asked_s: float
    of: set[str]
    to: set[str]


class SelectionFeed:
    """All watchers of selections in this process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._poller: Poller[_Watcher] = Poller(self._tell, _LOOK_EVERY_S)
        self._fingerprints: dict[str, str] = {}
        self._states: dict[str, str] = {}
        self._access: dict[_Seeing, _Access] = {}

    @contextlib.contextmanager
    def watch(self, who: Principal, ids: Collection[str]) -> Iterator[Outbox]:
        """What becomes of these from now on, each as it is first; closed when none of them is there any more."""
        watcher = _Watcher(who, set(ids))
        with self._poller.joined(watcher):
            yield watcher.outbox

    async def _tell(self, watchers: tuple[_Watcher, ...]) -> None:
        # What is told of a round was asked after all of these had joined.
        newly_watched = {one for watcher in watchers if not watcher.is_told for one in watcher.ids}
        access, found, views = await run_in_threadpool(self._look, watchers, newly_watched)
        told = {one: _written(view) for one, view in views.items()}
        changed = {one for one, written in told.items() if self._states.get(one) != written.message.id}
        for watcher in watchers:
            for one in tuple(watcher.ids):
                if one not in found or one not in access[watcher.seeing].to:
                    watcher.ids.discard(one)
                    gone = GoneEvent(data=SelectionName(id=one))
                    watcher.outbox.put(one, Told(gone, gone.message()))
                elif one in told and (one in changed or not watcher.is_told):
                    watcher.outbox.put(one, told[one])
            watcher.is_told = True
            if not watcher.ids:
                watcher.outbox.close()
        self._fingerprints = found
        self._states = {one: state for one, state in self._states.items() if one in found}
        self._states |= {one: str(written.message.id) for one, written in told.items()}
        self._access = access

    def _look(
        self, watchers: Collection[_Watcher], newly_watched: Collection[str]
    ) -> tuple[dict[_Seeing, _Access], dict[str, str], dict[str, SelectionView]]:
        access = self._look_who_may(watchers)
        with self._db.reading() as session:
            found = fingerprints(session, set().union(*(one.to for one in access.values())))
            # Views are read after the fingerprints: a change between the two is told again, and none is passed over.
            changed = {one for one, now in found.items() if self._fingerprints.get(one) != now}
            views = selection_views(session, changed.union(newly_watched).intersection(found))
        return access, found, views

    def _look_who_may(self, watchers: Collection[_Watcher]) -> dict[_Seeing, _Access]:
        wanted: dict[_Seeing, tuple[Principal, set[str]]] = {}
        for watcher in watchers:
            wanted.setdefault(watcher.seeing, (watcher.who, set()))[1].update(watcher.ids)
        access = {}
        for seeing, (who, ids) in wanted.items():
            known, now_s = self._access.get(seeing), time.monotonic()
            if known is None or now_s - known.asked_s > _ASK_ACCESS_EVERY_S or not ids <= known.of:
                known = _Access(now_s, ids, self._visible_to(who, ids))
            access[seeing] = known
        return access

    def _visible_to(self, who: Principal, ids: set[str]) -> set[str]:
        """The one place where streams ask what somebody may see."""
        with self._db.reading() as session:
            return visible_ids(session, who, ids)


def _written(view: SelectionView) -> Told[SelectionEvent]:
    event = SelectionEvent(data=view)
    return Told(event, event.message(state_of(view)))


def state_of(view: SelectionView) -> str:
    """Tells one state of a selection from another, on every process the same."""
    return hashlib.sha256(view.model_dump_json(exclude=_RUNNING_CLOCKS).encode()).hexdigest()[:16]
