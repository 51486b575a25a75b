"""What every kind of output is made from: the selection's words and its finished moments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.artifact import PreparedMoment
from pipeline.closing_notes import ReviewWords
from pipeline.errors import PipelineError
from pipeline.moments import FilmOf, Selection
from pipeline.print.recipes import StillChoice
from pipeline.rating_scale import Scale


class CompanionWrong(PipelineError):
    """The other film's moments do not belong to these."""

    code = "companion_wrong"


@dataclass(frozen=True)
class PreparedArtwork:
    """A photograph of what the child made, and the child's own words about it."""

    path: Path
    width_px: int
    height_px: int
    words: str = ""


@dataclass(frozen=True)
class EarlierReview:
    """An earlier review of the same family, and what was chosen there for its stills: left out, worded, touched up."""

    prepared: Prepared
    stills: tuple[StillChoice, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """A selection whose moments are all ready, in the order of the review: clips or sounds first, then stills."""

    selection: Selection
    moments: tuple[PreparedMoment, ...]
    artwork: tuple[PreparedArtwork, ...] = ()
    """Photographs of what the child made, in the order in which they came."""
    earlier: tuple[EarlierReview, ...] = ()
    """Earlier reviews of the same family whose pictures join in, in the order of their cycles."""
    companion: Prepared | None = None
    """The other film of the same cycle, where one is named: the review recording of a family's film, or the film."""
    notes: ReviewWords | None = None
    """What was written at the end of the review of these moments, as it was saved last."""
    review: str = ""
    """The selection's identifier on the service, 32 hex digits; empty where there is no service."""
    scale: Scale | None = None
    """The rating scale of the service, where it has a file of its own."""


class EarlierWrong(PipelineError):
    """An earlier review cannot join in."""

    code = "earlier_wrong"
    for_guider = "One of the earlier reviews is not here any more, or not one of yours with this family. Choose again."


def check_earlier(selection: Selection, earlier: Selection) -> None:
    """Nothing, if both are of films of one family. Raises: EarlierWrong."""
    if (selection.family, selection.of, FilmOf.FAMILY_FILM) == (earlier.family, earlier.of, selection.of):
        return
    sentence = f"Only other films of family {selection.family} can join in; this one is of {earlier.family}."
    if selection.family == earlier.family:
        sentence = "Only reviews of the family’s films can join in, not recordings of a review."
    raise EarlierWrong(sentence, for_guider=sentence)


def check_companion(selection: Selection, other: Selection) -> None:
    """Nothing, if one of the two is of a family's film and the other of the review of it. Raises: CompanionWrong."""
    if (selection.family, selection.cycle) != (other.family, other.cycle):
        sentence = (
            f"The other moments are of family {other.family}, cycle {other.cycle}; "
            f"these are of {selection.family}, cycle {selection.cycle}. A pack never holds two families."
        )
    elif selection.of == other.of:
        what = "recordings of a review" if other.of == FilmOf.REVIEW_RECORDING else "of the family's film"
        sentence = f"Both selections are {what}; the other one must be of the other film of this cycle."
    else:
        return
    raise CompanionWrong(sentence, for_guider=sentence)
