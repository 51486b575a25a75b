"""A real RabbitMQ for the tests, where the machine has one (on Debian and Ubuntu: apt install rabbitmq-server)."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import free_port, start, wait_until

_DEBIAN = "/usr/lib/rabbitmq/bin/rabbitmq-server"
"""Beside it stands a wrapper that insists on the machine's own user and folders."""


@dataclass
class RabbitServer:
    """One node with its data in a folder, on loopback; it may be killed and started again."""

    folder: Path
    port: int = field(default_factory=free_port)
    names_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        config = self.folder / "rabbitmq.conf"
        config.write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\n")
        self.process = start([rabbitmq_program() or ""], self.folder / "rabbitmq.log", environment=self._environment())
        wait_until(self._answers, f"RabbitMQ on {self.port}; see {self.folder}/rabbitmq.log", within_s=120)

    def kill(self) -> None:
        """Kill it with everything it started, as a power cut would."""
        if self.process is not None:
            with suppress(OSError, ValueError):
                os.kill(int((self.folder / "rabbitmq.pid").read_text()), signal.SIGKILL)
            self.process.kill()
            self.process.wait()

    def end(self) -> None:
        """Kill it, and the daemon that told its name, which does not go while it believes that the node lives."""
        self.kill()
        if epmd := shutil.which("epmd"):
            stop = [epmd, "-port", str(self.names_port), "-kill"]
            wait_until(
                lambda: b"Killed" in subprocess.run(stop, capture_output=True, check=False).stdout, "epmd ends", 10
            )

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": "vigpack@localhost",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none.conf"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_PID_FILE": str(self.folder / "rabbitmq.pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.names_port),
        }

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=2) as line:
            line.sendall(b"AMQP\x00\x00\x09\x01")
            return bool(line.recv(1))
        return False


def rabbitmq_program() -> str | None:
    """The path of RabbitMQ's own start program, or None where there is none."""
    return _DEBIAN if Path(_DEBIAN).exists() else shutil.which("rabbitmq-server")


@contextmanager
def running_rabbitmq(folder: Path) -> Iterator[RabbitServer]:
    """A RabbitMQ for the length of a block."""
    server = RabbitServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.end()
