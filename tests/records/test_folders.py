"""Folders that cannot be written, looked at as an ordinary user: no mode keeps root out."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from records.folders import folder_problems
from records.settings import Settings
from records.storage.contract import StorageUnavailable
from records.storage.folder import FolderStorage
from tests.databases import make_tables

NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder of the ordinary user's, who is the one that runs the test."""
    folder = Path(tempfile.mkdtemp(prefix="vigpack-folders-"))  # pytest's own may be entered by nobody else
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        make_tables(Settings(data_dir=tmp_path / "first"))  # what all tests copy is the runner's own
        os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
        os.setegid(NOBODY.pw_gid)
        os.seteuid(NOBODY.pw_uid)
    try:
        yield folder
    finally:
        os.seteuid(user)
        os.setegid(group)
        shutil.rmtree(folder)


@pytest.fixture
def settings(data: Path) -> Settings:
    """A migrated service with a store, all of it the ordinary user's."""
    made = Settings(data_dir=data)
    make_tables(made)
    for name in ("incoming", "looked-at", "messages", "scratch", "store/.parts", "store/selections/ab"):
        (data / name).mkdir(parents=True)
    return made


def test_a_service_whose_folders_are_its_own_has_no_problem(settings: Settings) -> None:
    assert folder_problems(settings, "api", "worker") == []


def test_nothing_is_made_by_looking(data: Path) -> None:
    assert folder_problems(Settings(data_dir=data / "not yet"), "api", "worker") == []
    assert list(data.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "incoming",
        "looked-at",
        "messages",
        "scratch",
        "store",
        "store/.parts",
        "store/selections",
        "store/selections/ab",
        "vigpack.sqlite3",
    ],
)
def test_each_of_them_is_told_when_it_may_not_be_written(settings: Settings, name: str) -> None:
    path = settings.data_dir / name
    path.chmod(0o500 if path.is_dir() else 0o400)
    [problem] = folder_problems(settings, "api", "worker")
    path.chmod(0o700)
    assert problem.path == str(path)
    assert problem.message.startswith(f"{path} cannot be written")
    assert problem.remedy == f"Let it be written: chmod -R u+rwX {path}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_roots_is_told_with_its_owner_and_the_command(settings: Settings) -> None:
    _as_root(lambda: os.chown(settings.data_dir / "incoming", 0, 0))
    [problem] = folder_problems(settings, "api", "worker")
    assert "it belongs to root (0) (mode 755), and vigpack runs as nobody" in problem.message
    assert problem.remedy == f"Give it back: sudo chown -R {NOBODY.pw_uid}:{NOBODY.pw_gid} {settings.data_dir}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_the_command_gives_it_back(settings: Settings) -> None:
    folder = settings.data_dir / "store"
    _as_root(lambda: [os.chown(path, 0, 0) for path in (folder, *folder.rglob("*"))])
    [first, *_] = folder_problems(settings, "api", "worker")
    command = first.remedy.removeprefix("Give it back: sudo ")
    _as_root(lambda: os.system(command))  # noqa: S605 as it is told
    assert folder_problems(settings, "api", "worker") == []


def test_scratch_with_hardly_any_room_is_told_with_what_makes_some(
    settings: Settings, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = Path(tempfile.mkdtemp(dir=data.parent))
    monkeypatch.setattr("records.folders._LITTLE_SCRATCH_BYTES", 2**60)
    try:
        [problem] = folder_problems(settings.model_copy(update={"scratch_dir": apart}), "api", "worker")
    finally:
        apart.rmdir()
    assert problem.message == f"{apart} cannot be written (No space left on device)."
    assert problem.remedy == "There is no room for work in progress. Make room on its disk."
    [problem] = folder_problems(settings, "worker")
    assert problem.remedy.startswith("There is no room. Make the disk larger, or erase")  # it is on the store's disk


def test_a_file_in_the_way_is_told(settings: Settings) -> None:
    (settings.data_dir / "incoming").rmdir()
    (settings.data_dir / "incoming").write_text("in the way")
    [problem] = folder_problems(settings, "api")
    assert "Not a directory" in problem.message


def test_a_folder_that_cannot_be_read_is_not_an_empty_store(settings: Settings) -> None:
    store = FolderStorage(settings.data_dir / "store")
    hidden = settings.data_dir / "store" / "selections" / "ab"
    (hidden / "film").write_bytes(b"film")
    assert list(store.keys()) == ["selections/ab/film"]
    hidden.chmod(0)
    try:
        with pytest.raises(StorageUnavailable, match="list the store"):
            list(store.keys("selections/"))
        with pytest.raises(StorageUnavailable):
            store.local_path("selections/ab/film")
    finally:
        hidden.chmod(0o700)


def _as_root(act: object) -> None:
    user, group = os.geteuid(), os.getegid()
    os.seteuid(0)
    os.setegid(0)
    try:
        act()  # type: ignore[operator]
    finally:
        os.setegid(group)
        os.seteuid(user)
