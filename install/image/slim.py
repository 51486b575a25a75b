"""Make an installed environment smaller without changing what runs: for the Dockerfile's build stage.

Symbols for debuggers go, so do packages' own tests and C sources; OpenCV is given PyAV's FFmpeg, of the same ABI,
instead of one more of its own (with which we open nothing) and of the old OpenSSL which that drew in; and only what our
code imports is compiled. At the end everything is imported, so that a package which something needed breaks the build
and not the service.

Usage: slim.py ENVIRONMENT/bin/python. Needs strip (binutils) and patchelf. Nothing here names a processor.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCES = {".c", ".cpp", ".h", ".pxd", ".pyi", ".pyx"}
FFMPEG = re.compile(r"(lib(?:avcodec|avformat|avutil|swresample|swscale))-[0-9a-f]+\.so\.(\d+)\.")
IMPORT_ALL = """
import ast, importlib, pathlib
rooms = ("api", "cli", "pipeline", "records", "worker")
for room in rooms:
    folder = pathlib.Path(importlib.import_module(room).__file__).parent
    for path in sorted(folder.rglob("*.py")):
        if "migrations" in path.parts or path.name == "__main__.py":
            continue
        importlib.import_module(".".join(path.relative_to(folder.parent).with_suffix("").parts).removesuffix(".__init__"))
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            for name in names:
                if name not in {"typer._click"}:
                    importlib.import_module(name)
import av, cv2, numpy, subprocess, imageio_ffmpeg, pipeline.jail.namespaces
assert cv2.imdecode(cv2.imencode(".jpg", numpy.zeros((8, 8, 3), "uint8"))[1], 1).shape == (8, 8, 3)
assert "Video I/O" in cv2.getBuildInformation()
subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-version"], check=True, capture_output=True)
subprocess.run([pipeline.jail.namespaces.find_bubblewrap(), "--version"], check=True, capture_output=True)
"""


def main(python: str) -> None:
    """Slim the environment of this interpreter."""
    answer = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('platlib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    site = Path(answer.stdout.strip())
    before = size_of(site)
    for path in sorted(site.rglob("*")):
        if path.is_dir() and path.name in {"tests", "__pycache__"}:
            shutil.rmtree(path)
        elif path.suffix in SOURCES and path.is_file():
            path.unlink()
    programs = [path for path in site.rglob("*") if path.is_file() and not path.is_symlink() and is_elf(path)]
    for path in programs:
        strip(path)
    share_ffmpeg(site)
    subprocess.run([python, "-P", "-c", IMPORT_ALL], check=True, cwd="/")
    print(f"{site}: {before // 1_000_000} MB before, {size_of(site) // 1_000_000} MB now")


def strip(path: Path) -> None:
    """Take a program's symbols away, but where strip warns: what patchelf moved about it writes so that it crashes."""
    with tempfile.TemporaryDirectory() as folder:
        stripped = Path(folder) / path.name
        done = subprocess.run(
            ["strip", "--strip-unneeded", "-o", stripped, path], check=True, capture_output=True, text=True
        )
        if done.stderr:
            print(f"{path.name} keeps its symbols: {done.stderr.splitlines()[0]}")
        else:
            shutil.copyfile(stripped, path)


def share_ffmpeg(site: Path) -> None:
    """Let OpenCV use PyAV's FFmpeg where their ABI is the same; else leave it as it came."""
    [module] = site.glob("cv2/cv2*.so")
    own, shared = site / "opencv_python_headless.libs", site / "av.libs"
    there = {match.groups(): path.name for path in shared.iterdir() if (match := FFMPEG.match(path.name))}
    changes = {}
    for name in needed(module):
        if match := FFMPEG.match(name):
            if match.groups() not in there:
                print(f"OpenCV keeps its own FFmpeg: PyAV has no {match[1]} {match[2]}")
                return
            changes[name] = there[match.groups()]
    words = [word for old, new in changes.items() for word in ("--replace-needed", old, new)]
    rpath = "$ORIGIN/../opencv_python_headless.libs:$ORIGIN/../av.libs"
    subprocess.run(["patchelf", *words, "--force-rpath", "--set-rpath", rpath, module], check=True)
    reached: set[str] = set()
    waiting = [module]
    while waiting:
        for name in needed(waiting.pop()) - reached:
            if (own / name).exists():
                reached.add(name)
                waiting.append(own / name)
    for path in own.iterdir():
        if path.name not in reached:
            path.unlink()


def needed(path: Path) -> set[str]:
    """The libraries that a program or library names."""
    said = subprocess.run(["patchelf", "--print-needed", path], check=True, capture_output=True, text=True)
    return set(said.stdout.split())


def is_elf(path: Path) -> bool:
    """Whether a file is a program or a library."""
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def size_of(folder: Path) -> int:
    """Bytes of all its files."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


if __name__ == "__main__":
    main(sys.argv[1])
