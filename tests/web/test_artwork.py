"""A photograph of what the child made, from the page into the booklet and out of it again; previews on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.axe import AXE, complaints
from tests.pipeline.images.test_photograph import drawing
from tests.pipeline.outputs.printed_pages import text_of
from tests.servers import wait_until
from tests.web.desk import DeskService, Guider
from tests.web.test_more import kind

TOGETHER = "desk_review"


@pytest.mark.skipif(not AXE.is_file(), reason="the page's packages are not installed: run make page")
def test_a_drawing_joins_the_booklet_with_the_childs_words_and_leaves_it_when_it_is_erased(
    guider: Guider, desk_service: DeskService, film: Path, tmp_path: Path
) -> None:
    guider.open(film)
    guider.mark_still(3)
    guider.mark_clip(4, 5)
    selection = guider.send("K-207")
    guider.wait_until_ready()
    page = guider.page
    photographs = page.get_by_label("Photographs of what the child made")
    photographs.set_input_files({"name": "IMG.heic", "mimeType": "image/heic", "buffer": b"\0\0\0\x18ftypheic"})
    expect(page.get_by_role("alert")).to_contain_text("Save it as JPEG first.")
    photographs.set_input_files(drawing(tmp_path / "drawing.jpg", turned=6))
    expect(page.get_by_role("img", name="Picture 1")).to_be_visible()
    page.get_by_label("The child’s own words about picture 1").fill("My house")
    page.keyboard.press("Tab")

    booklet = kind(guider, "Booklet")
    booklet.locator("summary").first.click()
    booklet.get_by_label("Make empty pages drawing pages").uncheck()
    expect(booklet.get_by_role("img", name="Page 3, as it will look")).to_be_visible()
    before = booklet.get_by_role("img", name="Page 1, as it will look").get_attribute("src")
    booklet.get_by_label("Title on the cover").fill("Us")
    expect(booklet.get_by_role("img", name="Page 1, as it will look")).not_to_have_attribute("src", before or "")
    booklet.get_by_label("With what the child made").uncheck()
    expect(booklet.get_by_role("img", name="Page 3, as it will look")).to_have_count(0)
    booklet.get_by_label("With what the child made").check()
    assert complaints(page) == []
    booklet.get_by_role("button", name="Make it").click()
    expect(booklet.get_by_role("button", name="Open booklet-pages.pdf")).to_be_visible(timeout=60_000)

    def printed() -> str:
        files = desk_service.selection(selection)["outputs"][-1]["artifacts"]
        if not files:
            return ""
        with desk_service.client() as client:
            answer = client.get(f"/api/v1/selections/{selection}/artifacts/{files[0]['id']}").raise_for_status()
        (tmp_path / "booklet.pdf").write_bytes(answer.content)
        return text_of(tmp_path / "booklet.pdf")

    wait_until(lambda: "house" in printed(), "the booklet with the drawing")
    page.get_by_role("button", name="Erase picture 1").press("Enter")
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Erase picture 1")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Erase it").press("Enter")
    expect(page.get_by_role("img", name="Picture 1")).to_have_count(0)
    assert "house" not in printed()
    wait_until(lambda: "Us" in printed() and "house" not in printed(), "the booklet without the drawing")
    assert not list((desk_service.data_dir / "store" / "selections" / selection).glob("artwork/*"))

    reel = kind(guider, "Reel")
    reel.locator("summary").first.click()
    expect(reel.get_by_role("listitem").filter(has_text="Clip 1 again, half as fast, silent")).to_be_visible()
