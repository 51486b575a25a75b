"""Cards: a picture with its words, laid beside a template for the typesetter."""

from __future__ import annotations

import re
import shutil
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.drawings import Drawing, to_svg
from pipeline.images.touch_up import TouchUp, kept_box, touched_copy
from pipeline.print.languages import Language
from pipeline.print.letters import printable_words
from pipeline.print.recipes import StillsRecipe
from pipeline.print.symbols import sign_of

if TYPE_CHECKING:  # the kinds import this module, and their package imports the kinds
    from pipeline.prepared import Prepared

_LONGEST_UNBROKEN = 18
_ZERO_WIDTH_SPACE = "\u200b"
_WITHOUT_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")  # Thai, Lao, Burmese, Khmer
_LONG_SYLLABLE = 8


@dataclass(frozen=True)
class Card:
    """A picture beside the template, its size, and its words as they are printed."""

    file: str
    width_px: int
    height_px: int
    words: str
    childs_words: bool = False
    sign: str = ""
    made: bool = False
    """The child made what it shows."""
    drawn: tuple[Drawing, ...] = ()
    drawing: str = ""
    """An SVG beside the template of what is drawn on the picture; empty where nothing is."""

    def laid_out(self, language: Language) -> dict[str, Any]:
        """The card as the templates take it."""
        quotes = language.quotes if self.childs_words and self.words else ("", "")
        seen = language.made if self.made else language.picture
        drawn = "; ".join(one.name for one in self.drawn) if language.tongue == "en" else ""
        return {
            "file": self.file,
            "drawing": self.drawing,
            "width": self.width_px,
            "height": self.height_px,
            "words": breakable(self.words),
            "pieces": pieces(self.words),
            "open": quotes[0],
            "close": quotes[1],
            "sign": self.sign,
            "alt": " · ".join(filter(None, (self.words or seen, drawn))),
        }


def layout_cards(prepared: Prepared, recipe: StillsRecipe, folder: Path, prefix: str = "") -> list[Card]:
    """A card for every still that is not left out, its picture copied into ``folder`` and touched up as chosen.

    The pictures are named ``01.jpg`` and so on after ``prefix``. What is drawn on them lies beside them as ``01.svg``,
    straightened and cut alike.
    """
    words = recipe.words_for(prepared.selection)
    stills = enumerate((moment for moment in prepared.moments if moment.kind == "still"), 1)
    cards = []
    for number, still in stills:
        if number not in words:
            continue
        choice, picture = recipe.choice(number), folder / f"{prefix}{number:02}.jpg"
        before = size = (still.width_px or 0, still.height_px or 0)
        if (wish := choice.touch_up()) == TouchUp():
            shutil.copyfile(still.path, picture)
        else:
            size = touched_copy(still.path, wish, picture)
        card = Card(picture.name, *size, printable_words(words[number]), choice.childs_words, sign_of(choice.symbol))
        if recipe.drawn and still.drawings:
            drawing = picture.with_suffix(".svg")
            box = kept_box(*before, wish)
            drawing.write_text(to_svg(still.drawings, *before, turn_deg=wish.straighten_deg, box=box), encoding="utf-8")
            card = replace(card, drawn=still.drawings, drawing=drawing.name)
        cards.append(card)
    return cards


def layout_artwork(prepared: Prepared, folder: Path, prefix: str = "") -> list[Card]:
    """A card for each photograph of what the child made, copied into ``folder``, with the child's own words."""
    cards = []
    for number, made in enumerate(prepared.artwork, 1):
        picture = folder / f"{prefix}artwork-{number:02}.jpg"
        shutil.copyfile(made.path, picture)
        words = printable_words(made.words)
        cards.append(Card(picture.name, made.width_px, made.height_px, words, childs_words=True, made=True))
    return cards


def pieces(words: str) -> list[str]:
    """The parts of the words between which a line may break: as wide as the widest of them a column must be."""
    found: list[str] = []
    for word in re.split(f"[ {_ZERO_WIDTH_SPACE}]", breakable(words)):
        if any(unicodedata.east_asian_width(letter) in "WF" for letter in word):
            found += word
        elif _WITHOUT_SPACES.search(word):
            found += [word[n : n + _LONG_SYLLABLE] for n in range(0, len(word), _LONG_SYLLABLE)]
        else:
            found.append(word)
    return found


def breakable(words: str) -> str:
    """The words with places to break in those longer than a line could be.

    Scripts whose letters join or carry marks are left alone: a break could part what belongs together.
    """
    return " ".join(
        _ZERO_WIDTH_SPACE.join(word[n : n + _LONGEST_UNBROKEN] for n in range(0, len(word), _LONGEST_UNBROKEN))
        if not any(map(_joins, word))
        else word
        for word in words.split(" ")
    )


def _joins(letter: str) -> bool:
    """Whether a letter is written from right to left, or is a mark on the letter before it."""
    return unicodedata.bidirectional(letter) in {"R", "AL"} or unicodedata.category(letter).startswith("M")
