"""What the desk says and does of films that were shortened, or that the browser's player reads otherwise."""

from __future__ import annotations

import re
import struct
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from records.documents import StatedFilm
from records.models import SelectionRow
from tests.effects import open_alone
from tests.firefox import Firefox, installed
from tests.footage import numbered_film, read_number, run
from tests.mp4_boxes import Box, Mp4
from tests.servers import wait_until
from tests.web.desk import DeskService, Guider
from tests.web.engine import Engine, grey_of

TOGETHER = "desk"

CODEC = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-g", "30", "-bf", "2")


@pytest.fixture(scope="module")
def shortened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of numbered pictures, of which an edit list keeps those from 2.5 s to 6.8 s."""
    folder = tmp_path_factory.mktemp("shortened")
    film = Mp4(numbered_film(folder / "whole.mp4", frames=300, codec=CODEC))
    film.set_edits([(2.5, 4.3)])
    return film.write(folder / "film.mp4")


def begun_midway(folder: Path, name: str) -> Path:
    """Two seconds and more of a stream of open groups, of which the first ones are missing."""
    groups = ("-c:v", "libx264", "-crf", "18", "-bf", "3", "-g", "30", "-x264-params", "open-gop=1:repeat-headers=1")
    whole = numbered_film(folder / "whole.ts", frames=150, codec=groups).read_bytes()
    late = folder / "late.ts"
    late.write_bytes(whole[len(whole) // 7 // 188 * 188 :])
    if name.endswith(".ts"):
        return late
    run("-i", str(late), "-c", "copy", str(folder / name))
    return folder / name


def announced(service: DeskService, selection_id: str) -> StatedFilm:
    """What the page said of the film and its cuts."""
    database = open_alone(service.settings())
    try:
        with database.reading() as session:
            film = session.get_one(SelectionRow, selection_id).film
            assert film is not None
            return film
    finally:
        database.dispose()


def test_a_shortened_film_is_marked_and_sent_without_what_was_cut_out(
    guider: Guider, desk_service: DeskService, shortened: Path
) -> None:
    guider.open(shortened)
    expect(guider.page.get_by_text(re.compile(r"^4 s ·"))).to_be_visible()
    wait_until(lambda: guider.number_on("video") == 75, "the player begins where it was cut")
    guider.mark_clip(0, 1)
    guider.mark_clip(2, 3)
    guider.wait_until_cut()
    selection = guider.send()
    guider.wait_until_ready()
    said = announced(desk_service, selection)
    assert abs(said.duration_ms - 4300) <= 1
    assert [cut.pictures for cut in said.cuts.values()] == [31, 31]
    assert all((cut.duration_ms or 0) >= (cut.out_ms or 0) > 0 for cut in said.cuts.values())
    moments = desk_service.selection(selection)["moments"]
    assert [moment["state"] for moment in moments] == ["ready", "ready"]


def test_before_it_goes_whole_the_guider_is_told_what_goes_along(guider: Guider, shortened: Path) -> None:
    guider.open(shortened)
    guider.choose_way("Whole film")
    expect(guider.page.get_by_text("it takes along what was cut out")).to_be_visible()


@pytest.mark.parametrize("seconds", [3, 4.9])
def test_where_the_player_tells_another_length_only_the_whole_film_is_offered(
    guider: Guider, tmp_path: Path, seconds: float
) -> None:
    """The heads of a film of five seconds lie about its length, and the player believes them."""
    film = Mp4(numbered_film(tmp_path / "whole.mp4", frames=150, codec=(*CODEC[:-1], "0"), sound=None))
    [track] = film.tracks
    track.inside = [box for box in track.inside if box.kind != "edts"]
    for header, at in ((film.moov.one("mvhd"), 16), (track.one("mdia", "mdhd"), 16), (track.one("tkhd"), 20)):
        scale = struct.unpack_from(">I", header.own, at - 4)[0] if at == 16 else 0
        scale = scale or struct.unpack_from(">I", film.moov.one("mvhd").own, 12)[0]
        header.own = header.own[:at] + struct.pack(">I", round(seconds * scale)) + header.own[at + 4 :]
    guider.open(film.write(tmp_path / "film.mp4"))
    expect(guider.page.get_by_text("This browser plays this film differently from the way this page")).to_be_visible()
    expect(guider.page.get_by_label("These moments")).to_be_disabled()
    expect(guider.page.get_by_label("Whole film")).to_be_checked()


def test_a_film_of_which_the_player_takes_a_part_for_the_whole_is_shown_picture_by_picture(
    guider: Guider, tmp_path: Path
) -> None:
    """A WebM whose head tells a second of three: Chromium's player ends there."""
    path = numbered_film(tmp_path / "film.mkv", frames=90, codec=CODEC)
    head = bytearray(path.read_bytes())
    at = head.index(b"\x44\x89\x88") + 3
    head[at : at + 8] = struct.pack(">d", 1000.0)
    path.write_bytes(head)
    guider.open(path)
    expect(guider.page.get_by_text("It shows its pictures one by one")).to_be_visible()
    expect(guider.page.get_by_label("These moments")).to_be_checked()
    guider.go_to(2)
    wait_until(lambda: guider.number_on(".screen canvas") == 60, "a picture behind the player's end")


