"""One contract, kept by every store: a folder, an S3 server, and one that answers ranges as AWS does."""

from __future__ import annotations

import hashlib
import http.client
import os
import pwd
import random
import shutil
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from records.keys.ring import key_ring
from records.settings import Settings
from records.storage.contract import Storage, StorageDamaged, StorageKeyInvalid, StorageMissing, StorageUnavailable
from records.storage.folder import FolderStorage
from records.storage.open import open_storage
from records.storage.sealed import SealedStorage
from tests.servers import S3Server, free_port

FAMILY, SELECTION = "0e" * 16, "0f" * 16
KEY = f"selections/{SELECTION}/uploads/a1"


class _PartialContent(BaseHTTPRequestHandler):
    """Passes everything on to the S3 server, and calls a part a part: 206, which rclone leaves at 200."""

    protocol_version = "HTTP/1.1"
    upstream: tuple[str, int]

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        there = http.client.HTTPConnection(*self.upstream, timeout=30)
        there.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            there.putheader(name, value)
        there.endheaders(body or None)
        answer = there.getresponse()
        content = answer.read()
        self.send_response_only(206 if answer.getheader("Content-Range") else answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"transfer-encoding", "connection"}:
                self.send_header(name, value)
        if not answer.getheader("Content-Length"):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        there.close()

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _pass_on  # noqa: N815 the names that http.server calls

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def range_server(s3_server: S3Server) -> Iterator[str]:
    """The address of the S3 server behind _PartialContent."""
    handler = type("Handler", (_PartialContent,), {"upstream": ("127.0.0.1", s3_server.port)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["folder", "s3", "s3 with ranges"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> SealedStorage:
    """An empty store."""
    if request.param == "folder":
        return _with_keys(Settings(data_dir=tmp_path / "data"))
    settings: Settings = request.getfixturevalue("s3_settings")
    if request.param == "s3 with ranges":
        settings = settings.model_copy(update={"s3_endpoint": request.getfixturevalue("range_server")})
    return _with_keys(settings)


def _with_keys(settings: Settings) -> SealedStorage:
    key_ring(settings).make_family(FAMILY)
    key_ring(settings).make_selection(FAMILY, SELECTION)
    return open_storage(settings)


def written(folder: Path, data: bytes, name: str = "finished") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_what_is_put_can_be_fetched_measured_and_read(storage: Storage, tmp_path: Path) -> None:
    film = random.Random(1).randbytes(9_500_001)
    stored = storage.put(written(tmp_path, film), KEY)
    assert (stored.key, stored.bytes, stored.sha256) == (KEY, len(film), hashlib.sha256(film).hexdigest())
    storage.fetch(KEY, tmp_path / "back", sha256=stored.sha256)
    assert (tmp_path / "back").read_bytes() == film
    assert storage.size(KEY) == len(film)


@pytest.mark.parametrize(
    ("start", "end"), [(0, 1), (5, 5), (1_048_575, 1_048_578), (4_194_300, 9_000_000), (0, 1 << 40)]
)
def test_a_span_is_read_in_small_blocks(storage: Storage, tmp_path: Path, start: int, end: int) -> None:
    film = random.Random(2).randbytes(9_000_000)
    storage.put(written(tmp_path, film), KEY)
    blocks = list(storage.read(KEY, start, end))
    assert b"".join(blocks) == film[start:end]
    assert all(0 < len(block) <= 1 << 20 for block in blocks)


def test_the_put_file_stays_where_it_is(storage: Storage, tmp_path: Path) -> None:
    source = written(tmp_path, b"film")
    storage.put(source, KEY)
    storage.delete(KEY)
    assert source.read_bytes() == b"film"


def test_putting_again_replaces(storage: Storage, tmp_path: Path) -> None:
    storage.put(written(tmp_path, b"longer than"), KEY)
    storage.put(written(tmp_path, b"this", "other"), KEY)
    assert b"".join(storage.read(KEY, 0, 100)) == b"this"


def test_putting_the_same_file_twice_leaves_one(storage: Storage, tmp_path: Path) -> None:
    source = written(tmp_path, b"film")
    assert storage.put(source, KEY) == storage.put(source, KEY)
    assert list(storage.keys()) == [KEY]


def test_an_empty_file_is_kept_as_such(storage: Storage, tmp_path: Path) -> None:
    storage.put(written(tmp_path, b""), KEY)
    assert (storage.size(KEY), list(storage.read(KEY, 0, 10))) == (0, [])


def test_what_is_not_there_is_missed_at_once(storage: Storage, tmp_path: Path) -> None:
    for ask in (
        lambda: storage.size(KEY),
        lambda: storage.read(KEY, 0, 1),
        lambda: storage.local_path(KEY),
        lambda: storage.fetch(KEY, tmp_path / "back"),
    ):
        with pytest.raises(StorageMissing):
            ask()
    assert list(tmp_path.glob("*back*")) == []


def test_deleting_twice_is_no_error(storage: Storage, tmp_path: Path) -> None:
    storage.put(written(tmp_path, b"film"), KEY)
    storage.delete(KEY)
    storage.delete(KEY)
    with pytest.raises(StorageMissing):
        storage.size(KEY)


def test_keys_are_listed_by_whole_folders(storage: Storage, tmp_path: Path) -> None:
    source = written(tmp_path, b"film")
    for key in ("listed/a/1", "listed/a/b/2", "listed/ab/3"):
        storage.put(source, key)
    assert sorted(storage.keys("listed/a/")) == ["listed/a/1", "listed/a/b/2"]
    assert len(list(storage.keys())) == 3
    assert list(storage.keys("listed/c/")) == []


@pytest.mark.parametrize(
    "key", ["", "/", "../x", "a/../b", "a//b", "a/", ".hidden", "a/.parts/b", "A", "a\\b", "a\0", "x" * 201]
)
def test_a_key_that_could_point_elsewhere_is_refused(storage: Storage, tmp_path: Path, key: str) -> None:
    source = written(tmp_path, b"film")
    for act in (
        lambda: storage.put(source, key),
        lambda: storage.size(key),
        lambda: storage.delete(key),
        lambda: storage.read(key, 0, 1),
    ):
        with pytest.raises(StorageKeyInvalid):
            act()


def test_a_copy_that_does_not_add_up_is_thrown_away(storage: Storage, tmp_path: Path) -> None:
    storage.put(written(tmp_path, b"film"), KEY)
    with pytest.raises(StorageDamaged):
        storage.fetch(KEY, tmp_path / "back", sha256="0" * 64)
    assert list(tmp_path.glob("*back*")) == []


def test_a_probe_leaves_nothing(storage: Storage) -> None:
    storage.check_writable()
    assert list(storage.keys()) == []


@contextmanager
def an_ordinary_user() -> Iterator[None]:
    """Not root, whom no mode of a folder keeps out."""
    user = os.geteuid()
    os.seteuid(pwd.getpwnam("nobody").pw_uid if user == 0 else user)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter and write; pytest's own may be entered by nobody else."""
    folder = Path(tempfile.mkdtemp(prefix="vigpack-store-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", ["", "selections"])
def test_a_folder_of_the_store_that_belongs_to_another_is_told(open_folder: Path, name: str) -> None:
    with an_ordinary_user():
        store = FolderStorage(open_folder)
        (open_folder / "selections").mkdir()
        store.check_writable()
    (open_folder / name).chmod(0o555)
    with an_ordinary_user(), pytest.raises(StorageUnavailable, match="Permission denied"):
        store.check_writable()


def test_a_store_that_cannot_be_made_yet_is_told_and_used_once_it_can(open_folder: Path) -> None:
    film = written(open_folder, b"film")
    open_folder.chmod(0o555)
    with an_ordinary_user():
        store = FolderStorage(open_folder / "store")
        for act in (store.check_writable, lambda: store.put(film, KEY)):
            with pytest.raises(StorageUnavailable, match="Permission denied"):
                act()
    open_folder.chmod(0o777)
    with an_ordinary_user():
        store.check_writable()
        assert store.put(film, KEY).key == KEY


def test_what_killed_processes_left_unfinished_is_cleared_and_nothing_else(
    storage: SealedStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put(written(tmp_path, b"film"), KEY)
    inner = storage.inner
    if isinstance(inner, FolderStorage):
        left = inner._parts / "left-by-a-killed-put"
        left.touch()
        storage.clear_unfinished()
        assert left.exists()  # it may be under way
        monkeypatch.setattr("records.storage.folder._STALE_PART_S", -1)
    else:
        storage.put(written(tmp_path, b""), "probe/left-by-a-killed-check")
    storage.clear_unfinished()
    assert list(storage.keys()) == [KEY]
    if isinstance(inner, FolderStorage):
        assert list(inner._parts.iterdir()) == []


def test_eight_writers_of_one_key_leave_one_whole_file(storage: Storage, tmp_path: Path) -> None:
    films = [bytes([number]) * 700_000 for number in range(8)]
    sources = [written(tmp_path, film, str(number)) for number, film in enumerate(films)]
    threads = [threading.Thread(target=storage.put, args=(source, KEY)) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert b"".join(storage.read(KEY, 0, 1 << 20)) in films


def test_a_folder_that_empties_while_another_key_comes_keeps_that_key(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "store")
    source = written(tmp_path, b"film")

    def come_and_go(name: str) -> None:
        for _ in range(150):
            storage.put(source, f"a/b/{name}")
            storage.delete(f"a/b/{name}")

    threads = [threading.Thread(target=come_and_go, args=(name,)) for name in "xy"]
    for thread in threads:
        thread.start()
    for number in range(50):
        storage.put(source, f"a/b/{number}")
    for thread in threads:
        thread.join()
    assert len(list(storage.keys("a/b/"))) == 50


def test_other_accounts_of_the_machine_cannot_look_into_the_folder(tmp_path: Path) -> None:
    FolderStorage(tmp_path / "open to all" / "store")
    assert stat.S_IMODE((tmp_path / "open to all" / "store").stat().st_mode) == 0o700


def test_an_s3_server_that_is_away_is_named_as_such(s3_settings: Settings) -> None:
    away = s3_settings.model_copy(update={"s3_endpoint": f"http://127.0.0.1:{free_port()}"})
    with pytest.raises(StorageUnavailable):
        open_storage(away).size(KEY)


def test_wrong_keys_are_no_missing_file(s3_settings: Settings) -> None:
    wrong = s3_settings.model_copy(update={"s3_secret_access_key": SecretStr("wrong")})
    with pytest.raises(StorageUnavailable):
        open_storage(wrong).size(KEY)


def test_a_forked_process_is_refused_and_does_not_hang(s3_settings: Settings) -> None:
    storage = open_storage(s3_settings)
    list(storage.keys())
    child = os.fork()
    if child == 0:
        try:
            list(storage.keys())
        except StorageUnavailable:
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
