"""The strip: three or four frames of a clip in a row, for a moment that unfolds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from pipeline.artifact import Artifact, PreparedMoment, publish
from pipeline.errors import ArtifactWrong
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.images.touch_up import TouchUp, touch_up
from pipeline.moments import MOST_MOMENTS, Selection, Words
from pipeline.outputs.cards import Card
from pipeline.prepared import Prepared
from pipeline.print.letters import printable_words
from pipeline.print.pictures import PictureFormat, publish_pictures
from pipeline.print.press import Document, press_pdf, press_pictures
from pipeline.print.recipes import PrintedRecipe
from pipeline.print.remarks import remarks_on
from pipeline.times import parse_ms

if TYPE_CHECKING:
    from pipeline.source.film import Film

NAME = "strip.pdf"
PX_PER_INCH = 130.7
"""The short side of A4 becomes 1080 px."""
LARGEST_PT, LARGEST_SMALL_PT, SMALLEST_PT = 28, 20, 14


def _is_a_time(written: str) -> str:
    ms_within(written)
    return written


FrameTime = Annotated[str, AfterValidator(_is_a_time)]


class Recipe(PrintedRecipe):
    """What can be chosen for a strip."""

    clip: int = Field(
        default=0,
        ge=0,
        le=MOST_MOMENTS,
        title="Of which clip",
        description="Each becomes a strip of its own.",
        json_schema_extra={"numbers": "clip", "zero": "Every clip"},
    )
    frames: Literal[3, 4] = Field(
        default=4, title="Pictures", description="Spread evenly from the clip's first picture to its last."
    )
    times: tuple[FrameTime, ...] = Field(
        default=(),
        max_length=4,
        title="Or at these times",
        description="Three or four times from the start of the clip, in seconds (2.4) or as 0:02.4; for one clip only.",
    )
    words: Words = Field(default="", title="Words", description="Instead of the clip's caption; for one clip only.")
    frame_words: tuple[Words, ...] = Field(
        default=(), max_length=4, title="Words beside each picture", description="A few words each; for one clip only."
    )
    childs_words: bool = Field(
        default=False, title="The words are the child's own", description="They get quotation marks."
    )
    brighten: bool = Field(default=False, title="Brighten, if it is dark", description="For films from a dim room.")
    picture_format: PictureFormat = "jpeg"

    @model_validator(mode="after")
    def _has_three_or_four_times(self) -> Self:
        if self.times and not 3 <= len(self.times) <= 4:
            raise ValueError("Choose three or four times")
        if self.clip == 0 and (self.times or self.words or self.frame_words):
            raise ValueError("Say which clip it is: times and words are those of one clip")
        return self


def ms_within(written: str) -> int:
    """Milliseconds from ``"2.4"`` (seconds) or ``"0:02.4"``.

    Raises: ValueError, with what to write instead.
    """
    try:
        ms = round(float(written) * 1000) if ":" not in written else parse_ms(written)
    except (ValueError, OverflowError):
        raise ValueError("has a time that cannot be read; write seconds, as in 2.4") from None
    if not isinstance(ms, int) or ms < 0:
        raise ValueError("has a time before the start of the clip")
    return ms


def make(prepared: Prepared, recipe: Recipe, folder: Path, runner: FfmpegRunner) -> list[Artifact]:
    """The strips as one tagged PDF, a page a clip, and each as a picture for a phone; an empty list without clips.

    The frames are those of the finished clips, exact: the one on screen at the time asked.
    Raises: MomentOutsideFilm where a time lies after the clip's end.
    """
    with TemporaryDirectory(prefix=".strip-", dir=folder) as scratch:
        workdir = Path(scratch)
        if (document := layout(prepared, recipe, workdir, runner)) is None:
            return []
        part = workdir / NAME
        part.write_bytes(press_pdf(*document, workdir))
        pages = press_pictures(*document, workdir, px_per_inch=PX_PER_INCH)
        return [
            publish(part, folder / NAME, "application/pdf"),
            *publish_pictures(pages, "strip", recipe.picture_format, folder),
        ]


def layout(prepared: Prepared, recipe: Recipe, workdir: Path, runner: FfmpegRunner) -> Document | None:
    """The strips laid out, their frames in ``workdir``; None without the clip. Raises: MomentOutsideFilm."""
    clips = [moment for moment in prepared.moments if moment.kind == "clip"]
    chosen = [(number, clip) for number, clip in enumerate(clips, 1) if recipe.clip in (0, number)]
    if not chosen:
        return None
    sheet = {
        "scale": 0.5,
        "title": "A moment in pictures",
        "sizes_pt": list(range(LARGEST_PT, SMALLEST_PT - 1, -2)),
        "small_sizes_pt": list(range(LARGEST_SMALL_PT, SMALLEST_PT - 1, -2)),
        "clips": [_laid_out(number, clip, recipe, workdir, runner) for number, clip in chosen],
    }
    return Document(files(__package__).joinpath("strip.typ").read_bytes(), recipe, sheet)


def layout_one(prepared: Prepared, recipe: Recipe, workdir: Path, runner: FfmpegRunner) -> Document | None:
    """The strip of one clip laid out, the first where one of every clip is chosen. Raises: MomentOutsideFilm."""
    return layout(prepared, recipe if recipe.clip else recipe.model_copy(update={"clip": 1}), workdir, runner)


def _laid_out(
    number: int, clip: PreparedMoment, recipe: Recipe, workdir: Path, runner: FfmpegRunner
) -> dict[str, object]:
    from pipeline.source.film import probe

    film = probe(clip.path)
    times = [ms_within(written) for written in recipe.times] or list(spread(film, recipe.frames))
    language = recipe.spoken()
    words = Card("", 0, 0, printable_words(recipe.words or clip.caption), childs_words=recipe.childs_words)
    frames = []
    for n, at_ms in enumerate(times):
        said = printable_words(recipe.frame_words[n]) if n < len(recipe.frame_words) else ""
        card = _frame(film, at_ms, recipe, workdir / f"{number:02}-{n + 1}.jpg", runner)
        document = dataclasses.replace(card, words=said).laid_out(language)
        alt = " ".join(part for part in (f"{n + 1}/{len(times)}", said or words.words or language.picture) if part)
        frames.append({**document, "alt": alt})
    return {**words.laid_out(language), "frames": frames}


def spread(film: Film, frames: int) -> Iterator[int]:
    """Evenly spread times from the first frame of the film to its last."""
    last_ms = film.duration_ms - 1
    yield from (round(n * last_ms / (frames - 1)) for n in range(frames))


def _frame(film: Film, at_ms: int, recipe: Recipe, destination: Path, runner: FfmpegRunner) -> Card:
    import cv2

    from pipeline.cut.stills import JPEG_QUALITY, grab_still

    pixels = touch_up(grab_still(film, at_ms, runner=runner).pixels, TouchUp(brighten=recipe.brighten))
    if not cv2.imwrite(str(destination), pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
        raise ArtifactWrong("a frame could not be written as a JPEG")
    height, width = pixels.shape[:2]
    return Card(destination.name, width, height, "")


def remarks(selection: Selection, recipe: Recipe) -> list[str]:
    """What will not come out as chosen, and what would read better."""
    if not selection.clips:
        return ["No clip is chosen, so there is no strip."]
    if recipe.clip > len(selection.clips):
        return [f"There is no clip {recipe.clip}, so there is no strip."]
    said: list[str] = []
    for number, clip in enumerate(selection.clips, 1):
        if recipe.clip in (0, number):
            words = recipe.words or clip.caption
            said += remarks_on(words, f"The caption of clip {number}", recipe.language, own=recipe.childs_words)
            late = [written for written in recipe.times if ms_within(written) >= clip.length_ms]
            said += [f"{written} lies after the end of clip {number}, so the strip cannot be made." for written in late]
    for number, words in enumerate(recipe.frame_words, 1):
        said += remarks_on(words, f"The words beside picture {number}", recipe.language)
    if len(recipe.frame_words) > (pictures := len(recipe.times) or recipe.frames):
        said.append(f"There are words for {len(recipe.frame_words)} pictures, but the strip has {pictures}.")
    return said
