"""Making an output: its inputs are fetched, and its kind makes it."""

from __future__ import annotations

from pathlib import Path

from pipeline.moments import parse_selection
from pipeline.outputs.kinds import find_kind, parse_recipe
from pipeline.prepared import Prepared
from records.actions.artwork import artwork_of
from records.actions.companion import find_companion
from records.actions.earlier_reviews import find_earlier
from records.database import Database
from records.ledger.jobs import Claim
from records.models import SelectionRow
from records.storage.contract import Storage
from records.views.output_inputs import bring_all, bring_artwork, bring_earlier, finished_rows
from worker.jobs.made import JobResult, ProducedFile, Report, found_or_lost


def make_output(claim: Claim, db: Database, storage: Storage, folder: Path, report: Report) -> JobResult:
    kind = find_kind(claim.kind)
    with db.reading() as session:
        selection = found_or_lost(session.get(SelectionRow, claim.selection_id), claim)
        recipe = parse_recipe(kind, selection.recipes.get(claim.kind, {}))
        rows = finished_rows(session, claim.selection_id)
        made_by_child = artwork_of(session, claim.selection_id)
        before = [
            (row, finished_rows(session, row.id), artwork_of(session, row.id))
            for row in find_earlier(session, selection, recipe)
        ]
        other = find_companion(session, selection, recipe)
        other_rows = finished_rows(session, other.id) if other else []
    companion = None
    if other is not None:
        companion = Prepared(parse_selection(other.shape), bring_all(storage, other_rows, folder / "other"))
        report(0.25)
    moments = bring_all(storage, rows, folder / "moments")
    artwork = bring_artwork(storage, made_by_child, folder / "artwork")
    earlier = tuple(
        bring_earlier(storage, row, finished, drawn, folder / f"earlier-{number}")
        for number, (row, finished, drawn) in enumerate(before, 1)
    )
    report(0.5)
    out = folder / "out"
    out.mkdir()
    prepared = Prepared(parse_selection(selection.shape), moments, artwork, earlier, companion, review=selection.id)
    files = [
        ProducedFile(kind.name, file.path.name, file.path, file.media_type, file.bytes, file.sha256)
        for file in kind.make(prepared, recipe, out)
    ]
    report(0.95)
    return JobResult(files)
