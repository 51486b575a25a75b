"""Rows and files as earlier versions wrote them, a function for each; old_ledger.py puts them together."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert

from records.settings import Settings
from tests.footage import ffmpeg, numbered_film

LAST_OF_OLD = "0010"
"""Where the program stood on the morning of 27 November 2026 (efcfdd4)."""
STEPS = [f"{number:04}" for number in range(1, 11)]
ADA, BEN = "Adas-browser-4Kd", "Bens-browser-9Xq"
FPS, FRAMES = 25, 150
"""Of the film that every selection was cut from: each frame shows its number."""
PARTIAL_BYTES = 5000
BEGAN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
_CLIP = {"in": 1000, "out": 2000, "caption": "Ella looks up. Mum waits.", "principle": "receiving-initiatives"}
_STILL = {"at": 3000, "caption": "Ella shows Mum the card.", "principle": None, "exact": True}
_ERROR = {
    "error_code": "film_unreadable",
    "error_sentence": "This film cannot be read. Try copying it from the phone again.",
    "error_detail": "no moov atom",
}


def ident(*names: str) -> str:
    """The identifier of a thing with that name: 32 hex digits, always the same."""
    return hashlib.sha256(" ".join(names).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class OldFiles:
    """What lies in the store: small, but real."""

    film: Path
    clip: Path
    still: Path
    pack: Path
    paper: Path


def draw_old_files(folder: Path) -> OldFiles:
    """The files of an old ledger, drawn in ``folder``."""
    film = numbered_film(folder / "film.mp4", frames=FRAMES, fps=str(FPS))
    clip = numbered_film(folder / "clip.mp4", frames=FPS, fps=str(FPS))
    still, pack, paper = (folder / name for name in ("still.jpg", "pack.zip", "paper.pdf"))
    argv = [ffmpeg(), "-loglevel", "error", "-y", "-ss", "3", "-i", str(film), "-frames:v", "1"]
    subprocess.run([*argv, str(still)], check=True)
    with zipfile.ZipFile(pack, "w") as zipped:
        zipped.write(clip, "review-pack/clips/01.mp4")
    paper.write_bytes(b"%PDF-1.7\n% a page of the old program\n%%EOF\n")
    return OldFiles(film, clip, still, pack, paper)


@dataclass
class OldLedger:
    """What was put in: where each selection is found, and the sum of every file that is to be handed out."""

    step: str
    files: OldFiles
    selections: dict[str, str] = field(default_factory=dict)
    """Identifiers by the names below."""
    served: dict[str, dict[str, str]] = field(default_factory=dict)
    """By the name of a selection: SHA-256 by the name of a file."""


class RowWriter:
    """Writes into one ledger while it is being made."""

    def __init__(self, settings: Settings, files: OldFiles, step: str) -> None:
        self.settings = settings
        self.files = files
        self.ledger = OldLedger(step, files)
        self.minutes = 0
        self.connection: Connection
        self.tables: dict[str, Table] = {}

    def _selection(
        self,
        name: str,
        *,
        family: str = "K-104",
        cycle: int = 2,
        of: str = "family_film",
        clips: int = 1,
        stills: int = 1,
        state: str = "ready",
        job: str | None = "done",
        outputs: dict[str, dict[str, Any]] | None = None,
        later: dict[str, dict[str, Any]] | None = None,
        not_made: Sequence[str] = (),
        hidden: str = "",
        whole_film: bool = False,
        guider: str | None = ADA,
        **changes: Any,
    ) -> str:
        selection_id, created_at = ident(name), self._now()
        outputs = {"review_pack": {}} if outputs is None else outputs
        later = later if later and "recipes" in self.tables["selections"].columns else {}
        moments = [("clip", _CLIP)] * clips + [("still", _STILL)] * stills
        self._insert(
            "selections",
            id=selection_id,
            created_at=created_at,
            state=state,
            family=family,
            cycle=cycle,
            preset="review",
            shape={
                "family": family,
                "cycle": cycle,
                "of": of,
                "helping_question": "How can we enjoy playing together?",
                "working_points": ["Wait a little longer"],
                "clip": [_CLIP] * clips,
                "still": [_STILL] * stills,
            },
            film={"bytes": self.files.film.stat().st_size, "duration_ms": FRAMES * 1000 // FPS, "picture": True},
            outputs=list(outputs),
            recipes={kind: recipe for kind, recipe in {**outputs, **later}.items() if recipe},
            whole_film=whole_film,
            guider=guider,
            review_on=date(2026, 12, 1) if name == "waiting" else None,
            ready_at=self._now() if state == "ready" else None,
            **{"erasing_at": None, **changes},
        )
        self.ledger.selections[name] = selection_id
        self.ledger.served[name] = {}
        film_id = self._upload(name, None) if whole_film else None
        for position, (kind, moment) in enumerate(moments):
            self._moment(name, position, kind, moment, job, film_id, hidden, guider)
        if job == "done" and hidden != "unconfirmed":
            for kind in {**outputs, **later}:
                self._output(name, kind, guider, made=kind not in not_made)
        return selection_id

    def _moment(
        self,
        name: str,
        position: int,
        kind: str,
        moment: dict[str, Any],
        job: str | None,
        film_id: str | None,
        hidden: str,
        guider: str | None,
    ) -> None:
        selection_id, moment_id, job_id = ident(name), ident(name, str(position)), ident(name, str(position), "job")
        state = {"done": "ready", "held": "queued", None: "awaiting_upload"}.get(job, job)
        facts = {
            "in_ms": moment["in" if kind == "clip" else "at"],
            "out_ms": moment.get("out"),
            "width_px": 320,
            "height_px": 240,
            "fps": 25.0 if kind == "clip" else None,
            "duration_ms": 1000 if kind == "clip" else None,
            "peaks": None,
            "gain_db": 0.0 if kind == "clip" else None,
            "cpu_s": 1.5,
            "warnings": [],
        }
        done: dict[str, Any] = {"facts": facts} if job == "done" else {}
        self._insert(
            "moments",
            id=moment_id,
            selection_id=selection_id,
            position=position,
            kind=kind,
            moment=moment,
            cut=None if film_id else {end: moment[end] for end in ("in", "out", "at") if end in moment},
            state="unconfirmed" if hidden == "unconfirmed" else state,
            **done,
        )
        if job is None:
            self._partial(name, ident(name, "upload"), moment_id)
            return
        upload_id = film_id or self._upload(name, moment_id)
        table = self.tables["moments"]
        self.connection.execute(table.update().where(table.c.id == moment_id).values(upload_id=upload_id))
        self._job(job_id, selection_id, "moment", job, guider, moment_id=moment_id)
        file = "01.mp4" if kind == "clip" else "01.jpg"
        key = f"selections/{selection_id}/jobs/{job_id}/{ident(job_id, 'token')}/{file}"
        if job == "running":  # what the attempt had stored when its worker died
            self._store(self.files.clip, key)
        if job == "done":
            source, media_type = (self.files.clip, "video/mp4") if kind == "clip" else (self.files.still, "image/jpeg")
            if hidden == "unconfirmed":
                self._withheld(name, moment_id, job_id)
            else:
                self._artifact(name, moment_id, kind, source, key, media_type)
        if hidden:
            self._hiding(selection_id, moment_id, confirmed=hidden == "confirmed")

    def _upload(self, name: str, moment_id: str | None) -> str:
        upload_id = ident(name, moment_id or "film", "upload")
        key = f"selections/{ident(name)}/uploads/{upload_id}"
        size, sha256 = self._store(self.files.film, key)
        self._insert(
            "uploads",
            id=upload_id,
            selection_id=ident(name),
            moment_id=moment_id,
            created_at=self._now(),
            expires_at=self._now() + timedelta(days=7),
            state="complete",
            length_bytes=size,
            offset_bytes=size,
            holder=None,
            sha256=sha256,
            storage_key=key,
            starts_ms=0,
            held_ms=FRAMES * 1000 // FPS,
        )
        return upload_id

    def _partial(self, name: str, upload_id: str, moment_id: str | None = None) -> None:
        """An upload of which the first bytes are here."""
        folder = self.settings.data_dir / "incoming"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        film = self.files.film.read_bytes()
        (folder / upload_id).write_bytes(film[:PARTIAL_BYTES] + b"not yet saved")
        self._insert(
            "uploads",
            id=upload_id,
            selection_id=ident(name),
            moment_id=moment_id,
            created_at=self._now(),
            expires_at=datetime.now(UTC) + timedelta(days=7),
            state="receiving",
            length_bytes=len(film),
            offset_bytes=PARTIAL_BYTES,
            holder=None,
            sha256=None,
            storage_key=None,
        )

    def _job(
        self, job_id: str, selection_id: str, kind: str, state: str, guider: str | None, moment_id: str | None = None
    ) -> None:
        begun, ended = state in {"done", "failed", "running"}, state in {"done", "failed"}
        at = self._now()
        self._insert(
            "jobs",
            id=job_id,
            kind=kind,
            selection_id=selection_id,
            moment_id=moment_id,
            state=state,
            priority=3,
            guider=guider or selection_id,
            review_on=None,
            created_at=at,
            queued_at=at,
            not_before=None,
            sent_at=at if begun else None,
            started_at=at if begun else None,
            finished_at=at if ended else None,
            attempts=1 if begun else 0,
            lease_token=ident(job_id, "token") if state == "running" else None,
            lease_until=at + timedelta(minutes=1) if begun else None,
            worker="old-machine:77" if begun else None,
            progress=1.0 if state == "done" else 0.4 if begun else 0.0,
            moved_at=at if begun else None,
            cancel_requested=False,
            **(_ERROR if state == "failed" else {"error_code": None, "error_sentence": None, "error_detail": None}),
        )

    def _output(self, name: str, kind: str, guider: str | None, *, made: bool) -> None:
        selection_id, job_id = ident(name), ident(name, kind, "job")
        self._job(job_id, selection_id, kind, "done" if made else "queued", guider)
        if made:
            packed = kind.endswith("_pack")
            source, suffix = (self.files.pack, ".zip") if packed else (self.files.paper, ".pdf")
            file = kind.replace("_", "-") + suffix
            key = f"selections/{selection_id}/jobs/{job_id}/{ident(job_id, 'token')}/{file}"
            self._artifact(name, None, kind, source, key, "application/zip" if packed else "application/pdf")

    def _artifact(self, name: str, moment_id: str | None, kind: str, source: Path, key: str, media_type: str) -> None:
        size, sha256 = self._store(source, key)
        file = key.rpartition("/")[2]
        self._insert(
            "artifacts",
            id=ident(key),
            selection_id=ident(name),
            moment_id=moment_id,
            kind=kind,
            name=file,
            storage_key=key,
            media_type=media_type,
            bytes=size,
            sha256=sha256,
            created_at=self._now(),
        )
        self.ledger.served[name][file] = sha256

    def _artwork(self, name: str, drawing: str) -> None:
        if "artwork" not in self.tables:
            return
        artwork_id = ident(name, drawing)
        key = f"selections/{ident(name)}/artwork/{artwork_id}.jpg"
        size, sha256 = self._store(self.files.still, key)
        self._insert(
            "artwork",
            id=artwork_id,
            selection_id=ident(name),
            created_at=self._now(),
            words="My house",
            storage_key=key,
            bytes=size,
            sha256=sha256,
            width_px=320,
            height_px=240,
        )

    def _hiding(self, selection_id: str, moment_id: str, *, confirmed: bool) -> None:
        box = {"x": 0.1, "y": 0.1, "width": 0.3, "height": 0.3}
        size = self.files.still.stat().st_size
        picture = {"at_ms": 1000, "covers": "box", "box": box, "drawn": True, "doubt": ""}
        places = {"uncovered": [0, size], "covered": [0, size]}
        self._insert(
            "hidings",
            moment_id=moment_id,
            selection_id=selection_id,
            marks=[{"at": 0, "covers": "box", "box": box}],
            pictures=[] if confirmed else [{**picture, **places}],
            revision=ident(moment_id, "revision"),
            confirmed_sha256=_sum(self.files.clip) if confirmed else None,
            confirmed_at=self._now() if confirmed else None,
        )

    def _withheld(self, name: str, moment_id: str, job_id: str) -> None:
        parts = {
            "finished": (self.files.clip, "01.mp4", "video/mp4"),
            "covered": (self.files.still, "covered.jpgs", "image/jpeg"),
            "uncovered": (self.files.still, "uncovered.jpgs", "image/jpeg"),
        }
        for part, (source, file, media_type) in parts.items():
            key = f"selections/{ident(name)}/jobs/{job_id}/{ident(job_id, 'token')}/{file}"
            size, sha256 = self._store(source, key)
            self._insert(
                "withheld",
                moment_id=moment_id,
                part=part,
                selection_id=ident(name),
                name=file,
                storage_key=key,
                media_type=media_type,
                bytes=size,
                sha256=sha256,
            )

    # What belongs to no selection

    def _now(self) -> datetime:
        """A minute later each time."""
        self.minutes += 1
        return BEGAN + timedelta(minutes=self.minutes)

    def _insert(self, name: str, /, **row: Any) -> None:
        """Into a table of that step; what the step does not have yet is left out."""
        table = self.tables.get(name)
        if table is not None:
            self.connection.execute(insert(table), {key: row[key] for key in row if key in table.columns})

    def _store(self, source: Path, key: str) -> tuple[int, str]:
        target = self.settings.data_dir / "store" / key
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        return source.stat().st_size, _sum(source)


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
