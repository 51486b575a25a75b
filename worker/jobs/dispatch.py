"""Which code makes a claimed job."""

from __future__ import annotations

from pathlib import Path

from records.ledger.jobs import MOMENT, Claim
from worker.context import WorkerContext
from worker.jobs.made import JobResult, Report


def make(ctx: WorkerContext, claim: Claim, folder: Path, report: Report) -> JobResult:
    """Do the work of a claimed job in ``folder``.

    Raises: PipelineError and its kin; LeaseLost where what the job needs was erased; what ``report`` raises.
    """
    if claim.kind == MOMENT:  # imported here: a worker that has nothing to do holds no media libraries
        from worker.jobs.moment import make_moment

        return make_moment(ctx, claim, folder, report)
    from worker.jobs.output import make_output

    return make_output(ctx, claim, folder, report)
