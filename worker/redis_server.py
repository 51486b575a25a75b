"""The redis-server of this machine, where there is one."""

from __future__ import annotations

import shutil


def find_redis_server() -> str | None:
    """The path of a redis-server on this machine, or None."""
    return shutil.which("redis-server") or shutil.which("valkey-server")
