"""A disk of a few megabytes of our own, so that it can be filled without harm to anybody else.

It is a tmpfs. Root mounts it; without root we mount it in a user namespace of our own, where the kernel allows that.
Where neither works there is no small disk, and the fault that fills it is left out, which the summary says.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import subprocess
from pathlib import Path

_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_REC, _MS_PRIVATE, _MNT_DETACH = 0x4000, 1 << 18, 2


def enter_own_namespace() -> None:
    """See mounts that nobody else sees and that end with us; to be called before this process starts a thread.

    Without the right to it nothing changes.
    """
    user, group = os.geteuid(), os.getegid()
    wanted = _CLONE_NEWNS if user == 0 else _CLONE_NEWNS | _CLONE_NEWUSER
    if _libc().unshare(wanted) != 0:
        return
    if user != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _libc().mount(b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None)


def mount(folder: Path, size_bytes: int) -> bool:
    """Make ``folder`` a disk of that size; False where we may not."""
    options = f"size={size_bytes},mode=0755".encode()
    return bool(_libc().mount(b"tmpfs", os.fsencode(folder), b"tmpfs", ctypes.c_ulong(0), options) == 0)


def unmount(folder: Path) -> None:
    """Take the disk away, no matter who still has it open."""
    _libc().umount2(os.fsencode(folder), _MNT_DETACH)


def fill(folder: Path, leave_bytes: int) -> Path:
    """A file that takes all of the disk but ``leave_bytes``."""
    filler = folder / f"filler-{secrets.token_hex(4)}"
    with filler.open("wb") as file:
        while True:
            room = os.statvfs(folder)
            wanted = room.f_bavail * room.f_frsize - leave_bytes
            try:
                if wanted > 0:
                    os.posix_fallocate(file.fileno(), 0, wanted)
            except OSError:  # others write too, so there was less
                continue
            return filler


def why_not() -> str:
    """What this machine would need for a small disk."""
    allowed = subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode == 0
    return "run it as a program of its own" if allowed else "run it as root, or allow user namespaces"


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
