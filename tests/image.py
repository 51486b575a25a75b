"""What the Dockerfile puts into the image: the files that each of its stages copies, laid out on this machine."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1]
PACKAGES: list[str] = tomllib.loads((HOUSE / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"][
    "wheel"
]["packages"]
"""The folders that the wheel carries."""


@dataclass
class Stage:
    """One ``FROM`` of a Dockerfile and what follows it, words as they stand there."""

    base: str
    name: str
    instructions: list[tuple[str, str]] = field(default_factory=list)
    """(RUN, its shell line), (COPY, its words), …, in their order."""

    def of(self, instruction: str) -> list[str]:
        return [words for kind, words in self.instructions if kind == instruction]


def stages(path: Path = HOUSE / "Dockerfile") -> list[Stage]:
    """The stages of a Dockerfile, in their order."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.MULTILINE)
    found: list[Stage] = []
    for line in re.sub(r"\\\n", " ", text).splitlines():
        instruction, _, words = line.strip().partition(" ")
        if instruction == "FROM":
            base, _, name = words.partition(" AS ")
            found.append(Stage(base, name))
        elif instruction and found:
            found[-1].instructions.append((instruction, words.strip()))
    return found


def stage(name: str) -> Stage:
    """The stage of this name."""
    [found] = [one for one in stages() if one.name == name]
    return found


def sent_to_the_builder() -> list[str]:
    """Every tracked file that .dockerignore lets through; its last pattern that fits decides, as Docker has it."""
    rules = [line for line in (HOUSE / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    patterns = [(not rule.startswith("!"), _pattern(rule.removeprefix("!"))) for rule in rules]
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=HOUSE,
        check=True,
        capture_output=True,
    )
    tracked = [name for name in listed.stdout.decode().split("\0") if name and (HOUSE / name).is_file()]
    return [name for name in sorted(set(tracked)) if not _ignored(name, patterns)]


def copied(chosen: Stage) -> Iterator[tuple[str, str]]:
    """(file of the checkout, path in the image) of every file that the stage copies; other stages' files are left out.

    Raises: FileNotFoundError, where Docker would end with an error.
    """
    sent = sent_to_the_builder()
    workdir = "/"
    for instruction, words in chosen.instructions:
        if instruction == "WORKDIR":
            workdir = os.path.join(workdir, words)  # noqa: PTH118 a path in the image
        elif instruction in {"COPY", "ADD"} and "--from=" not in words:
            *sources, destination = _paths(words)
            for source, name in _named(sources, sent):
                below = name.removeprefix(source).lstrip("/")
                into_folder = below or destination.endswith("/") or len(sources) > 1
                target = [destination, below or Path(name).name] if into_folder else [destination]
                yield name, os.path.normpath(os.path.join(workdir, *target))  # noqa: PTH118 a path in the image


def lay_out(chosen: Stage, root: Path) -> Path:
    """Put what the stage copies from the checkout below ``root``, as it would lie in the image.

    Result: the stage's last WORKDIR, below ``root``.
    """
    for name, there in copied(chosen):
        here = root / there.lstrip("/")
        here.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(HOUSE / name, here)
    return root / chosen.of("WORKDIR")[-1].lstrip("/")


def _named(sources: list[str], sent: list[str]) -> Iterator[tuple[str, str]]:
    for word in sources:
        source = os.path.normpath(word)
        found = [name for name in sent if source == "." or name == source or name.startswith(f"{source}/")]
        if not found:
            raise FileNotFoundError(f"COPY {source}: nothing of it is sent to the builder")
        yield from (("" if source == "." else source, name) for name in found)


def _paths(words: str) -> list[str]:
    if words.startswith("["):
        return [str(word) for word in json.loads(words)]
    return [word for word in shlex.split(words) if not word.startswith("--")]


def _pattern(rule: str) -> re.Pattern[str]:
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", rule.strip("/"))
    return re.compile("".join(parts.get(piece, re.escape(piece)) for piece in pieces) + "(?:/.*)?")


def _ignored(name: str, patterns: list[tuple[bool, re.Pattern[str]]]) -> bool:
    fitting = [ignores for ignores, pattern in patterns if pattern.fullmatch(name)]
    return bool(fitting) and fitting[-1]
