"""What is asked of ffmpeg is looked for beforehand, whole and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import pipeline
from pipeline.ffmpeg.capabilities import NEEDED_ENCODERS, NEEDED_FILTERS, Capabilities
from tests.footage import RUNNER

SHORTHAND = {"concat", "overlay"}
"""Filters that ffmpeg-python has a function for, by which they may be called."""


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def filters_in(tree: ast.AST) -> Iterator[str]:
    """What may be a filter's name: as ffmpeg-python is told it, or as that of a drawn source."""
    for name, call in calls(tree):
        if name in {"filter", "filter_multi_output"}:
            yield from (text.partition("@")[0] for argument in call.args[:2] for text in texts(argument))
        elif name in SHORTHAND:
            yield name
        elif name == "input" and any("lavfi" in texts(keyword.value) for keyword in call.keywords):
            yield from (text.partition("=")[0] for text in texts(call.args[0]))


def encoders_in(tree: ast.AST) -> Iterator[str]:
    """The encoders that a module names, in a dictionary of options or when it adds one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in {"c:v", "c:a"}:
                    yield from texts(value)
        elif isinstance(node, ast.Assign) and any({"c:v", "c:a"} & set(texts(target)) for target in node.targets):
            yield from texts(node.value)


def ffmpeg_lists(what: str) -> set[str]:
    said = RUNNER.run([f"-{what}"], timeout_s=60, most_output_bytes=1 << 20).output.decode()
    return set(re.findall(r"^ \S+ +(\S+) ", said, re.MULTILINE))


def modules_of_pipeline() -> list[ast.Module]:
    return [ast.parse(path.read_text()) for path in Path(pipeline.__path__[0]).rglob("*.py")]


@pytest.mark.parametrize(
    ("what", "named_in", "checked"),
    [("filters", filters_in, NEEDED_FILTERS), ("encoders", encoders_in, NEEDED_ENCODERS)],
)
def test_whatever_the_pipeline_asks_of_ffmpeg_is_looked_for_and_nothing_else(
    what: str, named_in: Callable[[ast.AST], Iterator[str]], checked: tuple[str, ...]
) -> None:
    named = {name for module in modules_of_pipeline() for name in named_in(module)}
    assert sorted(named & ffmpeg_lists(what)) == sorted(checked)


@pytest.mark.parametrize(
    ("version", "too_old"), [("7.0.2", True), ("n6.1", True), ("7.1", False), ("9.0.2", False), ("N-1234-gabc", False)]
)
def test_a_version_is_judged_by_its_number(version: str, too_old: bool) -> None:
    assert Capabilities(version, frozenset(), frozenset()).is_too_old() == too_old
