"""What one may see of a selection: its states, progress, waiting times and what is ready. Unknown figures are None."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from pipeline.moments import Clip, FilmOf, Still
from pipeline.purposes import Purpose
from pipeline.written import Written
from records.copies.carriers import carriers_of
from records.copies.register import Carrier
from records.documents import ClipTimes, MomentFacts, StatedFilm, StillTimes
from records.ledger.selections import held_for
from records.models import (
    ArtifactRow,
    ArtworkRow,
    HidingRow,
    JobRow,
    JobState,
    MomentRow,
    MomentState,
    SelectionRow,
    SelectionState,
    UploadRow,
    UploadState,
    utcnow,
)
from records.redaction import words_in

WorkState = MomentState | Literal["pending"]
"""Where a moment or an output stands, in the words the page shows."""


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class ErrorView(_View):
    """Why something failed, in the guider's words and by its stable code."""

    code: str
    sentence: str


class ArtifactView(_View):
    """A finished file to download."""

    id: str
    kind: str
    name: str
    media_type: str
    bytes: int
    sha256: str
    created_at: datetime


class UploadView(_View):
    """An upload and how much of it is safely there."""

    id: str
    moment_id: str | None
    state: UploadState
    offset_bytes: int
    length_bytes: int
    expires_at: datetime


class WorkView(_View):
    """A job as the guider sees it."""

    state: WorkState
    progress: float | None = None
    """0 to 1; None before any work."""
    attempts: int = 0
    waiting_s: float | None = None
    """From being asked for to the first attempt, or until now."""
    running_s: float | None = None
    """From the first attempt to the end, or until now."""
    ready_s: float | None = None
    """From being asked for to being ready; None until then."""
    error: ErrorView | None = None
    """Why it failed; while it is still queued or running: why the attempt before did."""


class HeldView(_View):
    """A stretch of the film's clock, in ms; its end is not in it."""

    from_ms: int
    to_ms: int


class MomentView(WorkView):
    """One clip or still and where it stands."""

    id: str
    position: int
    revision: int
    """How often its words were corrected; a correction names it in If-Match."""
    kind: Literal["clip", "still"]
    moment: Clip | Still
    cut: ClipTimes | StillTimes | None
    held: HeldView | None
    """What the service holds of the film for it, within which its ends can be moved; None until that is known."""
    people: tuple[str, ...] | None
    """The ids of those of the family who can be seen or heard in it; null: everybody of the family."""
    hidden: bool
    """Somebody is to be hidden in it; `unconfirmed` until a person has looked at every picture."""
    facts: MomentFacts | None
    artifacts: list[ArtifactView]


class ArtworkView(_View):
    """A photograph of what the child made, and the child's own words about it."""

    id: str
    words: str
    width_px: int
    height_px: int
    bytes: int


class OutputView(WorkView):
    """One kind of output and where it stands: pending until every moment is ready, then as its job.

    Its artifacts are those made last: while something of them is prepared again they stay until the new ones are there.
    """

    kind: str
    purpose: Purpose
    """What it is used for."""
    recipe: dict[str, Any]
    """What was chosen for it, as far as it differs from what is usual."""
    artifacts: list[ArtifactView]
    carriers: list[Carrier]
    """By what it can leave, the best first."""
    made_before: tuple[Written, ...]
    """What was changed since what is there was made, of what it shows."""


class SelectionSummary(_View):
    """One line of the list of selections."""

    id: str
    state: SelectionState
    created_at: datetime
    ready_at: datetime | None
    family: str
    cycle: int
    of: FilmOf
    clips: int
    stills: int


class SelectionView(SelectionSummary):
    """A selection with everything in it."""

    family_id: str
    revision: int
    """How often the question, the working points, the cycle or the order were corrected; see If-Match."""
    preset: str
    whole_film: bool
    review_on: date | None
    film: StatedFilm
    helping_question: str
    working_points: list[str]
    settled: bool
    """Nothing is awaited, queued or running any more: it is ready, or failed or unconfirmed and waits for a person."""
    bytes_received: int
    """Of all its uploads, safely on disk."""
    bytes_expected: int | None
    """None until every upload has been announced."""
    moments: list[MomentView]
    outputs: list[OutputView]
    artwork: list[ArtworkView]
    uploads: list[UploadView]


