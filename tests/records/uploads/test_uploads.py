"""Uploads below HTTP: what a crash or an outage leaves at each step, and that two cannot write at once."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

import records.uploads.uploads
from records.actions.erase import erase_selection
from records.actions.sweep import sweep_store
from records.database import Database
from records.errors import SelectionGone
from records.keys.ring import key_ring
from records.keys.store import KeyKind
from records.models import MomentRow, MomentState, UploadRow, UploadState, utcnow
from records.settings import Settings
from records.storage.contract import Storage, StorageUnavailable, Stored
from records.storage.open import open_storage
from records.storage.seal_format import Readable
from records.storage.sealed import SealedStorage
from records.uploads.cleanup import expire_uploads
from records.uploads.errors import AlreadyUploaded, OffsetWrong, TakenOver, UploadMissing, UploadTooLarge
from records.uploads.partial_file import held_if_free, partial_path
from records.uploads.sealed_partial import sealed_partial
from records.uploads.uploads import Upload, Uploads, UploadWriter
from tests.effects import woken_by
from tests.records.cast import K_207, add_selection

FILM = b"0123456789" * 1000


class Unlucky(SealedStorage):
    """A store that is away, or that keeps the file and then the process dies."""

    def __init__(self, settings: Settings, *, stores: bool = False) -> None:
        super().__init__(open_storage(settings).inner, key_ring(settings))
        self._stores = stores

    def put_stream(self, source: Readable, size: int, key: str) -> Stored:
        if self._stores:
            super().put_stream(source, size, key)
        raise StorageUnavailable


@pytest.fixture
def storage(settings: Settings) -> SealedStorage:
    return open_storage(settings)


@pytest.fixture
def uploads(db: Database, storage: SealedStorage, settings: Settings) -> Uploads:
    return Uploads(db, storage, settings.model_copy(update={"min_free_bytes": 0}))


@pytest.fixture
def upload(db: Database, uploads: Uploads) -> Upload:
    """An upload of FILM for the whole film of family K-207."""
    return uploads.create(len(FILM), selection_id=add_selection(db, K_207))


def taken(uploads: Uploads, upload: Upload, offset: int = 0, holder: str = "ada") -> UploadWriter:
    found = uploads.try_take(uploads.announce(upload.id, offset, holder), holder)
    assert found is not None
    return found


def receive(uploads: Uploads, upload: Upload, data: bytes = FILM) -> None:
    """Everything written and saved, and not yet handed on."""
    writing = taken(uploads, upload)
    writing.write(data)
    writing.save()
    writing.close()


def bytes_of(settings: Settings, upload: Upload) -> bytes:
    """What lies there of an upload that nobody holds, opened."""
    key = open_storage(settings).selection_key(upload.selection_id)
    with held_if_free(partial_path(settings, upload.id)) as held:
        assert held is not None
        with contextlib.closing(sealed_partial(held, key)) as partial:
            return partial.read(len(FILM) + 1)


def row_of(db: Database, upload: Upload) -> UploadRow | None:
    with db.reading() as session:
        return session.get(UploadRow, upload.id)


def test_a_finished_upload_is_stored_hashed_and_its_moments_are_queued(
    db: Database, uploads: Uploads, upload: Upload, storage: Storage, settings: Settings
) -> None:
    receive(uploads, upload)
    assert len(woken_by(db, lambda: uploads.finish(upload))) == 1
    row = row_of(db, upload)
    assert row is not None
    assert (row.state, row.sha256) == (UploadState.COMPLETE, hashlib.sha256(FILM).hexdigest())
    assert b"".join(storage.read(row.storage_key or "", 0, 1 << 20)) == FILM
    assert not partial_path(settings, upload.id).exists()
    with db.reading() as session:
        assert session.query(MomentRow).one().state == MomentState.QUEUED


def test_finishing_twice_adds_nothing(db: Database, uploads: Uploads, upload: Upload) -> None:
    receive(uploads, upload)
    assert len(woken_by(db, lambda: uploads.finish(upload))) == 1
    assert woken_by(db, lambda: uploads.finish(upload)) == []


@pytest.mark.parametrize("stores", [True, False])
def test_a_crash_or_outage_while_storing_is_put_right_by_finishing_again(
    db: Database, uploads: Uploads, upload: Upload, storage: Storage, settings: Settings, stores: bool
) -> None:
    receive(uploads, upload)
    unlucky = Uploads(db, Unlucky(settings, stores=stores), settings)
    with pytest.raises(StorageUnavailable):
        unlucky.finish(upload)
    assert [waiting.id for waiting in uploads.waiting_to_finish()] == [upload.id]
    assert len(woken_by(db, lambda: uploads.finish(upload))) == 1
    assert uploads.waiting_to_finish() == []
    assert len(list(storage.keys("selections/"))) == 1


def test_an_upload_that_waits_for_storage_does_not_expire(
    db: Database, uploads: Uploads, upload: Upload, storage: Storage, settings: Settings
) -> None:
    receive(uploads, upload)
    with db.session() as session:
        session.get_one(UploadRow, upload.id).expires_at = utcnow() - timedelta(days=1)
    assert expire_uploads(db, storage, settings) == 0
    assert len(woken_by(db, lambda: uploads.finish(upload))) == 1


def test_a_film_finished_after_its_selection_was_erased_leaves_nothing(
    db: Database, uploads: Uploads, upload: Upload, storage: Storage, settings: Settings
) -> None:
    class ErasedMeanwhile(Unlucky):
        def put_stream(self, source: Readable, size: int, key: str) -> Stored:
            assert erase_selection(db, storage, settings, upload.selection_id)
            return storage.put_stream(source, size, key)

    receive(uploads, upload)
    late = Uploads(db, ErasedMeanwhile(settings), settings)
    with pytest.raises((UploadMissing, SelectionGone)):
        late.finish(upload)
    assert list(storage.keys("selections/")) == []
    assert list((settings.data_dir / "incoming").iterdir()) == []


def test_stored_uploads_that_no_row_knows_are_swept_and_others_stay(
    db: Database, uploads: Uploads, upload: Upload, storage: Storage, settings: Settings
) -> None:
    receive(uploads, upload)
    uploads.finish(upload)
    erased = add_selection(db)
    erase_selection(db, storage, settings, erased)
    for selection_id in (upload.selection_id, erased):
        storage.write(iter([b"stray"]), f"selections/{selection_id}/uploads/{'1' * 32}")
    assert sweep_store(db, storage) == 2
    assert list(storage.keys("selections/")) == [f"selections/{upload.selection_id}/uploads/{upload.id}"]


def test_only_one_may_write_and_a_newer_one_waits_for_the_file(uploads: Uploads, upload: Upload) -> None:
    old = taken(uploads, upload)
    announced = uploads.announce(upload.id, 0, "ben")
    assert uploads.try_take(announced, "ben") is None
    old.close()
    new = uploads.try_take(announced, "ben")
    assert new is not None
    new.close()


def test_who_was_taken_over_saves_what_he_has_and_stops(uploads: Uploads, upload: Upload) -> None:
    old = taken(uploads, upload)
    old.write(FILM[:10])
    announced = uploads.announce(upload.id, 0, "ben")
    with pytest.raises(TakenOver):
        old.save()
    old.close()
    assert uploads.find(upload.id).offset_bytes == 10
    with pytest.raises(OffsetWrong):
        uploads.try_take(announced, "ben")


def test_who_waits_is_told_when_a_still_newer_one_comes(uploads: Uploads, upload: Upload) -> None:
    old = taken(uploads, upload)
    announced = uploads.announce(upload.id, 0, "ben")
    uploads.announce(upload.id, 0, "sol")
    with pytest.raises(TakenOver):
        uploads.try_take(announced, "ben")
    old.close()
    with pytest.raises(TakenOver):
        uploads.try_take(announced, "ben")


def test_bytes_past_the_saved_offset_are_cut_off_by_the_next_writer(
    uploads: Uploads, upload: Upload, settings: Settings
) -> None:
    first = taken(uploads, upload)
    first.write(FILM[:100])
    first.save()
    first.write(b"never saved")
    first.close()
    second = taken(uploads, upload, 100)
    second.close()
    assert bytes_of(settings, upload) == FILM[:100]


def test_what_lies_there_is_sealed(uploads: Uploads, upload: Upload, settings: Settings) -> None:
    receive(uploads, upload)
    assert FILM[:16] not in partial_path(settings, upload.id).read_bytes()


def test_an_upload_that_an_earlier_version_began_goes_on(
    db: Database, uploads: Uploads, upload: Upload, settings: Settings
) -> None:
    partial_path(settings, upload.id).parent.mkdir(exist_ok=True)
    partial_path(settings, upload.id).write_bytes(FILM[:100])
    with db.session() as session:
        session.get_one(UploadRow, upload.id).offset_bytes = 100
    writing = taken(uploads, upload, 100)
    writing.write(FILM[100:])
    writing.save()
    writing.close()
    assert uploads.finish(upload)
    row = row_of(db, upload)
    assert row is not None
    assert row.sha256 == hashlib.sha256(FILM).hexdigest()


def test_an_upload_that_was_damaged_on_its_disk_begins_again(
    uploads: Uploads, upload: Upload, settings: Settings
) -> None:
    receive(uploads, upload)
    path = partial_path(settings, upload.id)
    stored = bytearray(path.read_bytes())
    stored[-20] ^= 1
    path.write_bytes(stored)
    with pytest.raises(OffsetWrong):
        uploads.finish(upload)
    assert uploads.find(upload.id).offset_bytes == 0
    receive(uploads, upload)
    assert uploads.finish(upload)


def test_an_upload_whose_key_is_destroyed_is_nobody_s(uploads: Uploads, upload: Upload, settings: Settings) -> None:
    receive(uploads, upload)
    key_ring(settings).destroy(KeyKind.SELECTION, upload.selection_id)
    with pytest.raises(UploadMissing):
        uploads.finish(upload)
    assert not partial_path(settings, upload.id).exists()


def test_a_writer_cannot_write_more_than_was_announced(uploads: Uploads, upload: Upload) -> None:
    writing = taken(uploads, upload)
    with pytest.raises(UploadTooLarge):
        writing.write(FILM + b"x")
    writing.close()


def test_a_writer_whose_upload_was_terminated_learns_it_when_saving(
    uploads: Uploads, upload: Upload, settings: Settings
) -> None:
    writing = taken(uploads, upload)
    writing.write(FILM[:10])
    uploads.terminate(upload.id)
    with pytest.raises(UploadMissing):
        writing.save()
    writing.close()
    assert not partial_path(settings, upload.id).exists()


def test_a_request_that_waited_for_a_finished_upload_changes_nothing(
    db: Database, uploads: Uploads, upload: Upload, settings: Settings
) -> None:
    """Opening the file makes it anew; its being empty must not be taken for a loss."""
    writing = taken(uploads, upload)
    announced = uploads.announce(upload.id, 0, "ben")
    writing.write(FILM)
    writing.save()
    writing.close()
    uploads.finish(upload)
    with pytest.raises(OffsetWrong):
        uploads.try_take(announced, "ben")
    row = row_of(db, upload)
    assert row is not None
    assert (row.state, row.offset_bytes) == (UploadState.COMPLETE, len(FILM))
    assert not partial_path(settings, upload.id).exists()


def test_who_was_taken_over_while_waiting_for_a_finished_upload_leaves_no_file(
    uploads: Uploads, upload: Upload, settings: Settings
) -> None:
    waiting = uploads.announce(upload.id, 0, "ada")
    newer = taken(uploads, upload, holder="ben")
    newer.write(FILM)
    newer.save()
    newer.close()
    uploads.finish(upload)
    with pytest.raises(OffsetWrong):
        uploads.try_take(waiting, "ada")
    assert not partial_path(settings, upload.id).exists()


def test_the_first_of_two_uploads_for_one_film_wins(
    db: Database, uploads: Uploads, upload: Upload, storage: Storage
) -> None:
    other = uploads.create(len(FILM), selection_id=upload.selection_id)
    receive(uploads, upload)
    receive(uploads, other)
    uploads.finish(upload)
    with pytest.raises(AlreadyUploaded):
        uploads.finish(other)
    assert row_of(db, other) is None
    assert len(list(storage.keys("selections/"))) == 1


def test_files_without_an_upload_are_swept_and_others_stay(
    db: Database, uploads: Uploads, upload: Upload, storage: Storage, settings: Settings
) -> None:
    writing = taken(uploads, upload)
    partial_path(settings, "f" * 32).write_bytes(b"from a crash")
    expire_uploads(db, storage, settings)
    assert [path.name for path in (settings.data_dir / "incoming").iterdir()] == [upload.id]
    writing.close()


@tried(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(1, 3000), st.sampled_from(["save", "crash", "forget", "take over"])), max_size=12)
)
def test_however_it_is_interrupted_the_saved_bytes_are_the_film_s(
    db: Database, uploads: Uploads, settings: Settings, steps: list[tuple[int, str]]
) -> None:
    upload = uploads.create(len(FILM), selection_id=add_selection(db, K_207))
    for length, end in steps:
        offset = uploads.find(upload.id).offset_bytes
        if offset == len(FILM):
            break
        writing = taken(uploads, upload, offset)
        writing.write(FILM[offset : offset + length])
        if end == "save":
            writing.save()
        elif end == "forget":
            writing.forget_unsaved()
        elif end == "take over":
            uploads.announce(upload.id, offset, "ben")
            if offset + length < len(FILM):
                with pytest.raises(TakenOver):
                    writing.save()
        writing.close()
        saved = uploads.find(upload.id).offset_bytes
        assert bytes_of(settings, upload)[:saved] == FILM[:saved]
        assert saved >= offset


@pytest.mark.parametrize("asked", ["announce", "create"])
def test_an_erasure_that_comes_between_looking_and_writing_is_no_fault_of_ours(
    db: Database, storage: Storage, uploads: Uploads, settings: Settings, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """Found by chaos: a second window erased the selection between two statements of one transaction."""
    selection_id = add_selection(db, K_207)
    upload = uploads.create(len(FILM), selection_id=selection_id)
    erasing = threading.Thread(target=erase_selection, args=(db, storage, settings, selection_id))
    name = "_living" if asked == "announce" else "_target"
    look = getattr(records.uploads.uploads, name)

    def look_and_be_late(*given: object, **more: object) -> object:
        found = look(*given, **more)
        erasing.start()
        erasing.join(1)  # it waits for us, or is done
        return found

    monkeypatch.setattr(records.uploads.uploads, name, look_and_be_late)
    if asked == "announce":
        uploads.announce(upload.id, 0, "ada")
    else:
        uploads.create(len(FILM), selection_id=selection_id)
    erasing.join(30)
    monkeypatch.undo()
    with pytest.raises(UploadMissing):
        uploads.find(upload.id)