def test_of_two_pictures_the_player_shows_the_one_that_is_cut(guider: Guider, tmp_path: Path) -> None:
    small = numbered_film(tmp_path / "small.mp4", frames=90, sound=None, codec=CODEC)
    run("-f", "lavfi", "-i", "color=blue:s=640x480:r=30:d=3", *CODEC, str(tmp_path / "large.mp4"))
    on = ("-disposition:v:0", "default", "-disposition:v:1", "default")
    both = ("-i", str(small), "-i", str(tmp_path / "large.mp4"), "-map", "0:v", "-map", "1:v", "-c", "copy", *on)
    run(*both, str(tmp_path / "both.mp4"))
    guider.open(tmp_path / "both.mp4")
    guider.go_to(1)
    wait_until(lambda: guider.number_on("video") == 30, "the player shows the first picture's film")
    guider.press("s")
    wait_until(lambda: guider.number_on("article canvas") == 30, "the card shows the same")


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_what_cannot_be_decoded_picture_by_picture_is_shown_by_the_player(
    guider: Guider, tmp_path: Path, name: str
) -> None:
    """Cut out of a stream of open groups: Chromium's decoder refuses to begin there, its player does not."""
    guider.open(begun_midway(tmp_path, name))
    wait_until(lambda: guider.number_on("video") == 30, "the player shows the first picture that decodes")
    expect(guider.button("Play")).to_be_enabled()
    guider.go_to(1)
    wait_until(lambda: guider.number_on("video") == 60, "a second later")
    guider.mark_clip(0, 1)
    expect(guider.button("Watch it")).to_be_enabled()


def test_a_stream_begun_midway_is_shown_picture_by_picture(guider: Guider, tmp_path: Path) -> None:
    """Neither player nor decoder takes it; the player takes its pictures out of an MP4."""
    guider.open(begun_midway(tmp_path, "film.ts"))
    expect(guider.page.get_by_text("It shows its pictures one by one")).to_be_visible()
    wait_until(lambda: guider.number_on(".screen canvas") == 30, "the first picture that decodes")
    guider.go_to(1)
    wait_until(lambda: guider.number_on(".screen canvas") == 60, "a second later")
    guider.press("s")
    wait_until(lambda: guider.number_on("article canvas") == 60, "the card shows the same")


def test_interlaced_films_go_as_filmed_and_the_page_says_why(guider: Guider, tmp_path: Path) -> None:
    fields = ("-vf", "interlace=scan=tff,format=yuv420p", "-flags", "+ilme+ildct", *CODEC, "-x264-params", "tff=1")
    drawn = ("-f", "lavfi", "-i", "testsrc2=s=360x288:r=50:d=2", "-f", "lavfi", "-i", "sine=duration=2")
    run(*drawn, *fields, str(tmp_path / "film.mp4"))
    guider.open(tmp_path / "film.mp4")
    expect(guider.page.get_by_label("These moments")).to_be_checked()
    expect(guider.page.get_by_text("This film is interlaced")).to_be_visible()
    guider.mark_clip(0, 1)
    guider.wait_until_cut()


@pytest.mark.skipif(installed() is None, reason="no Firefox on this machine")
def test_firefox_does_not_show_what_was_cut_out(desk_service: DeskService, shortened: Path, tmp_path: Path) -> None:
    """Its player begins at the film's first picture whatever an edit list says, so pictures are shown one by one."""
    firefox = Firefox(tmp_path / "firefox")
    try:
        firefox.open(desk_service.address)
        wait_until(lambda: firefox.run("return !!document.querySelector('main input[type=file]')"), "the desk")
        element = firefox.ask("WebDriver:FindElement", using="css selector", value="main input[type=file]")
        [reference] = element.values()
        firefox.ask("WebDriver:ElementSendKeys", id=reference, text=str(shortened))
        shown = """const canvas = document.querySelector('.screen canvas');
            const player = document.querySelector('.screen video');
            return [canvas?.dataset.atMs ?? null, player?.src ?? null, document.body.innerText];"""
        wait_until(lambda: firefox.run(shown)[0] == "0", "the first picture is shown")
        _, player, text = firefox.run(shown)
        assert not player
        assert "It shows its pictures one by one" in text
        assert "4 s ·" in text
    finally:
        firefox.quit()