PENDING: WorkState = "pending"
_SHOWN_AS = {JobState.DONE: "ready", JobState.CANCELLED: "failed", JobState.HELD: "queued"}


def selection_view(session: Session, selection_id: str) -> SelectionView | None:
    """Everything to be seen of a selection, or None where there is none (or it is being erased)."""
    return selection_views(session, [selection_id]).get(selection_id)


def selection_views(session: Session, selection_ids: Collection[str]) -> dict[str, SelectionView]:
    """The same of several by their ids, in as many statements as for one; those that are not there are left out."""
    if not selection_ids:
        return {}
    query = select(SelectionRow).where(SelectionRow.id.in_(selection_ids), SelectionRow.visible)
    query = query.options(selectinload(SelectionRow.moments), selectinload(SelectionRow.outputs))
    rows = session.scalars(query).all()
    now, parts = utcnow(), _parts_of(session, [row.id for row in rows])
    return {row.id: _view(row, parts[row.id], now) for row in rows}


@dataclass
class _Parts:
    """What belongs to one selection in the other tables."""

    jobs: list[JobRow] = field(default_factory=list)
    artifacts: list[ArtifactRow] = field(default_factory=list)
    uploads: list[UploadRow] = field(default_factory=list)
    artwork: list[ArtworkRow] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    """Moments in which somebody is to be hidden."""


def _parts_of(session: Session, ids: list[str]) -> dict[str, _Parts]:
    found: dict[str, _Parts] = {one: _Parts() for one in ids}
    for job in session.scalars(select(JobRow).where(JobRow.selection_id.in_(ids))):
        found[job.selection_id].jobs.append(job)
    files = select(ArtifactRow).where(ArtifactRow.selection_id.in_(ids)).order_by(ArtifactRow.kind, ArtifactRow.name)
    for file in session.scalars(files):
        found[file.selection_id].artifacts.append(file)
    sent = select(UploadRow).where(UploadRow.selection_id.in_(ids)).order_by(UploadRow.created_at)
    for upload in session.scalars(sent):
        found[upload.selection_id].uploads.append(upload)
    drawn = select(ArtworkRow).where(ArtworkRow.selection_id.in_(ids)).order_by(ArtworkRow.created_at, ArtworkRow.id)
    for picture in session.scalars(drawn):
        found[picture.selection_id].artwork.append(picture)
    hidden = select(HidingRow.selection_id, HidingRow.moment_id).where(HidingRow.selection_id.in_(ids))
    for selection_id, moment_id in session.execute(hidden):
        found[selection_id].hidden.add(moment_id)
    return found


