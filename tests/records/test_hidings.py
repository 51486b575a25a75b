"""Hiding a bystander: what others made with the moment goes too."""

from __future__ import annotations

from sqlalchemy import select

from records.database import Database
from records.hidings import ask_hiding
from records.models import ArtifactRow, JobRow, MomentRow, SelectionRow, new_id
from tests.records.cast import K_104, add_jobs, add_selection


def put_artifact(db: Database, selection_id: str, kind: str, moment_id: str | None = None) -> str:
    """A finished file, as if it had been made; its key."""
    key = f"x/{new_id()}"
    with db.session() as session:
        row = {"selection_id": selection_id, "moment_id": moment_id, "kind": kind, "name": f"{new_id()}.zip"}
        session.add(ArtifactRow(**row, storage_key=key, media_type="application/zip", bytes=1, sha256="0"))
    return key


def test_a_pack_of_another_selection_that_shows_the_moment_is_taken_back(db: Database) -> None:
    add_jobs(db, K_104, outputs=("review_pack",))
    with db.reading() as session:
        mine = session.scalars(select(SelectionRow.id)).one()
        hidden, other_clip = session.scalars(select(MomentRow.id).order_by(MomentRow.position)).all()[:2]
    other = add_selection(db, K_104, outputs=("supervision_pack",))
    with db.session() as session:
        session.get_one(SelectionRow, other).recipes = {"supervision_pack": {"companion": mine}}
    gone = {
        put_artifact(db, mine, "clip", hidden),
        put_artifact(db, mine, "review_pack"),
        put_artifact(db, other, "supervision_pack"),
    }
    stays = {put_artifact(db, mine, "clip", other_clip), put_artifact(db, other, "review_pack")}
    with db.session() as session:
        jobs, keys = ask_hiding(session, mine, hidden, ())
    assert set(keys) == gone
    with db.reading() as session:
        assert set(session.scalars(select(ArtifactRow.storage_key))) == stays
        assert session.scalars(select(JobRow.moment_id).where(JobRow.id.in_(jobs))).all() == [hidden]
