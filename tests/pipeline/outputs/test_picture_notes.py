"""Picture notes: what is on the pages and what is in the file."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf
import pymupdf
import pytest

from pipeline.drawings import Drawing
from tests.pipeline.outputs.prepared_by_hand import drawn_clip, drawn_still, prepared_from
from tests.pipeline.outputs.printed_pages import (
    alternatives,
    fonts_of,
    made,
    numbers_on,
    pages_as_pictures,
    said,
    text_of,
)  # fmt: skip

LYING, STANDING = (841.9, 595.3), (595.3, 841.9)
LONG = "Mum waits and follows, and Ella takes her turn with great joy. " * 7
HOSTILE = '#panic() #set page(width: 1cm) *bold* $x$ "quoted" \\ @ref <label> [box] // gone'


def notes(folder: Path, *captions: str, width: int = 640, height: int = 360, **chosen: Any) -> Path:
    """The notes of one still for each caption."""
    folder.mkdir(exist_ok=True)
    stills = [
        drawn_still(folder / f"{n}.jpg", number=n, width=width, height=height, caption=caption)
        for n, caption in enumerate(captions, 1)
    ]
    [path] = made("picture_notes", prepared_from(*stills), folder / "out", **chosen)
    assert path.name == "picture-notes.pdf"
    return path


def letter_sizes_pt(path: Path) -> set[float]:
    """The size of all letters, as the text and page matrices leave them."""
    sizes = set()
    with pikepdf.open(path) as pdf:
        for page in pdf.pages:
            scales, size = [1.0], 0.0
            for operands, operator in pikepdf.parse_content_stream(page):
                match str(operator):
                    case "q":
                        scales.append(scales[-1])
                    case "Q":
                        scales.pop()
                    case "cm":
                        scales[-1] *= abs(float(operands[3]))
                    case "Tf":
                        size = float(operands[1])
                    case "Tj" | "TJ":
                        sizes.add(round(size * scales[-1], 1))
    return sizes


def sizes_pt(path: Path) -> list[tuple[float, ...]]:
    """Width and height of every page."""
    with pikepdf.open(path) as pdf:
        return [tuple(round(float(x), 1) for x in page.mediabox[2:]) for page in pdf.pages]


def test_without_a_still_there_are_no_notes_and_the_remarks_say_so(tmp_path: Path) -> None:
    prepared = prepared_from(drawn_clip(tmp_path / "a.mp4", frames=5))
    assert made("picture_notes", prepared, tmp_path / "out") == []
    assert said("picture_notes", prepared) == ["No still is chosen, so there are no picture notes."]


def test_each_still_has_an_a4_page_that_lies_or_stands_as_the_picture_does(tmp_path: Path) -> None:
    stills = (
        drawn_still(tmp_path / "a.jpg", width=640, height=360, caption="One"),
        drawn_still(tmp_path / "b.jpg", width=360, height=640, caption="Two"),
    )
    [path] = made("picture_notes", prepared_from(*stills), tmp_path / "out")
    assert sizes_pt(path) == [LYING, STANDING]
    [path] = made("picture_notes", prepared_from(*stills), tmp_path / "drawing", drawing=True)
    assert sizes_pt(path) == [STANDING, LYING]
    assert text_of(path).count("Draw here") == 2


@pytest.mark.parametrize("layout", ["below", "beside"])
def test_two_notes_share_a_page_and_the_last_may_be_alone(tmp_path: Path, layout: str) -> None:
    path = notes(tmp_path, "One", "Two", "Three", a_page=2, layout=layout)
    assert sizes_pt(path) == [STANDING, STANDING]
    assert text_of(path).split() == ["One", "Two", "Three"]
    assert numbers_on(path) == [1, 2, 3]


def test_beside_means_picture_left_and_words_right_or_the_other_way_where_one_reads_from_the_right(
    tmp_path: Path,
) -> None:
    for language, side in (("en", 0), ("ar", 1)):
        path = notes(tmp_path / language, "Ella", layout="beside", language=language)
        with pymupdf.open(path) as pages:
            [picture] = pages[0].get_image_info()
            [words] = pages[0].get_text("words")
        assert (picture["bbox"][0] > words[0]) == bool(side)


def test_is_a_tagged_accessible_document_in_british_english(tmp_path: Path) -> None:
    with pikepdf.open(notes(tmp_path, "Ella shows Mum the card.", "")) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang).lower() == "en-gb"
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        with pdf.open_metadata() as metadata:
            assert metadata["dc:title"] == "Picture notes"
            assert metadata["pdfuaid:part"] == "1"
            assert metadata.pdfa_status == "2A"


def test_every_picture_has_an_alternative_text_in_the_language_of_the_words(tmp_path: Path) -> None:
    assert alternatives(notes(tmp_path, "Ella shows Mum the card.", "")) == [
        "Ella shows Mum the card.",
        "Picture from the film",
    ]
    assert alternatives(notes(tmp_path, "", language="pl")) == ["Obraz z filmu"]


def test_all_fonts_are_embedded_and_only_the_readers_font_is_used(tmp_path: Path) -> None:
    assert fonts_of(notes(tmp_path, "Ella shows Mum the card – “look!”")) == {"AtkinsonHyperlegible-Bold"}


def test_an_ordinary_caption_is_large_and_stands_on_the_page_as_written(tmp_path: Path) -> None:
    path = notes(tmp_path, "Ella shows Mum the card.")
    assert min(letter_sizes_pt(path)) >= 28
    assert text_of(path).split() == ["Ella", "shows", "Mum", "the", "card."]


@pytest.mark.parametrize(("width", "height"), [(640, 360), (360, 640), (1280, 400), (64, 640)])
@pytest.mark.parametrize(
    "caption", [LONG, "W" * 500, "W" * 18 + " " + "M" * 18], ids=["long", "unbroken", "one wide word"]
)
@pytest.mark.parametrize("chosen", [{}, {"layout": "beside", "drawing": True}], ids=["plain", "beside with a drawing"])
def test_a_long_caption_shrinks_to_no_less_than_14_pt_and_stays_on_its_page(
    tmp_path: Path, caption: str, width: int, height: int, chosen: dict[str, Any]
) -> None:
    path = notes(tmp_path, caption.strip(), width=width, height=height, **chosen)
    assert 14 <= min(letter_sizes_pt(path)) <= 34
    assert "".join(caption.split()) in "".join(text_of(path).split())
    [page] = pages_as_pictures(path, dpi=36)
    margin = np.ones(page.shape, bool)
    margin[20:-20, 20:-20] = False  # 14 mm of the 18 mm
    assert page[margin].min() > 250


def test_captions_are_never_read_as_markup(tmp_path: Path) -> None:
    assert text_of(notes(tmp_path, HOSTILE)).split() == HOSTILE.split()


def test_signs_that_no_font_holds_are_left_out_and_named_beforehand(tmp_path: Path) -> None:
    still = drawn_still(tmp_path / "a.jpg", caption="Ella laughs \U0001fbff\U00013142 out loud")
    assert said("picture_notes", prepared_from(still)) == [
        "The caption of still 1 holds signs that cannot be printed here: \U0001fbff \U00013142"
    ]
    assert text_of(notes(tmp_path, still.caption)).split() == ["Ella", "laughs", "out", "loud"]


def test_signs_of_private_use_are_left_out_and_named_beforehand(tmp_path: Path) -> None:
    """An old phone's own pictures: some font has a glyph for them, but nobody can read it aloud or copy it."""
    still = drawn_still(tmp_path / "a.jpg", caption="Ella \ue001 laughs")
    assert said("picture_notes", prepared_from(still)) == [
        "The caption of still 1 holds signs that cannot be printed here: \ue001"
    ]
    assert text_of(notes(tmp_path, still.caption)).split() == ["Ella", "laughs"]


