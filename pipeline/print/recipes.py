"""What can be chosen for every printed output, and for each still of one."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from pipeline.images.touch_up import TouchUp
from pipeline.limits import ID_PATTERN
from pipeline.moments import MOST_MOMENTS, Selection, Words
from pipeline.print.languages import Language, LanguageCode, languages
from pipeline.print.symbols import SymbolName
from pipeline.print.themes import Theme, ThemeName, themes

Cut = Annotated[float, Field(ge=0, le=80, description="Per cent of the picture to cut away on this side.")]
_LEAST_LEFT = 10


class PrintedRecipe(BaseModel):
    """What every printed output lets one choose."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    theme: ThemeName = Field(default="warm", title="Look", description="All of them print well in greyscale too.")
    language: LanguageCode = Field(
        default="en",
        title="Language of the words",
        description="Sets letters, direction and what a reading program speaks.",
    )

    def dressed(self) -> Theme:
        """The theme chosen."""
        return themes()[self.theme]

    def spoken(self) -> Language:
        """The language chosen."""
        return languages()[self.language]


class StillChoice(BaseModel):
    """What is chosen for one still; everything left out stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    still: int = Field(ge=1, le=MOST_MOMENTS, title="Still", description="Its number, from 1.")
    leave_out: bool = Field(default=False, title="Leave this still out")
    words: Words = Field(
        default="", title="Other words", description="Instead of the caption, for example in another language."
    )
    childs_words: bool = Field(default=False, title="These are the child's own words")
    symbol: SymbolName = Field(default="", title="Symbol beside the words")
    straighten_deg: float = Field(
        default=0.0, ge=-20, le=20, title="Straighten (degrees)", description="Clockwise; with a minus the other way."
    )
    cut_left: Cut = Field(default=0.0, title="Cut away on the left (%)")
    cut_right: Cut = Field(default=0.0, title="Cut away on the right (%)")
    cut_top: Cut = Field(default=0.0, title="Cut away at the top (%)")
    cut_bottom: Cut = Field(default=0.0, title="Cut away at the bottom (%)")
    brighten: bool = Field(default=False, title="Brighten, if it is dark")

    @model_validator(mode="after")
    def _leaves_a_picture(self) -> Self:
        for before, after in ((self.cut_left, self.cut_right), (self.cut_top, self.cut_bottom)):
            if before + after > 100 - _LEAST_LEFT:
                raise ValueError(f"Nearly all of still {self.still} is cut away")
        return self

    def touch_up(self) -> TouchUp:
        """What is to be done to the picture."""
        return TouchUp(self.straighten_deg, self.cut_left, self.cut_right, self.cut_top, self.cut_bottom, self.brighten)


class StillsRecipe(PrintedRecipe):
    """What every output made of stills lets one choose."""

    stills: tuple[StillChoice, ...] = Field(
        default=(),
        max_length=MOST_MOMENTS,
        title="Each still",
        description="Leave stills out, put other words under them, and touch up the pictures.",
        json_schema_extra={"format": "stills"},
    )

    drawn: bool = Field(
        default=True,
        title="With arrows, circles and spotlights",
        description="What is drawn on the pictures lies over them; without the tick they are printed as they are.",
    )

    @model_validator(mode="after")
    def _names_each_still_once(self) -> Self:
        numbers = [choice.still for choice in self.stills]
        for number in numbers:
            if numbers.count(number) > 1:
                raise ValueError(f"Still {number} is named more than once")
        return self

    def choice(self, number: int) -> StillChoice:
        """What is chosen for the still of that number."""
        return next((choice for choice in self.stills if choice.still == number), StillChoice(still=number))

    def words_for(self, selection: Selection) -> dict[int, str]:
        """The words of every still that is not left out, by its number."""
        chosen = {number: self.choice(number) for number in range(1, len(selection.stills) + 1)}
        return {
            number: choice.words or selection.stills[number - 1].caption
            for number, choice in chosen.items()
            if not choice.leave_out
        }


class ArtworkRecipe(StillsRecipe):
    """What an output that may hold photographs of the child's own work lets one choose."""

    artwork: bool = Field(
        default=True,
        title="With what the child made",
        description="The photographs of drawings that are kept with these moments, each with the child’s own words.",
    )


class CyclesRecipe(ArtworkRecipe):
    """What an output that may hold pictures of several cycles lets one choose."""

    earlier: tuple[Annotated[str, StringConstraints(pattern=ID_PATTERN)], ...] = Field(
        default=(),
        max_length=12,
        title="Pictures from earlier reviews",
        description="They come first, in the order of the cycles, with the words they had there.",
        json_schema_extra={"format": "earlier"},
    )


def shows_artwork(recipe: object) -> bool:
    """Whether what is made by a recipe shows the photographs of the child's own work."""
    return isinstance(recipe, ArtworkRecipe) and recipe.artwork
