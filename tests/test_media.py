"""docs/media.md: each kind of film names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

HOUSE = Path(__file__).parents[1]
_TEST = re.compile(r"`(tests/[\w/]+\.py|web/src/[\w/.]+\.test\.ts)(?:::(\w+))?`")
_FILM = re.compile(r"`([^`]+)`")
_HANDED_OVER = 17
_KINDS = 70
"""So many rows at least: a table that moved elsewhere, or is written otherwise, must not pass by."""


def test_every_kind_of_film_names_a_test_that_there_is() -> None:
    text = (HOUSE / "docs/media.md").read_text(encoding="utf-8")
    kinds = text.partition("\n## What is done with odd kinds of films\n")[2].partition("\n### What the tools do\n")[0]
    rows = [line.strip("| ") for line in kinds.splitlines() if line.startswith("| ")]
    rows = [row for row in rows if not row.startswith(("kind", "---"))]
    wrong = []
    for row in rows:
        named = _TEST.findall(row.rpartition(" | ")[2])
        if not named:
            wrong.append(f"no test is named: {row}")
        for file, test in named:
            path = HOUSE / file
            if not path.is_file() or (file.endswith(".py") and f"def {test}(" not in path.read_text(encoding="utf-8")):
                wrong.append(f"no {file}::{test}: {row}")
    assert wrong == []
    assert len(rows) >= _KINDS


def test_of_every_kind_that_was_handed_over_there_are_two_films_more() -> None:
    text = (HOUSE / "docs/media.md").read_text(encoding="utf-8")
    table = text.partition("\n### Which films of ours")[2].partition("\n### ")[0]
    rows = [line.replace("\\|", "\0").strip("|").split("|") for line in table.splitlines() if line.startswith("| ")]
    rows = [[cell.strip().replace("\0", "|") for cell in row] for row in rows if row[0].strip() not in ("kind", "---")]
    wrong = []
    for kind, films, tests in rows:
        named = {(HOUSE / file).read_text(encoding="utf-8") for file, _ in _TEST.findall(tests)}
        drawn = [film for film in _FILM.findall(films) if any(film in source for source in named)]
        wrong += [f"{kind}: no {film}" for film in _FILM.findall(films) if film not in drawn]
        wrong += [f"{kind}: {len(drawn)} films"] * (len(drawn) < 2)
    assert wrong == []
    assert len(rows) == _HANDED_OVER
