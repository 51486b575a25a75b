"""What has to happen once a transaction is committed: workers to wake, and files that no row names any more.

Actions note both on their session; Database.session() has them carried out after the commit, in one place for every
action (worker/effects.py). A crash in between loses nothing: recovery wakes workers again, and sweeping deletes files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

_EFFECTS = "vigpack_effects"


@dataclass
class Effects:
    """What to do after the commit."""

    jobs: list[str] = field(default_factory=list)
    """The ids of queued jobs that workers are to be woken for."""
    keys: list[str] = field(default_factory=list)
    """What is to be deleted from storage."""

    def __bool__(self) -> bool:
        return bool(self.jobs or self.keys)

    def wake(self, job_id: str) -> None:
        """Wake a worker for a queued job."""
        if job_id not in self.jobs:
            self.jobs.append(job_id)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete files whose rows are gone."""
        self.keys.extend(keys)


def effects_of(session: Session) -> Effects:
    """What this session's transaction leaves to be done."""
    effects: Effects = session.info.setdefault(_EFFECTS, Effects())
    return effects


def take_effects(session: Session) -> Effects:
    """The same, taken off the session."""
    effects: Effects = session.info.pop(_EFFECTS, Effects())
    return effects
