"""What was written is corrected on the review page, what was made with it is made again, and a moment is added."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.axe import complaints
from tests.pipeline.outputs.printed_pages import text_of
from tests.servers import wait_until
from tests.web.desk import DeskService, Guider

TOGETHER = "desk_review"


def outputs_of(service: DeskService, selection: str) -> list[dict[str, Any]]:
    """Every output as it stands."""
    found: list[dict[str, Any]] = service.selection(selection)["outputs"]
    return found


def test_a_caption_is_corrected_in_place_the_notes_are_made_again_and_a_moment_is_added(
    guider: Guider, desk_service: DeskService, film: Path, tmp_path: Path
) -> None:
    guider.open(film)
    guider.mark_still(3)
    guider.page.get_by_label("Caption").fill("Ella shows Mum the card.")
    guider.press("Escape")
    guider.mark_still(6)
    selection = guider.send()
    guider.wait_until_ready()
    page, other = guider.page, guider.page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("button", name="Ella shows Mum the card.")).to_be_visible()

    page.get_by_role("button", name="Ella shows Mum the card.").click()
    page.keyboard.type("Not this")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Ella shows Mum the card.").click()
    page.keyboard.type("Sam shows Mum the card.")
    assert complaints(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    expect(other.get_by_role("button", name="Sam shows Mum the card.")).to_be_visible()
    page.get_by_role("button", name="Move Still 1 down").click()
    expect(page.get_by_role("listitem").filter(has_text="Sam shows")).to_contain_text("Still 2")

    expect(page.get_by_text("made before a caption and the order were changed.")).to_be_visible()
    page.get_by_role("button", name="Make them again").click()
    wait_until(lambda: not any(one["made_before"] for one in outputs_of(desk_service, selection)), "the new ones")
    expect(page.get_by_text("made before")).to_have_count(0)
    expect(page.get_by_text("Being made again.")).to_have_count(0)
    [notes] = [
        file
        for one in outputs_of(desk_service, selection)
        for file in one["artifacts"]
        if file["name"] == "picture-notes.pdf"
    ]
    with desk_service.client() as client:
        made = client.get(f"/api/v1/selections/{selection}/artifacts/{notes['id']}").raise_for_status()
    (tmp_path / "notes.pdf").write_bytes(made.content)
    assert "Sam" in text_of(tmp_path / "notes.pdf")
    assert "Ella" not in text_of(tmp_path / "notes.pdf")
    other.close()

    page.get_by_role("button", name="Draw on Still 2").click()
    panel = page.get_by_role("region", name="Draw on Still 2")
    panel.get_by_role("button", name="Arrow", exact=True).click()
    expect(panel.get_by_role("button", name=re.compile("^Arrow to the middle[.] Arrow keys move it"))).to_be_focused()
    guider.press("ArrowRight", "ArrowRight", "Shift+ArrowUp")
    panel.get_by_role("button", name="Circle").click()
    expect(panel.get_by_role("button", name=re.compile("^Circle in the middle[.] Arrow keys move it"))).to_be_focused()
    guider.press("Delete")
    expect(panel.get_by_role("list").get_by_role("listitem")).to_have_count(1)
    assert complaints(page) == []
    panel.get_by_role("button", name="Save the drawings").click()
    expect(page.get_by_role("button", name="1 drawing on Still 2")).to_be_focused()
    expect(page.get_by_text("made before the drawings were changed.")).to_be_visible()
    with desk_service.client() as client:
        shown = client.get(f"/api/v1/selections/{selection}/review").json()["moments"][1]["drawings"]
    drawn = desk_service.selection(selection)["moments"][1]["moment"]["drawings"]
    assert [(one["x1"], one["y1"], one["x2"], one["y2"]) for one in drawn] == [(0.32, 0.7, 0.52, 0.49)]
    assert [one["name"] for one in shown] == ["Arrow to the middle"]

    view_before = desk_service.selection(selection)
    page.reload()
    guider.wait_until_ready()
    renamed = tmp_path / "another name.mp4"
    renamed.symlink_to(film)
    of_this_film = page.get_by_label("The film these moments are from")
    of_this_film.set_input_files(renamed)
    expect(page.get_by_text("That is a different film.")).to_be_visible()
    of_this_film.set_input_files(film)
    expect(page.get_by_role("heading", name="Added to family K-104, cycle 1")).to_be_visible()
    expect(guider.cards()).to_have_count(0)
    guider.mark_clip(8, 9)
    assert complaints(page) == []
    page.get_by_role("button", name=re.compile("^Add 1 moment")).click()
    guider.wait_until_ready()
    added = desk_service.selection(selection)
    assert [one["kind"] for one in added["moments"]] == ["clip", "still", "still"]
    assert [one["id"] for one in added["moments"]][1:] == [one["id"] for one in view_before["moments"]]
