"""The pages of a guider's training: logbook, rating scale and comparison, for everyone and in both themes."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.api.service import begin
from tests.axe import AXE, complaints_in_both_themes
from tests.web.desk import LAPTOP, DeskService

TOGETHER = "desk_review"

LOGBOOK = "/api/v1/logbook"


@pytest.mark.skipif(not AXE.is_file(), reason="the page's packages are not installed: run make page")
def test_logbook_rating_and_comparison(browser: Browser, desk_service: DeskService) -> None:
    with desk_service.client() as client:
        recording = begin(client, of="review_recording")["selection"]["id"]
        begin(client, of="review_recording", cycle=3)
    context: Any = browser.new_context(viewport=LAPTOP, reduced_motion="reduce")
    desk_service.sign_in(context)
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))

    page.goto(f"{desk_service.url}/#/rating/{recording}")
    first = page.get_by_role("group", name="Question 1", exact=True).first
    first.get_by_label("4", exact=True).check(force=True)
    expect(page.get_by_text("4 of 5 points · 51 left to answer")).to_be_visible()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    before = first.bounding_box()
    first.get_by_label("n/a").check(force=True)
    expect(page.get_by_text("0 of 0 points · 51 left to answer")).to_be_visible()
    first.get_by_role("button", name="Clear Question 1").click()
    expect(page.get_by_text("0 of 0 points · 52 left to answer")).to_be_visible()
    assert first.bounding_box() == before
    found = {"rating": complaints_in_both_themes(page)}

    page.goto(f"{desk_service.url}/#/compare")
    page.get_by_role("button", name="Show the report’s table 2").click()
    expect(page.get_by_text("VIG: the lines add up to 810, but 807 is printed.")).to_be_visible()
    expect(page.get_by_role("row", name="Total 810 62.3 % 749 57.6 % 61")).to_be_visible()
    found["printed"] = complaints_in_both_themes(page)
    page.get_by_label("First recording").select_option(recording)
    page.get_by_label("Second recording").select_option(index=1)
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("row", name="Widening the context")).to_be_visible()

    page.goto(f"{desk_service.url}/#/logbook")
    page.get_by_label("On", exact=True).fill("2026-03-12")
    page.get_by_label("Hours", exact=True).fill("1.5")
    page.locator("section", has_text="Supervision, intervision").get_by_role("button", name="Add").click()
    expect(page.get_by_text("1.5 of 15")).to_be_visible()
    page.get_by_text("Add a cycle by hand").click()
    page.get_by_label("Family code").fill("K-104")
    page.get_by_label("Filmed on").fill("2026-03-02")
    page.locator("details").get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Reviewed today K-104 cycle 1").click()
    expect(page.get_by_text("1 of 19")).to_be_visible()
    expect(page.get_by_text("counts", exact=True)).to_be_visible()
    found["logbook"] = complaints_in_both_themes(page)
    with page.expect_download() as taken:
        page.get_by_role("button", name="Word").click()
    assert taken.value.suggested_filename == "logbook.docx"
    context.close()
    assert {view: told for view, told in found.items() if told} == {}
    assert said == []
