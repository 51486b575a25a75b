"""What must hold after chaos, looked up in the rows, in the files and in the list of processes, past every line."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pikepdf
import psutil
from sqlalchemy import func, select, text

from pipeline.outputs.kinds import KINDS
from records.audit.erasure_register import REGISTER_FOLDER
from records.keys.errors import KeyGone
from records.ledger.store_identity import LABEL_KEY, StoreMatch, compare_store
from records.models import ArtifactRow, JobRow, JobState, MomentRow, SelectionRow, UploadRow, UploadState
from records.storage.contract import StorageDamaged
from records.storage.open import open_storage
from tests.chaos.guider import Planned
from tests.chaos.stack import Stack
from tests.footage import numbers_in

_OURS = (SelectionRow, MomentRow, UploadRow, JobRow, ArtifactRow)


@dataclass
class Findings:
    """Violations by kind: lost, doubled, wrong, orphan, left, stuck, refused."""

    violations: list[tuple[str, str]] = field(default_factory=list)
    jobs: int = 0
    attempts: int = 0
    artifacts: int = 0
    bytes_checked: int = 0

    def add(self, kind: str, words: str) -> None:
        """One more."""
        self.violations.append((kind, words))

    def count(self, kind: str) -> int:
        """How many of a kind."""
        return sum(one == kind for one, _ in self.violations)


def check_selections(stack: Stack, planned: Sequence[Planned], found: Findings) -> None:
    """Every accepted byte is there; every job ended once; every artifact is what was asked for, made once."""
    for one in planned:
        if one.erased:
            _check_gone(stack, one, found)
        elif one.ready:
            _check_ready(stack, one, found)


def _check_gone(stack: Stack, planned: Planned, found: Findings) -> None:
    with stack.db.reading() as session:
        for table in _OURS[1:]:
            if rows := session.scalar(select(func.count()).where(table.selection_id == planned.id)):  # type: ignore[attr-defined]
                found.add("left", f"{rows} {table.__tablename__} of the erased selection {planned.id}")
        if session.get(SelectionRow, planned.id) is not None:
            found.add("left", f"the row of the erased selection {planned.id}")


def _check_ready(stack: Stack, planned: Planned, found: Findings) -> None:
    with stack.db.reading() as session:
        moments = session.scalars(
            select(MomentRow).where(MomentRow.selection_id == planned.id).order_by(MomentRow.position)
        ).all()
        uploads = session.scalars(select(UploadRow).where(UploadRow.selection_id == planned.id)).all()
        jobs = session.scalars(select(JobRow).where(JobRow.selection_id == planned.id)).all()
        artifacts = session.scalars(select(ArtifactRow).where(ArtifactRow.selection_id == planned.id)).all()
    _check_uploads(stack, planned, moments, uploads, found)
    _check_jobs(stack, planned, moments, jobs, found)
    _check_artifacts(stack, planned, moments, artifacts, found)


def _check_uploads(
    stack: Stack, planned: Planned, moments: Sequence[MomentRow], uploads: Sequence[UploadRow], found: Findings
) -> None:
    by_id = {upload.id: upload for upload in uploads}
    for moment in moments:
        sent = planned.accepted.get("film" if planned.shape["whole_film"] else moment.id)
        upload = by_id.get(moment.upload_id or "")
        if upload is None or upload.storage_key is None or upload.state != UploadState.COMPLETE:
            found.add("lost", f"moment {moment.id} has no complete upload")
        elif (sha256 := _sha256_of(stack, upload.storage_key, found)) != sent or upload.sha256 != sent:
            found.add("lost", f"upload {upload.id}: {sent} was sent, {upload.sha256} recorded, {sha256} stored")
    complete = Counter(upload.moment_id for upload in uploads if upload.state == UploadState.COMPLETE)
    for target, times in complete.items():
        if times > 1:
            found.add("doubled", f"{times} complete uploads for {target or planned.id}")


def _check_jobs(
    stack: Stack, planned: Planned, moments: Sequence[MomentRow], jobs: Sequence[JobRow], found: Findings
) -> None:
    wanted = [("moment", moment.id) for moment in moments] + [(kind, None) for kind in planned.shape["outputs"]]
    if Counter((job.kind, job.moment_id) for job in jobs) != Counter(wanted):
        found.add("doubled", f"jobs {[(job.kind, job.moment_id) for job in jobs]}, wanted {wanted}")
    found.jobs += len(jobs)
    ended: dict[str, int] = defaultdict(int)
    for step in _steps(stack, [job.id for job in jobs]):
        ended[step.job_id] += step.became == JobState.DONE
        found.attempts += step.became == JobState.RUNNING
        if step.was == JobState.DONE:
            found.add("doubled", f"job {step.job_id} went from done to {step.became}")
    for job in jobs:
        if job.state != JobState.DONE or job.lease_token is not None:
            found.add("stuck", f"job {job.id} ({job.kind}) is {job.state}, token {job.lease_token}")
        if ended[job.id] != 1:
            found.add("doubled", f"job {job.id} ({job.kind}) ended {ended[job.id]} times")


def _steps(stack: Stack, job_ids: list[str]) -> Sequence[object]:
    with stack.db.reading() as session:
        return session.execute(
            text("SELECT job_id, was, became, lease FROM chaos_steps WHERE job_id = ANY(:ids) ORDER BY id"),
            {"ids": job_ids},
        ).all()


def _check_artifacts(
    stack: Stack, planned: Planned, moments: Sequence[MomentRow], artifacts: Sequence[ArtifactRow], found: Findings
) -> None:
    job_tokens = {
        (step.job_id, step.lease)  # type: ignore[attr-defined]
        for step in _steps(stack, [artifact.storage_key.split("/")[3] for artifact in artifacts])
        if step.became == JobState.DONE  # type: ignore[attr-defined]
    }
    by_moment: dict[str | None, list[ArtifactRow]] = defaultdict(list)
    for artifact in artifacts:
        by_moment[artifact.moment_id].append(artifact)
        if tuple(artifact.storage_key.split("/")[3:5]) not in job_tokens:
            found.add("doubled", f"{artifact.name} was published by an attempt that did not end its job")
        if _sha256_of(stack, artifact.storage_key, found) != artifact.sha256:
            found.add("wrong", f"{artifact.name} of {planned.id} is not what its row says")
        found.artifacts += 1
    for moment, frames in zip(moments, planned.frames, strict=True):
        _check_moment(stack, by_moment[moment.id], frames, found)
    if Counter(one.kind for one in by_moment[None]) != Counter(planned.shape["outputs"]):
        found.add("doubled", f"outputs {[one.name for one in by_moment[None]]} of {planned.shape['outputs']}")
    for output in by_moment[None]:
        _check_output(stack, output, [file for moment in moments for file in by_moment[moment.id]], found)


def _check_moment(stack: Stack, files: list[ArtifactRow], frames: list[int], found: Findings) -> None:
    if len(files) != 1:
        found.add("doubled" if files else "lost", f"{len(files)} files for one moment")
        return
    with tempfile.NamedTemporaryFile(suffix=Path(files[0].name).suffix) as copy:
        copy.write(_read(stack, files[0].storage_key) or b"")
        copy.flush()
        try:
            shown = numbers_in(Path(copy.name))
        except Exception as error:  # noqa: BLE001 whatever the reader says: it cannot be played
            found.add("wrong", f"{files[0].name} of {files[0].selection_id} cannot be played: {error}")
            return
    if shown != frames:
        found.add("wrong", f"{files[0].name} of {files[0].selection_id} shows {shown}, not {frames}")


def _check_output(stack: Stack, output: ArtifactRow, moments: list[ArtifactRow], found: Findings) -> None:
    data = _read(stack, output.storage_key) or b""
    try:
        if output.name.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                inside = {hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
            if missing := [file.name for file in moments if file.sha256 not in inside]:
                found.add("wrong", f"{output.name} lacks {missing}")
        elif output.name.endswith(".pdf"):
            with pikepdf.open(io.BytesIO(data)) as document:
                if not document.pages:
                    found.add("wrong", f"{output.name} has no page")
        elif output.kind in KINDS and not data:
            found.add("wrong", f"{output.name} is empty")
    except (zipfile.BadZipFile, pikepdf.PdfError) as error:
        found.add("wrong", f"{output.name} cannot be opened: {error}")


def leftovers(stack: Stack) -> list[tuple[str, str]]:
    """What should not be there once everything has settled: (kind, words). Swept things need a moment to go."""
    left = [("orphan", f"process {_told(process)}") for process in stack.crew.unowned()]
    for part in stack.crew.parts.values():
        ended = [process for process in part.offspring() if _is_ended_or_ffmpeg(process)]
        left += [("orphan", f"process {_told(process)} below {part.name}") for process in ended]
    left += [("left", f"scratch {path.relative_to(stack.disk)}") for path in stack.scratch()]
    with stack.db.reading() as session:
        rows = set(session.scalars(select(ArtifactRow.storage_key)))
        rows |= set(session.scalars(select(UploadRow.storage_key).where(UploadRow.state == UploadState.COMPLETE)))
        alive = session.scalars(select(JobRow.id).where(JobRow.state.in_([JobState.QUEUED, JobState.RUNNING])))
        left += [("stuck", f"job {job_id} has not ended") for job_id in alive]
        erasing = session.scalars(select(SelectionRow.id).where(~SelectionRow.visible))
        left += [("left", f"selection {selection_id} is half erased") for selection_id in erasing]
    # os.walk passes over a folder that goes away under it: a probe of the health check has one of its own.
    walked = ((Path(folder), names) for folder, _, names in os.walk(stack.objects))
    files = {(folder / name).relative_to(stack.objects).as_posix() for folder, names in walked for name in names}
    strays = {key for key in files - rows if key != LABEL_KEY and not key.startswith(REGISTER_FOLDER)}
    left += [("left", f"file without a row: {key}") for key in sorted(strays)]
    state = compare_store(stack.db, open_storage(stack.settings))
    left += [("stuck", f"nothing is swept: {state.match}")] if state.match is not StoreMatch.OURS else []
    left += [("lost", f"row without its file: {key}") for key in sorted(key or "no key" for key in rows - files)]
    return left


def everything_is_gone(stack: Stack) -> list[tuple[str, str]]:
    """What is left although every selection was erased."""
    left = []
    with stack.db.reading() as session:
        rows = {table.__tablename__: session.scalar(select(func.count()).select_from(table)) for table in _OURS}
    left += [("left", f"{n} rows of {table} after everything was erased") for table, n in rows.items() if n]
    return left + leftovers(stack)


def _is_ended_or_ffmpeg(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE or "ffmpeg" in process.name()
    except psutil.NoSuchProcess:
        return False


def _told(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {process.status()} {' '.join(process.cmdline())[:120]}"
    except psutil.Error:
        return str(process.pid)


def _read(stack: Stack, key: str) -> bytes | None:
    if not (stack.objects / key).is_file():
        return None
    storage = open_storage(stack.settings)
    try:
        return b"".join(storage.read(key, 0, storage.size(key)))
    except (StorageDamaged, KeyGone):
        return b"damaged, or of what was erased"


def _sha256_of(stack: Stack, key: str, found: Findings) -> str | None:
    data = _read(stack, key)
    if data is None:
        return None
    found.bytes_checked += len(data)
    return hashlib.sha256(data).hexdigest()
