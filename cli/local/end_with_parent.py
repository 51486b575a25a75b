"""Become another program that ends when its parent does: ``end_with_parent.py PARENT_PID FOLDER program argument …``.

On Linux the kernel sends SIGTERM as soon as the parent is gone, even after kill -9; that outlives exec. Elsewhere the
program is only started. Run by path with ``-I -S``, so it may import nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Ask to end with the parent, go to the folder and exec; ends with 1 where the parent has gone in the meantime."""
    parent_pid, folder, *argv = arguments
    end_with_parent(int(parent_pid))
    os.chdir(folder)
    os.execvp(argv[0], argv)  # noqa: S606 an argument list, no shell


def end_with_parent(parent_pid: int) -> None:
    """Be told to end when the parent is gone; ends with 1 where it has gone in the meantime."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
