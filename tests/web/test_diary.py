"""A diary spoken into a phone, from the desk to the review: heard as it was marked, and never a black picture."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.axe import AXE, complaints
from tests.footage import onsets_ms, spoken_recording
from tests.servers import wait_until
from tests.web.desk import DeskService, Guider

TOGETHER = "desk_review"


def share_drawn(canvas: Locator) -> float:
    """How much of the canvas is not its ground."""
    return float(
        canvas.evaluate(
            """(canvas) => {
                const own = new OffscreenCanvas(canvas.width, canvas.height);
                const copy = own.getContext("2d", { willReadFrequently: true });
                copy.drawImage(canvas, 0, 0);
                const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
                const isOther = (at) => [0, 1, 2].some((n) => Math.abs(data[at + n] - data[n]) > 24);
                let other = 0;
                for (let at = 0; at < data.length; at += 4) other += isOther(at);
                return other / (data.length / 4);
            }"""
        )
    )


def place(review: Page) -> float:
    return float(review.locator("#time").input_value()) / 20


def longer_in(view: dict[str, Any]) -> bool:
    """Whether the first moment was prepared anew, longer than its three seconds."""
    return view["state"] == "ready" and view["moments"][0]["facts"]["duration_ms"] > 3200


@pytest.mark.skipif(not AXE.is_file(), reason="the page's packages are not installed: run make page")
def test_a_spoken_diary_is_marked_sent_and_heard(guider: Guider, desk_service: DeskService, tmp_path: Path) -> None:
    guider.open(spoken_recording(tmp_path / "Ella's week.m4a", seconds=20))
    page = guider.page
    expect(page.get_by_text("There are no stills, because there is no picture")).to_be_visible()
    expect(guider.button("Still")).to_have_count(0)
    wait_until(lambda: share_drawn(page.locator(".track canvas")) > 0.005, "the shape of the sound")
    guider.press("s")
    expect(page.get_by_role("status").filter(has_text="no picture to take a still from")).to_have_count(1)
    guider.button("Play").click()
    wait_until(lambda: page.locator(".clock b").inner_text() > "0:00.40", "the clock of the recording moves")
    guider.press(" ")
    guider.mark_clip(2, 5)
    guider.mark_clip(8, 10)
    page.get_by_label("Caption").fill("We laughed at bath time.")
    assert complaints(page) == []
    guider.wait_until_cut()
    assert not guider.posted, "nothing travels before one says so"
    selection = guider.send()
    guider.wait_until_ready()
    expect(page.get_by_text("This recording has no picture, so nothing with pictures is offered")).to_be_visible()
    expect(page.get_by_text("Phone pictures")).to_have_count(0)

    view = desk_service.selection(selection)
    assert [output["kind"] for output in view["outputs"]] == ["review_pack"]
    assert view["bytes_received"] < 0.75 * view["film"]["bytes"], "only the moments travelled"
    with desk_service.client() as client:
        first = view["moments"][0]["artifacts"][0]
        heard = client.get(f"/api/v1/selections/{selection}/artifacts/{first['id']}").raise_for_status()
        asked = client.post(f"/api/v1/selections/{selection}/outputs", json={"kind": "reel"}).raise_for_status()
    assert (first["name"], heard.headers["Content-Type"]) == ("01.m4a", "audio/mp4")
    assert asked.json()["remarks"] == ["Reel: left out, because this recording has sound but no picture."]
    (tmp_path / "01.m4a").write_bytes(heard.content)
    assert onsets_ms(tmp_path / "01.m4a") == pytest.approx([0, 1000, 2000, 3000], abs=2)

    review = guider.open_review()
    expect(review.get_by_text("Moment 1 of 2", exact=True)).to_be_visible()
    expect(review.locator(".sound")).to_be_visible()
    assert complaints(review) == []
    review.get_by_role("button", name="Play", exact=True).click()
    wait_until(lambda: place(review) > 0.3, "the recording plays")
    review.keyboard.press("PageDown")
    expect(review.locator("main")).not_to_contain_text("We laughed at bath time.")
    review.get_by_role("button", name="Show the words").click()
    expect(review.locator("main")).to_contain_text("We laughed at bath time.")

    page.get_by_role("button", name=re.compile("^Change times")).first.click()
    page.get_by_role("button", name="Ends: half a second later").click()
    guider.button("Prepare again").click()
    # Not that it is ready: until the request has come, it still is.
    wait_until(lambda: longer_in(desk_service.selection(selection)), "prepared again")
    facts = desk_service.selection(selection)["moments"][0]["facts"]
    assert facts["duration_ms"] == pytest.approx(3550, abs=60)