def _view(row: SelectionRow, parts: _Parts, now: datetime) -> SelectionView:
    by_moment = {job.moment_id: job for job in parts.jobs if job.moment_id is not None}
    by_kind = {job.kind: job for job in parts.jobs if job.moment_id is None}
    artifacts: dict[str, list[ArtifactView]] = defaultdict(list)
    for file in parts.artifacts:
        artifacts[file.moment_id or file.kind].append(ArtifactView.model_validate(file, from_attributes=True))
    sources = {upload.id: upload for upload in parts.uploads if upload.state == UploadState.COMPLETE}
    moments = [
        MomentView.model_validate(
            {
                "id": moment.id,
                "position": moment.position,
                "revision": moment.revision,
                "kind": moment.kind,
                "moment": moment.moment,
                "cut": moment.cut,
                "held": _held(moment, sources.get(moment.upload_id or "")),
                "people": moment.people,
                "hidden": moment.id in parts.hidden,
                "facts": moment.facts,
                "artifacts": artifacts[moment.id],
            }
            | _work(by_moment.get(moment.id), moment.state, now, unconfirmed=moment.state == MomentState.UNCONFIRMED)
        )
        for moment in row.moments
    ]
    moments_ready = all(moment.state == MomentState.READY for moment in row.moments)
    outputs = [
        OutputView(
            kind=output.kind,
            purpose=Purpose(output.purpose),
            recipe=dict(output.recipe),
            artifacts=artifacts[output.kind],
            carriers=carriers_of(output.kind, [file.media_type for file in artifacts[output.kind]]),
            made_before=output.made_before if artifacts[output.kind] else (),
            **(_work(by_kind.get(output.kind), PENDING, now) if moments_ready else {"state": PENDING}),
        )
        for output in row.outputs
    ]
    uploads = [UploadView.model_validate(upload, from_attributes=True) for upload in parts.uploads]
    announced = {upload.moment_id: upload for upload in sorted(uploads, key=_how_far)}
    awaited = {None} if row.whole_film else {moment.id for moment in row.moments}
    return SelectionView(
        **_summary(row),
        family_id=row.family_id,
        revision=row.revision,
        preset=row.preset,
        whole_film=row.whole_film,
        review_on=row.review_on,
        film=row.film,
        helping_question=row.shape.helping_question,
        working_points=list(row.shape.working_points),
        settled=_settled(row, moments, outputs),
        bytes_received=sum(upload.offset_bytes for upload in announced.values()),
        bytes_expected=sum(upload.length_bytes for upload in announced.values())
        if awaited <= announced.keys()
        else None,
        moments=moments,
        outputs=outputs,
        artwork=[ArtworkView.model_validate(one, from_attributes=True) for one in parts.artwork],
        uploads=uploads,
    )


def summaries(rows: Iterable[SelectionRow]) -> list[SelectionSummary]:
    """A line for each selection."""
    return [SelectionSummary(**_summary(row)) for row in rows]


def _held(moment: MomentRow, upload: UploadRow | None) -> HeldView | None:
    held = held_for(moment, upload)
    return None if held is None else HeldView(from_ms=held.from_ms, to_ms=held.to_ms)


def _summary(row: SelectionRow) -> dict[str, Any]:
    kinds = [moment.kind for moment in row.moments]
    return {
        "id": row.id,
        "state": row.state,
        "created_at": row.created_at,
        "ready_at": row.ready_at,
        "family": row.family,
        "cycle": row.cycle,
        "of": row.shape.of,
        "clips": kinds.count("clip"),
        "stills": kinds.count("still"),
    }


def _how_far(upload: UploadView) -> tuple[bool, int]:
    """A film may be announced again when an answer was lost; the one that is further counts, of equals the newer."""
    return upload.state == UploadState.COMPLETE, upload.offset_bytes


def _settled(row: SelectionRow, moments: list[MomentView], outputs: list[OutputView]) -> bool:
    going_on = {MomentState.AWAITING_UPLOAD, MomentState.QUEUED, MomentState.RUNNING}
    if any(part.state in going_on for part in [*moments, *outputs]):
        return False
    if any(moment.state == MomentState.UNCONFIRMED for moment in moments):
        return True
    return row.state in {SelectionState.READY, SelectionState.FAILED}


def _work(job: JobRow | None, state_without_job: str, now: datetime, *, unconfirmed: bool = False) -> dict[str, Any]:
    if job is None:
        return {"state": state_without_job}
    ended = job.finished_at
    done = job.state == JobState.DONE
    return {
        "state": MomentState.UNCONFIRMED if unconfirmed else _SHOWN_AS.get(JobState(job.state), job.state),
        "progress": 1.0 if done else job.progress if job.started_at else None,
        "attempts": job.attempts,
        "waiting_s": _seconds(job.queued_at, job.started_at or ended or now),
        "running_s": _seconds(job.started_at, ended or now),
        "ready_s": _seconds(job.queued_at, ended) if done else None,
        "error": ErrorView(code=job.error_code, sentence=job.error_sentence or "") if job.error_code else None,
    }


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else round(max((end - start).total_seconds(), 0.0), 3)


def written_words(session: Session) -> set[str]:
    """Everything that guiders wrote into selections: what no report may hold."""
    words: set[str] = set()
    for shape in session.scalars(select(SelectionRow.shape)):
        words |= words_in(shape)
    return words
