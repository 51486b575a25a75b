"""The reel: one MP4 for a television or a phone, where each moment is seen, held and, if wanted, seen again slowly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pipeline.artifact import Artifact, publish
from pipeline.contents import Part
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import Selection, Words
from pipeline.outputs.reel.plan import Card, Held, Piece, Played, Screen, plan, screen_for
from pipeline.prepared import Prepared
from pipeline.print.letters import unprintable_letters
from pipeline.times import clock, parse_ms

NAME = "reel.mp4"
MEDIA_TYPE = "video/mp4"
LONG_REEL_MS = 600_000
NO_QUESTION = "Moments together"


SLOWER: dict[str, int] = {"half": 2, "quarter": 4, "once": 0}
"""How many times as long a moment lasts the second time; 0: there is none."""
_SPEEDS = {"half": "half as fast", "quarter": "a quarter as fast"}


def _is_time(written: str) -> str:
    if not isinstance(parse_ms(written), int):
        raise ValueError("is not a time; write 00:01:10.200")
    return written


class Recipe(BaseModel):
    """What can be chosen for a reel. There is never any music."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    captions: bool = Field(False, title="Show the captions", description="Under each picture while it stands still.")
    slower: Literal["half", "quarter", "once"] = Field(
        "half",
        title="The second time",
        description="How slowly each moment is shown again. Without it the reel is a third as long.",
        json_schema_extra={
            "enum_titles": {
                "half": "Half as fast",
                "quarter": "A quarter as fast",
                "once": "Not again: a short reel",
            }
        },
    )
    slow_sound: bool = Field(
        False,
        title="Sound in slow motion",
        description="Voices keep their pitch but sound drawn out. Without it the second time is silent, for looking.",
    )
    best_frames: Annotated[tuple[Annotated[str, AfterValidator(_is_time)], ...], Field(max_length=200)] = Field(
        (),
        title="Best pictures",
        description="Times on the film, such as 00:01:12.480: the moment that holds one stands still there. Without "
        "one it does so at a still you chose inside it, or at the sharpest picture of its last second.",
    )
    opening: Words = Field(
        "",
        title="First words",
        description="Empty: the helping question.",
        json_schema_extra={"format": "textarea"},
    )
    closing: Words = Field(
        "These moments are yours.",
        title="Closing line",
        description="Empty: it ends with the last moment.",
        json_schema_extra={"format": "textarea"},
    )

    @property
    def best_ms(self) -> list[int]:
        """The best pictures' times on the film's clock."""
        return [ms for ms in map(parse_ms, self.best_frames) if isinstance(ms, int)]


def make(prepared: Prepared, recipe: Recipe, folder: Path, runner: FfmpegRunner) -> list[Artifact]:
    """The reel of a selection's clips; an empty list where it holds none.

    Each moment comes at full speed with its sound, stands still on its best frame and, if wanted, comes again slowly.
    Raises: ArtifactWrong, FfmpegFailed, FfmpegTimedOut, FilmUnreadable, MomentOutsideFilm.
    """
    from pipeline.outputs.reel.segments import join, make_segments, verify_reel

    if not any(moment.kind == "clip" for moment in prepared.moments):
        return []
    pieces, screen = _planned(prepared, recipe)
    with TemporaryDirectory(prefix=".reel-", dir=folder) as scratch:
        segments = make_segments(pieces, screen, Path(scratch), runner=runner)
        part = join(segments, Path(scratch, NAME), runner=runner)
        verify_reel(part, screen, segments)
        return [publish(part, folder / NAME, MEDIA_TYPE)]


def contents(prepared: Prepared, recipe: Recipe) -> list[Part]:
    """What the reel will show and when; an empty list where no clip is chosen."""
    if not any(moment.kind == "clip" for moment in prepared.moments):
        return []
    return list(_told(*_planned(prepared, recipe), recipe))


def _told(pieces: Sequence[Piece], screen: Screen, recipe: Recipe) -> Iterator[Part]:
    number, starts_ms = 0, 0
    again = f"again, {_SPEEDS.get(recipe.slower)}{'' if recipe.slow_sound else ', silent'}"
    for piece in pieces:
        words, frames = "", piece.frames
        if isinstance(piece, Card):
            title, words = "Words", piece.words
        elif isinstance(piece, Held):
            title, words = f"Clip {number} stands still", piece.words
        elif isinstance(piece, Played) and piece.slower == 1:
            number += 1
            title = f"Clip {number}"
        else:
            title = f"Clip {number} {again}"
            frames *= 1 if isinstance(piece, Played) else piece.slower
        length_ms = round(frames * 1000 / screen.fps)
        yield Part(title, words, starts_ms, length_ms)
        starts_ms += length_ms


def _planned(prepared: Prepared, recipe: Recipe) -> tuple[tuple[Piece, ...], Screen]:
    clips = [moment for moment in prepared.moments if moment.kind == "clip"]
    screen = screen_for(clips)
    chosen_ms = [*recipe.best_ms, *(moment.in_ms for moment in prepared.moments if moment.kind == "still")]
    pieces = plan(
        clips,
        screen,
        opening=recipe.opening or prepared.selection.helping_question or NO_QUESTION,
        closing=recipe.closing,
        slower=SLOWER[recipe.slower],
        best_ms=[_inside(clip.in_ms, clip.out_ms, chosen_ms) for clip in clips],
        captions=recipe.captions,
        slow_sound=recipe.slow_sound,
    )
    return pieces, screen


def remarks(selection: Selection, recipe: Recipe) -> list[str]:
    """What will not come out as written, in plain words."""
    if not selection.clips:
        return ["No clip is chosen, so there is no reel."]
    said = [
        f"No clip holds the best picture at {clock(at_ms)}, so the reel does not show it."
        for at_ms in recipe.best_ms
        if not any(clip.in_ms <= at_ms < clip.out_ms for clip in selection.clips)
    ]
    length_ms = sum(clip.length_ms for clip in selection.clips) * (1 + SLOWER[recipe.slower])
    if length_ms > LONG_REEL_MS:
        minutes = round(length_ms / 60_000)
        said.append(f"The reel will be about {minutes} minutes long; fewer moments are easier to see.")
    words = [recipe.opening or selection.helping_question, recipe.closing]
    words += [clip.caption for clip in selection.clips] if recipe.captions else []
    if lost := unprintable_letters("".join(words)):
        said.append(f"The words of the reel hold signs that cannot be shown here: {' '.join(lost)}")
    return said


def _inside(in_ms: int, out_ms: int | None, chosen_ms: Sequence[int]) -> int | None:
    """The first of the chosen times that lies in a clip, on the clip's own clock."""
    return next((at_ms - in_ms for at_ms in chosen_ms if in_ms <= at_ms < (out_ms or 0)), None)