def test_the_same_stills_make_the_same_file_without_a_true_date_author_or_place(tmp_path: Path) -> None:
    first, second = (notes(tmp_path / name, "Ella shows Mum the card.") for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()
    with pikepdf.open(first) as pdf:
        assert not {"/Author", "/Subject", "/Keywords"} & set(pdf.docinfo)
        # An archive asks for a date; this one is the same for all, and says nothing of when a family met anybody.
        assert {str(pdf.docinfo[name]) for name in ("/CreationDate", "/ModDate")} == {"D:19700101000000Z"}
    assert b"K-104" not in first.read_bytes()


def test_the_jpeg_is_embedded_as_it_is(tmp_path: Path) -> None:
    with pikepdf.open(notes(tmp_path, "Ella shows Mum the card.")) as pdf:
        [image] = [
            thing for thing in pdf.objects if isinstance(thing, pikepdf.Stream) and thing.get("/Subtype") == "/Image"
        ]
        assert image.read_raw_bytes() == (tmp_path / "1.jpg").read_bytes()


def test_a_still_can_be_left_out_said_otherwise_and_given_the_childs_own_words_with_a_sign(tmp_path: Path) -> None:
    path = notes(
        tmp_path, "One", "Two", "Three",
        stills=[
            {"still": 1, "leave_out": True},
            {"still": 3, "words": "Mine!", "childs_words": True, "symbol": "smile"},
        ],
    )  # fmt: skip
    assert text_of(path).split() == ["Two", chr(0x1F642), "“Mine!”"]
    assert alternatives(path) == ["Two", "Mine!"]
    assert numbers_on(path) == [2, 3]
    assert "NotoEmoji-Regular" in fonts_of(path)


def test_choices_for_stills_that_are_not_there_or_leave_nothing_are_told(tmp_path: Path) -> None:
    prepared = prepared_from(drawn_still(tmp_path / "a.jpg", caption="One"))
    assert said("picture_notes", prepared, stills=[{"still": 4}]) == [
        "There is no still 4, so what was chosen for it changes nothing."
    ]
    alone = [{"still": 1, "leave_out": True}]
    assert said("picture_notes", prepared, stills=alone) == ["Every still is left out, so there are no picture notes."]
    assert made("picture_notes", prepared, tmp_path / "out", stills=alone) == []


def test_twelve_notes_take_less_than_a_second_of_work(tmp_path: Path) -> None:
    stills = [
        drawn_still(tmp_path / f"{n}.jpg", number=n, width=1920, height=1080, caption=f"Note {n}. Ella looks at Mum.")
        for n in range(1, 13)
    ]
    started = time.process_time()
    [path] = made("picture_notes", prepared_from(*stills), tmp_path / "out")
    assert time.process_time() - started < 1.0
    assert numbers_on(path) == list(range(1, 13))


YELLOW = (1.0, 212 / 255, 0.0)


def filled(path: Path) -> list[tuple[float, ...]]:
    """The colours of what is drawn as filled shapes on the first page."""
    with pymupdf.open(path) as pdf:
        return [tuple(one["fill"]) for one in pdf[0].get_drawings() if one["fill"]]


def test_what_is_drawn_is_printed_as_lines_over_a_picture_that_stays_as_it_is(tmp_path: Path) -> None:
    arrow = Drawing(kind="arrow", x1=0.1, y1=0.9, x2=0.5, y2=0.5)
    still = replace(drawn_still(tmp_path / "a.jpg", caption="Ella looks up."), drawings=(arrow,))
    [path] = made("picture_notes", prepared_from(still), tmp_path / "with")
    assert any(one == pytest.approx(YELLOW, abs=0.01) for one in filled(path))
    assert alternatives(path) == ["Ella looks up. · Arrow to the middle"]
    [bare] = made("picture_notes", prepared_from(still), tmp_path / "without", drawn=False)
    assert not any(one == pytest.approx(YELLOW, abs=0.01) for one in filled(bare))
    assert alternatives(bare) == ["Ella looks up."]
    for one in (path, bare):
        with pymupdf.open(one) as pdf:
            [picture] = pdf[0].get_images()
            assert pdf.extract_image(picture[0])["image"] == still.path.read_bytes()


def test_what_is_drawn_is_straightened_and_cut_with_its_picture(tmp_path: Path) -> None:
    """A circle around a dot is still around it."""
    dot = np.full((360, 640, 3), 40, np.uint8)
    cv2.circle(dot, (448, 108), 12, (255, 255, 255), -1)
    still = drawn_still(tmp_path / "a.jpg", width=640, height=360)
    assert cv2.imwrite(str(still.path), dot)
    still = replace(still, drawings=(Drawing(kind="circle", x1=0.6, y1=0.15, x2=0.8, y2=0.45),))
    chosen = {"still": 1, "straighten_deg": 12, "cut_left": 30, "cut_bottom": 25, "cut_top": 5}
    [path] = made("picture_notes", prepared_from(still), tmp_path / "out", stills=[chosen])
    with pymupdf.open(path) as pdf:
        page = pdf[0].get_pixmap(dpi=72)
    seen = np.frombuffer(page.samples, np.uint8).reshape(page.height, page.width, 3).astype(int)
    ring = np.argwhere((seen[:, :, 0] > 240) & (abs(seen[:, :, 1] - 212) < 12) & (seen[:, :, 2] < 30))
    top, left = ring.min(axis=0)
    bottom, right = ring.max(axis=0)
    inside = np.argwhere((seen[top:bottom, left:right] > 240).all(axis=2)) + np.array([top, left])
    middle = ((top + bottom) / 2, (left + right) / 2)
    assert inside.mean(axis=0) == pytest.approx(middle, abs=2)
