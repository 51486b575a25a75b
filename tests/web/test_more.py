"""More from the same moments: the forms that the page draws from the recipes, and what comes of them."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.axe import AXE, complaints
from tests.web.desk import LAPTOP, DeskService, Guider

TOGETHER = "desk_review"


def kind(guider: Guider, title: str) -> Locator:
    """The part of the page that is about one kind of output."""
    return guider.page.locator("details").filter(has=guider.page.get_by_text(title, exact=True))


@pytest.mark.skipif(not AXE.is_file(), reason="the page's packages are not installed: run make page")
def test_a_booklet_is_made_from_the_form_and_the_form_remembers_what_was_chosen(
    browser: Browser, desk_service: DeskService, film: Path
) -> None:
    context = browser.new_context(viewport=LAPTOP)  # type: ignore[arg-type]  # a TypedDict of just these two
    guider = Guider(context.new_page(), desk_service.url, desk_service.address).start().open(film)
    guider.mark_still(5)
    guider.wait_until_cut()
    selection = guider.send()
    guider.wait_until_ready()

    booklet = kind(guider, "Booklet")
    booklet.locator("summary").click()
    assert complaints(guider.page) == []
    booklet.get_by_label("Title on the cover").fill("Ella’s good moments")
    booklet.get_by_label("How the printer turns the paper").select_option(index=1)
    booklet.get_by_role("button", name="Make it", exact=True).click()
    expect(booklet.get_by_role("status")).to_have_text("Ready", timeout=60_000)
    expect(guider.heading("Your review is ready")).to_be_visible()
    coming = guider.take_plain(booklet.get_by_role("button", name="Take booklet.pdf"))
    assert coming.suggested_filename == "K-104-cycle-1-booklet.pdf"
    with pikepdf.open(coming.path()) as pdf:
        assert [float(side) for side in pdf.pages[0].mediabox[2:]] == pytest.approx([841.89, 595.28], abs=0.1)

    guider.page.reload()
    booklet.locator("summary").click()
    expect(booklet.get_by_label("Title on the cover")).to_have_value("Ella’s good moments")
    asked = desk_service.selection(selection)["outputs"][-1]
    assert asked["recipe"]["title"] == "Ella’s good moments"
    assert guider.complaints == []
    context.close()


def test_a_form_says_what_will_not_come_out_as_written_and_what_cannot_be_made(
    browser: Browser, desk_service: DeskService, film: Path
) -> None:
    context = browser.new_context(viewport=LAPTOP)  # type: ignore[arg-type]  # a TypedDict of just these two
    guider = Guider(context.new_page(), desk_service.url, desk_service.address).start().open(film)
    guider.mark_clip(4, 5)
    guider.wait_until_cut()
    guider.send()
    guider.wait_until_ready()
    notes = kind(guider, "Picture notes")
    notes.locator("summary").click()
    notes.get_by_role("button", name="Make it again").click()
    expect(notes.get_by_text("No still is chosen, so there are no picture notes.")).to_be_visible()
    expect(notes.get_by_role("status")).to_have_text("These moments hold nothing for it.", timeout=60_000)
    context.close()
