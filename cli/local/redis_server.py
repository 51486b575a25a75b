"""A Redis of our own for one machine: loopback only, with a password, every write on disk within a second."""

from __future__ import annotations

import secrets
from functools import partial
from importlib.resources import files
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from cli.local.ports import free_port
from cli.local.supervisor import Part

_PASSWORD_BYTES = 24


def redis_part(program: str, folder: Path, environment: dict[str, str]) -> tuple[Part, str]:
    """The part that runs Redis with its data in ``folder``, and the address with which to reach it.

    A free port and not a socket file: the path of a socket may have 107 bytes, and a data folder may be deeper.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    port, password = free_port(), secrets.token_urlsafe(_PASSWORD_BYTES)
    ours = files("configs").joinpath("redis.conf").read_text(encoding="utf-8")
    config = folder / "redis.conf"
    config.touch(mode=0o600)
    config.write_text(
        f'{ours}\nbind 127.0.0.1\nport {port}\nrequirepass "{password}"\ndir "{folder}"\n', encoding="utf-8"
    )
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    part = Part("queue", [program, str(config)], environment, partial(answers, url), stop_within_s=15)
    return part, url


def answers(url: str) -> bool:
    """Whether a Redis answers at this address; one that is still loading its data does not."""
    try:
        with Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1) as redis:
            return bool(redis.ping())
    except RedisError:
        return False
