"""The desk by keyboard, against a real service: open, mark, send, and take what comes out."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.axe import AXE, complaints
from tests.end_to_end.reader import rounds
from tests.footage import numbers_in
from tests.servers import wait_until
from tests.web.desk import DRAFT_KEYS, LAPTOP, DeskService, Guider, wait_until_it_plays

TOGETHER = "desk"


def test_opening_and_marking_a_film_sends_nothing(guider: Guider, film: Path) -> None:
    guider.open(film)
    before = len(guider.requests)
    guider.mark_clip(4, 6)
    guider.mark_still(5)
    guider.wait_until_cut()
    assert not guider.posted
    to_service = [one for one in guider.requests[before:] if one.url.startswith("http") and "/assets/" not in one.url]
    for asked in to_service:  # for keys of what the browser keeps, by ids: nothing is said of the film
        assert DRAFT_KEYS in asked.url, asked.url
        assert asked.sizes()["requestBodySize"] < 200


def test_nothing_is_asked_of_any_other_machine(guider: Guider, film: Path, desk_service: DeskService) -> None:
    guider.open(film)
    guider.mark_clip(1, 2)
    guider.wait_until_cut()
    others = [one.url for one in guider.requests if not one.url.startswith((desk_service.url, "blob:", "data:"))]
    assert not others


def test_what_is_marked_by_keys_comes_out_to_the_frame(
    guider: Guider, film: Path, desk_service: DeskService, tmp_path: Path
) -> None:
    guider.open(film)
    guider.mark_clip(4, 6)
    guider.page.get_by_label("Caption").fill("Ella looks up. Mum waits.")
    guider.page.get_by_label("Principle").select_option("receiving-initiatives")
    guider.press("Escape")
    guider.mark_still(9)
    guider.page.get_by_label("Helping question").fill("How can we enjoy playing together?")
    selection = guider.send()
    guider.wait_until_ready()
    view = desk_service.selection(selection)
    clip, _ = view["moments"]
    assert clip["moment"]["caption"] == "Ella looks up. Mum waits."
    assert view["bytes_received"] < film.stat().st_size / 4
    with desk_service.client() as client:
        path = f"/api/v1/selections/{selection}/artifacts"
        (tmp_path / "clip.mp4").write_bytes(client.get(f"{path}/{clip['artifacts'][0]['id']}").content)
        pack = next(file for output in view["outputs"] for file in output["artifacts"] if file["name"].endswith(".zip"))
        packed = zipfile.ZipFile(io.BytesIO(client.get(f"{path}/{pack['id']}").content))
    assert numbers_in(tmp_path / "clip.mp4") == list(range(100, 151))
    assert len([name for name in packed.namelist() if "stills/" in name]) == 1


def test_the_review_can_be_watched_and_taken_away_sealed(guider: Guider, film: Path, tmp_path: Path) -> None:
    guider.open(film)
    guider.mark_clip(1, 2)
    guider.page.get_by_label("Caption").fill("They both laugh.")
    guider.send()
    guider.wait_until_ready()
    wait_until_it_plays(guider.open_review())
    guider.button("Take the review pack").click()
    handing = guider.page.get_by_role("dialog", name="Review pack: hand out")
    expect(handing.get_by_role("radio", name=re.compile("^A link"))).to_have_count(0)  # from here alone
    passphrase = handing.locator("[data-passphrase]").inner_text()
    with guider.page.expect_download() as taken:
        handing.get_by_role("button", name=re.compile("^Take it sealed")).click()
    assert re.fullmatch(r"sealed-[0-9a-f]{6}\.zip", taken.value.suggested_filename)
    expect(handing.get_by_text("Review pack, sealed")).to_be_visible()
    assert complaints(guider.page) == []
    handing.get_by_role("button", name="It is back").click()
    handing.get_by_role("button", name="Yes, brought back or deleted").click()
    expect(handing.get_by_text("nothing is out")).to_be_visible()
    zipfile.ZipFile(taken.value.path()).extractall(tmp_path)
    sealed = guider.page.context.new_page()
    sealed.goto((tmp_path / "sealed-pack" / "index.html").as_uri())
    sealed.get_by_role("textbox").fill(passphrase)
    sealed.get_by_role("button", name="Open").click()
    expect(sealed.get_by_text("There is one moment to look at.")).to_be_visible()


def test_cuts_are_erased_from_the_browser_once_the_service_holds_them(guider: Guider, film: Path) -> None:
    guider.open(film)
    guider.mark_clip(1, 2)
    guider.mark_clip(20, 22)
    guider.wait_until_cut()
    assert len(guider.cuts()) == 2
    guider.send()
    guider.wait_until_ready()
    assert guider.cuts() == {}


def test_the_picture_on_screen_is_the_one_that_is_marked(guider: Guider, film: Path) -> None:
    guider.open(film)
    guider.go_to(31)
    guider.press("ArrowRight", "ArrowRight", "ArrowRight")
    wait_until(lambda: guider.number_on("video") == 778, "the third frame after 31 s is shown")
    guider.press("s")
    expect(guider.page.locator("article canvas[data-at-ms]")).to_be_visible()
    assert guider.number_on("article canvas") == 778
    guider.press("i", "ArrowLeft")
    wait_until(lambda: guider.number_on("video") == 777, "the frame before is shown")


def test_what_is_played_keeps_to_the_moment(guider: Guider, film: Path) -> None:
    guider.open(film)
    guider.mark_clip(4, 5)
    guider.page.evaluate(
        """() => {
            const video = document.querySelector('video');
            window.shown = [];
            const note = (_, { mediaTime }) => {
                if (!video.paused) window.shown.push(Math.round(mediaTime * 25));
                video.requestVideoFrameCallback(note);
            };
            video.requestVideoFrameCallback(note);
        }"""
    )
    guider.press("r")
    wait_until(lambda: len(rounds(guider.page.evaluate("window.shown"))) > 3, "it is played three times")
    played = rounds(guider.page.evaluate("window.shown"))[:3]
    assert min(map(min, played)) >= 100, played
    assert min(map(max, played)) <= 125 + 2, played  # a busy machine may turn back late, but not each time


def test_steps_and_nudges_are_one_frame(guider: Guider, film: Path) -> None:
    guider.open(film)
    guider.mark_clip(4, 6)
    clip = guider.page.get_by_role("article", name="Clip 1")
    expect(clip).to_contain_text("2.0 s")
    expect(clip.get_by_role("img", name="First, 0:04.00")).to_be_visible()
    expect(clip.get_by_role("img", name="Last, 0:06.04")).to_be_visible()
    guider.press("[", "]", "]")
    expect(clip.get_by_role("img", name="First, 0:03.96")).to_be_visible()
    expect(clip.get_by_role("img", name="Last, 0:06.12")).to_be_visible()
    guider.press("m")
    expect(clip.get_by_role("img", name="Last, 0:07.12")).to_be_visible()


def test_a_removed_moment_comes_back_with_its_words(guider: Guider, film: Path) -> None:
    guider.open(film)
    guider.mark_clip(4, 6)
    guider.page.get_by_label("Caption").fill("They both laugh.")
    guider.page.get_by_label("Caption").blur()
    guider.press("Delete")
    expect(guider.cards()).to_have_count(0)
    guider.press("Control+z")
    expect(guider.page.get_by_label("Caption")).to_have_value("They both laugh.")


def test_moments_are_put_in_order_by_keys_and_by_hand(guider: Guider, film: Path) -> None:
    guider.open(film)
    for start_s, words in ((2, "first"), (10, "second"), (20, "third")):
        guider.mark_clip(start_s, start_s + 1)
        guider.page.get_by_label("Caption").fill(words)
        guider.page.get_by_label("Caption").blur()
    guider.press("Escape")
    guider.page.get_by_role("button", name="Move Clip 3: arrow up or down").focus()
    guider.press("ArrowUp", "ArrowUp")
    grip = guider.page.get_by_role("button", name="Move Clip 2: arrow up or down")
    grip.drag_to(guider.page.get_by_role("article", name="Clip 3"))
    guider.send()
    guider.wait_until_ready()
    rows = guider.page.locator("ol.rows li .caption")
    expect(rows).to_have_text(["third", "second", "first"])


def test_marks_survive_a_reload(guider: Guider, film: Path) -> None:
    guider.open(film)
    guider.mark_clip(4, 6)
    guider.page.get_by_label("Caption").fill("Ella waits.")
    guider.page.get_by_label("Family code").fill("K-207")
    guider.wait_until_cut()
    cuts = guider.cuts()
    guider.page.reload()
    expect(guider.page.get_by_text("1 min · 1 moment ·")).to_be_visible()
    guider.open(film)
    expect(guider.cards("Clip 1")).to_contain_text("Ella waits.")
    expect(guider.page.get_by_label("Family code")).to_have_value("K-207")
    guider.wait_until_cut()
    assert guider.cuts() == cuts


def test_many_and_long_clips_are_remarked_on_and_never_forbidden(guider: Guider, film: Path) -> None:
    guider.open(film)
    guider.mark_clip(0, 35)
    expect(guider.page.get_by_text("Clip 1 is 35 s long")).to_be_visible()
    for start_s in (36, 38, 40, 42):
        guider.mark_clip(start_s, start_s + 1)
    expect(guider.page.get_by_text("5 clips are many for one review")).to_be_visible()
    expect(guider.button("Send 5 moments")).to_be_enabled()


def test_sending_without_a_family_code_says_so_and_sends_nothing(guider: Guider, film: Path) -> None:
    guider.open(film)
    guider.mark_clip(1, 2)
    guider.button("Send 1 moment").click()
    expect(guider.page.get_by_role("alert")).to_contain_text("Enter the family code")
    expect(guider.page.get_by_label("Family code")).to_be_focused()
    assert not guider.posted
    guider.page.keyboard.type("Meier")
    guider.press("Tab")
    question = guider.page.get_by_text("Is this a name, or part of one?")
    expect(question).to_be_in_viewport()
    assert not AXE.is_file() or complaints(guider.page) == []
    guider.button("It is not a name").click()
    expect(question).to_have_count(0)
    guider.page.get_by_label("Family code").fill("Meyer")
    guider.button("Use a code that says nothing").click()
    expect(guider.page.get_by_label("Family code")).to_have_value(re.compile("^[A-Z]-[0-9]{3,}$"))
    expect(question).to_have_count(0)
    assert not guider.posted


@pytest.mark.usefixtures("built_page")
def test_the_token_is_asked_once_and_kept_for_the_visit(
    tmp_path: Path, visit: Callable[[DeskService], Guider], film: Path
) -> None:
    service = DeskService(tmp_path, {"VIGPACK_TOKEN": "a-long-random-text-of-guiders"})
    service.start()
    try:
        guider = visit(service)
        dialog = guider.page.get_by_role("dialog")
        dialog.get_by_label("Access token").fill("a wrong one")
        guider.button("Continue").click()
        expect(dialog.get_by_role("alert")).to_contain_text("not the right one")
        dialog.get_by_label("Access token").fill("a-long-random-text-of-guiders")
        guider.button("Continue").click()
        guider.open(film)
        guider.mark_clip(1, 2)
        guider.send()
        guider.wait_until_ready()
        wait_until_it_plays(guider.open_review())
        guider.page.reload()
        guider.wait_until_ready()
        guider.button("Change times for Clip 1").click()
        guider.button("Watch it").click()
        wait_until(lambda: 25 <= guider.number_on("section video") <= 50, "what was sent is played")
        source = [one.url for one in guider.requests if "/source" in one.url]
        assert {url.rsplit("/", 1)[1] for url in source} == {"source"}  # no address says who may look
    finally:
        service.stop()


def test_a_service_without_a_built_page_says_how_to_build_it(tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    from api.app import create_app
    from records.settings import Settings

    app = create_app(Settings(data_dir=tmp_path), page=tmp_path / "nothing")
    answer = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5000)).get("/")
    assert "make page" in answer.text


@pytest.mark.parametrize("path", ["/", "/icon.svg"])
def test_only_files_named_by_their_hash_are_kept_by_browsers(desk_service: DeskService, path: str) -> None:
    with desk_service.client() as client:
        assert client.get(path).headers["cache-control"] == "no-cache"
        asset = next(part for part in client.get("/").text.split('"') if part.startswith("/assets/"))
        assert "immutable" in client.get(asset).headers["cache-control"]
        assert "immutable" not in client.get("/assets/missing.js").headers.get("cache-control", "")


def test_two_films_in_two_tabs_do_not_mix(
    desk_service: DeskService, visit: Callable[[DeskService], Guider], film: Path, heavy_film: Path
) -> None:
    one, other = visit(desk_service), visit(desk_service)
    one.open(film)
    other.open(heavy_film)
    one.mark_clip(4, 6)
    other.mark_clip(1, 2)
    one_id, other_id = one.send("K-104"), other.send("K-207")
    one.wait_until_ready()
    other.wait_until_ready()
    found = {name: desk_service.selection(name) for name in (one_id, other_id)}
    assert [view["family"] for view in found.values()] == ["K-104", "K-207"]
    assert [view["film"]["bytes"] for view in found.values()] == [film.stat().st_size, heavy_film.stat().st_size]
    assert json.dumps([view["moments"][0]["moment"]["in"] for view in found.values()]) == "[4000, 1000]"


def test_works_on_a_phone_by_touch_alone(browser: Browser, desk_service: DeskService, film: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    guider = Guider(context.new_page(), desk_service.url, desk_service.address).start().open(film)
    guider.button("Starts here").tap()
    for second in (1, 2):
        guider.button("One second forward").tap()
        place = "document.querySelector('video').currentTime"
        wait_until(lambda: guider.page.evaluate(place) >= second, f"{second} s")  # noqa: B023 at once
    for name in ("Ends here", "Still"):
        guider.button(name).tap()
    expect(guider.cards()).to_have_count(2)
    assert guider.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    guider.send()
    guider.wait_until_ready()
    assert not guider.complaints
    context.close()


def test_a_ready_moment_is_prepared_again_from_other_ends_without_the_film(
    desk_service: DeskService, visit: Callable[[DeskService], Guider], browser: Browser, film: Path, tmp_path: Path
) -> None:
    """On another computer, which has never seen the film."""
    guider = visit(desk_service)
    guider.open(film)
    guider.mark_clip(4, 6)
    guider.mark_still(9)
    selection = guider.send()
    guider.wait_until_ready()
    context = browser.new_context(viewport=LAPTOP)  # type: ignore[arg-type]  # a TypedDict of just these two
    desk_service.sign_in(context)
    other = Guider(context.new_page(), f"{desk_service.url}/#/review/{selection}")
    other.page.goto(other.url)
    other.button("Change times for Clip 1").click()
    wait_until(lambda: other.number_on("figure canvas") == 100, "the first picture is shown")
    last = "figure:nth-of-type(2) canvas"
    for name, picture, number in (
        ("First: half a second earlier", "figure canvas", 87),
        ("First: one picture later", "figure canvas", 88),
        ("Last: one picture later", last, 151),
        ("Last: half a second later", last, 163),
    ):
        other.button(name).click()
        wait_until(lambda: other.number_on(picture) == number, f"{name}: {number} is shown")  # noqa: B023 at once
    later = other.button("Last: half a second later")
    later.click()
    wait_until(lambda: other.number_on(last) >= 174, "nearly all that was sent")
    later.click()
    expect(other.page.get_by_text("Nothing later was sent.")).to_be_visible()
    expect(later).to_be_disabled()
    earlier = other.button("Last: half a second earlier")
    earlier.click()
    wait_until(lambda: 151 < other.number_on(last) < 174, "the last picture went back")
    wanted = other.number_on(last)
    other.button("Watch it").click()
    wait_until(lambda: 88 <= other.number_on("section video") <= wanted, "it is played")
    other.button("Prepare again").click()
    expect(other.page.get_by_text("these are the previous ones")).to_be_visible()
    other.wait_until_ready()
    clip, _ = desk_service.selection(selection)["moments"]
    with desk_service.client() as client:
        path = f"/api/v1/selections/{selection}/artifacts/{clip['artifacts'][0]['id']}"
        (tmp_path / "clip.mp4").write_bytes(client.get(path).content)
    assert numbers_in(tmp_path / "clip.mp4") == list(range(88, wanted + 1))
    other.button("Change picture for Still 1").click()
    other.button("Still: one picture later").click()
    wait_until(lambda: other.number_on("figure canvas") == 226, "the next picture is shown")
    other.button("Prepare again").click()
    wait_until(lambda: desk_service.selection(selection)["moments"][1]["moment"]["at"] == 9040, "the still moved")
    other.wait_until_ready()
    assert not other.complaints
    context.close()
