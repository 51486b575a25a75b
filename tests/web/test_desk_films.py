"""Films at the desk that this browser cannot show, play or open, and what is no film."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.axe import complaints
from tests.footage import beeps_ms_in, numbered_film, numbers_in
from tests.servers import wait_until
from tests.web.desk import DeskService, Guider

TOGETHER = "desk"


def test_what_is_no_film_is_said_in_one_sentence(guider: Guider, tmp_path: Path) -> None:
    page = tmp_path / "page.mp4"
    page.write_text("<!doctype html><p>not a film</p>")
    guider.page.locator("main input[type=file]").set_input_files(page)
    expect(guider.page.get_by_role("alert")).to_contain_text("neither a film")
    expect(guider.button("Choose a film")).to_be_enabled()


def test_a_phone_s_film_that_this_browser_cannot_decode_is_marked_by_looking(
    guider: Guider, desk_service: DeskService, tmp_path: Path
) -> None:
    codec = ("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", "keyint=25:log-level=error")
    guider.open(numbered_film(tmp_path / "phone.mp4", frames=150, fps="25", codec=codec))
    expect(guider.page.get_by_text("This browser cannot decode this film")).to_be_visible()
    guider.page.get_by_text("Set the phone so that this does not happen").click()
    expect(guider.page.get_by_text("Settings › Camera › Formats › Most Compatible")).to_be_visible()
    assert not complaints(guider.page)
    wait_until(partial(shows, guider, 0), "the first picture is shown")
    guider.button("Play").first.click()
    wait_until(lambda: heard_at(guider) > 0.2, "the sound plays")
    guider.button("Pause").first.click()
    wait_until(lambda: shows(guider, int(heard_at(guider) * 25)), "the picture is the one of the sound")
    guider.mark_clip(1, 3)
    wait_until(partial(shows, guider, 75), "the picture at 3 s is shown")
    selection = guider.send()
    guider.wait_until_ready()
    [clip] = desk_service.selection(selection)["moments"]
    assert (clip["moment"]["in"], clip["moment"]["out"]) == (1000, 3040)
    file = finished(desk_service, selection, clip, tmp_path / "clip.mp4")
    assert numbers_in(file) == list(range(25, 76))


def finished(service: DeskService, selection: str, moment: dict[str, Any], path: Path) -> Path:
    """The finished moment, written to ``path``."""
    with service.client() as client:
        answer = client.get(f"/api/v1/selections/{selection}/artifacts/{moment['artifacts'][0]['id']}")
    path.write_bytes(answer.raise_for_status().content)
    return path


def heard_at(guider: Guider) -> float:
    """At how many seconds the player is that plays the sound alone."""
    return float(guider.page.evaluate("document.querySelector('.screen video').currentTime"))


def shows(guider: Guider, number: int) -> bool:
    """Whether the screen shows the picture of that number; until the first one there is none."""
    return guider.number_on(".screen canvas") == number


def test_a_film_this_browser_cannot_play_is_looked_at_picture_by_picture_and_lost_sound_is_told(
    guider: Guider, desk_service: DeskService, tmp_path: Path
) -> None:
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "0")
    sound = ("-c:a", "pcm_bluray", "-ar", "48000", "-ac", "2")  # what many camcorders write, and browsers do not know
    guider.open(numbered_film(tmp_path / "00001.m2ts", frames=150, fps="25", codec=codec, sound_codec=sound))
    expect(guider.page.get_by_text("This browser cannot play this film")).to_be_visible()
    expect(guider.button("Play").first).to_be_disabled()
    expect(guider.page.get_by_text("so its moments would be silent. The whole film can be sent")).to_be_visible()
    guider.mark_clip(1, 3)
    wait_until(lambda: guider.number_on(".screen canvas") == 75, "the picture at 3 s is shown")
    expect(guider.page.get_by_label("Whole film")).to_be_checked()
    selection = guider.send()
    guider.wait_until_ready()
    [clip] = desk_service.selection(selection)["moments"]
    file = finished(desk_service, selection, clip, tmp_path / "clip.mp4")
    assert beeps_ms_in(file) == pytest.approx([0, 1000, 2000], abs=20)


def test_a_film_this_browser_cannot_open_is_marked_by_time_and_goes_whole(
    guider: Guider, desk_service: DeskService, tmp_path: Path
) -> None:
    film = numbered_film(tmp_path / "camera.avi", frames=150, fps="25", codec=("-c:v", "mjpeg", "-q:v", "3"))
    guider.page.locator("main input[type=file]").set_input_files(film)
    expect(guider.page.get_by_role("alert")).to_contain_text("can be sent whole, with its moments marked by time")
    guider.button("Mark by time").click()
    expect(guider.page.get_by_text("Minutes and seconds, please")).to_be_visible()
    guider.page.get_by_label("How long is it?").fill("0:06")
    assert not complaints(guider.page)
    guider.button("Mark by time").click()
    time = guider.page.get_by_label("Time", exact=True)
    for at, name in (("0:01.2", "Starts here"), ("2.4", "Ends here")):
        time.fill(at)
        guider.button("Go there").click()
        guider.button(name).click()
    expect(guider.page.get_by_text("not in this browser")).to_have_count(2)
    selection = guider.send()
    guider.wait_until_ready()
    [clip] = desk_service.selection(selection)["moments"]
    assert (clip["facts"]["in_ms"], clip["facts"]["out_ms"]) == (1200, 2440)
