"""Hiding a bystander: a moment with somebody covered, and everything a person needs to look at each of its pictures.

Nothing made here is fit to be handed out by itself: that is for a person to say, who has looked at the pictures of the
very file that is then handed out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import ffmpeg
import numpy as np
from numpy.typing import NDArray

from pipeline.artifact import FinishedMoment
from pipeline.cut.clips import budget_s, cut_clip, plan_clip
from pipeline.cut.masking import Masks, cover_pixels, is_covered, write_masks
from pipeline.cut.runs import Plan, add_runs
from pipeline.cut.stills import grab_still, save_frame
from pipeline.errors import ArtifactWrong, HidingTooLong
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.hiding.contact_sheet import Sheet, sheet_size, write_one, write_sheet
from pipeline.hiding.tracking import propose
from pipeline.marks import Mark, Picture, by_picture, wanted_boxes
from pipeline.moments import Clip, Still
from pipeline.presets import Preset
from pipeline.source.demux import film_url
from pipeline.source.film import Film

MOST_PICTURES = 3_600
"""Two minutes of 30 pictures a second: nobody looks at more one by one."""
UNCOVERED, COVERED = "uncovered.mjpeg", "covered.mjpeg"
_MOST_DIFFERENCE = 40
"""In levels, for JPEG's sake; a person behind a cover that failed differs more."""


@dataclass(frozen=True)
class Hiding:
    """What a person looks at: what is covered on each picture, and each as it is and as it would be handed out.

    covered: of the finished file itself; None where nothing was marked yet, so that nothing was made.
    """

    pictures: tuple[Picture, ...]
    uncovered: Sheet
    covered: Sheet | None


def hide_in_clip(
    film: Film,
    clip: Clip,
    preset: Preset,
    destination: Path,
    marks: Sequence[Mark],
    *,
    even_in_doubt: bool = True,
    runner: FfmpegRunner,
    threads: int = 1,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[FinishedMoment | None, Hiding]:
    """The clip with somebody covered, at ``destination``, and what is to be looked at, beside it.

    Without marks there is no clip: only its pictures, for somebody to mark them. The same, with what would be covered,
    where more boxes are wanted and it is not to be made ``even_in_doubt``.
    Raises: HidingTooLong, and what cut_clip raises.
    """
    tell = on_progress or (lambda _: None)
    watching = _Watching(film, clip, preset, destination.parent, marks, runner, lambda done: tell(0.5 * done))
    if not marks:
        sheet = watching.watch(plan_clip(film, clip, preset))
        return None, Hiding(tuple(watching.pictures), sheet, None)
    watching.even_in_doubt = even_in_doubt
    try:
        finished = cut_clip(
            film, clip, preset, destination, runner=runner, threads=threads, cover=watching.cover,
            on_progress=lambda done: tell(0.5 + 0.4 * done),
        )  # fmt: skip
    except _BoxesWanted as only_followed:
        return None, Hiding(tuple(watching.pictures), only_followed.sheet, None)
    finally:
        watching.masks.unlink(missing_ok=True)
    shown = ffmpeg.input(film_url(finished.path), protocol_whitelist="file", threads=1)["0"]
    small = shown.filter("scale", *watching.size_px, flags="area", in_color_matrix="bt709")
    covered = write_sheet(
        small,
        destination.with_name(COVERED),
        len(watching.pictures),
        runner=runner,
        timeout_s=budget_s(clip.length_ms),
        hide=film.path,
    )
    _check(watching.pictures, covered)
    assert watching.sheet is not None  # noqa: S101  the clip was cut with its cover
    return finished, Hiding(tuple(watching.pictures), watching.sheet, covered)


def hide_in_still(
    film: Film, still: Still, destination: Path, marks: Sequence[Mark], *, runner: FfmpegRunner
) -> tuple[FinishedMoment | None, Hiding]:
    """The still with somebody covered, at ``destination``, and what is to be looked at, beside it; see hide_in_clip."""
    frame = grab_still(film, still.at_ms, runner=runner, exact=still.exact)
    uncovered = write_one(frame.pixels, destination.with_name(UNCOVERED))
    [picture] = propose(lambda _: frame.pixels, 1, Fraction(1), by_picture(marks, Fraction(1), 1))
    if not marks:
        return None, Hiding((picture,), uncovered, None)
    hidden = replace(frame, pixels=cover_pixels(frame.pixels, picture))
    finished = save_frame(hidden, still, destination)
    seen = cv2.imread(str(destination), cv2.IMREAD_COLOR)
    if seen is None:
        raise ArtifactWrong("the still cannot be read back")
    covered = write_one(np.asarray(seen, np.uint8), destination.with_name(COVERED))
    _check([picture], covered)
    return finished, Hiding((picture,), uncovered, covered)


class _BoxesWanted(Exception):
    """More boxes are wanted, so nothing is made."""

    def __init__(self, sheet: Sheet) -> None:
        super().__init__()
        self.sheet = sheet


class _Watching:
    """The pictures of a clip before anything is covered, and what is to be covered on them."""

    def __init__(
        self,
        film: Film,
        clip: Clip,
        preset: Preset,
        folder: Path,
        marks: Sequence[Mark],
        runner: FfmpegRunner,
        tell: Callable[[float], None],
    ) -> None:
        self._film, self._clip, self._preset, self._marks = film, clip, preset, marks
        self._runner, self._tell = runner, tell
        self._uncovered = folder / UNCOVERED
        self.masks = folder / "masks.gray"
        self.sheet: Sheet | None = None
        self.size_px = (0, 0)
        self.pictures: Sequence[Picture] = ()
        self.even_in_doubt = True

    def cover(self, plan: Plan) -> Masks:
        """What to cover in these slots, anew with each asking: other frames may be shown than the first time.

        Raises: _BoxesWanted.
        """
        sheet = self.watch(plan)
        if not self.even_in_doubt and wanted_boxes(self.pictures):
            raise _BoxesWanted(sheet)
        return write_masks(self.pictures, *plan.size(self._preset.max_lines), self.masks)

    def watch(self, plan: Plan) -> Sheet:
        """The sheet of the clip's pictures as they are; ``pictures`` then says what to cover on each."""
        if plan.count > MOST_PICTURES:
            raise HidingTooLong(f"{plan.count} pictures")
        self.size_px = sheet_size(*plan.size(self._preset.max_lines))
        picture = add_runs(plan, *self.size_px)
        picture = picture.filter("scale", in_color_matrix="bt709")
        self.sheet = sheet = write_sheet(
            picture,
            self._uncovered,
            plan.count,
            runner=self._runner,
            timeout_s=budget_s(self._clip.length_ms),
            hide=self._film.path,
        )
        self._tell(0.5)

        def look(number: int) -> NDArray[np.uint8]:
            self._tell(0.5 + 0.5 * number / plan.count)
            return sheet.picture(number)

        self.pictures = propose(look, plan.count, plan.fps, by_picture(self._marks, plan.fps, plan.count))
        return sheet


def _check(pictures: Sequence[Picture], covered: Sheet) -> None:
    """Make sure that each finished picture shows its cover. Raises: ArtifactWrong."""
    for number, picture in enumerate(pictures):
        if not is_covered(covered.picture(number), picture, _MOST_DIFFERENCE):
            raise ArtifactWrong(f"picture {number} is not covered as it should be")
