"""The services of docker-compose.yml, their very commands run as processes on this machine."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from records.keys.master import new_master_key
from tests.log_lines import watch_log
from tests.servers import free_port, redis_program

HOUSE = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((HOUSE / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("api", "worker", "migrate")
TOKEN = "a long random text of guiders"
VERSION = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]["version"]
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
COMMAND_OF_IMAGE = {"proxy": ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]}


@dataclass
class Stack:
    """The services of the file as processes, addresses and paths changed to this machine's."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    api_port: int = field(default_factory=free_port)
    redis_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    https_port: int = field(default_factory=free_port)
    proxy_health_port: int = field(default_factory=free_port)
    proxy_figures_port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """Where a browser reaches it: at the proxy, by TLS."""
        return f"https://localhost:{self.https_port}"

    @property
    def authority(self) -> Path:
        """The certificate by which the proxy's is known."""
        return self.folder / "caddy/pki/authorities/local/root.crt"

    def environment(self, name: str) -> dict[str, str]:
        """A service's environment; the secrets it is given lie in a folder of its own, as in its container."""
        secrets = self.folder / f"secrets-of-{name}"
        secrets.mkdir(exist_ok=True)
        for secret in SERVICES[name]["secrets"]:
            shutil.copy(self.folder / "secrets" / secret, secrets / secret)
        places = {
            "/run/secrets": str(secrets),
            "/data": str(self.folder / "data"),
            "/keys": str(self.folder / "keys"),
            "/data/logs": str(self.folder / "data/logs"),
            "/scratch": str(self.folder / "scratch"),
            "proxy:443": f"127.0.0.1:{self.https_port}",
        }
        settings = {
            key: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(v)) for key, v in SERVICES[name]["environment"].items()
        }
        given = {key: places.get(value, value) for key, value in settings.items()}
        return {"PATH": PATH, "HOME": str(self.folder), "VIGPACK_MIN_FREE_BYTES": "0", **given}

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """The service's very command."""
        argv = [self._here(word) for word in SERVICES[name].get("command", COMMAND_OF_IMAGE.get(name))]
        environment = self.environment(name) if name in OURS else {"PATH": PATH} | self.ports()
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(argv, env=environment, cwd=self.folder, stdout=log, stderr=log)
        watch_log(self.folder / f"{name}.log", process)
        self.processes.append(process)
        return process

    def ports(self) -> dict[str, str]:
        """Where the proxy listens, as .env would say it."""
        return {"VIGPACK_HTTP_PORT": str(self.http_port), "VIGPACK_HTTPS_PORT": str(self.https_port)}

    def is_well(self, name: str) -> bool:
        """Whether the service's own health check passes."""
        kind, *test = SERVICES[name]["healthcheck"]["test"]
        argv = ["sh", "-c", *test] if kind == "CMD-SHELL" else test
        argv = [self._here(word) for word in argv]
        environment = self.environment(name) if name in OURS else {"PATH": PATH}
        return subprocess.run(argv, env=environment, cwd=self.folder, capture_output=True, check=False).returncode == 0

    def write_proxy_file(self) -> None:
        """The file that the proxy mounts, listening on loopback at ports of this test."""
        said = self._here((HOUSE / "configs/Caddyfile").read_text()).replace("api:", "127.0.0.1:")
        ports = "default_bind 127.0.0.1"
        assert said.count("\tadmin off\n") == 1
        said = said.replace("\tadmin off\n", f"\tadmin off\n\t{ports}\n\tstorage file_system {self.folder}/caddy\n")
        (self.folder / "Caddyfile").write_text(said)

    def speaks_tls(self) -> bool:
        """Whether the proxy shows a certificate of its own authority for its name."""
        try:
            known = ssl.create_default_context(cafile=self.authority)
            with socket.create_connection(("127.0.0.1", self.https_port), 2) as line:
                known.wrap_socket(line, server_hostname="localhost").close()
        except OSError:
            return False
        return True

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def _here(self, word: str) -> str:
        changes = {
            "$$": "$",
            "0.0.0.0": "127.0.0.1",  # noqa: S104 what the file says, inside its network
            "8000": str(self.api_port),
            "8081": str(self.proxy_health_port),
            "8082": str(self.proxy_figures_port),
            "/etc/caddy/Caddyfile": str(self.folder / "Caddyfile"),
            "/etc/redis.conf": str(HOUSE / "configs/redis.conf"),
            "/run/secrets/": f"{self.folder}/secrets/",
            "/tmp/redis.conf": f"{self.folder}/redis.conf",  # noqa: S108 in its container
            "/data/": f"{self.folder}/queue/",
            "dir /data\\n": f"dir {self.folder}/queue\\nport {self.redis_port}\\nbind 127.0.0.1\\n",
            "redis-cli ": f"{redis_program('redis-cli')} -p {self.redis_port} ",
            "redis-server ": f"{redis_program()} ",
        }
        for there, here in changes.items():
            word = word.replace(there, here)
        return word


def make_folders(folder: Path, **more: str) -> None:
    """What the services find when they start: empty volumes, and the secrets."""
    for name in ("data", "keys", "scratch", "queue", "secrets"):
        (folder / name).mkdir()
    written = {
        "redis_password": "bell",
        "vigpack_token": TOKEN,
        "vigpack_it_token": "another long random text",
        "vigpack_master_key": new_master_key(),
    }
    for name, value in (written | more).items():
        (folder / "secrets" / name).write_text(value + "\n")
