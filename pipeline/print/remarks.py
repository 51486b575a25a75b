"""Friendly remarks on the words of cards: what cannot be printed, and what would read better on a wall.

Nothing is forbidden. Beyond their number, words are looked at in English only, with the lists of configs/words.toml.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, field_validator

from pipeline.hints import hint_rules
from pipeline.moments import Selection
from pipeline.print.letters import foreign_letters, unprintable_letters
from pipeline.print.recipes import ArtworkRecipe, CyclesRecipe, StillsRecipe

MANY_SENTENCES = 2
ON_PAPER_ONLY = (
    "{language} is right on paper, but a screen reader, or copying from the file, gets its letters out of order: "
    "read the words out, or send them beside the file."
)
_MANY_SYLLABLES = 3
_WORD = re.compile(r"[^\W\d_]+(?:[-’'][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)")
_SPOKEN = re.compile(r"[aeiouy]+")
_ENDINGS = ("’s", "'s", "s", "es", "ed", "d", "ing", "ly", "er", "est", "ies", "ied")


class WordLists(BaseModel):
    """The lists, explained at the top of configs/words.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    easy: frozenset[str]
    lacking: frozenset[str]
    plainer: Mapping[str, str]

    @field_validator("easy", "lacking", mode="before")
    @classmethod
    def _apart(cls, value: object) -> object:
        return frozenset(value.split()) if isinstance(value, str) else value


@cache
def word_lists() -> WordLists:
    """The lists of words that remarks go by."""
    return WordLists.model_validate(tomllib.loads(files("configs").joinpath("words.toml").read_text(encoding="utf-8")))


def remarks_on_stills(selection: Selection, recipe: StillsRecipe, nothing: str) -> list[str]:
    """All there is to say on the words of the stills, and on choices that lead to nothing.

    ``nothing`` says what is missing without stills: "there are no picture notes".
    """
    if isinstance(recipe, CyclesRecipe) and recipe.earlier:
        besides = ", but for the earlier reviews"
    else:
        besides = (
            ", unless what the child made is in it" if isinstance(recipe, ArtworkRecipe) and recipe.artwork else ""
        )
    if not selection.stills:
        return [f"No still is chosen, so {nothing}{besides}."]
    words = recipe.words_for(selection)
    said = [
        f"There is no still {choice.still}, so what was chosen for it changes nothing."
        for choice in recipe.stills
        if choice.still > len(selection.stills)
    ]
    if not words:
        return [*said, f"Every still is left out, so {nothing}{besides}."]
    if not recipe.spoken().reads_aloud:
        said.append(ON_PAPER_ONLY.format(language=recipe.spoken().name))
    for number, caption in words.items():
        new = caption != selection.stills[number - 1].caption
        own = recipe.choice(number).childs_words
        said += remarks_on(caption, f"The caption of still {number}", recipe.language, counted=new, own=own)
    return said


def remarks_on(words: str, which: str, language: str, *, counted: bool = True, own: bool = False) -> Iterator[str]:
    """What to know of some words before they are printed; ``which`` begins each sentence.

    ``counted``: their number is looked at, which ``pipeline.hints.hints`` does for captions already. ``own``: they
    are a child's own words, which nobody corrects.
    """
    if lost := unprintable_letters(words):
        yield f"{which} holds signs that cannot be printed here: {' '.join(lost)}"
    if len(foreign_letters(words)) > len(lost):
        yield f"Some letters in {which[0].lower()}{which[1:]} are printed in another typeface."
    number = len(words.split())
    most_words = hint_rules().wordy_caption.most_words
    if counted and number > most_words:
        yield f"{which} has {number} words; up to {most_words} read well at a glance."
    if own or language != "en":
        return
    if len(_SENTENCE_END.findall(words.rstrip(".!?… ") + ".")) > MANY_SENTENCES:
        yield f"{which} holds several ideas; one reads best on a wall."
    yield from _remarks_on_english(words, which)


def _remarks_on_english(words: str, which: str) -> Iterator[str]:
    lists = word_lists()
    found = [word.replace("'", "’") for word in _WORD.findall(words)]
    small = list(dict.fromkeys(word.lower() for word in found))
    for word in small:
        if plain := lists.plainer.get(word):
            yield f"{which} says “{word}”; “{plain}” may be easier to read."
    if lacking := [word for word in small if word in lists.lacking]:
        yield f"{which} says “{lacking[0]}”; words that name what works do most good on a wall."
    plain_words = [word for word in found if word[0].islower()]  # one with a capital is likely to be a name
    long = [word for word in dict.fromkeys(plain_words) if word.lower() not in lists.plainer and is_long(word.lower())]
    if long:
        yield f"{which} has long words: {', '.join(long)}."


def is_long(word: str) -> bool:
    """Whether an English word in small letters has three or more syllables and is not one that everybody reads."""
    if any(base in word_lists().easy for base in _bases(word)):
        return False
    return syllables(word) >= _MANY_SYLLABLES


def _bases(word: str) -> Iterator[str]:
    """The word, and what it may have been before it got its ending."""
    yield word
    for ending in _ENDINGS:
        if word.endswith(ending):
            base = word.removesuffix(ending)
            yield from (base, f"{base}e", f"{base}y")
            if len(base) > 1 and base[-1] == base[-2]:
                yield base[:-1]


def syllables(word: str) -> int:
    """About how many syllables an English word has: its groups of vowels, without a silent e at its end."""
    bare = re.sub(r"(?:[^laeiouy]e|(?<=[aeiouy])le|[^td]ed|[^sxzcgh]es)$", "", word)
    return max(1, len(_SPOKEN.findall(bare)))
