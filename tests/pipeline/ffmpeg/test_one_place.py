"""Programs are started in few places, media are given to one of them only, and no module keeps what it was told."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[3]
MODULES = [path for room in ("api", "cli", "pipeline", "records", "worker") for path in (HOUSE / room).rglob("*.py")]
STARTS_PROGRAMS = {
    "pipeline/ffmpeg/runner.py": "the one that starts ffmpeg, within limits",
    "pipeline/jail/jail.py": "starts our own process that has loaded what reads films, without a secret in it",
    "pipeline/jail/namespaces.py": "starts bubblewrap, which makes the place where films are opened",
    "pipeline/jail/zygote.py": "forks the process that opens a film, inside that place",
    "cli/local/child.py": "starts the services of one machine: our own processes and redis-server",
    "cli/local/end_with_parent.py": "turns into the service that it holds",
    "cli/local/preloaded.py": "forks the services of one machine from a process that has loaded them",
    "cli/local/watch.py": "turns into the process that watches the services",
    "records/keys/master.py": "asks a command of IT's own for the master key",
    "cli/worker.py": "turns into the worker, with the environment that it needs from its first import on",
    "cli/demo_client/running.py": "starts vigpack up, as a person would",
}
"""No film ever reaches a program but through the runner, which bounds it, in a jail."""
PROCESS_MODULES = {"subprocess", "multiprocessing", "billiard", "pty", "imageio", "imageio_ffmpeg", "sh"}
PROCESS_NAMES = re.compile(
    r"^(?:os\.(?:exec|spawn|posix_spawn|fork|system|popen)|asyncio\.create_subprocess|ffmpeg\.(?:run|probe)"
    r"|cv2\.Video(?:Capture|Writer))|ProcessPoolExecutor$|\.run_async$|\bwrite_(?:videofile|audiofile)$"
    r"|(?:Video|Audio)FileClip$|\bffmpeg_tools\b"
)


def test_nothing_but_the_runner_gives_media_to_a_program() -> None:
    found = {
        path.relative_to(HOUSE).as_posix() for path in MODULES if any(starts_programs(ast.parse(path.read_text())))
    }
    assert sorted(found) == sorted(STARTS_PROGRAMS)


@pytest.mark.parametrize(
    "line",
    [
        "import subprocess",
        "from subprocess import run",
        "import imageio_ffmpeg",
        "os.posix_spawn(program, argv, {})",
        "from os import execvp",
        "ffmpeg.probe(film)",
        "ffmpeg.output(sound, name).run_async()",
        "cv2.VideoCapture(name)",
        "from moviepy import VideoFileClip",
        "clip.write_videofile(name)",
        "await asyncio.create_subprocess_exec(program)",
        "from concurrent.futures import ProcessPoolExecutor",
    ],
)
def test_a_line_that_starts_a_program_is_noticed(line: str) -> None:
    assert any(starts_programs(ast.parse(line)))


def starts_programs(module: ast.Module) -> Iterator[ast.AST]:
    """Where a module could start a program."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute):
            names = [ast.unparse(node)]
        else:
            continue
        imported = isinstance(node, ast.Import | ast.ImportFrom)
        if any(PROCESS_NAMES.search(name) or (imported and name.split(".")[0] in PROCESS_MODULES) for name in names):
            yield node


OPENS_MEDIA = {
    "pipeline/cut/audio_clips.py": "what was just made, to verify it",
    "pipeline/cut/clips.py": "what was just made, to verify it",
    "pipeline/cut/silencing.py": "what was just made, to verify it",
    "pipeline/hiding/contact_sheet.py": "a sheet of what was just made",
    "pipeline/hiding/hide.py": "a still that was just made, to verify it",
    "pipeline/images/photograph.py": "photographs",
    "pipeline/images/touch_up.py": "stills that are to be touched up",
    "pipeline/outputs/preview.py": "stills, for a preview",
    "pipeline/outputs/reel/segments.py": "finished clips",
    "pipeline/outputs/reel/words.py": "pages of words that were just drawn",
    "pipeline/print/pictures.py": "pages that were just drawn",
    "pipeline/source/demux.py": "films",
    "pipeline/source/span_copy.py": "the small film that it writes",
}
"""All of it is done in the jail: by import-linter's contract no other room imports what leads here."""
OPENING = re.compile(r"^(?:av\.open|cv2\.im(?:read|decode)\w*|(?:PIL\.)?Image\.open)$")
LEADS_THERE = re.compile(r"\b(?:take_photograph|first_pages)$|^pipeline\.images\.touch_up\b")


def test_media_are_opened_in_few_places_and_all_of_them_in_the_pipeline() -> None:
    found = set()
    for path in MODULES:
        names = [*names_in(ast.parse(path.read_text()))]
        where = path.relative_to(HOUSE).as_posix()
        if any(OPENING.search(name) for name in names):
            found.add(where)
        assert where.startswith("pipeline/") or not any(LEADS_THERE.search(name) for name in names), where
    assert sorted(found) == sorted(OPENS_MEDIA)


def names_in(module: ast.Module) -> Iterator[str]:
    """What a module names in full: attributes, and what it imports."""
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute):
            yield ast.unparse(node)


def test_no_module_of_the_pipeline_keeps_what_it_was_told() -> None:
    """Whatever a caller chooses is handed in; a cache may hold data that ship with the program, and nothing else."""
    changed = {
        f"{path.relative_to(HOUSE)}: {ast.unparse(node)}"
        for path in (HOUSE / "pipeline").rglob("*.py")
        for node in module_state_changed(ast.parse(path.read_text()))
    }
    assert changed == set()


@pytest.mark.parametrize(
    "lines",
    [
        "def use(x):\n global chosen\n chosen = x",
        "chosen = []\ndef use(x):\n chosen[:] = [x]",
        "chosen = {}\ndef use(x):\n chosen['x'] = x",
        "chosen: set[str] = set()\ndef use(x):\n chosen.add(x)",
    ],
)
def test_a_module_that_keeps_what_it_was_told_is_noticed(lines: str) -> None:
    assert any(module_state_changed(ast.parse(lines)))


CHANGING = {"add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove", "setdefault", "update"}


def module_state_changed(module: ast.Module) -> Iterator[ast.AST]:
    """Where functions of a module change what stands at its top."""
    assigned = [node for node in module.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    kept = {name.id for node in assigned for name in ast.walk(node) if isinstance(name, ast.Name) and is_stored(name)}
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for function in functions:
        own = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and is_stored(node)}
        own |= {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
        for node in ast.walk(function):
            if isinstance(node, ast.Global):
                yield node
            elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
                changed = node.value
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING:
                changed = node.func.value
            else:
                continue
            if not isinstance(node, ast.Global) and isinstance(changed, ast.Name) and changed.id in kept - own:
                yield node


def is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)
