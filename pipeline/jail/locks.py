"""What a process takes away from itself before it opens a film: rights, files, networks. None of it comes back.

Sources: landlock(7), seccomp(2), capabilities(7), linux/landlock.h, linux/filter.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import stat
import struct
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 22, 24, 38, 47
_CAP_AMBIENT_CLEAR_ALL, _SECCOMP_MODE_FILTER = 4, 2
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63

# The same numbers on every processor.
_LANDLOCK_CREATE_RULESET, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT_SELF = 444, 445, 446
_RULE_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_READING = _EXECUTE | _READ_FILE | _READ_DIR
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All rights on files that a version of Landlock knows."""
_TCP_BIND_AND_CONNECT, _SCOPED_SOCKETS_AND_SIGNALS = 0b11, 0b11
_KNOWS_NETWORK, _KNOWS_SCOPES = 4, 6

_NAMESPACE_FLAGS = 0x7E020080
"""Of clone: every CLONE_NEW…"""
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_CLOSED_CALLS = {
    # socket, ptrace, process_vm_readv, process_vm_writev, unshare, setns, mount, umount2, pivot_root, chroot, bpf,
    # keyctl, add_key, request_key, perf_event_open, userfaultfd, open_by_handle_at, init_module, finit_module,
    # kexec_load
    "x86_64": (41, 101, 310, 311, 272, 308, 165, 166, 155, 161, 321, 250, 248, 249, 298, 323, 304, 175, 313, 246),
    "aarch64": (198, 117, 270, 271, 97, 268, 40, 39, 41, 51, 280, 219, 217, 218, 241, 282, 265, 105, 273, 104),
}
_CLOSED_EVERYWHERE = (425, 428, 429, 430, 431, 432, 433, 438, 442)
"""io_uring_setup, open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, pidfd_getfd, mount_setattr."""


class _RulesetAttr(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneathAttr(ctypes.Structure):
    _layout_ = "ms"  # as C packs it too, without bit fields; Python 3.14 asks for the word
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


class _SockFprog(ctypes.Structure):
    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_void_p))


@cache
def landlock_version() -> int:
    """Of this kernel's Landlock; 0 where it has none or it is switched off."""
    return max(0, int(_libc().syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))))


def can_filter_calls() -> bool:
    """Whether the calls of this processor are known here."""
    return platform.machine() in _ARCHITECTURES


def drop_rights() -> None:
    """No capability any more, and none by starting a program that has some.

    Raises: OSError.
    """
    libc = _libc()
    _checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    libc.prctl(_PR_CAP_AMBIENT, _CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for number in range(_LAST_CAPABILITY + 1):
        libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)  # refused to whom has no right to, who has none to drop either
    head = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _checked(libc.capset(head, bytes(24)), "capset")


def memory_held_bytes() -> int:
    """What this process has of its own already, as RLIMIT_DATA counts it; 0 where that is not told."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmData:")), 0)


def limit(memory_bytes: int, file_bytes: int, processes: int, cpu_s: int) -> None:
    """Bounds for this process, which all that it starts inherit: each may use so much.

    processes: with their threads, of this user; the kernel does not hold root to it.
    """
    import resource  # not on Windows

    most = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_DATA: memory_bytes,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_CPU: cpu_s,
    }
    if processes:
        most[resource.RLIMIT_NPROC] = processes
    for what, asked in most.items():
        ours = resource.getrlimit(what)[1]
        bound = asked if ours == resource.RLIM_INFINITY else min(asked, ours)
        resource.setrlimit(what, (bound, bound))


def close_files(readable: Iterable[Path], writable: Iterable[Path]) -> None:
    """Only these files and folders, and what is in them, can be opened from now on; with newer kernels neither can a
    TCP connection be made nor a process outside be signalled.

    Raises: OSError.
    """
    version, libc = landlock_version(), _libc()
    handled = _FILE_RIGHTS[max(known for known in _FILE_RIGHTS if known <= version)]
    attr = _RulesetAttr(
        handled,
        _TCP_BIND_AND_CONNECT if version >= _KNOWS_NETWORK else 0,
        _SCOPED_SOCKETS_AND_SIGNALS if version >= _KNOWS_SCOPES else 0,
    )
    length = 24 if version >= _KNOWS_SCOPES else 16 if version >= _KNOWS_NETWORK else 8
    ruleset = libc.syscall(_LANDLOCK_CREATE_RULESET, ctypes.byref(attr), ctypes.c_size_t(length), ctypes.c_uint32(0))
    _checked(ruleset, "landlock_create_ruleset")
    try:
        for paths, rights in ((readable, _READING), (writable, handled)):
            for path in paths:
                _allow(libc, ruleset, path, rights & handled)
        _checked(libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)), "landlock_restrict_self")
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            rights &= _OF_FILES
        rule = _PathBeneathAttr(rights, handle)
        added = libc.syscall(_LANDLOCK_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), ctypes.c_uint32(0))
        _checked(added, f"landlock_add_rule {path}")
    finally:
        os.close(handle)


def close_calls() -> None:
    """No socket of any kind, no namespace, no look into another process: such calls of the kernel are refused.

    Raises: OSError.
    """
    program = b"".join(struct.pack("=HBBI", *one) for one in _filter(platform.machine()))
    held = ctypes.create_string_buffer(program, len(program))
    asked = _SockFprog(len(program) // 8, ctypes.cast(held, ctypes.c_void_p))
    _checked(_libc().prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(asked), 0, 0), "seccomp")


def _filter(machine: str) -> list[tuple[int, int, int, int]]:
    """The kernel's little program: (code, jump if true, jump if false, value) each."""
    load, equal, at_least, any_bit, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    allowed, refused, unknown = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
    steps = [
        (load, 0, 0, 4),  # which processor's calls
        (equal, 1, 0, _ARCHITECTURES[machine]),
        (answer, 0, 0, unknown),
        (load, 0, 0, 0),  # which call
        (at_least, 0, 1, 0x40000000),  # the same calls under other numbers, on x86-64
        (answer, 0, 0, unknown),
        (equal, 0, 1, _CLONE3),  # its flags lie in memory, where a filter cannot look: the caller takes clone instead
        (answer, 0, 0, unknown),
        (equal, 0, 4, _CLONE[machine]),
        (load, 0, 0, 16),
        (any_bit, 0, 1, _NAMESPACE_FLAGS),
        (answer, 0, 0, refused),
        (answer, 0, 0, allowed),
    ]
    for call in (*_CLOSED_CALLS[machine], *_CLOSED_EVERYWHERE):
        steps += [(equal, 0, 1, call), (answer, 0, 0, refused)]
    return [*steps, (answer, 0, 0, allowed)]


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
