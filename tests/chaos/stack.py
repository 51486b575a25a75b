"""The real stack: API, three workers, Redis, PostgreSQL, an S3 server, and a line between each two of them."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import httpx
import psutil
from pydantic import SecretStr
from sqlalchemy import text

from cli.local.redis_server import redis_part
from cli.local.services import vigpack_argv
from records.database import Database
from records.settings import Settings
from tests.chaos import small_disk
from tests.chaos.network import Network
from tests.chaos.parts import Crew, Part
from tests.databases import NOTED, make_tables
from tests.effects import open_alone
from tests.servers import NO_TLS, PostgresServer, S3Server, free_port, prepared_postgres, redis_program, wait_until
from worker.command import worker_argv, worker_env

WORKERS = ("worker-1", "worker-2", "worker-3")
DISK_BYTES = 48 << 20
QUICK = {
    "VIGPACK_LEASE_S": "3",
    "VIGPACK_HEARTBEAT_S": "1",
    "VIGPACK_RECOVERY_S": "1",
    "VIGPACK_SWEEP_S": "2",
    "VIGPACK_RETRY_AFTER_S": "0.2",
    "VIGPACK_MIN_FREE_BYTES": "0",
    "VIGPACK_JOB_LIMIT_S": "60",
}
"""Settings with which recovery takes seconds. Everything else is as it is delivered."""
_NOTES = """
CREATE TABLE chaos_steps (id serial, job_id text, was text, became text, lease text, attempts int);
CREATE FUNCTION chaos_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO chaos_steps (job_id, was, became, lease, attempts)
  VALUES (NEW.id, OLD.state, NEW.state, OLD.lease_token, NEW.attempts);
  RETURN NEW;
END $$;
CREATE TRIGGER chaos_notes AFTER UPDATE ON jobs FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
EXECUTE FUNCTION chaos_note();
"""


@dataclass
class Stack:
    """A running stack; ``disk`` holds uploads, scratch, the queue's file and S3's objects, and may be small."""

    folder: Path
    disk: Path
    disk_is_small: bool
    crew: Crew
    network: Network
    postgres: PostgresServer
    s3: S3Server
    redis_url: str
    token: str
    database: str

    @cached_property
    def settings(self) -> Settings:
        """Of one who looks at database and storage directly, past every line."""
        return Settings(
            data_dir=self.disk / "data",
            database_url=self.postgres.url(self.database),
            broker_url=self.redis_url,
            storage_url=f"s3://{self.s3.bucket}/house",
            s3_endpoint=self.s3.endpoint,
            s3_access_key_id=self.s3.access_key_id,
            s3_secret_access_key=SecretStr(self.s3.secret_access_key),
        )

    @cached_property
    def db(self) -> Database:
        """The database, past every line."""
        return open_alone(self.settings)

    @property
    def api_url(self) -> str:
        """Where the guiders reach the API, through their line."""
        return f"http://127.0.0.1:{self.network.wires['guiders to api'].port}"

    @property
    def objects(self) -> Path:
        """S3's objects, as files."""
        return self.s3.folder / "objects" / self.s3.bucket / "house"

    def scratch(self) -> list[Path]:
        """What lies in the workers' scratch folders and in the folder of unfinished uploads."""
        folders = [self.disk / f"scratch-{name}" for name in WORKERS] + [self.disk / "data" / "incoming"]
        return [path for folder in folders if folder.is_dir() for path in folder.iterdir()]

    def why_not_well(self) -> str:
        """What keeps the stack from doing its job, in the API's own words; empty when nothing does."""
        self.crew.look()
        if down := [part.name for part in self.crew.parts.values() if not part.runs]:
            return f"{', '.join(down)} not running"
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            answer = httpx.get(f"{self.api_url}/readyz", headers=headers, verify=NO_TLS, timeout=5, trust_env=False)
        except httpx.TransportError as error:
            return f"the API does not answer: {type(error).__name__}"
        return "" if answer.status_code == 200 else f"not ready: {answer.text[:300]}"

    def tell_where_all_stand(self) -> None:
        """Make the API and the pool processes write into their logs what each of their threads does, and end."""
        for name in ("api", *WORKERS):
            part = self.crew.parts[name]
            for process in [*part.offspring(), psutil.Process(part.pid)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGABRT)
        time.sleep(2)

    def failures(self) -> list[str]:
        """Why attempts failed, of the jobs that are there: kind, state, and the words for IT."""
        with self.db.reading() as session:
            rows = session.execute(text("SELECT kind, state, error_detail FROM jobs WHERE error_code IS NOT NULL"))
            return [f"{row.kind} {row.state}: {row.error_detail}" for row in rows]

    def call_sweepers(self) -> None:
        """Make every recurring duty due now."""
        with self.db.session() as session:
            session.execute(text("UPDATE clocks SET due_at = now() WHERE due_at > now()"))


