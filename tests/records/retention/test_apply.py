"""What a round of retention does, and what erasing a family leaves: nothing but its certificate."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from records.accounts.principal import SERVICE
from records.actions import erase_family as erasing
from records.actions.apply_retention import apply_retention
from records.actions.erase import erase_selection
from records.actions.erase_family import erase_family, family_folder, resume_family_erasures
from records.actions.hide import ask_hiding
from records.actions.trim import trim_moment
from records.audit.actor import command_line
from records.database import Database
from records.database_traces import scrub_if_needed
from records.documents import ClipTimes
from records.errors import SourceErased
from records.families.families import FamilyCodeTaken, FamilyGone, family_id_of
from records.ledger.selections import retry_selection
from records.models import (
    Base,
    ErasureCertificateRow,
    FamilyRow,
    FamilyShareRow,
    MomentRow,
    OutputRow,
    SelectionRow,
    UploadRow,
    WorkerRow,
    utcnow,
)
from records.retention.certificates import Cause
from records.retention.errors import FamilyHeld
from records.retention.holds import place_hold
from records.retention_policy.policy import policy_of
from records.settings import Settings
from records.storage.contract import Storage, StorageUnavailable
from records.storage.open import open_storage
from tests.databases import make_tables
from tests.effects import open_alone
from tests.records.actions.test_erase import put, sent_film, stored
from tests.records.cast import K_104, K_207, add_selection
from tests.records.finished import finish_job


@pytest.fixture
def storage(settings: Settings) -> Storage:
    return open_storage(settings)


def family_of(db: Database, code: str = "K-104") -> str:
    with db.reading() as session:
        return family_id_of(session, code)


def end(db: Database, family_id: str, days_ago: int) -> None:
    with db.session() as session:
        session.get_one(FamilyRow, family_id).ended_at = utcnow() - timedelta(days=days_ago)


def rows_that_name(db: Database, target: str) -> list[str]:
    """Tables in which an id stands anywhere, but for those that are to name it; of a logbook nothing else is left."""
    found = []
    with db.reading() as session:
        for table in Base.metadata.sorted_tables:
            if table.name in {"audit", "erasures", "erasure_certificates", "logbook_clients"}:
                continue
            for row in session.execute(select(table)):
                found += [table.name] if target in map(str, row) else []
    return found


def test_a_family_goes_after_its_time_and_its_notice_and_its_certificate_says_so(
    settings: Settings, db: Database, storage: Storage, tmp_path: Path
) -> None:
    jobs = sent_film(db, storage, tmp_path)
    other = add_selection(db, K_207)
    finish_job(db, jobs[0], settings)
    family_id = family_of(db)
    put(storage, f"{family_folder(family_id)}evidence", tmp_path)
    end(db, family_id, 100)
    now = utcnow()
    first = apply_retention(db, storage, settings, now)
    assert (first.noticed, first.families) == ([family_id], [])
    assert apply_retention(db, storage, settings, now + timedelta(days=27)).families == []
    last = apply_retention(db, storage, settings, now + timedelta(days=32))
    assert last.families == [family_id]
    assert [key for key in stored(storage) if other not in key] == []
    assert list(storage.keys("families/")) == []
    assert rows_that_name(db, family_id) == []
    with db.reading() as session:
        made = session.scalars(select(ErasureCertificateRow)).one()
        assert (made.cause, made.rule, made.by) == (Cause.POLICY, "CASE+2M", "service")
        assert (made.counts.selections, made.counts.moments, made.counts.uploads) == (1, 3, 1)
        assert made.finished_at is not None
        assert session.scalars(select(SelectionRow.id)).all() == [other]
    assert apply_retention(db, storage, settings, now + timedelta(days=365 * 7)).certificates == 1


def test_what_was_sent_goes_and_says_so_where_it_is_wanted(
    settings: Settings, db: Database, storage: Storage, tmp_path: Path
) -> None:
    jobs = sent_film(db, storage, tmp_path)
    for job in jobs:
        finish_job(db, job, settings)
    with db.reading() as session:
        selection = session.scalars(select(SelectionRow)).one()
        moment = session.scalars(select(MomentRow).order_by(MomentRow.position)).first()
        assert moment
    now = utcnow()
    assert apply_retention(db, storage, settings, now + timedelta(days=13)).sources == []
    assert apply_retention(db, storage, settings, now + timedelta(days=15)).sources == [selection.id]
    assert [key for key in stored(storage) if "/uploads/" in key] == []
    with db.reading() as session:
        assert session.scalar(select(func.count(UploadRow.id))) == 0
        assert session.get_one(MomentRow, moment.id).state == "ready"
    with db.session() as session, pytest.raises(SourceErased):
        trim_moment(session, selection.id, moment.id, ClipTimes(in_ms=1100, out_ms=2900), None)
    with db.session() as session:
        session.execute(update(MomentRow).values(facts=None))  # the film itself has a picture
    with db.session() as session, pytest.raises(SourceErased):
        ask_hiding(session, selection.id, moment.id, ())


def test_what_was_never_ready_is_kept_longer_and_then_not_tried_again(
    settings: Settings, db: Database, storage: Storage, tmp_path: Path
) -> None:
    sent_film(db, storage, tmp_path)
    now = utcnow()
    with db.session() as session:
        session.execute(text("UPDATE jobs SET state = 'failed'"))
        session.execute(text("UPDATE moments SET state = 'failed'"))
        [selection_id] = session.scalars(select(SelectionRow.id))
    assert apply_retention(db, storage, settings, now + timedelta(days=59)).sources == []
    assert apply_retention(db, storage, settings, now + timedelta(days=61)).sources == [selection_id]
    with db.session() as session, pytest.raises(SourceErased):
        retry_selection(session, selection_id)


def test_what_was_made_for_one_purpose_goes_sooner_and_the_rest_stays(
    settings: Settings, db: Database, storage: Storage, tmp_path: Path
) -> None:
    shipped = files("configs").joinpath("retention.toml").read_text(encoding="utf-8")
    own = tmp_path / "retention.toml"
    own.write_text(shipped.replace("[purposes]", '[purposes]\nsupervision = "MADE+6M"\n'), encoding="utf-8")
    chosen = settings.model_copy(update={"retention_file": own})
    selection_id = add_selection(db, K_104, outputs=("review_pack", "supervision_pack"))
    made_at = utcnow()
    with db.session() as session:
        session.execute(update(OutputRow).values(made_at=made_at))
    now = made_at + timedelta(days=179)
    assert apply_retention(db, storage, chosen, now).outputs == []
    now = made_at + timedelta(days=185)
    assert apply_retention(db, storage, settings, now).outputs == []
    assert apply_retention(db, storage, chosen, now).outputs == [(selection_id, "supervision_pack")]
    with db.reading() as session:
        assert session.scalars(select(OutputRow.kind)).all() == ["review_pack"]


def test_a_hold_keeps_all_of_it_from_everybody(
    settings: Settings, db: Database, storage: Storage, tmp_path: Path
) -> None:
    sent_film(db, storage, tmp_path)
    family_id = family_of(db)
    end(db, family_id, 400)
    with db.session() as session:
        place_hold(session, command_line(), family_id, policy_of(settings), "The court asked for it.")
        [selection_id] = session.scalars(select(SelectionRow.id))
    later = utcnow() + timedelta(days=400)
    assert apply_retention(db, storage, settings, later).noticed == []
    with pytest.raises(FamilyHeld):
        erase_family(db, storage, settings, SERVICE, family_id)
    with pytest.raises(FamilyHeld):
        erase_selection(db, storage, settings, selection_id)
    assert stored(storage)


@pytest.mark.parametrize("where", ["destroy_family_key", "erase_marked", "scrub_if_needed"])
def test_an_erasure_that_was_interrupted_is_ended(
    settings: Settings, db: Database, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    sent_film(db, storage, tmp_path)
    family_id = family_of(db)

    def fails(*_: object) -> None:
        raise StorageUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(erasing, where, fails)
        with pytest.raises(StorageUnavailable):
            erase_family(db, storage, settings, SERVICE, family_id)
    if where != "scrub_if_needed":  # until its row is gone nobody takes its code
        with pytest.raises(FamilyCodeTaken):
            add_selection(db, K_104)
    with pytest.raises(FamilyGone):
        erase_family(db, storage, settings, SERVICE, family_id)
    assert resume_family_erasures(db, storage, settings) == 1
    assert resume_family_erasures(db, storage, settings) == 0
    assert rows_that_name(db, family_id) == []


def test_a_family_without_a_film_goes_too(settings: Settings, db: Database, storage: Storage) -> None:
    with db.session() as session:
        row = FamilyRow(code="K-104", owner_account_id=f"{2:032x}")
        session.add(row)
        session.flush()
        session.add(FamilyShareRow(family_id=row.id, account_id=f"{2:032x}", kind="colleague", by="x"))
    made = erase_family(db, storage, settings, SERVICE, row.id)
    assert made
    assert made.finished_at
    assert rows_that_name(db, row.id) == []


def test_the_database_s_own_files_keep_nothing_of_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    make_tables(settings)
    db, marker = open_alone(settings), "A-WORD-OF-A-CHILD"
    files = [tmp_path / f"vigpack.sqlite3{end}" for end in ("", "-wal")]

    def found() -> bool:
        return any(marker.encode() in file.read_bytes() for file in files if file.exists())

    with db.session() as session:
        session.add(WorkerRow(name=marker, version="0"))  # a table whose words are not sealed
    assert found()
    with db.reading() as reader:  # somebody reads meanwhile, on an earlier state
        reader.scalar(select(func.count(WorkerRow.name)))
        with db.session() as session:
            session.execute(text("DELETE FROM workers"))
            session.execute(
                text("INSERT INTO erasures VALUES ('a', :at, 'family', 'x', 0)"), {"at": str(utcnow())[:26]}
            )
        assert not scrub_if_needed(db)
    assert scrub_if_needed(db)
    assert not found()
    assert sqlite3.connect(files[0]).execute("SELECT count(*) FROM workers").fetchone() == (0,)
    db.dispose()
