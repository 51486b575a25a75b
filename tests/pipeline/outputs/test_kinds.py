"""The list of kinds, and the words that kinds share."""

from __future__ import annotations

from pipeline.outputs import KINDS
from pipeline.principles import principle, principles


def test_every_kind_stands_under_its_own_name_with_a_title_and_a_form() -> None:
    assert list(KINDS) == ["review_pack", "picture_notes"]
    for name, kind in KINDS.items():
        assert kind.name == name
        assert kind.title
        assert kind.recipe().model_dump() == {}
        assert kind.recipe.model_json_schema()["type"] == "object"


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
