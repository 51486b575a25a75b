"""The work itself: one moment or one kind of output, made in a folder from what is in storage."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.artifact import COPIED, Artifact, FinishedMoment
from pipeline.claims import Claims
from pipeline.ffmpeg.limits import room_for_copy
from pipeline.presets import preset
from pipeline.run.orders import MAKE_MOMENT, Ffmpeg, MomentMade, MomentOrder
from records.actions.complete_job import Hidden
from records.actions.hide import COVERED, FINISHED, UNCOVERED, covered_pictures
from records.actions.trim import note_held
from records.consent.uses import require_moment
from records.documents import MomentFacts, StatedCut, on_clock_of
from records.ledger.jobs import MOMENT, Claim
from records.ledger.moment_order import number_of
from records.ledger.selections import require_source, starts_ms
from records.logs import get_logger
from records.models import HidingRow, JobRow, JobState, MomentRow, SelectionRow, UploadRow
from records.views.output_inputs import fetch
from worker.context import WorkerContext
from worker.jobs.made import JobResult, Report, found_or_lost

log = get_logger("worker")


def make_moment(ctx: WorkerContext, claim: Claim, folder: Path, report: Report) -> JobResult:
    with ctx.db.reading() as session:
        row = found_or_lost(session.get(MomentRow, claim.moment_id), claim)
        selection = found_or_lost(session.get(SelectionRow, claim.selection_id), claim)
        require_source(row)
        upload = found_or_lost(session.get(UploadRow, row.upload_id), claim)
        require_moment(session, row.id)
        hiding = session.get(HidingRow, row.id)
        number = number_of(session, row)
        alone = _is_alone(session, claim)
    source = fetch(ctx.storage, found_or_lost(upload.storage_key, claim), upload.sha256, folder / "source")
    report(0.05)
    order = MomentOrder(
        source=source.resolve(),
        folder=folder.resolve(),
        name=f"{number:02}",
        moment=row.moment if row.cut is None else on_clock_of(row.moment, row.cut),
        preset=preset(selection.preset),
        claims=_claims(row, selection, upload),
        is_cut=upload.moment_id is not None,
        held_is_known=upload.held_ms is not None,
        marks=None if hiding is None else tuple(hiding.marks),
        even_in_doubt=hiding is None or hiding.even_in_doubt,
        # One encoder thread a process uses two cores best; a moment that is alone would leave the others idle.
        threads=(os.cpu_count() or 1) if alone else 1,
        ffmpeg=Ffmpeg.of(ctx.decoders.ready() if row.kind == "clip" else ctx.ffmpeg),
    )
    limits = replace(ctx.jail.limits, file_bytes=max(ctx.jail.limits.file_bytes, room_for_copy(source.stat().st_size)))

    def tell(done: float) -> None:
        report(0.05 + 0.9 * done)

    def noted(name: str, value: int) -> None:
        if name == "held_ms" and upload.held_ms is None:
            note_held(ctx.db, upload.id, value)

    devices = order.ffmpeg.devices()
    made = ctx.jail.do(
        MAKE_MOMENT, order, folder, reads=[source], devices=devices, limits=limits, tell=tell, note=noted
    )
    if devices and made.finished is not None and made.finished.kind == "clip":
        log.info("clip_decoded", by=made.finished.decoded_by, because=made.finished.processor_reason)
    facts = None if made.finished is None else _facts(made, made.finished, row)
    seen = made.hidden
    if seen is None or hiding is None:
        return JobResult({row.kind: [] if made.finished is None else [made.finished]}, facts)
    files: dict[str, Sequence[Artifact]] = {UNCOVERED: [seen.uncovered.artifact]}
    if seen.covered is not None:
        files[COVERED] = [seen.covered.artifact]
    if made.finished is not None:
        files[FINISHED] = [made.finished]
    pictures = covered_pictures(seen.pictures, seen.uncovered.places, seen.covered.places if seen.covered else ())
    return JobResult(files, facts, Hidden(hiding.revision, pictures))


def _claims(row: MomentRow, selection: SelectionRow, upload: UploadRow) -> Claims:
    """What the page said of this upload: of the film where that was sent whole and the page had opened it."""
    film = selection.film
    sound_only = not film.picture
    if upload.moment_id is None:
        if film.width_px is None:  # the page could not open it, so its length is a guess
            return Claims(sound_only=sound_only)
        return Claims(film.duration_ms, film.width_px, film.height_px, sound_only=sound_only)
    told = film.cuts.get(row.position, StatedCut())
    pictures = told.pictures if told.is_at(row.cut) else None  # other ends may have been asked for since
    return Claims(told.duration_ms, pictures=pictures, sound_only=sound_only)


def _facts(of: MomentMade, made: FinishedMoment, row: MomentRow) -> MomentFacts:
    earlier_ms = starts_ms(row)
    return MomentFacts(
        in_ms=made.in_ms + earlier_ms,
        begins_ms=None if made.begins_ms is None else made.begins_ms + earlier_ms,
        out_ms=None if made.out_ms is None else made.out_ms + earlier_ms,
        width_px=made.width_px,
        height_px=made.height_px,
        fps=made.fps,
        duration_ms=made.duration_ms,
        peaks=made.peaks,
        gain_db=made.gain_db,
        cpu_s=round(made.cpu_s, 3),
        picture=(made.encoding_reason or COPIED) if made.kind == "clip" else None,
        warnings=(*of.film_warnings, *made.warnings),
    )


def _is_alone(session: Session, claim: Claim) -> bool:
    others = select(JobRow.id).where(
        JobRow.state.in_([JobState.QUEUED, JobState.RUNNING]), JobRow.id != claim.job_id, JobRow.kind == MOMENT
    )
    return session.scalars(others.limit(1)).first() is None