@contextlib.contextmanager
def running_stack() -> Iterator[Stack]:
    """The stack for the length of a block. Afterwards no process, no mount and no file of it is left."""
    folder = Path(tempfile.mkdtemp(prefix="vigpack-chaos-"))
    folder.chmod(0o755)
    disk = folder / "disk"
    disk.mkdir()
    small = small_disk.mount(disk, DISK_BYTES)
    crew, network = Crew(mark=secrets.token_hex(8)), Network()
    try:
        with prepared_postgres() as postgres:
            stack = _lay_out(folder, disk, small, crew, network, postgres)
            _start(stack)
            try:
                yield stack
            finally:
                stack.db.dispose()
                crew.end()
    finally:
        crew.end()
        network.end()
        if small:
            small_disk.unmount(disk)
        shutil.rmtree(folder, ignore_errors=True)


def _lay_out(folder: Path, disk: Path, small: bool, crew: Crew, network: Network, postgres: PostgresServer) -> Stack:
    """Every part described, every line laid, nothing started yet."""
    for name in ("data", "queue", "s3"):
        (disk / name).mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VIGPACK_")}
    environment |= NOTED | {"VIGPACK_CHAOS": crew.mark, "PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}
    s3 = S3Server(disk / "s3")
    queue, redis_url = redis_part(redis_program(), disk / "queue", environment)
    token, database = secrets.token_hex(16), "chaos"
    stack = Stack(folder, disk, small, crew, network, postgres, s3, redis_url, token, database)

    def add(name: str, argv: list[str], more: dict[str, str], user: str | None = None) -> None:
        crew.parts[name] = Part(name, argv, environment | more, folder / f"{name}.log", user)

    add("postgres", list(postgres.argv), {}, postgres.user)
    add("redis", list(queue.argv), {})
    add("s3", s3.argv, {})
    redis_port = int(redis_url.rpartition(":")[2].partition("/")[0])
    api_port = free_port()
    network.lay("guiders to api", api_port)
    for name in ("api", *WORKERS):
        ports = {
            server: network.lay(f"{name} to {server}", port)
            for server, port in (("redis", redis_port), ("postgres", postgres.port), ("s3", s3.port))
        }
        given = QUICK | {
            "VIGPACK_DATA_DIR": str(disk / "data"),
            "VIGPACK_DATABASE_URL": postgres.url(database).replace(f":{postgres.port}/", f":{ports['postgres']}/"),
            "VIGPACK_BROKER_URL": redis_url.replace(f":{redis_port}/", f":{ports['redis']}/"),
            "VIGPACK_STORAGE_URL": stack.settings.storage_url,
            "VIGPACK_S3_ENDPOINT": f"http://127.0.0.1:{ports['s3']}",
            "VIGPACK_S3_ACCESS_KEY_ID": s3.access_key_id,
            "VIGPACK_S3_SECRET_ACCESS_KEY": s3.secret_access_key,
            "VIGPACK_TOKEN": token,
            "VIGPACK_PORT": str(api_port),
            "VIGPACK_SCRATCH_DIR": str(disk / f"scratch-{name}"),
            "VIGPACK_WORKER_NAME": name,
        }
        argv = vigpack_argv("api") if name == "api" else worker_argv(1)
        add(name, argv, given | worker_env())
    return stack


def _start(stack: Stack) -> None:
    parts = stack.crew.parts
    (stack.s3.folder / "objects" / stack.s3.bucket).mkdir(parents=True)
    for name in ("postgres", "redis", "s3"):
        parts[name].start()
    wait_until(stack.postgres.answers, f"PostgreSQL; see {stack.folder}")
    stack.postgres.execute(f"CREATE DATABASE {stack.database}")
    make_tables(stack.settings)
    stack.postgres.execute(_NOTES, stack.database)
    for name in ("api", *WORKERS):
        parts[name].start()
    wait_until(lambda: not stack.why_not_well(), f"the stack is well; see the logs in {stack.folder}")
