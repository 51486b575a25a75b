"""Restoring: only where nothing is, all or nothing, from older versions, and never what was erased."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import func, select, text

from cli.restore import restore as restore_command
from records.accounts.local.sign_in import TOTP_PURPOSE
from records.accounts.local.totp import seal, unseal
from records.actions.artwork import erase_artwork
from records.actions.erase import erase_selection
from records.actions.erase_family import erase_family
from records.actions.hide import ask_hiding
from records.audit.actor import command_line
from records.audit.erasure_register import copy_register, export_register, parse_erasures, stored_erasures
from records.audit.lifecycle import note_start, note_stop
from records.backup.errors import BackupDamaged, BackupKeyWrong, BackupNewer, ServiceRunning, TargetNotEmpty
from records.backup.key_of_service import ServiceKey, service_key_here, what_is_needed
from records.backup.layout import StoredObject
from records.backup.make import make_backup
from records.backup.read import Backup
from records.backup.state import last_backup_at
from records.ledger.jobs import claim_next
from records.ledger.workers import beat
from records.migrations.migrate import changing_tables, is_current
from records.models import (
    ArtifactRow,
    ArtworkRow,
    AuditRow,
    ErasureCertificateRow,
    FamilyRow,
    HidingRow,
    JobRow,
    JobState,
    MomentRow,
    MomentState,
    SelectionRow,
    UploadRow,
    UploadState,
    new_id,
    utcnow,
)
from records.models.training import LogbookClientRow
from records.secrets.service_key import service_key, service_key_fingerprint
from records.settings import Settings
from records.training.logbook import forget_code
from tests.records.backup.place import Place, new_key, opened, recipients_of
from tests.records.cast import add_selection


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    settings = Settings(data_dir=tmp_path / "here", key_dir=tmp_path / "keys", master_key_file=tmp_path / "master-key")
    place = Place(settings)
    yield place
    place.db.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def there(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    settings = Settings(data_dir=tmp_path / "there", key_dir=tmp_path / "keys", master_key_file=tmp_path / "master-key")
    if request.param == "postgresql":
        settings.database_url = request.getfixturevalue("postgres_url")
    place = Place(settings)
    yield place
    place.db.dispose()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return new_key(tmp_path)


@pytest.fixture
def copy(here: Place, key: Path, tmp_path: Path) -> Path:
    """A backup with one selection of one moment."""
    here.add()
    here.backup(tmp_path / "copy", key)
    return tmp_path / "copy"


def selections(place: Place) -> set[str]:
    with place.db.reading() as session:
        return set(session.scalars(select(SelectionRow.id)))


def test_where_a_service_ran_for_a_minute_and_kept_nothing_a_backup_may_be_restored(
    there: Place, here: Place, copy: Path, key: Path
) -> None:
    beat(there.db, "gone:1", datetime(2026, 1, 1, tzinfo=UTC))
    with there.db.session() as session:
        session.execute(text("UPDATE workers SET left_at = seen_at"))
    start = note_start(there.db, there.settings)
    note_stop(there.db, start or "")
    there.restore(copy, key)
    assert selections(there) == selections(here)
    assert there.stored() == here.stored()
    assert is_current(there.db)
    with there.db.reading() as session:
        assert last_backup_at(session) is not None
        assert session.scalars(select(AuditRow.action)).all() == ["restore"]
    assert list(there.settings.data_dir.glob("restoring*")) == []


def test_records_are_never_overwritten(there: Place, copy: Path, key: Path) -> None:
    kept = add_selection(there.db)
    with pytest.raises(TargetNotEmpty):
        there.restore(copy, key)
    assert selections(there) == {kept}
    assert there.stored() == set()


def test_files_are_never_overwritten(there: Place, copy: Path, key: Path) -> None:
    there.storage.write(iter([b"film"]), "selections/of-somebody/uploads/else")
    with pytest.raises(TargetNotEmpty):
        there.restore(copy, key)
    assert there.stored() == {"selections/of-somebody/uploads/else"}
    assert selections(there) == set()


def test_nothing_is_restored_under_a_service_that_runs(there: Place, copy: Path, key: Path) -> None:
    beat(there.db, "here:1", utcnow())
    with pytest.raises(ServiceRunning):
        there.restore(copy, key)
    assert selections(there) == set()


def test_an_interrupted_restore_leaves_no_record_and_goes_on(
    there: Place, here: Place, copy: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Backup.read_object
    seen: list[str] = []

    def break_at_second(backup: Backup, found: StoredObject, write: object) -> None:
        seen.append(found.key)
        if len(seen) == 2:
            raise BackupDamaged("unplugged")
        whole(backup, found, write)  # type: ignore[arg-type]

    monkeypatch.setattr(Backup, "read_object", break_at_second)
    with pytest.raises(BackupDamaged, match="unplugged"):
        there.restore(copy, key)
    assert selections(there) == set()
    assert len(there.stored()) == 1
    there.restore(copy, key)
    assert len(seen) == 3  # what had come was not fetched again
    assert selections(there) == selections(here)
    assert there.stored() == here.stored()


def test_another_backup_does_not_mix_with_an_interrupted_one(
    there: Place, here: Place, copy: Path, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.backup(tmp_path / "second", key)
    with monkeypatch.context() as broken:
        broken.setattr(Backup, "dump", lambda _self: (_ for _ in ()).throw(BackupDamaged("unplugged")))
        with pytest.raises(BackupDamaged):
            there.restore(copy, key)
    with pytest.raises(TargetNotEmpty, match="selections/"):
        there.restore(tmp_path / "second", key)


def test_another_key_opens_nothing(there: Place, copy: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(BackupKeyWrong):
        there.restore(copy, new_key(tmp_path / "other"))


def test_a_backup_of_an_older_step_is_brought_up_to_date(here: Place, there: Place, key: Path, tmp_path: Path) -> None:
    kept = here.add()
    with changing_tables(here.settings) as (_, config):
        command.downgrade(config, "0009")
    made = here.backup(tmp_path / "old", key)
    assert made.schema_step == "0009"
    there.restore(tmp_path / "old", key)
    assert is_current(there.db)
    assert selections(there) == {kept}


def test_a_backup_of_a_newer_version_is_refused(here: Place, there: Place, key: Path, tmp_path: Path) -> None:
    with here.db.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    here.backup(tmp_path / "new", key)
    with pytest.raises(BackupNewer, match="9999") as refused:
        there.restore(tmp_path / "new", key)
    assert "newer version" in refused.value.for_guider


def test_what_was_under_way_begins_anew(here: Place, there: Place, key: Path, tmp_path: Path) -> None:
    selection_id = here.add()
    won = claim_next(here.db, "here:1", here.settings)
    assert won is not None
    with here.db.session() as session:
        session.add(
            UploadRow(
                id=(unfinished := new_id()), selection_id=selection_id, length_bytes=9, offset_bytes=5, holder="h",
                expires_at=utcnow(), state=UploadState.RECEIVING,
            )
        )  # fmt: skip
    here.backup(tmp_path / "copy", key)
    there.restore(tmp_path / "copy", key)
    with there.db.reading() as session:
        job = session.get_one(JobRow, won.job_id)
        assert (job.state, job.attempts, job.lease_token) == (JobState.QUEUED, 0, None)
        assert {row.state for row in session.scalars(select(MomentRow))} == {MomentState.QUEUED}
        upload = session.get_one(UploadRow, unfinished)
        assert (upload.offset_bytes, upload.holder) == (0, None)
        assert upload.expires_at > utcnow()


def test_what_was_erased_hidden_or_taken_out_since_is_so_again(
    here: Place, there: Place, key: Path, tmp_path: Path
) -> None:
    erased, kept = here.add(), here.add(moments=True)
    picture = new_id()
    with here.db.session() as session:
        first = MomentRow.selection_id == kept, MomentRow.position == 0
        moment_id = session.scalars(select(MomentRow.id).where(*first)).one()
        session.add(
            ArtworkRow(
                id=picture, selection_id=kept, storage_key=f"selections/{kept}/artwork/{picture}.jpg", bytes=3,
                sha256=here.store(f"selections/{kept}/artwork/{picture}.jpg", b"jpg"), width_px=1, height_px=1,
            )
        )  # fmt: skip
        session.add(LogbookClientRow(id=(client := new_id()), guider="g", family="K-999"))
    here.backup(tmp_path / "copy", key)
    assert erase_selection(here.db, here.storage, here.settings, erased)
    with here.db.session() as session:
        erase_artwork(session, kept, picture)
        ask_hiding(session, kept, moment_id, ())
        forget_code(session, "K-999")
    assert copy_register(here.db, here.storage) >= 4
    export_register(here.storage, tmp_path / "register")
    register = parse_erasures((tmp_path / "register").read_text().splitlines())
    assert not any(word in (tmp_path / "register").read_text() for word in ("K-", "Ella"))

    done = there.restore(tmp_path / "copy", key, *register)
    assert done.erased_again == 4
    assert selections(there) == {kept}
    assert not [stored for stored in there.stored() if erased in stored or picture in stored]
    with there.db.reading() as session:
        assert session.get(ArtworkRow, picture) is None
        assert session.get(HidingRow, moment_id) is not None
        assert session.get_one(LogbookClientRow, client).family is None
        assert session.scalar(select(func.count(ArtifactRow.id))) == 0  # what showed the moment is made anew
    copy_register(there.db, there.storage)
    assert set(register) <= set(stored_erasures(there.storage))


def test_what_was_done_before_the_backup_is_not_done_again(
    here: Place, there: Place, key: Path, tmp_path: Path
) -> None:
    kept = here.add()
    with here.db.session() as session:
        moment_id = session.scalars(select(MomentRow.id)).one()
        ask_hiding(session, kept, moment_id, ())
        session.get_one(HidingRow, moment_id).confirmed_sha256 = "0" * 64
    copy_register(here.db, here.storage)
    here.backup(tmp_path / "copy", key)
    done = there.restore(tmp_path / "copy", key, *stored_erasures(here.storage))
    assert done.erased_again == 0
    with there.db.reading() as session:
        assert session.get_one(HidingRow, moment_id).confirmed_sha256 == "0" * 64


def test_a_family_that_was_erased_since_is_erased_again_with_a_certificate(
    here: Place, there: Place, key: Path, tmp_path: Path
) -> None:
    here.add()
    here.backup(tmp_path / "copy", key)
    with here.db.reading() as session:
        [family_id] = session.scalars(select(FamilyRow.id))
    assert erase_family(here.db, here.storage, here.settings, command_line(), family_id)
    copy_register(here.db, here.storage)
    there.restore(tmp_path / "copy", key, *stored_erasures(here.storage))
    with there.db.reading() as session:
        assert session.scalars(select(FamilyRow.id)).all() == []
        [again] = session.scalars(select(ErasureCertificateRow))
        assert (again.family_id, again.cause) == (family_id, "restored")
    assert selections(there) == set()
    assert there.stored() == set()


def test_a_later_backup_tells_what_was_erased(here: Place, there: Place, key: Path, tmp_path: Path) -> None:
    erased = here.add()
    here.backup(tmp_path / "monday", key)
    assert erase_selection(here.db, here.storage, here.settings, erased)
    here.backup(tmp_path / "tuesday", key)
    with opened(tmp_path / "tuesday", key) as tuesday:
        register = parse_erasures(tuesday.erased)
    assert there.restore(tmp_path / "monday", key, *register).erased_again == 1
    assert selections(there) == set()
    assert there.stored() == set()


def test_a_restore_says_before_and_after_whether_the_service_key_is_there(
    here: Place, tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key is in no backup; with it a phone's codes go on, without it they do not."""
    sealed = seal(service_key(here.settings, TOTP_PURPOSE), "JBSWY3DPEHPK3PXP", "ada")
    fingerprint = service_key_fingerprint(here.settings)
    made = make_backup(
        here.db, here.storage, tmp_path / "copy", recipients_of(key), lambda _done: None, service_key=fingerprint
    )
    new = Settings(data_dir=tmp_path / "new")
    assert service_key_here(made, new) is ServiceKey.MISSING
    assert not (tmp_path / "new").exists()  # looking makes no key
    for check, words in ((True, "here is none. Put the former one"), (False, "If you have it, put it into")):
        restore_command(tmp_path / "copy", key=key, check=check, data=new.data_dir)
        assert words in " ".join(capsys.readouterr().out.split())
    assert service_key_here(made, new) is ServiceKey.OTHER  # the restore's own line of the audit needed one
    assert unseal(service_key(new, TOTP_PURPOSE), sealed, "ada") is None
    shutil.copy(here.settings.data_dir / "service-key", new.data_dir / "service-key")
    assert service_key_here(made, new) is ServiceKey.SAME
    assert unseal(service_key(new, TOTP_PURPOSE), sealed, "ada") == "JBSWY3DPEHPK3PXP"
    assert what_is_needed(ServiceKey.SAME, new, is_restored=False) == ""
    assert here.backup(tmp_path / "older", key).service_key == ""
    assert service_key_here(here.backup(tmp_path / "oldest", key), new) is ServiceKey.UNKNOWN
