"""A real API process, and a small tus client that can stop in the middle."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from records.accounts.machine_secret import machine_secret
from records.models import ArtifactRow, JobRow, JobState, MomentRow, MomentState, SelectionRow, SelectionState
from records.settings import Settings
from records.storage.open import open_storage
from tests.databases import NOTED, make_tables
from tests.effects import open_alone
from tests.loaded import start_loaded
from tests.servers import NO_TLS, free_port

TUS = {"Tus-Resumable": "1.0.0"}
CHUNK = {**TUS, "Content-Type": "application/offset+octet-stream"}
SELECTIONS = "/api/v1/selections"
UPLOADS = "/api/v1/uploads"


def shape(**changes: Any) -> dict[str, Any]:
    """A selection of one clip and one still, as the page would send it."""
    made: dict[str, Any] = {
        "family": "K-104",
        "cycle": 2,
        "helping_question": "How can we enjoy playing together?",
        "clip": [
            {"in": "00:01:10.200", "out": 84_000, "caption": "Ella looks up.", "cut": {"in": 1200, "out": 15_000}}
        ],
        "still": [{"at": 72_480, "caption": "Ella shows the card.", "cut": {"at": 480}}],
        "film": {"bytes": 1_930_000_000, "duration_ms": 900_000},
    }
    return made | changes


def metadata(**values: str) -> str:
    """An Upload-Metadata header."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


@dataclass
class Service:
    """API processes over one data folder; each can be killed and started again."""

    data_dir: Path
    environment: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    clients: list[httpx.Client] = field(default_factory=list)

    def settings(self) -> Settings:
        """What the processes are told."""
        given = {name.removeprefix("VIGPACK_").lower(): value for name, value in self.environment.items()}
        return Settings(data_dir=self.data_dir, **given)

    def migrate(self) -> None:
        """Make the tables."""
        make_tables(self.settings())

    def start(self) -> tuple[subprocess.Popen[bytes], httpx.Client]:
        """One more process, answering, and a client for it."""
        return self._await(*self._launch())

    def start_two(self) -> list[tuple[subprocess.Popen[bytes], httpx.Client]]:
        """Two more, which start at the same time."""
        return [self._await(*launched) for launched in [self._launch(), self._launch()]]

    def _launch(self) -> tuple[subprocess.Popen[bytes], httpx.Client]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("VIGPACK_")}
        port = free_port()
        log = self.data_dir / f"api-{port}.log"
        argv = [sys.executable, "-m", "uvicorn", "api.app:create_app", "--factory", "--port", str(port)]
        process = start_loaded(
            [*argv, "--no-access-log", "--log-level", "warning"],
            log,
            {
                **clean,
                **NOTED,
                "VIGPACK_DATA_DIR": str(self.data_dir),
                "VIGPACK_MIN_FREE_BYTES": "0",
                "VIGPACK_MOST_BEGUN_SELECTIONS": "10000",  # many tests are one person to a service that they share
                **self.environment,
            },
        )
        self.processes.append(process)
        token = self.environment.get("VIGPACK_TOKEN") or machine_secret(self.data_dir)
        client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {token}"},
            verify=NO_TLS,
            timeout=60,
            trust_env=False,
        )
        self.clients.append(client)
        return process, client

    def _await(
        self, process: subprocess.Popen[bytes], client: httpx.Client
    ) -> tuple[subprocess.Popen[bytes], httpx.Client]:
        deadline = time.monotonic() + 60
        while True:
            try:
                client.get("/healthz").raise_for_status()
            except httpx.TransportError:
                assert process.poll() is None, self.said()
                assert time.monotonic() < deadline, "the API did not start"
                time.sleep(0.05)
            else:
                return process, client

    def said(self) -> str:
        """What the processes logged."""
        return "".join(log.read_text() for log in self.data_dir.glob("api-*.log"))

    def stop(self) -> None:
        """End every process."""
        for process in self.processes:
            process.kill()
            process.wait()


def begin(client: httpx.Client, **changes: Any) -> dict[str, Any]:
    """A selection, begun; what the service answered."""
    answer = client.post(SELECTIONS, json=shape(**changes))
    assert answer.status_code == 201, answer.text
    begun: dict[str, Any] = answer.json()
    return begun


def announce(client: httpx.Client, length_bytes: int, begun: dict[str, Any] | None = None) -> str:
    """An upload for the first moment; its path."""
    begun = begun or begin(client)
    answer = client.post(
        UPLOADS,
        headers={
            **TUS,
            "Upload-Length": str(length_bytes),
            "Upload-Metadata": metadata(**begun["uploads"][0]["metadata"]),
        },
    )
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def offset_of(client: httpx.Client, upload: str) -> int:
    """How much the service has safely."""
    answer = client.head(upload, headers=TUS)
    assert answer.status_code == 200, answer.status_code
    return int(answer.headers["Upload-Offset"])


def send(client: httpx.Client, upload: str, offset: int, data: bytes, **headers: str) -> httpx.Response:
    """One PATCH."""
    return client.patch(upload, headers={**CHUNK, "Upload-Offset": str(offset), **headers}, content=data)


def send_all(client: httpx.Client, upload: str, data: bytes, chunk_bytes: int) -> None:
    """Everything from where the service stands, looking again after each conflict, as tus clients do."""
    while (offset := offset_of(client, upload)) < len(data):
        answer = send(client, upload, offset, data[offset : offset + chunk_bytes])
        assert answer.status_code in {204, 409, 423}, answer.text


class RawPatch:
    """A PATCH over a bare socket, that can hang, or go away, in the middle of its body."""

    def __init__(self, client: httpx.Client, upload: str, offset: int, length_bytes: int, **headers: str) -> None:
        host, port = client.base_url.host, client.base_url.port
        self.socket = socket.create_connection((host, port or 80), timeout=60)
        lines = {**CHUNK, "Host": f"{host}:{port}", "Upload-Offset": str(offset), "Content-Length": str(length_bytes)}
        if token := client.headers.get("authorization"):
            lines["Authorization"] = token
        head = f"PATCH {upload} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in (lines | headers).items())
        self.socket.sendall(head.encode() + b"\r\n")

    def send(self, data: bytes) -> None:
        """A piece of the body."""
        self.socket.sendall(data)

    def answer(self) -> str:
        """The status line and headers, once they come."""
        return self.socket.recv(65536).decode()

    def go_away(self) -> None:
        """Break the connection."""
        self.socket.close()


def finish(settings: Settings, selection_id: str, data: bytes = b"", state: str = SelectionState.READY) -> str:
    """Make a selection ready (or failed) as workers would, with one artifact; the artifact's id."""
    source = settings.data_dir / "pack"
    source.write_bytes(data)
    key = f"selections/{selection_id}/jobs/1/1/review-pack.zip"
    open_storage(settings).put(source, key)
    artifact = ArtifactRow(
        selection_id=selection_id,
        kind="review_pack",
        name="review-pack.zip",
        storage_key=key,
        media_type="application/zip",
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    db = open_alone(settings)
    with db.session() as session:
        session.add(artifact)
        session.query(MomentRow).filter_by(selection_id=selection_id).update({"state": MomentState.READY})
        for kind in ("review_pack", "picture_notes"):
            failed = state == SelectionState.FAILED and kind == "picture_notes"
            job = JobRow(kind=kind, selection_id=selection_id, state=JobState.FAILED if failed else JobState.DONE)
            session.add(job)
        session.get_one(SelectionRow, selection_id).state = state
        session.flush()
        made = artifact.id
    db.dispose()
    return made
