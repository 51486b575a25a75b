"""A folder of films, of which nothing is known: each is compared with what a plain decoder makes of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.source.recording import Recording, probe_source
from tests.films.compare import Comparison, Span, Verdict
from tests.films.truth import Truth, decode_plainly
from tests.web.engine import Engine

NO_FILMS = {".md", ".tsv", ".txt", ".json", ".jpg", ".png", ".srt"}
_SECOND = Fraction(1)
_RECORDINGS_NEAR_MS = 150


def films_in(folder: Path) -> list[Path]:
    """Its files that may be films, by name."""
    return [
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and path.suffix.lower() not in NO_FILMS and not path.name.startswith(".")
    ]


def compare_folder(engine: Engine, folder: Path) -> Iterator[Verdict]:
    """One verdict a film."""
    for path in films_in(folder):
        with tempfile.TemporaryDirectory() as scratch:
            yield compare_film(engine, path, Path(scratch))


def compare_film(engine: Engine, path: Path, scratch: Path) -> Verdict:
    """A film's first, middle and last second."""
    truth = decode_plainly(path)
    if truth is None:
        return _without_pictures(engine, path)
    spans = spans_of(truth)
    return Comparison(engine, path, truth, scratch, spans, spans[1:2] or spans[:1], spans, spans[-1:]).run()


def spans_of(truth: Truth) -> list[Span]:
    """The pictures of the first second, of one in the middle and of the last one; fewer where it is short."""
    count = len(truth.times)

    def after(first: int) -> int:
        return max(first + 1, sum(at < truth.times[first] + _SECOND for at in truth.times))

    middle = truth.on_screen(float(truth.end) / 2)
    last = truth.on_screen(float(truth.end - _SECOND))
    found = [(0, after(0)), (middle, after(middle)), (last, count)]
    return [span for n, span in enumerate(found) if span not in found[:n]]


def _without_pictures(engine: Engine, path: Path) -> Verdict:
    """A recording, or nothing that anything reads: both must say the same of it."""
    verdict = Verdict(path.name)
    engine.choose(path)
    seen = engine.look()
    problem = seen.get("problem")
    if problem:
        verdict.tell("page", problem["sentence"])
    try:
        source = probe_source(path)
    except PipelineError as refused:
        verdict.tell("service", refused.for_guider)
        verdict.blame("page", None if problem else "it opens what no decoder reads")
        return verdict
    if not problem and isinstance(source, Recording):
        apart_ms = abs(seen["facts"]["durationMs"] - source.duration_ms)
        if apart_ms > _RECORDINGS_NEAR_MS:
            verdict.blame("page", f"{seen['facts']['durationMs']} ms long, by the service {source.duration_ms}")
    return verdict
