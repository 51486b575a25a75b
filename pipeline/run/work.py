"""What is done in the jail: films and photographs are opened here and nowhere else.

Loaded once by the process that forks (pipeline.jail.zygote), with all that its functions need: what is loaded later is
loaded for each job anew.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import av.subtitles.stream  # noqa: F401
import cv2  # noqa: F401
import numpy.fft
import numpy.ma  # noqa: F401
import PIL.ImageCms
import PIL.ImageOps  # noqa: F401
import typst  # noqa: F401

from pipeline.artifact import Artifact
from pipeline.errors import FfmpegMissing, NoPicture
from pipeline.ffmpeg.devices import Proof
from pipeline.ffmpeg.hardware import prove
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.hiding.contact_sheet import Sheet
from pipeline.images.photograph import take_photograph
from pipeline.jail.zygote import Telling
from pipeline.moments import Clip, Still, check_clip_lengths
from pipeline.outputs.kinds import find_kind, parse_recipe
from pipeline.outputs.preview import first_pages
from pipeline.run.moment import prepare_hidden, prepare_moment
from pipeline.run.orders import (
    CopiesOrder,
    FilmMeasured,
    HiddenPictures,
    MomentCopy,
    MomentMade,
    MomentOrder,
    OutputOrder,
    PagesMade,
    PhotographMade,
    PhotographOrder,
    ProofOrder,
    SelectionOrder,
    Shown,
)
from pipeline.run.prepare import fill
from pipeline.run.report import Report
from pipeline.source.claims import check_claims, check_length, check_moment
from pipeline.source.completeness import last_complete_ms
from pipeline.source.film import Film, probe
from pipeline.source.recording import Recording, probe_source
from pipeline.source.remux import make_seekable
from pipeline.source.span_copy import SpanNotCut, copy_span

with suppress(FfmpegMissing):
    FfmpegRunner().executable()  # found once, for all pieces of work
_SUFFIX = {"clip": ".mp4", "still": ".jpg", "sound": ".m4a"}


def make_moment(order: MomentOrder, tell: Telling) -> MomentMade:
    """The finished moment, if what arrived is what was announced.

    Raises: what pipeline.run.moment does; FilmDiffers, FilmUnreadable and its kin.
    """
    if isinstance(order.moment, Clip):
        check_clip_lengths([order.moment])
    runner = order.ffmpeg.runner()
    found = probe_source(order.source)
    film = found if isinstance(found, Recording) else make_seekable(found, order.folder, runner=runner)
    if not order.held_is_known:
        stored_in_order = isinstance(film, Recording) or not order.is_cut  # sound always is
        tell.note("held_ms", film.duration_ms if stored_in_order else _held_ms(film))
    check_claims(film, order.claims)
    if order.is_cut:
        check_moment(film, order.moment, order.claims)
    kind = "still" if not isinstance(order.moment, Clip) else "sound" if isinstance(film, Recording) else "clip"
    copy = order.folder / f"{order.name}{_SUFFIX[kind]}"
    if order.marks is None:
        finished = prepare_moment(
            film, order.moment, order.preset, copy, runner=runner, threads=order.threads, on_progress=tell
        )
        if order.is_cut and isinstance(order.moment, Clip):
            check_length(order.moment, finished.duration_ms or 0)
        return MomentMade(finished, None, film.warnings)
    if isinstance(film, Recording):
        raise NoPicture(for_guider="This recording has no picture, so there is nobody to hide in it.")
    covered, seen = prepare_hidden(
        film, order.moment, order.preset, copy, order.marks, even_in_doubt=order.even_in_doubt, runner=runner,
        threads=order.threads, on_progress=tell,
    )  # fmt: skip
    shown = HiddenPictures(seen.pictures, _shown(seen.uncovered), _shown(seen.covered) if seen.covered else None)
    return MomentMade(covered, shown, film.warnings)


def _held_ms(film: Film | Recording) -> int:
    return film.duration_ms if isinstance(film, Recording) else last_complete_ms(film)


def _shown(sheet: Sheet) -> Shown:
    return Shown(sheet.artifact, sheet.places)


def make_output(order: OutputOrder, _: Telling) -> tuple[Artifact, ...]:
    """The files of an output. Raises: what its kind does."""
    kind = find_kind(order.kind)
    recipe = parse_recipe(kind, order.recipe)
    return tuple(kind.make(order.prepared, recipe, order.folder, order.ffmpeg.runner()))


def lay_out_pages(order: OutputOrder, _: Telling) -> PagesMade:
    """The first pages of a printed output, as they will look."""
    kind = find_kind(order.kind)
    recipe = parse_recipe(kind, order.recipe)
    if kind.layout is None:
        return PagesMade((), 0)
    pages = first_pages(kind.layout, order.prepared, recipe, order.folder, runner=order.ffmpeg.runner())
    files = []
    for number, page in enumerate(pages.shown):
        files.append(order.folder / f"page-{number}.jpg")
        files[-1].write_bytes(page)
    return PagesMade(tuple(files), pages.of)


def prepare_selection(order: tuple[SelectionOrder, Path], tell: Telling) -> Report:
    """Everything of a selection, in that folder. Raises: what pipeline.run.prepare does."""
    return fill(*order, tell)


def read_photograph(order: PhotographOrder, _: Telling) -> PhotographMade:
    """A photograph as a JPEG with nothing in it but the picture. Raises: PhotographUnreadable, PhotographTooLarge."""
    taken = take_photograph(order.source, order.destination)
    return PhotographMade(taken.artifact, taken.width_px, taken.height_px)


def prove_devices(order: ProofOrder, _: Telling) -> tuple[Proof, ...]:
    """What each device makes of each kind of film in here. Raises: FfmpegMissing."""
    return tuple(prove(order.ffmpeg.runner(), order.folder, order.devices, order.kinds))


def measure_film(film: Path, _: Telling) -> FilmMeasured:
    """How large and how long it is. Raises: what pipeline.source.film.probe does."""
    found = probe(film)
    return FilmMeasured(found.bytes, found.duration_ms)


def copy_moments(order: CopiesOrder, _: Telling) -> tuple[MomentCopy, ...]:
    """A small film of each moment, clips first. Raises: MomentOutsideFilm, FilmUnreadable and its kin."""
    film = probe(order.film)
    moments: list[Clip | Still] = [*order.selection.clips, *order.selection.stills]
    try:
        spans = [copy_span(film, moment, order.folder / f"{number:02}") for number, moment in enumerate(moments, 1)]
    except SpanNotCut:
        return ()
    return tuple(MomentCopy(span.path, span.bytes, span.moment) for span in spans)
