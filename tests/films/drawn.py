"""Films made up by seeds, each held against what it was drawn to be."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.films.compare import Comparison, Span, Verdict
from tests.films.draw import draw
from tests.films.spec import make_spec
from tests.web.engine import Engine


def compare_drawn(engine: Engine, seeds: Iterable[int], *, keep: Path | None = None) -> Iterator[Verdict]:
    """One verdict a seed; films that disagree are kept in the folder ``keep``."""
    for seed in seeds:
        spec = make_spec(seed)
        with tempfile.TemporaryDirectory() as folder:
            scratch = Path(folder) / "scratch"
            scratch.mkdir()
            film = draw(spec, Path(folder))
            count = len(film.truth.times)
            first, middle, last = spans_of(count, seed)
            verdict = Comparison(
                engine,
                film.path,
                film.truth,
                scratch,
                (first, middle, last),
                (middle,),
                (first, last),
                (middle,),
                film.kept,
                spec.edits == "none",
            ).run()
            verdict.name = str(spec)
            if verdict.wrong and keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(film.path, keep)
            yield verdict


def spans_of(count: int, seed: int) -> tuple[Span, Span, Span]:
    """A moment at a film's start, one in its middle and one at its end, each of some pictures."""
    dice = random.Random(seed)
    length = max(2, count // 5)
    begins = dice.randrange(1, max(2, count - length - 1))
    return (
        (0, min(count, length)),
        (begins, min(count, begins + length + dice.randrange(5))),
        (max(0, count - length), count),
    )
