"""What is loaded when: seconds depend on the machine, modules do not. The seconds and megabytes: make bench-start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from records.migrations.migrate import migrate
from records.settings import Settings

MEDIA = {"PIL", "av", "cv2", "docx", "ffmpeg", "fontTools", "moviepy", "numpy", "typst"}
OF_SOME_DUTIES = {"alembic", "authlib", "joserfc", "httpx", "obstore", "prompt_toolkit", "pyrage", "rich", "webauthn"}
SERVICE = {"celery", "fastapi", "kombu", "pydantic_settings", "redis", "sqlalchemy", "uvicorn"}

HELP = """
import sys
from cli import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    assert not ended.code
"""
API = """
import asyncio
from api.app import create_app
from api.background import run_maintenance
app = create_app()
[secret] = app.state.identity.secrets.by_account.values()

async def ask(path):
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": path,
             "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
             "headers": [(b"host", b"127.0.0.1"), (b"authorization", b"Bearer " + secret.encode())],
             "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000)}
    answers = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        answers.append(message)

    await app(scope, receive, send)
    assert answers[0]["status"] == 200, answers

asyncio.run(ask("/healthz"))
asyncio.run(ask("/readyz"))
run_maintenance(app.state.context)
"""
WORKER = """
from datetime import UTC, datetime
from worker.app import make_worker
from worker.context import worker_context
from worker.maintenance import loop
from worker.tasks import run_job
make_worker(datetime.now(UTC)).Worker(pool_cls="prefork", quiet=True)
loop._take_turns(worker_context())
run_job("0" * 32)
"""
WATCHING = "import cli.local.watch"


def loaded_by(program: str, *words: str, data: Path | None = None) -> set[str]:
    """Every module that a Python which runs this program holds at its end."""
    report = "\nimport sys; print('LOADED', *sys.modules, file=sys.stderr)"
    where = {"VIGPACK_DATA_DIR": str(data)} if data else {}
    argv = [sys.executable, "-P", "-c", program + report, *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env={**os.environ, **where})
    assert done.returncode == 0, done.stderr
    return set(done.stderr.rpartition("LOADED ")[2].split())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of an empty service."""
    migrate(Settings(data_dir=tmp_path / "data"))
    return tmp_path / "data"


def test_the_help_of_all_loads_no_command() -> None:
    loaded = loaded_by(HELP, "--help")
    assert not (MEDIA | OF_SOME_DUTIES | SERVICE | {"pydantic"}) & loaded
    assert not [name for name in loaded if name.startswith(("api", "worker", "records", "pipeline"))]


def test_the_help_of_prepare_loads_no_media_library() -> None:
    assert not (MEDIA | OF_SOME_DUTIES | SERVICE) & loaded_by(HELP, "prepare", "--help")


def test_preparing_a_film_loads_no_database() -> None:
    loaded = loaded_by("import cli.agreed, pipeline.run.jailed")
    assert not (MEDIA | OF_SOME_DUTIES | SERVICE - {"pydantic_settings"}) & loaded


def test_who_becomes_a_worker_loads_nothing_that_the_worker_loads_again() -> None:
    loaded = loaded_by(HELP, "worker", "--help")
    assert not (MEDIA | OF_SOME_DUTIES | SERVICE - {"pydantic_settings"}) & loaded


def test_what_watches_the_parts_loads_the_standard_library_and_a_few_modules_of_ours() -> None:
    known = sys.stdlib_module_names | {"__main__", "cli", "pipeline"}
    foreign = {name for name in loaded_by(WATCHING) - loaded_by("pass") if name.split(".")[0] not in known}
    assert foreign == {"records", "records.pulse"}


def test_an_idle_api_holds_no_media_library(data: Path) -> None:
    loaded = loaded_by(API, data=data)
    assert {"fastapi", "sqlalchemy"} <= loaded
    assert not (MEDIA | OF_SOME_DUTIES) & loaded


def test_an_idle_worker_holds_no_media_library(data: Path) -> None:
    loaded = loaded_by(WORKER, data=data)
    assert {"celery", "sqlalchemy"} <= loaded
    assert not (MEDIA | OF_SOME_DUTIES | {"fastapi", "uvicorn", "celery.bin"}) & loaded