HABITS = "followsEdits", "playsFirstTrack", "letsLastStand", "beginsWithPicture"
ASKED = f"return Promise.all({list(HABITS)}.map(window.film.playerHas))"


def test_chromium_s_player_does_with_odd_films_as_the_page_does(engine: Engine) -> None:
    """But for pictures of a Matroska before its sound, which it leaves out, counting from there."""
    assert engine.page.evaluate(f"() => {{ {ASKED} }}") == [True, True, True, False]


@pytest.mark.parametrize("late_s", [0.1, 1.1])
def test_a_matroska_whose_sound_begins_late_is_shown_picture_by_picture(
    engine: Engine, tmp_path: Path, late_s: float
) -> None:
    base = numbered_film(tmp_path / "base.mkv", frames=60, width=160, height=120, codec=CODEC)
    path = tmp_path / "late.mkv"
    late = ("-itsoffset", str(late_s), "-i", str(base), "-map", "0:v", "-map", "1:a", "-c", "copy")
    run("-i", str(base), *late, str(path))
    for film, told in ((base, None), (path, "pictures")):
        engine.choose(film)
        seen = engine.look((0, 0.5))
        assert seen["watched"]["told"] == told
        assert [read_number(grey_of(one)) for one in seen["shown"]] == [0, 29]


def test_a_player_that_is_late_with_its_picture_is_looked_at_again(
    browser: Browser, engine_page: tuple[str, Path]
) -> None:
    """On a busy machine Chromium's says now and then that it has data, and has nothing to draw yet."""
    page = browser.new_page()
    page.add_init_script(
        """const draw = CanvasRenderingContext2D.prototype.drawImage;
        let tries = 0;
        CanvasRenderingContext2D.prototype.drawImage = function (...what) {
            if (++tries > 6) draw.call(this, ...what);
        };"""
    )
    page.goto(engine_page[0])
    assert page.evaluate(f"() => {{ {ASKED} }}") == [True, True, True, False]
    page.close()


@pytest.mark.skipif(installed() is None, reason="no Firefox on this machine")
def test_firefox_s_player_does_so_but_for_edits(engine_page: tuple[str, Path], tmp_path: Path) -> None:
    firefox = Firefox(tmp_path / "firefox")
    try:
        firefox.open(engine_page[0])
        assert firefox.run(ASKED) == [False, True, True, True]
    finally:
        firefox.quit()


@pytest.mark.parametrize("kind", ["playsFirstTrack", "letsLastStand"])
def test_where_the_player_has_another_habit_the_page_shows_the_pictures(
    guider: Guider, tmp_path: Path, kind: str
) -> None:
    """No browser is known to: here the player of the tiny films, which are never on the page, is made to."""
    guider.page.add_init_script(
        """const told = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'duration').get;
        const short = { get() { return this.isConnected ? told.call(this) : 0.3; } };
        Object.defineProperty(HTMLMediaElement.prototype, 'duration', short);
        const draw = CanvasRenderingContext2D.prototype.drawImage;
        CanvasRenderingContext2D.prototype.drawImage = function (source, ...where) {
            if (source instanceof HTMLVideoElement && !source.isConnected) this.fillRect(...where);
            else draw.call(this, source, ...where);
        };"""
    )
    guider.page.reload()
    one = numbered_film(tmp_path / "one.mp4", frames=60, sound=None, codec=(*CODEC[:-1], "0"))
    path = tmp_path / "film.mp4"
    if kind == "letsLastStand":
        film = Mp4(one)
        film.let_last_stand(0, 2.0)
        film.write(path)
    else:
        on = ("-disposition:v:0", "default", "-disposition:v:1", "default")
        run("-i", str(one), "-map", "0:v", "-map", "0:v", "-c", "copy", *on, str(path))
    guider.open(path)
    expect(guider.page.get_by_text("It shows its pictures one by one")).to_be_visible()
    guider.go_to(1)
    wait_until(lambda: guider.number_on(".screen canvas") == 30, "the page's own picture")


