"""Other programs that cut films, each in an environment of its own, as its makers publish it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.ffmpeg.runner import FfmpegRunner

LOCKED = Path(__file__).parent / "peers"
_HOMES = Path(sys.prefix) / "peers"


class NotHere(Exception):
    """This program cannot be had on this machine; the text says why."""


@dataclass(frozen=True)
class Peer:
    """A program to run, and its version as it tells it."""

    program: tuple[str, ...]
    version: str


def from_index(name: str, run: str, version: Sequence[str]) -> Peer:
    """A package from the package index, locked in peers/NAME.txt and installed once. ``run``: what in its bin/ to run.

    version: the arguments with which that tells its version; where it cannot, the program does not work.
    Raises: NotHere.
    """
    locked = LOCKED / f"{name}.txt"
    home = _HOMES / f"{name}-{hashlib.sha256(locked.read_bytes()).hexdigest()[:12]}"
    if not (home / "installed").exists():
        _install(locked, home)
    return _asked((str(home / "bin" / run),), version)


def from_system(name: str, version: Sequence[str]) -> Peer:
    """A program that this machine has. Raises: NotHere."""
    found = shutil.which(name)
    if found is None:
        raise NotHere(f"no {name} on this machine")
    return _asked((found,), version)


def ffmpeg_for_all() -> Path:
    """A folder to put before the search path, in which ``ffmpeg`` is ours: peers that need one get the same."""
    folder = _HOMES / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    link, ours = folder / "ffmpeg", FfmpegRunner().executable()
    if not link.is_symlink() or str(link.readlink()) != ours:
        link.unlink(missing_ok=True)
        link.symlink_to(ours)
    return folder


def _install(locked: Path, home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", home], check=True, capture_output=True, text=True)
        pip = [home / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        subprocess.run([*pip, "--require-hashes", "-r", locked], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        raise NotHere(f"{locked.stem} could not be installed: {_last_line(error.stderr)}") from None
    (home / "installed").touch()


def _asked(program: tuple[str, ...], version: Sequence[str]) -> Peer:
    try:
        said = subprocess.run([*program, *version], capture_output=True, text=True, timeout=120, check=True)
    except subprocess.CalledProcessError as error:
        raise NotHere(f"{Path(program[0]).name} does not run: {_last_line(error.stdout + error.stderr)}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotHere(f"{Path(program[0]).name} does not run: {error}") from None
    return Peer(program, _last_line(said.stdout or said.stderr))


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
