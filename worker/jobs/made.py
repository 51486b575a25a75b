"""What a job hands back."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from records.actions.complete_job import Hidden
from records.errors import LeaseLost
from records.ledger.jobs import Claim
from records.ledger.outputs import Source

Report = Callable[[float], None]


_T = TypeVar("_T")


@dataclass(frozen=True)
class ProducedFile:
    """A finished local file, to be put into storage."""

    kind: str
    name: str
    path: Path
    media_type: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class JobResult:
    """Everything that one attempt made; ``facts`` are of a moment, for the pack and for the page.

    Where somebody was hidden in it (``hidden``), the files are to be withheld. ``sources`` is what an output was made
    from.
    """

    files: list[ProducedFile]
    facts: dict[str, Any] | None = None
    hidden: Hidden | None = None
    sources: Collection[Source] = ()


def found_or_lost(row: _T | None, claim: Claim) -> _T:
    """What the job needs. Raises: LeaseLost, where it was erased meanwhile."""
    if row is None:
        raise LeaseLost(f"{claim.job_id}: what it is made from was erased")
    return row
