"""Silencing a name and hiding somebody on the page: marked by mouse and keys, heard or looked at, then handed out."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.axe import complaints
from tests.figures import FIGURE, HEIGHT, WIDTH, figure_pixels, pictures_in, walk, walking_film
from tests.pipeline.cut.test_silencing import between, heard_in
from tests.servers import wait_until
from tests.web.desk import DeskService, Guider

TOGETHER = "desk_review"

pytestmark = pytest.mark.usefixtures("built_page")


def draw(guider: Guider, panel: Locator, number: int) -> None:
    """A box around the figure on a picture, by mouse."""
    panel.get_by_label("Picture", exact=True).fill(str(number))
    picture = panel.get_by_role("img", name=re.compile(f"^Picture {number + 1} of"))
    expect(picture).to_be_visible()
    picture.scroll_into_view_if_needed()
    area = picture.bounding_box()
    place = walk(number)
    assert area is not None
    assert place is not None
    corners = [place, (place[0] + FIGURE[0], place[1] + FIGURE[1])]
    (left, top), (right, bottom) = (
        (area["x"] + x / WIDTH * area["width"], area["y"] + y / HEIGHT * area["height"]) for x, y in corners
    )
    mouse = guider.page.mouse
    mouse.move(left, top)
    mouse.down()
    mouse.move((left + right) / 2, (top + bottom) / 2)
    mouse.move(right, bottom)
    mouse.up()


def silence(guider: Guider) -> None:
    """Silence two stretches of the clip: one dragged across, one by keys and typed times."""
    page = guider.page
    guider.button("Silence a name in Clip 1").click()
    panel = page.get_by_role("region", name="Silence a name in Clip 1")
    wave = panel.locator("canvas")
    expect(wave).to_be_visible()
    wave.scroll_into_view_if_needed()
    area = wave.bounding_box()
    assert area is not None
    make = panel.get_by_role("button", name="Make it again with silence there")
    expect(make).to_be_disabled()
    page.mouse.move(area["x"] + area["width"] * 0.5, area["y"] + 40)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.6, area["y"] + 40)
    page.mouse.move(area["x"] + area["width"] * 0.7, area["y"] + 40)
    page.mouse.up()
    panel.get_by_label("Where in the sound").fill("0")
    panel.get_by_role("button", name="Silence from here").press("Enter")
    for name, ms in (("Silence 1 begins", "0:00.10"), ("Silence 1 ends", "0:00.25")):
        panel.get_by_label(name).fill(ms)
        panel.get_by_label(name).press("Tab")
        expect(panel.get_by_label(name)).to_have_value(ms)
    expect(panel.get_by_text("not heard yet")).to_have_count(2)
    assert not complaints(page)
    expect(make).to_be_disabled()
    panel.get_by_role("button", name="Listen: silence 1").press("Enter")  # a second around it: all of this clip
    expect(panel.get_by_text("heard", exact=True)).to_have_count(2, timeout=60_000)
    make.click()
    expect(page.get_by_text("Ready, a name is silenced")).to_be_visible(timeout=60_000)


def test_a_name_is_silenced_and_a_person_hidden_once_every_picture_was_looked_at(
    guider: Guider, desk_service: DeskService, tmp_path: Path
) -> None:
    guider.open(walking_film(tmp_path / "film.mp4", walk, frames=75))
    guider.mark_clip(0, 1)
    selection = guider.send()
    guider.wait_until_ready()
    silence(guider)
    guider.button("Hide somebody in Clip 1").click()
    panel = guider.page.get_by_role("region", name="Hide somebody in Clip 1")
    expect(panel).to_contain_text("a voice can tell who somebody is")
    panel.get_by_role("button", name="Hide somebody").click()
    draw(guider, panel, 0)
    # The keyboard does what the mouse does: to the last picture, a box there, moved and made larger.
    panel.get_by_label("Picture", exact=True).focus()
    guider.press("End")
    expect(panel.get_by_role("img", name=re.compile("^Picture 26 of"))).to_have_js_property("complete", value=True)
    panel.get_by_role("button", name="Box around the person").click()
    box = panel.get_by_role("button", name=re.compile("^The box"))
    expect(box).to_be_focused()
    before = box.bounding_box()
    assert before is not None
    guider.press("ArrowRight", "ArrowRight", "Shift+ArrowDown")

    def is_moved() -> bool:
        after = box.bounding_box()
        return after is not None and after["x"] > before["x"] and after["height"] > before["height"]

    wait_until(is_moved, "the box is moved and larger")
    draw(guider, panel, 25)
    assert not complaints(guider.page)
    panel.get_by_role("button", name="Follow them").click()
    hide = panel.get_by_role("button", name=re.compile("hide them like this"))
    expect(hide).to_be_disabled()
    assert desk_service.selection(selection)["moments"][0]["artifacts"] == []
    assert not complaints(guider.page)
    expect(panel).to_contain_text("of 26 not seen yet")
    play = panel.get_by_role("group", name="Play through")
    onward = play.get_by_role("button", name=re.compile("^(Play slowly|Continue)$"))
    seen = panel.get_by_text("You have seen every picture.")
    # On a laptop's low screen the button may be the first thing on it, and its picture above: it comes back by itself.
    guider.page.set_viewport_size({"width": 1366, "height": 640})
    onward.evaluate("button => button.scrollIntoView({ block: 'start' })")
    while not seen.is_visible():  # it stops wherever what is covered is in doubt
        expect(onward.or_(seen).first).to_be_visible()
        if onward.is_visible():
            onward.click()
    # What was looked at is remembered, and many fit on a laptop's screen.
    expect(play.get_by_role("button", name="Play slowly")).to_be_visible()
    moment = desk_service.selection(selection)["moments"][0]["id"]
    with desk_service.client() as client:
        hiding = f"/api/v1/selections/{selection}/moments/{moment}/hiding"
        wait_until(lambda: client.get(hiding).json()["seen"] == [[0, 26]], "all is remembered")
    opener = guider.button("Somebody hidden in Clip 1")
    opener.click()
    opener.click()
    expect(seen).to_be_visible()
    panel.get_by_role("button", name="Many together").click()
    pictures = panel.locator("li img")
    expect(pictures).to_have_count(12)
    pictures.first.scroll_into_view_if_needed()
    panel.get_by_role("group", name="Many together").evaluate("sheet => sheet.scrollIntoView({ block: 'start' })")
    for picture in pictures.all():
        expect(picture).to_be_in_viewport(ratio=1)
        expect(picture).to_have_js_property("complete", value=True)
    assert not complaints(guider.page)
    panel.get_by_role("button", name="Next", exact=True).focus()
    guider.press("PageDown")
    expect(panel).to_contain_text("Page 2 of 3")
    hide.click()
    guider.wait_until_ready()
    expect(guider.page.get_by_text("Ready, somebody is hidden, a name is silenced")).to_be_visible()
    view = desk_service.selection(selection)
    [pack] = [file for one in view["outputs"] for file in one["artifacts"] if file["name"] == "review-pack.zip"]
    with desk_service.client() as client:
        data = client.get(f"/api/v1/selections/{selection}/artifacts/{pack['id']}").raise_for_status().content
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        clips = [zipped.extract(name, tmp_path) for name in zipped.namelist() if name.endswith(".mp4")]
    shown = [picture for clip in clips for picture in pictures_in(Path(clip))]
    assert len(shown) == 26
    assert max(figure_pixels(picture) for picture in shown) == 0
    heard = heard_in(Path(clips[0]))
    assert between(heard, 100, 250).max() == between(heard, 520, 690).max() == 0
    assert between(heard, 330, 420).max() > 0.05
