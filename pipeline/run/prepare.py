"""The media work of one selection: from a film to finished moments, packs and notes."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.artifact import FinishedMoment
from pipeline.cut.audio_clips import SUFFIX as SOUND_SUFFIX
from pipeline.errors import Cancelled, MomentOutsideFilm, NoStillOfSound
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.hints import hints
from pipeline.images.photograph import take_photograph
from pipeline.moments import Clip, Selection, Still
from pipeline.outputs.kinds import find_kind, parse_recipe, usual_kinds
from pipeline.pack.companion import WithCompanion
from pipeline.prepared import (
    EarlierReview,
    Prepared,
    PreparedArtwork,
    check_companion,
    check_earlier,
)
from pipeline.presets import Preset
from pipeline.run.moment import Progress, prepare_moment
from pipeline.run.orders import SelectionOrder
from pipeline.run.report import Report
from pipeline.run.workspace import disk_errors_told, filled_whole
from pipeline.source.film import Film
from pipeline.source.frames import one_frame_ms
from pipeline.source.recording import Recording, probe_source
from pipeline.source.remux import make_seekable
from pipeline.times import clock

_ROUNDED_MS = 100
"""The page may take a recording for so much longer than its packets say; what is missing is silence."""


def check_moments(film: Film | Recording, selection: Selection) -> None:
    """Make sure that every moment lies inside the film, before any work is done.

    Raises: MomentOutsideFilm, which names the moment; SelectionInvalid for stills of a recording.
    """
    if isinstance(film, Recording) and selection.stills:
        raise NoStillOfSound
    end_ms = film.duration_ms + (_ROUNDED_MS if isinstance(film, Recording) else one_frame_ms(film))
    for number, clip in enumerate(selection.clips, 1):
        if clip.out_ms > end_ms or clip.in_ms >= film.duration_ms:
            raise _outside(film, f"Clip {number} ({clock(clip.in_ms)} to {clock(clip.out_ms)})")
    for number, still in enumerate(selection.stills, 1):
        if still.at_ms > end_ms:
            raise _outside(film, f"Still {number} ({clock(still.at_ms)})")


def _outside(film: Film | Recording, which: str) -> MomentOutsideFilm:
    sentence = f"{which} lies outside the {_what(film)}, which is {clock(film.duration_ms)} long."
    return MomentOutsideFilm(sentence, for_guider=sentence)


def _what(film: Film | Recording) -> str:
    return "recording" if isinstance(film, Recording) else "film"


def prepare(order: SelectionOrder, out: Path, on_progress: Progress | None = None) -> Report:
    """What ``fill`` makes, in the folder ``out``, which must be empty or absent and is filled only when all succeeded.

    In this process: for films that are known. pipeline.run.jailed has it done in a jail.
    Raises: PipelineError and its kin.
    """
    with filled_whole(out) as work:
        return fill(order, work, on_progress)


def fill(order: SelectionOrder, work: Path, on_progress: Progress | None = None) -> Report:
    """The media work alone: the packs and notes of a selection, and report.json, in the folder ``work``.

    The film is only read.
    Raises: PipelineError and its kin.
    """
    selection, companion, preset, runner = order.selection, order.companion, order.preset, order.ffmpeg.runner()
    wanted = map(find_kind, usual_kinds(selection.of) if order.kinds is None else order.kinds)
    chosen = [(kind, parse_recipe(kind, order.recipes.get(kind.name, {}))) for kind in wanted]
    if companion is not None:
        check_companion(selection, companion.selection)
    for one in order.earlier:
        check_earlier(selection, one.selection)
    before = tuple(EarlierReview(one) for one in sorted(order.earlier, key=lambda one: one.selection.cycle))
    film = probe_source(order.film)
    with disk_errors_told(), tempfile.TemporaryDirectory(dir=work) as scratch_name:
        scratch = Path(scratch_name)
        report = Report(_film_facts(film), preset.model_dump(), warnings=[*film.warnings, *hints(selection)])
        seekable = film
        if isinstance(film, Film):
            copying = partial(make_seekable, film, scratch, runner=runner)
            seekable = report.step("make the film seekable", film.bytes, copying)
        report.film["duration_ms"] = seekable.duration_ms
        check_moments(seekable, selection)
        photographs = tuple(
            _photographed(one, scratch / f"artwork-{n:02}.jpg") for n, one in enumerate(order.artwork, 1)
        )
        moments = _prepare_moments(
            seekable, selection, preset, scratch, runner, report, on_progress or (lambda _: None)
        )
        prepared = Prepared(selection, moments, photographs, before, companion, scale=order.scale)
        for kind, asked in chosen:
            beside = companion if isinstance(asked, WithCompanion) else None
            recipe = asked.model_copy(update={"companion": beside.review}) if beside else asked
            report.warnings += kind.remark(selection, recipe, picture=isinstance(film, Film), written=False)
            making = partial(kind.make, prepared, recipe, work, runner)
            made = report.step(kind.name, sum(m.bytes for m in prepared.moments), making)
            report.results += [artifact.path.relative_to(work).as_posix() for artifact in made]
            report.steps[-1]["bytes_out"] = sum(artifact.bytes for artifact in made)
        report.files = [
            {"file": path.relative_to(work).as_posix(), "bytes": path.stat().st_size}
            for path in sorted(work.rglob("*"))
            if path.is_file() and scratch not in path.parents
        ]
        (work / "report.json").write_text(report.to_json(), encoding="utf-8", newline="\n")
    return report


def _prepare_moments(
    film: Film | Recording,
    selection: Selection,
    preset: Preset,
    scratch: Path,
    runner: FfmpegRunner,
    report: Report,
    on_progress: Progress,
) -> tuple[FinishedMoment, ...]:
    """Every moment, in the order of the review; as many at a time as there are processors, one encoder thread each.

    Measured on 2 cores: two processes of one thread finish 12 clips in 29 s, one process with all threads in 38 s.
    """
    moments: list[Clip | Still] = [*selection.clips, *selection.stills]
    weights = [m.length_ms if isinstance(m, Clip) else 500 for m in moments]
    cores = os.cpu_count() or 1
    threads = cores if len(selection.clips) == 1 else 1
    done = [0.0] * len(moments)
    stop = threading.Event()

    def make(index: int) -> tuple[FinishedMoment, float]:
        def told(share: float) -> None:
            if stop.is_set():
                raise Cancelled
            done[index] = share

        moment = moments[index]
        suffix = ".jpg" if isinstance(moment, Still) else SOUND_SUFFIX if isinstance(film, Recording) else ".mp4"
        name = f"{index:03}{suffix}"
        told(0.0)
        started = time.monotonic()
        finished = prepare_moment(
            film, moment, preset, scratch / name, runner=runner, threads=threads, on_progress=told
        )
        done[index] = 1.0
        return finished, time.monotonic() - started

    with ThreadPoolExecutor(cores, thread_name_prefix="moment") as pool:
        working = [pool.submit(make, index) for index in range(len(moments))]
        try:
            pending = set(working)
            while pending:
                ended, pending = wait(pending, timeout=0.25)
                for future in ended:
                    future.result()
                on_progress(sum(d * w for d, w in zip(done, weights, strict=True)) / sum(weights))
        except BaseException:
            stop.set()
            for future in working:
                future.cancel()
            raise
    finished = [future.result() for future in working]
    for number, (moment, wall_s) in enumerate(finished, 1):
        report.add_moment(number, moment, wall_s)
    return tuple(moment for moment, _ in finished)


def _photographed(source: Path, destination: Path) -> PreparedArtwork:
    taken = take_photograph(source, destination)
    return PreparedArtwork(destination, taken.width_px, taken.height_px)


def _film_facts(film: Film | Recording) -> dict[str, Any]:
    """What the report says of the film: never its name, which may name a child."""
    facts = {"bytes": film.bytes, "container": film.container, "duration_ms": film.duration_ms}
    if isinstance(film, Recording):
        return {**facts, "video": None, "audio": asdict(film.audio)}
    video = {
        name: str(value) if not isinstance(value, (int, float, str, bool, dict, type(None))) else value
        for name, value in asdict(film.video).items()
    }
    return {**facts, "video": video, "audio": asdict(film.audio) if film.audio else None}
