"""Friendly remarks on captions."""

from __future__ import annotations

import pytest

from pipeline.outputs.cards import breakable, pieces
from pipeline.print.remarks import is_long, remarks_on, syllables


def remarks(words: str, language: str = "en", *, own: bool = False) -> list[str]:
    return list(remarks_on(words, "It", language, own=own))


@pytest.mark.parametrize(
    "words",
    [
        "Ella shows Mum the card.",
        "Ella looks up. Mum waits.",
        "Mum waits. Ella takes her turn, and they both enjoy it.",
        "Together we remember the beautiful butterflies!",
        "Jeremiah and Grandma are listening carefully.",
        "Alexandra noticed everything.",
    ],
)
def test_plain_captions_get_none(words: str) -> None:
    assert remarks(words) == []


def test_words_of_our_work_long_words_and_what_is_missing_are_named() -> None:
    assert remarks("Mum’s attuned response is enthusiastic, Ella doesn't look away.") == [
        "It says “attuned”; “in tune” may be easier to read.",
        "It says “response”; “answer” may be easier to read.",
        "It says “doesn’t”; words that name what works do most good on a wall.",
        "It has long words: enthusiastic.",
    ]


def test_several_ideas_and_many_words_are_named() -> None:
    assert remarks("Ella looks. Mum waits. Ella smiles. " + "They play on and on " * 3) == [
        "It has 21 words; up to 15 read well at a glance.",
        "It holds several ideas; one reads best on a wall.",
    ]


def test_a_childs_own_words_and_other_languages_are_left_alone() -> None:
    assert remarks("I was NOT reciprocating! No! Never! Ever!", own=True) == []
    assert remarks("Elżbieta odpowiada entuzjastycznie. Mama czeka. Razem. Tak.", "pl") == []
    assert remarks("one " * 16, "pl") == ["It has 16 words; up to 15 read well at a glance."]


@pytest.mark.parametrize(
    ("word", "number"),
    [("mum", 1), ("looks", 1), ("waited", 2), ("table", 2), ("smiles", 1), ("beautiful", 3), ("investigating", 5)],
)
def test_syllables_are_reckoned_about_right(word: str, number: int) -> None:
    assert syllables(word) == number


def test_endings_do_not_make_an_easy_word_long() -> None:
    assert not any(
        is_long(word) for word in ("remembered", "discovers", "excitedly", "families", "happier", "carrying")
    )
    assert is_long("investigate")


def test_lines_break_inside_long_words_of_joinless_scripts_only() -> None:
    assert breakable("W" * 40).split("\u200b") == ["W" * 18, "W" * 18, "W" * 4]
    arabic, hindi = "ا" * 40, "खि" * 20
    assert breakable(arabic) == arabic
    assert breakable(hindi) == hindi
    assert pieces("妈妈 Ella") == ["妈", "妈", "Ella"]
    assert max(map(len, pieces("แม่รอและมองดูลูกน้อย"))) <= 8
