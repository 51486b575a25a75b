"""Selections for the tests, from the usual cast: family K-104 with two clips and a still, K-207 with one clip."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select, update

from pipeline.moments import parse_selection
from records.accounts.principal import SHARED_GUIDER_ACCOUNT, Principal, Via
from records.accounts.shared_secrets import shared_principal
from records.actions.create import compose_selection
from records.database import Database
from records.documents import StatedFilm
from records.families.families import family_for
from records.ledger.jobs import Claim, claim_next
from records.ledger.selections import upload_completed
from records.models import JobRow, UploadRow, UploadState, new_id, utcnow
from records.settings import Settings
from records.views.queue_stats import QueueFigures, queue_figures
from tests.effects import effects_on

K_104: dict[str, Any] = {
    "family": "K-104",
    "cycle": 2,
    "helping_question": "How can we enjoy playing together?",
    "working_points": ["Wait a little longer"],
    "clip": [
        {"in": 1000, "out": 3000, "caption": "Ella looks up. Mum waits.", "principle": "receiving-initiatives"},
        {"in": 4000, "out": 5000},
    ],
    "still": [{"at": 5000, "caption": "Ella shows Mum the card."}],
}
K_207: dict[str, Any] = {"family": "K-207", "clip": [{"in": 0, "out": 1000}]}

EVERYBODY_HERE = shared_principal(SHARED_GUIDER_ACCOUNT, Via.SECRET)


def add_selection(
    db: Database,
    shape: dict[str, Any] = K_207,
    *,
    outputs: tuple[str, ...] = ("review_pack",),
    whole_film: bool = True,
    guider: str | None = None,
    review_on: date | None = None,
    recipes: dict[str, Any] | None = None,
    who: Principal = EVERYBODY_HERE,
) -> str:
    """The id of a new selection that awaits its upload."""
    selection = parse_selection(shape)
    with db.session() as session:
        row = compose_selection(
            selection,
            [None] * len([*selection.clips, *selection.stills]),
            StatedFilm(bytes=1_000_000, duration_ms=10_000),
            "review",
            outputs,
            whole_film=whole_film,
            guider=guider,
            review_on=review_on,
            recipes=recipes,
        )
        row.family_id = family_for(session, who, selection.family).id
        session.add(row)
        session.flush()
        return row.id


def complete_upload(
    db: Database,
    selection_id: str,
    *,
    moment_id: str | None = None,
    storage_key: str | None = None,
    sha256: str | None = None,
    upload_id: str | None = None,
    length_bytes: int = 1_000_000,
) -> list[str]:
    """The ids of the jobs that a complete upload adds."""
    with effects_on(db) as effects, db.session() as session:
        upload = UploadRow(
            id=upload_id or new_id(),
            selection_id=selection_id,
            moment_id=moment_id,
            state=UploadState.COMPLETE,
            length_bytes=length_bytes,
            offset_bytes=length_bytes,
            expires_at=utcnow(),
            storage_key=storage_key,
            sha256=sha256,
        )
        upload_completed(session, session.merge(upload))
    return effects.jobs


def add_jobs(db: Database, shape: dict[str, Any] = K_207, **options: Any) -> list[str]:
    """The ids of the moment jobs of a new selection whose film has arrived."""
    return complete_upload(db, add_selection(db, shape, **options))


def take(db: Database, settings: Settings, job_id: str, worker: str = "w") -> Claim:
    """A claim on this very job: it is made the most urgent one first."""
    with db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == job_id).values(priority=-1))
    won = claim_next(db, worker, settings)
    assert won is not None
    assert won.job_id == job_id
    return won


def job_row(db: Database, job_id: str) -> JobRow:
    """A job as it stands."""
    with db.reading() as session:
        return session.scalars(select(JobRow).where(JobRow.id == job_id)).one()


def figures_of(db: Database, settings: Settings) -> QueueFigures:
    """The queue in figures, now."""
    with db.reading() as session:
        return queue_figures(session, settings, utcnow())
