"""The lists that printing goes by: themes, languages, signs, words."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder

from pipeline.print.languages import languages
from pipeline.print.letters import SIGNS, foreign_letters, read_cmap, shipped_families, unprintable_letters
from pipeline.print.recipes import StillsRecipe
from pipeline.print.remarks import word_lists
from pipeline.print.symbols import sign_of, symbols
from pipeline.print.themes import themes


def light(colour: str) -> float:
    """How light a colour is, 0 to 1, as WCAG 2.2 reckons relative luminance."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast of two colours; greyscale printing keeps it, because it is one of lightness alone."""
    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", list(themes()))
def test_every_theme_is_as_clear_in_greyscale(name: str) -> None:
    theme = themes()[name]
    for ground in ("#ffffff", theme.mat):
        assert contrast(theme.ink, ground) > 12
        assert contrast(theme.accent, ground) > 5
    assert contrast(theme.edge, "#ffffff") > 3
    assert light(theme.mat) > 0.8  # hardly any toner


def test_themes_are_told_apart() -> None:
    for one, other in itertools.combinations(themes().values(), 2):
        assert one != other
        assert one.title != other.title


def test_every_phrase_of_every_language_can_be_printed_with_the_fonts_that_are_shipped() -> None:
    for language in languages().values():
        phrases = language.draw + language.picture + language.made + language.name
        assert foreign_letters(phrases + "".join(language.quotes)) == []
        assert language.font is None or language.font in shipped_families()


def test_every_sign_is_in_the_font_for_signs() -> None:
    assert SIGNS in shipped_families()
    for name, symbol in symbols().items():
        assert foreign_letters(sign_of(name)) == []
        assert symbol.title
    assert sign_of("") == ""


def test_lists_of_words_do_not_overlap() -> None:
    lists = word_lists()
    assert not lists.easy & set(lists.plainer)
    assert not lists.lacking & set(lists.plainer)


def test_the_form_gets_names_and_what_they_mean() -> None:
    properties = StillsRecipe.model_json_schema()["properties"]
    assert properties["theme"]["enum"] == list(themes())
    assert properties["theme"]["enum_titles"]["plain"] == "Plain: a line, no colour"
    assert properties["language"]["enum"][0] == "en"
    assert properties["stills"]["format"] == "stills"


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"theme": "loud"}, "must be one of warm, plain"),
        ({"language": "xx"}, "must be one of en, cy"),
        ({"stills": [{"still": 1}, {"still": 1}]}, "Still 1 is named more than once"),
        ({"stills": [{"still": 1, "cut_left": 50, "cut_right": 45}]}, "Nearly all of still 1 is cut away"),
        ({"stills": [{"still": 1, "symbol": "gun"}]}, "must be one of"),
    ],
)
def test_what_is_not_on_the_lists_is_told(chosen: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        StillsRecipe.model_validate(chosen)


def test_letters_of_many_scripts_are_printed_in_shipped_fonts() -> None:
    assert foreign_letters("Łódź, čeština, Ñandú, Ærø, Straße, Siân – “Mum’s turn…” 3½ £5") == []
    assert foreign_letters("каже → 妈妈 ママ 엄마 ایلا אמא माँ মা ਮਾਂ મા அம்மா ኣዲኣ แม่") == []
    assert unprintable_letters("a\U00013142b") == ["\U00013142"]


@pytest.mark.parametrize("letters", [{}, {ord("a"): "a", 0x1F600: "a"}])
def test_a_font_s_letters_are_those_of_its_table(letters: dict[int, str], tmp_path: Path) -> None:
    drawn = FontBuilder(1000)
    drawn.setupGlyphOrder([".notdef", "a"])
    drawn.setupCharacterMap(letters)
    drawn.save(tmp_path / "drawn.ttf")
    assert read_cmap(tmp_path / "drawn.ttf") == frozenset(letters)