AGREES = """() => {
    const file = document.querySelector('input').files[0];
    return window.film.openFilm(file).then(async (film) => {
        const url = URL.createObjectURL(file);
        const agrees = await window.film.playerAgrees(film, url);
        URL.revokeObjectURL(url);
        film.close();
        return [film.facts.mayPlayOtherwise, agrees];
    });
}"""
REFRESHED = ("-c:v", "libx264", "-g", "15", "-bf", "0", "-x264-params", "intra-refresh=1:scenecut=0")
PLAYED: dict[str, tuple[tuple[str, ...], list[tuple[float, float]] | None, bool]] = {
    "one piece": (CODEC, [(1.0, 2.5)], True),
    "between two pictures": (CODEC, [(1.017, 2.5)], True),
    "two pieces": (CODEC, [(0.0, 1.0), (2.0, 1.5)], True),
    "intra refresh": (REFRESHED, [(0.35, 2.5)], False),
    "in fragments": (CODEC, [(0.35, 2.5)], False),
    "no list of key pictures": (CODEC, None, False),
    "two descriptions": (CODEC, None, False),
    "a few other pictures first": (CODEC, None, False),
}


@pytest.mark.parametrize("kind", PLAYED)
def test_a_film_that_the_player_shows_otherwise_is_found(engine: Engine, tmp_path: Path, kind: str) -> None:
    """What Chromium 156 does of each: it must be known, since the desk marks by what its player shows."""
    codec, edits, agrees = PLAYED[kind]
    only_pictures = {"sound": None} if kind == "two descriptions" else {}
    film = Mp4(numbered_film(tmp_path / "whole.mp4", frames=120, codec=codec, **only_pictures))
    if kind == "two descriptions":
        other = numbered_film(tmp_path / "other.mp4", frames=60, first=60, codec=(*REFRESHED, "-crf", "30"))
        film.describe_from(60, Mp4(other))
    elif edits is None and kind != "a few other pictures first":
        table = film.tracks[0].one("mdia", "minf", "stbl")
        table.inside = [box if box.kind != "stss" else Box("free", box.own) for box in table.inside]
    elif edits is not None:
        film.set_edits(edits)
    path = film.write(tmp_path / "film.mp4")
    if kind == "a few other pictures first":
        few = numbered_film(tmp_path / "few.mp4", frames=5, first=900, sound=None)
        both = ("-map", "0", "-map", "1", "-c", "copy", "-disposition:v", "default")
        path = tmp_path / "both.mp4"
        run("-i", str(few), "-i", str(tmp_path / "film.mp4"), *both, str(path))
    if kind == "in fragments":
        trim = ("-ss", "1.25", "-i", str(tmp_path / "whole.mp4"), "-t", "2.5", "-c", "copy")
        path = tmp_path / "fragments.mp4"
        run(*trim, "-movflags", "frag_keyframe+empty_moov+delay_moov+negative_cts_offsets", str(path))
    engine.choose(path)
    assert engine.page.evaluate(AGREES) == [True, agrees]


def test_every_picture_of_an_uneven_film_is_reached_by_steps(guider: Guider, tmp_path: Path) -> None:
    """Some are seen for less than their file says, and Chromium shows them for as long as that."""
    codec = (*CODEC, "-enc_time_base", "1:90000")
    uneven = "settb=1/90000,setpts='N*6000+mod(N*N*7,23)*150'"
    guider.open(numbered_film(tmp_path / "film.mkv", fps="15", frames=30, sound=None, codec=codec, filters=uneven))
    for number in range(1, 15):
        guider.press("ArrowRight")
        wait_until(partial(lambda wanted: guider.number_on("video") == wanted, number), f"picture {number}")


def test_the_player_stops_where_the_film_was_cut(guider: Guider, shortened: Path) -> None:
    """Chromium's clock runs on into what was cut out, while the last picture stands."""
    guider.open(shortened)
    wait_until(lambda: guider.number_on("video") == 75, "the player begins where it was cut")
    guider.go_to(4)
    guider.press("Space")
    place = "[document.querySelector('video').currentTime, document.querySelector('video').paused]"
    wait_until(lambda: guider.page.evaluate(place)[1] and guider.page.evaluate(place)[0] > 4.2, "it stops")
    assert guider.page.evaluate(place)[0] < 7, "not by the file's end, at 7.5"
    assert 195 < guider.number_on("video") <= 203, "a late player drops pictures; none that was cut out is shown"
