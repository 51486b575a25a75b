"""Picture notes: what is on the pages and what is in the file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf
import pytest

from pipeline.outputs import picture_notes
from pipeline.outputs.picture_notes.letters import foreign_letters
from tests.pipeline.outputs.prepared_by_hand import drawn_clip, drawn_still, prepared_from, selection_of

A4_PT = (595.28, 841.89)
LONG = "Mum waits and follows, and Ella takes her turn with great joy. " * 7
HOSTILE = '#panic() #set page(width: 1cm) *bold* $x$ "quoted" \\ @ref <label> [box] // gone'


def notes(folder: Path, *captions: str, width: int = 640, height: int = 360) -> pikepdf.Pdf:
    """The notes of one still for each caption."""
    stills = [
        drawn_still(folder / f"{n}.jpg", number=n, width=width, height=height, caption=caption)
        for n, caption in enumerate(captions, 1)
    ]
    [artifact] = picture_notes.make(prepared_from(*stills), picture_notes.Recipe(), folder)
    assert (artifact.path, artifact.media_type) == (folder / "picture-notes.pdf", "application/pdf")
    return pikepdf.open(artifact.path)


def elements(pdf: pikepdf.Pdf) -> list[Any]:
    """Every structure element, in reading order."""
    found: list[Any] = []

    def walk(node: Any) -> None:
        if isinstance(node, pikepdf.Array):
            for child in node:
                walk(child)
        elif isinstance(node, pikepdf.Dictionary):
            if "/S" in node:
                found.append(node)
            if "/K" in node:
                walk(node.K)

    walk(pdf.Root.StructTreeRoot.K)
    return found


def text_of(pdf: pikepdf.Pdf, folder: Path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not on this machine: install poppler-utils")
    pdf.save(folder / "read.pdf")
    return subprocess.run(
        ["pdftotext", "-layout", str(folder / "read.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout


def letter_sizes_pt(pdf: pikepdf.Pdf) -> set[float]:
    """The size of all letters, as the text and page matrices leave them."""
    sizes = set()
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


def test_without_a_still_there_are_no_notes_and_the_remarks_say_so(tmp_path: Path) -> None:
    prepared = prepared_from(drawn_clip(tmp_path / "a.mp4", frames=5))
    out = tmp_path / "out"
    out.mkdir()
    assert picture_notes.make(prepared, picture_notes.Recipe(), out) == []
    assert list(out.iterdir()) == []
    assert picture_notes.remarks(prepared.selection, picture_notes.Recipe()) == [
        "No still is chosen, so there are no picture notes."
    ]


def test_each_still_has_an_a4_page_that_lies_or_stands_as_the_picture_does(tmp_path: Path) -> None:
    stills = (
        drawn_still(tmp_path / "a.jpg", width=640, height=360, caption="One"),
        drawn_still(tmp_path / "b.jpg", width=360, height=640, caption="Two"),
    )
    picture_notes.make(prepared_from(*stills), picture_notes.Recipe(), tmp_path)
    with pikepdf.open(tmp_path / "picture-notes.pdf") as pdf:
        sizes = [tuple(float(x) for x in page.mediabox[2:]) for page in pdf.pages]
    assert sizes == [pytest.approx(A4_PT[::-1], abs=0.1), pytest.approx(A4_PT, abs=0.1)]


def test_is_a_tagged_accessible_document_in_british_english(tmp_path: Path) -> None:
    pdf = notes(tmp_path, "Ella shows Mum the card.", "")
    assert pdf.Root.MarkInfo.Marked
    assert str(pdf.Root.Lang).lower() == "en-gb"
    assert pdf.Root.ViewerPreferences.DisplayDocTitle
    with pdf.open_metadata() as metadata:
        assert metadata["dc:title"] == "Picture notes"
        assert metadata["pdfuaid:part"] == "1"


def test_every_picture_has_an_alternative_text(tmp_path: Path) -> None:
    pdf = notes(tmp_path, "Ella shows Mum the card.", "")
    figures = [element for element in elements(pdf) if element.S == "/Figure"]
    assert [str(figure.Alt) for figure in figures] == ["Ella shows Mum the card.", "Still from the film"]


def test_all_fonts_are_embedded_and_only_the_readers_font_is_used(tmp_path: Path) -> None:
    pdf = notes(tmp_path, "Ella shows Mum the card – “look!”")
    names = set()
    for font in (thing for thing in pdf.objects if isinstance(thing, pikepdf.Dictionary)):
        if font.get("/Type") == "/FontDescriptor":
            names.add(str(font.FontName).partition("+")[2])
            assert "/FontFile2" in font or "/FontFile3" in font
    assert names == {"AtkinsonHyperlegible-Bold"}


def test_an_ordinary_caption_is_large_and_stands_on_the_page_as_written(tmp_path: Path) -> None:
    pdf = notes(tmp_path, "Ella shows Mum the card.")
    assert min(letter_sizes_pt(pdf)) >= 28
    assert text_of(pdf, tmp_path).split() == ["Ella", "shows", "Mum", "the", "card."]


@pytest.mark.parametrize(("width", "height"), [(640, 360), (360, 640), (480, 480), (1280, 400), (64, 640)])
@pytest.mark.parametrize(
    "caption", [LONG, "W" * 500, "W" * 18 + " " + "M" * 18], ids=["long", "unbroken", "one wide word"]
)
def test_a_long_caption_shrinks_to_no_less_than_14_pt_and_stays_on_its_page(
    tmp_path: Path, caption: str, width: int, height: int
) -> None:
    pdf = notes(tmp_path, caption.strip(), width=width, height=height)
    assert len(pdf.pages) == 1
    assert 14 <= min(letter_sizes_pt(pdf)) <= 34
    assert "".join(text_of(pdf, tmp_path).replace("\u200b", "").split()) == "".join(caption.split())
    if shutil.which("pdftoppm"):
        subprocess.run(
            [
                "pdftoppm",
                "-r",
                "36",
                "-png",
                "-singlefile",
                str(tmp_path / "picture-notes.pdf"),
                str(tmp_path / "page"),
            ],
            check=True,
        )
        page = cv2.imread(str(tmp_path / "page.png"), cv2.IMREAD_GRAYSCALE)
        assert page is not None
        margin = np.ones(page.shape, bool)
        margin[20:-20, 20:-20] = False  # 14 mm of the 18 mm
        assert page[margin].min() > 250


def test_captions_are_never_read_as_markup(tmp_path: Path) -> None:
    pdf = notes(tmp_path, HOSTILE)
    assert text_of(pdf, tmp_path).split() == HOSTILE.split()


def test_signs_that_no_font_holds_are_left_out_and_named_beforehand(tmp_path: Path) -> None:
    still = drawn_still(tmp_path / "a.jpg", caption="Ella laughs \U0001fbff\U00013142 out loud")
    assert picture_notes.remarks(selection_of((still,), "", ()), picture_notes.Recipe()) == [
        "The caption of still 1 holds signs that cannot be printed here: \U0001fbff \U00013142"
    ]
    pdf = notes(tmp_path, still.caption)
    assert text_of(pdf, tmp_path).split() == ["Ella", "laughs", "out", "loud"]


def test_letters_that_the_own_font_lacks_are_printed_in_another_and_named_beforehand(tmp_path: Path) -> None:
    still = drawn_still(tmp_path / "a.jpg", caption="Ella каже так")
    assert picture_notes.remarks(selection_of((still,), "", ()), picture_notes.Recipe()) == [
        "Some letters in the caption of still 1 are printed in another typeface."
    ]
    assert text_of(notes(tmp_path, still.caption), tmp_path).split() == ["Ella", "каже", "так"]


def test_the_languages_around_are_printed_in_the_own_font() -> None:
    assert foreign_letters("Łódź, čeština, Ñandú, Ærø, Straße, Siân – “Mum’s turn…” 3½ £5") == []
    assert foreign_letters("Mum → Ella ж") == ["→", "ж"]


def test_the_same_stills_make_the_same_file_without_date_author_or_place(tmp_path: Path) -> None:
    made = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        notes(tmp_path / name, "Ella shows Mum the card.").close()
        made.append((tmp_path / name / "picture-notes.pdf").read_bytes())
    assert made[0] == made[1]
    with pikepdf.open(tmp_path / "first" / "picture-notes.pdf") as pdf:
        assert not {"/Author", "/Subject", "/Keywords", "/CreationDate", "/ModDate"} & set(pdf.docinfo)
    assert b"K-104" not in made[0]


def test_the_jpeg_is_embedded_as_it_is(tmp_path: Path) -> None:
    pdf = notes(tmp_path, "Ella shows Mum the card.")
    [image] = [
        thing for thing in pdf.objects if isinstance(thing, pikepdf.Stream) and thing.get("/Subtype") == "/Image"
    ]
    assert image.read_raw_bytes() == (tmp_path / "1.jpg").read_bytes()


def test_nothing_but_the_notes_is_left_in_the_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    picture_notes.make(prepared_from(drawn_still(tmp_path / "a.jpg")), picture_notes.Recipe(), out)
    assert [path.name for path in out.iterdir()] == ["picture-notes.pdf"]
