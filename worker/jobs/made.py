"""What a job hands back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pipeline.artifact import Artifact
from records.actions.complete_job import Hidden
from records.documents import MomentFacts
from records.errors import LeaseLost
from records.ledger.jobs import Claim
from records.ledger.outputs import Source

Report = Callable[[float], None]


_T = TypeVar("_T")


@dataclass(frozen=True)
class JobResult:
    """The files that one attempt made, by what they are; ``facts`` are of a moment, for the pack and for the page.

    Files are clips, stills or outputs of some kind. Where somebody was hidden in a moment (``hidden``) they are its
    parts, and are to be withheld. ``sources`` is what an output was made from.
    """

    files: Mapping[str, Sequence[Artifact]]
    facts: MomentFacts | None = None
    hidden: Hidden | None = None
    sources: Collection[Source] = ()


def found_or_lost(row: _T | None, claim: Claim) -> _T:
    """What the job needs. Raises: LeaseLost, where it was erased meanwhile."""
    if row is None:
        raise LeaseLost(f"{claim.job_id}: what it is made from was erased")
    return row
