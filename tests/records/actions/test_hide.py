"""Hiding a bystander: what others made with the moment goes too."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from records.actions.complete_job import finish
from records.actions.hide import ask_hiding
from records.actions.request_output import ask_for_output
from records.database import Database
from records.errors import LeaseLost
from records.ledger.jobs import add_job
from records.models import ArtifactRow, JobRow, MomentRow, MomentState, SelectionRow, new_id
from records.settings import Settings
from tests.effects import effects_on
from tests.records.cast import K_104, add_jobs, add_selection, take


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
    chosen = {"supervision_pack": {"companion": mine}}
    other = add_selection(db, K_104, outputs=("supervision_pack",), recipes=chosen)
    gone = {
        put_artifact(db, mine, "clip", hidden),
        put_artifact(db, mine, "review_pack"),
        put_artifact(db, other, "supervision_pack"),
    }
    stays = {put_artifact(db, mine, "clip", other_clip), put_artifact(db, other, "review_pack")}
    with effects_on(db) as effects, db.session() as session:
        ask_hiding(session, mine, hidden, ())
    assert set(effects.keys) == gone
    with db.reading() as session:
        assert set(session.scalars(select(ArtifactRow.storage_key))) == stays
        assert session.scalars(select(JobRow.moment_id).where(JobRow.id.in_(effects.jobs))).all() == [hidden]


@pytest.mark.parametrize(
    ("kind", "named"), [("booklet", {"earlier": ["mine"]}), ("supervision_pack", {"companion": "mine"})]
)
@pytest.mark.parametrize("chosen_otherwise", [False, True])
def test_no_pack_in_the_making_nor_one_that_was_to_be_made_anew_shows_the_moment(
    db: Database, settings: Settings, kind: str, named: dict[str, object], *, chosen_otherwise: bool
) -> None:
    add_jobs(db, K_104)
    with db.reading() as session:
        mine = session.scalars(select(SelectionRow.id)).one()
        hidden = session.scalars(select(MomentRow.id).order_by(MomentRow.position)).first()
    assert hidden is not None
    named = {name: [mine] if isinstance(value, list) else mine for name, value in named.items()}
    later = add_selection(db, {**K_104, "cycle": 3}, outputs=(kind,), recipes={kind: named})
    with db.session() as session:
        row = session.get_one(SelectionRow, later)
        job_id = add_job(session, kind, row).id
        # Other ends were chosen while the pack is made: it ends, and will be made again.
        session.execute(update(MomentRow).where(MomentRow.selection_id == later).values(state=MomentState.QUEUED))
    put_artifact(db, later, kind)
    working = take(db, settings, job_id)
    if chosen_otherwise:
        with db.session() as session:
            ask_for_output(session, later, kind, {})
    with db.session() as session:
        ask_hiding(session, mine, hidden, ())
    with db.reading() as session:
        assert not session.scalars(select(ArtifactRow.id)).all()
    with pytest.raises(LeaseLost):
        finish(db, working, [])
