"""A data folder of root's, as `docker run` makes it: every place where IT looks says the same."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.diagnostics.check import Check
from api.diagnostics.checks import check_folders
from records.settings import Settings
from tests.api.conftest import client_of
from tests.api.service import begin

NOBODY = pwd.getpwnam("nobody")


@contextmanager
def as_nobody() -> Iterator[None]:
    """Not root, whom no mode of a folder keeps out."""
    os.setegid(NOBODY.pw_gid)
    os.seteuid(NOBODY.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.fixture
def settings(postgres_url: str) -> Iterator[Settings]:
    """A service on PostgreSQL whose data folder every user may enter, and only its owner may write."""
    folder = Path(tempfile.mkdtemp(prefix="vigpack-data-"))  # pytest's own may be entered by nobody else
    folder.chmod(0o755)
    yield Settings(data_dir=folder, database_url=postgres_url, min_free_bytes=0)
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of root's")
def test_every_place_tells_of_a_data_folder_of_roots_until_it_is_given_back(settings: Settings) -> None:
    os.chown(settings.data_dir, NOBODY.pw_uid, NOBODY.pw_gid)
    with client_of(create_app(settings)) as client:
        begin(client)  # everything that a request loads is loaded, as nobody may not be able to
        told(client, settings)
        for path in settings.data_dir.rglob("*"):
            os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
        os.chown(settings.data_dir, 0, 0)
        with as_nobody():
            found, ready, figures, doctor = told(client, settings)
        sentence = (
            f"{settings.data_dir} cannot be written: it belongs to root (0) (mode 755), "
            f"and vigpack runs as nobody ({NOBODY.pw_uid})."
        )
        assert found == [sentence]
        assert ready == 503
        assert "vigpack_storage_up 0.0" in figures
        remedy = f"Give it back: sudo chown -R {NOBODY.pw_uid}:{NOBODY.pw_gid} {settings.data_dir}"
        assert doctor == Check(part="folders", state="bad", found=sentence, remedy=remedy)

        os.chown(settings.data_dir, NOBODY.pw_uid, NOBODY.pw_gid)
        with as_nobody():
            found, ready, figures, doctor = told(client, settings)
        assert found == []
        assert ready == 200
        assert "vigpack_storage_up 1.0" in figures
        assert doctor.state == "ok"


def told(client: TestClient, settings: Settings) -> tuple[list[str], int, str, Check]:
    """What the IT page, /readyz, /metrics and doctor say."""
    answer = client.get("/readyz")
    alerts = answer.json()["verdict"]["alerts"]
    found = [alert["message"] for alert in alerts if alert["code"] == "folder_not_writable"]
    return found, answer.status_code, client.get("/metrics").text, check_folders(settings)
