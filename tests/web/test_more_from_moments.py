"""More from the same moments: what is chosen for a still comes out on paper, and need not be chosen twice."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.pipeline.outputs.printed_pages import text_of
from tests.web.desk import DeskService, Guider

TOGETHER = "desk_review"


def card(guider: Guider, about: str) -> Locator:
    """The card of a kind, opened."""
    found = guider.page.locator("details.card", has_text=about)
    found.locator("summary").first.click()
    return found


def test_words_chosen_for_a_still_are_printed_and_offered_for_the_booklet(
    guider: Guider, desk_service: DeskService, film: Path, tmp_path: Path
) -> None:
    guider.open(film)
    guider.mark_still(3)
    selection = guider.send()
    guider.wait_until_ready()
    notes = card(guider, "for the family's wall")
    notes.locator("summary", has_text="Still 1").click()
    notes.get_by_label("Other words").fill("My turn!")
    notes.get_by_label("These are the child's own words").check()
    notes.get_by_text("The frame in numbers").click()
    notes.get_by_label("Cut away on the left (%)").fill("25")
    expect(notes.get_by_role("button", name="The frame around what is printed of Still 1")).to_be_visible()
    with guider.page.expect_response(lambda answer: answer.url.endswith("/outputs")) as asked:
        notes.get_by_role("button", name="Make it again").click()
    assert asked.value.status == 202
    guider.page.reload()
    guider.wait_until_ready()
    booklet = card(guider, "its cover works alone")
    expect(booklet.locator("summary", has_text="Still 1")).to_contain_text("My turn!")
    booklet.get_by_label("Title on the cover").fill("Us two")
    booklet.get_by_role("button", name="Make it").click()
    expect(booklet.get_by_role("button", name="Open booklet-pages.pdf")).to_be_visible()
    view = desk_service.selection(selection)
    outputs = {output["kind"]: output for output in view["outputs"]}
    assert (
        outputs["picture_notes"]["recipe"]["stills"]
        == outputs["booklet"]["recipe"]["stills"]
        == [{"still": 1, "words": "My turn!", "childs_words": True, "cut_left": 25}]
    )
    for kind, name, words in (
        ("picture_notes", "picture-notes.pdf", ["“My", "turn!”"]),
        ("booklet", "booklet-pages.pdf", ["Us", "two", "“My", "turn!”", "✏Draw", "here"]),
    ):
        [file] = [file for file in outputs[kind]["artifacts"] if file["name"] == name]
        with desk_service.client() as client:
            answer = client.get(f"/api/v1/selections/{selection}/artifacts/{file['id']}").raise_for_status()
        (tmp_path / name).write_bytes(answer.content)
        assert text_of(tmp_path / name).split() == words
