"""Every line of advice can be pasted: compose knows its words, and the command line its commands."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest
import yaml

from cli import COMMANDS
from tests.compose_line import Line, NotCompose, parse

HOUSE = Path(__file__).resolve().parents[3]
SOURCES = ("worker/monitoring/alerts.py", "api/diagnostics/checks.py", "records/folders.py")


def sentences() -> list[str]:
    found = []
    for source in SOURCES:
        nodes = ast.walk(ast.parse((HOUSE / source).read_text()))
        found += [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    rules = yaml.safe_load((HOUSE / "configs/alerts.yml").read_text())["groups"][0]["rules"]
    return found + [rule["annotations"]["do"] for rule in rules]


_LINE = re.compile(r"docker compose ([a-z][^;,.:()\n]*)")
COMPOSE = sorted({line.strip() for text in sentences() for line in _LINE.findall(text)})


@pytest.mark.parametrize("line", COMPOSE)
def test_compose_would_understand_it(line: str) -> None:
    words = shlex.split(line)
    understood = [found for end in range(2, len(words) + 1) if (found := understand(words[:end]))]
    assert any(found.services or "--build" in found.flags for found in understood)


def understand(words: list[str]) -> Line | None:
    """The line; None where compose would refuse it, as with the words of a sentence that goes on."""
    try:
        return parse(words)
    except NotCompose:
        return None


def test_each_command_of_ours_is_there() -> None:
    named = {word for text in sentences() for word in re.findall(r"\bvigpack ([a-z]+)\b", text)}
    known = set(COMMANDS) | {"the", "does", "runs", "write", "may", "than", "needs", "answers", "made"}
    assert {"up", "migrate", "worker", "store"} <= named
    assert named - known == set()
