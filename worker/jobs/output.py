"""Making an output: its inputs are noted as what it shows, then fetched, and its kind makes it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from pipeline.outputs.kinds import find_kind, parse_recipe
from pipeline.purposes import Purpose
from pipeline.run.jailed import files_of
from pipeline.run.orders import MAKE_OUTPUT, Ffmpeg, OutputOrder
from records.consent.uses import require_output
from records.ledger.jobs import Claim, holds
from records.ledger.outputs import find_output, note_sources
from records.ledger.selections import lock_selection
from records.models import JobRow
from records.views.output_inputs import fetch_local, gather_inputs
from worker.context import WorkerContext
from worker.jobs.made import JobResult, Report, found_or_lost


def make_output(ctx: WorkerContext, claim: Claim, folder: Path, report: Report) -> JobResult:
    kind = find_kind(claim.kind)
    with ctx.db.session() as session:
        selection = found_or_lost(lock_selection(session, claim.selection_id), claim)
        found_or_lost(session.scalar(select(JobRow.id).where(*holds(claim))), claim)
        output = found_or_lost(find_output(session, claim.selection_id, claim.kind), claim)
        recipe = parse_recipe(kind, output.recipe)
        inputs = gather_inputs(session, selection, recipe)
        # Before any of it is read: what is taken back from now on finds this attempt, and the file that comes of it.
        sources = inputs.sources()
        require_output(session, kind.name, Purpose(output.purpose), sources)
        note_sources(session, output, sources)
    prepared = fetch_local(ctx.storage, inputs, folder, lambda done: report(0.5 * done))
    out = folder / "out"
    out.mkdir()
    order = OutputOrder(kind.name, recipe.model_dump(mode="json"), prepared, out.resolve(), Ffmpeg.of(ctx.ffmpeg))
    files = ctx.jail.do(
        MAKE_OUTPUT, order, out, reads=[*files_of(prepared)], tell=lambda done: report(0.5 + 0.45 * done)
    )
    report(0.95)
    return JobResult({kind.name: files}, sources=sources)
