"""A Redis of our own for one machine: loopback only, with a password, every write on disk within a second."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from pathlib import Path

from cli.local.ports import free_port
from cli.local.supervisor import Part

_PASSWORD_BYTES = 24
_CONFIG = "redis.conf"


def redis_part(program: str, folder: Path, environment: dict[str, str]) -> tuple[Part, str]:
    """The part that runs Redis with its data in ``folder``, and the address with which to reach it.

    A free port and not a socket file: the path of a socket may have 107 bytes, and a data folder may be deeper.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    port, password = free_port(), secrets.token_urlsafe(_PASSWORD_BYTES)
    ours = files("configs").joinpath("redis.conf").read_text(encoding="utf-8")
    config = folder / _CONFIG
    config.touch(mode=0o600)
    config.write_text(
        f'{ours}\nbind 127.0.0.1\nport {port}\nrequirepass "{password}"\ndir "{folder}"\n', encoding="utf-8"
    )
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    argv = [program, str(config)]
    ready, repair = partial(answers, url), partial(set_data_aside, folder)
    return Part("queue", argv, environment, ready, stop_within_s=15, repair=repair), url


def set_data_aside(folder: Path) -> str | None:
    """A sentence about where Redis's data lie now, beside its ``folder``, which is empty then; None if there were none.

    For a Redis that refuses its data: a torn page of a power cut, a disk fault, data of a newer version. All of it is
    only the bell: the ledger sends each waiting job again.
    """
    data = [path for path in folder.iterdir() if path.name != _CONFIG]
    if not data:
        return None
    aside = folder.with_name(f"{folder.name}-set-aside-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}")
    aside.mkdir(mode=0o700)
    for path in data:
        path.rename(aside / path.name)
    return (
        f"The queue did not start with the data it had, as happens after a power cut. They were set aside in {aside}, "
        "which you may delete. It starts empty, and within 15 s every waiting job is in it again: nothing is lost."
    )


def answers(url: str) -> bool:
    """Whether a Redis answers at this address; one that is still loading its data does not."""
    from redis import Redis  # not before: what watches the parts asks this only of a Redis that was started again
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1) as redis:
            return bool(redis.ping())
    except RedisError:
        return False
