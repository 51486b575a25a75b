"""The list of kinds, and the words that kinds share."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import PipelineError
from pipeline.outputs.kinds import KINDS, parse_recipe, read_recipes
from pipeline.principles import principle, principles


def test_every_kind_stands_under_its_own_name_with_a_title_and_a_form() -> None:
    assert list(KINDS)[:2] == ["review_pack", "picture_notes"]
    for name, kind in KINDS.items():
        assert kind.name == name
        assert kind.title
        assert kind.about.endswith(".")
        assert parse_recipe(kind, {}) == kind.recipe()


def test_every_choice_has_a_title_and_a_hint_in_plain_words() -> None:
    for kind in KINDS.values():
        for field in kind.recipe.model_fields.values():
            assert field.title
            assert field.description


def test_recipes_come_from_a_table_for_each_kind(tmp_path: Path) -> None:
    path = tmp_path / "recipes.toml"
    path.write_text("[picture_notes]\n", encoding="utf-8")
    assert read_recipes(path) == {"picture_notes": {}}


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("[hologram]\n", "“hologram” cannot be made. Choose review_pack or picture_notes"),
        ("picture_notes = 1\n", "“picture_notes” in recipes.toml is no table; write [picture_notes] above"),
        ("[picture_notes]\ncolour = 1\n", "Picture notes: “colour” is not a word this program knows."),
        ("[", "The list of recipes recipes.toml is not written as TOML"),
    ],
)
def test_recipes_that_cannot_be_used_are_told(tmp_path: Path, written: str, sentence: str) -> None:
    path = tmp_path / "recipes.toml"
    path.write_text(written, encoding="utf-8")
    with pytest.raises(PipelineError) as told:
        read_recipes(path)
    assert told.value.for_guider.startswith(sentence)


def test_the_six_principles_have_headings_in_the_order_of_the_practice() -> None:
    assert list(principles()) == [
        "being-attentive",
        "encouraging-initiatives",
        "receiving-initiatives",
        "developing-attuned-interactions",
        "guiding",
        "deepening-discussion",
    ]
    assert principle("receiving-initiatives").heading == "Receiving initiatives"


def test_a_tag_that_is_not_on_the_list_is_named_by_its_own_words() -> None:
    assert principle("naming-feelings").heading == "Naming feelings"
    assert principle("naming-feelings").plain == ""
