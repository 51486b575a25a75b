"""Somebody is covered before anything leaves the laptop: marked, covered, looked at and sent by a guider's hands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.axe import complaints
from tests.figures import figure_pixels, pictures_in, walk, walking_film
from tests.web.desk import DeskService, Guider
from tests.web.test_hiding import draw

TOGETHER = "desk_review"

pytestmark = pytest.mark.usefixtures("built_page")


def test_what_arrives_shows_nobody_who_was_to_be_covered(
    guider: Guider, desk_service: DeskService, tmp_path: Path
) -> None:
    page = guider.page
    page.set_viewport_size({"width": 1366, "height": 640})
    guider.open(walking_film(tmp_path / "film.mp4", walk, frames=125))
    guider.mark_clip(3, 4)
    guider.mark_clip(0, 1)
    card = guider.cards("Clip 2")
    wanted = card.get_by_role("checkbox", name="Somebody here is to be covered")
    wanted.check()
    # Until then it stays here, whatever way is chosen; the other may go.
    expect(card).to_contain_text("Stays on this computer: somebody is to be covered here first.")
    expect(page.get_by_text("Not sent: Clip 2.")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Send 1 moment"))).to_be_visible()
    page.get_by_role("button", name=re.compile("^What is sent")).click()
    expect(page.get_by_role("radio", name=re.compile("^Whole film"))).to_be_disabled()
    assert not complaints(page)
    page.get_by_role("button", name=re.compile("^What is sent")).click()
    card.get_by_role("button", name="Cover them").click()
    panel = page.get_by_role("dialog", name="Cover somebody in Clip 2")
    draw(guider, panel, 0)
    draw(guider, panel, 25)
    assert not complaints(page)
    panel.get_by_role("button", name="Cover them").click()
    send = panel.get_by_role("button", name=re.compile("send it like this"))
    expect(send).to_be_disabled()
    assert not complaints(page)
    play = panel.get_by_role("group", name="Play through")
    onward = play.get_by_role("button", name=re.compile("^(Play slowly|Go on)$"))
    seen = panel.get_by_text("You have seen every picture.")
    while not seen.is_visible():
        expect(onward.or_(seen).first).to_be_visible()
        if onward.is_visible():
            onward.click()
    panel.get_by_role("button", name="Many together").click()
    for picture in panel.locator("li img").all():
        expect(picture).to_have_js_property("complete", value=True)
    assert not complaints(page)
    send.click()
    expect(card).not_to_contain_text("Stays on this computer")
    selection = guider.send("K-208")
    guider.wait_until_ready()
    expect(page.get_by_text("Ready, somebody was covered before it was sent")).to_be_visible()
    moments = desk_service.selection(selection)["moments"]
    assert [moment["moment"].get("covered") for moment in moments] == [False, True]
    for moment, is_covered in zip(moments, (False, True), strict=True):
        base = f"/api/v1/selections/{selection}/moments/{moment['id']}"
        with desk_service.client() as client:
            arrived = tmp_path / f"arrived-{is_covered}.mp4"
            arrived.write_bytes(client.get(f"{base}/source").raise_for_status().content)
            [finished] = moment["artifacts"]
            clip = tmp_path / f"clip-{is_covered}.mp4"
            clip.write_bytes(
                client.get(f"/api/v1/selections/{selection}/artifacts/{finished['id']}").raise_for_status().content
            )
        for path in (arrived, clip):
            shown = [figure_pixels(picture) for picture in pictures_in(path)]
            assert max(shown) == 0 if is_covered else min(shown[:20]) > 1500, path
        if is_covered:
            assert len(pictures_in(arrived)) == 26  # and none around the moment
