"""docker compose's command line: understood strictly, and done with processes where no containers are.

As a program (``docker``, first on a test's PATH) it does what a line of the documents says: what is run in a container
of ours is run here, with the service's settings, and mounted folders are named as they are here. Other containers are
the test's own servers. What docker compose would refuse, this refuses.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

HOUSE = Path(__file__).resolve().parent.parent
SERVICES: dict[str, Any] = yaml.safe_load((HOUSE / "docker-compose.yml").read_text())["services"]
OURS = {name for name, service in SERVICES.items() if service.get("image", "").startswith("vigpack:")}
_GLOBAL = {"--profile": True, "-f": True, "--project-name": True}
_FLAGS: dict[str, dict[str, bool]] = {
    "up": {
        "-d": False,
        "--wait": False,
        "--build": False,
        "--force-recreate": False,
        "--scale": True,
        "--no-deps": False,
    },
    "run": {
        "--rm": False,
        "--no-deps": False,
        "-T": False,
        "-v": True,
        "-e": True,
        "--entrypoint": True,
        "--user": True,
        "--cap-add": True,
    },
    "exec": {"-T": False, "--index": True, "-e": True, "-u": True},
    "build": {"--pull": False, "--no-cache": False},
    "down": {"-v": False},
    "logs": {"--tail": True, "--since": True, "-f": False},
    "stop": {},
    "start": {},
    "restart": {},
    "ps": {},
    "pull": {},
    "config": {"--images": False},
    "cp": {},
}
"""Of each subcommand, the flags that our documents may use, and whether they take a value (docker compose --help)."""
_WITH_COMMAND = {"run", "exec"}
_A_WORKER_REPORTS = """
from records.clock import utcnow
from records.database import open_database
from records.ledger.workers import beat
from records.settings import load_settings
beat(open_database(load_settings()), "container:moments", utcnow())
"""


class NotCompose(Exception):
    """What docker compose would refuse."""


@dataclass
class Line:
    """One call of docker compose."""

    subcommand: str
    services: list[str] = field(default_factory=list)
    flags: dict[str, list[str]] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    """What runs in the container."""


def parse(words: list[str]) -> Line:
    """The line, without its ``docker compose``. Raises: NotCompose."""
    rest = list(words)
    _take_flags(rest, _GLOBAL, "docker compose")
    if not rest or rest[0] not in _FLAGS:
        raise NotCompose(f"docker compose has no {rest[:1]} that these documents may use")
    line = Line(rest.pop(0))
    line.flags = _take_flags(rest, _FLAGS[line.subcommand], line.subcommand)
    if line.subcommand == "cp":
        source, _destination = rest
        rest = [source.partition(":")[0]]
    while rest and not (line.subcommand in _WITH_COMMAND and line.services):
        if rest[0] not in SERVICES:
            raise NotCompose(f"docker-compose.yml has no service {rest[0]}")
        line.services.append(rest.pop(0))
    if line.subcommand in _WITH_COMMAND and not line.services:
        raise NotCompose(f"{line.subcommand} of which service?")
    for scaled in line.flags.get("--scale", []):
        if scaled.partition("=")[0] not in SERVICES:
            raise NotCompose(f"docker-compose.yml has no service {scaled}")
    line.command = rest
    return line


def _take_flags(rest: list[str], known: dict[str, bool], of: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    while rest and rest[0].startswith("-"):
        name, joined, value = rest.pop(0).partition("=")
        if name not in known:
            raise NotCompose(f"{of} has no {name}")
        if known[name] and not joined:
            if not rest:
                raise NotCompose(f"{name} of {of} needs a value")
            value = rest.pop(0)
        found.setdefault(name, []).append(value)
    return found


def _do(line: Line) -> int:
    given = json.loads(Path(os.environ["STAND_IN"]).read_text())
    filled_in = str(SERVICES["api"]["environment"])  # ${NAME:-…}, from .env, as docker compose does it
    of_env = {name: value for name, value in _dotenv().items() if f"${{{name}:-" in filled_in}
    environment = {**os.environ, **given["settings"], **of_env}
    if line.subcommand == "up":
        began = line.services or list(SERVICES)
        if "migrate" in began or {"api", "worker"} & set(began):
            subprocess.run([*_vigpack(), "migrate"], env=environment, check=True)
        if "worker" in began:
            subprocess.run([sys.executable, "-c", _A_WORKER_REPORTS], env=environment, check=True)
        return 0
    if line.subcommand not in _WITH_COMMAND:
        return 0
    if line.services[0] not in OURS or not line.command:
        raise NotCompose(f"nothing here does that in {line.services[0]}")
    mounts = [mount.split(":") for mount in line.flags.get("-v", [])]
    words = [_here(word, mounts) for word in line.command]
    argv = [*_vigpack(), *words[1:]] if words[0] == "vigpack" else words
    return subprocess.run(argv, env=environment, check=False).returncode


def _vigpack() -> list[str]:
    given = os.environ.get("STAND_IN_VIGPACK")
    return [given] if given else [sys.executable, "-P", "-m", "cli"]


def _here(word: str, mounts: list[list[str]]) -> str:
    for here, there, *_ in mounts:
        if word == there or word.startswith(f"{there}/"):
            return here + word[len(there) :]
    return word


def _dotenv() -> dict[str, str]:
    path = Path(".env")
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line)


if __name__ == "__main__":
    try:
        if sys.argv[1] != "compose":
            raise NotCompose("only docker compose is used")
        sys.exit(_do(parse(sys.argv[2:])))
    except NotCompose as refused:
        print(refused, file=sys.stderr)
        sys.exit(64)
