"""How every printed kind looks: compared with pictures that were looked at and found good; and PDF/UA-1.

After a wanted change draw them anew with GOLDEN=new and look at each before it is committed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf
import pytest

from pipeline.closing_notes import ReviewWords
from pipeline.prepared import Prepared
from tests.pipeline.outputs.prepared_by_hand import drawn_clip, drawn_still, prepared_from
from tests.pipeline.outputs.printed_pages import Picture, accessibility_errors, made, pages_as_pictures

GOLDEN = Path(__file__).parent / "golden"
DPI = 26
# Renderers differ in the greys of a letter's edge, never in where it stands. Both pictures are blurred over two pixels,
# that is 2 mm; then hardly any place may differ by more than a tenth of the scale, and none by a quarter.
MOST_SPREAD, MOST_ANYWHERE = 0.001, 64

WORDS = {
    "en": ("Ella shows Mum the card.", "Mum waits. Ella takes her turn, and they both enjoy it.", "Look!"),
    "ar": ("تنظر إيلا إلى أمها وتنتظر دورها.", "أمي تنتظر.", "انظري!"),
    "pa": ("ਏਲਾ ਮਾਂ ਨੂੰ ਗੇਂਦ ਦਿਖਾਉਂਦੀ ਹੈ।", "ਮਾਂ ਉਡੀਕ ਕਰਦੀ ਹੈ।", "ਵੇਖੋ!"),
    "zh": ("艾拉给妈妈看球。妈妈等着她，两个人都很开心。", "妈妈等着。", "看！"),
}
LONG = "Mum waits and follows, and Ella takes her turn with great joy. " * 7


def stills(folder: Path, *captions: str) -> Prepared:
    """A still for each caption, every third one standing."""
    sizes = [(360, 640) if n % 3 == 0 else (640, 360) for n in range(1, len(captions) + 1)]
    return prepared_from(
        *(
            drawn_still(folder / f"{n}.jpg", number=n, width=width, height=height, caption=caption)
            for n, (caption, (width, height)) in enumerate(zip(captions, sizes, strict=True), 1)
        )
    )


def clip(folder: Path) -> Prepared:
    """One clip of a carer who waits."""
    return prepared_from(drawn_clip(folder / "a.mp4", frames=31, width=640, height=360, caption="They take turns."))


def of(language: str) -> Callable[[Path], Prepared]:
    return lambda folder: stills(folder, *WORDS[language])


NOTES = ReviewWords(
    kind="vigpack-words",
    review="a" * 32,
    written_at=datetime(2026, 11, 28, 10, tzinfo=UTC),
    strengths=("You wait until Ella looks up.", "You both laugh at the same time."),
    working_points=("Name what she is looking at.",),
    plan=("Ten minutes with the blocks after tea.", "Phone in the drawer."),
)
OWN = [{"still": 1, "symbol": "look"}, {"still": 3, "childs_words": True}]
PRINTED: dict[str, tuple[str, Callable[[Path], Prepared], dict[str, Any]]] = {
    "notes-1": ("picture_notes", lambda folder: stills(folder, "Ella shows Mum the card."), {"theme": "plain"}),
    "notes-3": ("picture_notes", of("en"), {"stills": OWN}),
    "notes-12-two-a-page": (
        "picture_notes",
        lambda folder: stills(folder, *(f"Note {n}. Ella looks." for n in range(1, 13))),
        {"a_page": 2, "theme": "sky"},
    ),
    "notes-long": ("picture_notes", lambda folder: stills(folder, LONG, LONG, LONG), {"drawing": True}),
    "notes-arabic": ("picture_notes", of("ar"), {"language": "ar", "layout": "beside", "stills": OWN}),
    "notes-panjabi": ("picture_notes", of("pa"), {"language": "pa", "layout": "beside", "drawing": True}),
    "notes-chinese": ("picture_notes", of("zh"), {"language": "zh", "theme": "evening", "layout": "beside"}),
    "booklet-3": (
        "booklet",
        of("en"),
        {"theme": "meadow", "title": "Ella and Mum", "drawing": True, "fill": True},
    ),
    "strip": ("strip", clip, {"clip": 1, "frames": 3, "frame_words": ["Ella looks.", "Mum waits.", "Both smile."]}),
    "diary-sheet": ("diary_sheet", of("en"), {}),
    "plan": ("plan_page", lambda folder: replace(stills(folder, *WORDS["en"]), notes=NOTES), {}),
    "child-voice": ("child_voice", of("en"), {"theme": "sky", "questions": ["What do you like doing together?"]}),
}


def contact_sheet(pages: list[Picture]) -> Picture:
    """All pages in rows of four on a grey ground."""
    height, width = (max(page.shape[side] for page in pages) for side in (0, 1))
    rows = -(-len(pages) // 4)
    sheet = np.full((rows * (height + 8), min(4, len(pages)) * (width + 8), 3), 190, np.uint8)
    for n, page in enumerate(pages):
        top, left = n // 4 * (height + 8) + 4, n % 4 * (width + 8) + 4
        sheet[top : top + page.shape[0], left : left + page.shape[1]] = page
    return sheet


def differs(one: Picture, other: Picture) -> bool:
    """Whether a person would see that these are not the same."""
    if one.shape != other.shape:
        return True
    blurred = [cv2.GaussianBlur(picture, (0, 0), 2).astype(int) for picture in (one, other)]
    gap = np.abs(blurred[0] - blurred[1]).max(axis=2)
    return bool(gap.max() > MOST_ANYWHERE or np.mean(gap > 25) > MOST_SPREAD)


@pytest.mark.parametrize("name", list(PRINTED))
def test_looks_as_it_did_when_it_was_looked_at_and_is_accessible(tmp_path: Path, name: str) -> None:
    kind, moments, chosen = PRINTED[name]
    pdf = made(kind, moments(tmp_path), tmp_path / "out", **chosen)[0]
    assert accessibility_errors(pdf) == []
    with pikepdf.open(pdf) as document, document.open_metadata() as metadata:
        assert (metadata["pdfuaid:part"], metadata.pdfa_status) == ("1", "2A")
    sheet = contact_sheet(pages_as_pictures(pdf, DPI))
    golden = GOLDEN / f"{name}.png"
    if os.environ.get("GOLDEN") == "new":
        assert cv2.imwrite(str(golden), sheet, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    expected = cv2.imread(str(golden))
    assert expected is not None
    assert not differs(sheet, expected.astype(np.uint8))


def test_a_change_that_a_person_would_see_is_seen(tmp_path: Path) -> None:
    kind, moments, chosen = PRINTED["notes-3"]
    expected = cv2.imread(str(GOLDEN / "notes-3.png"))
    assert expected is not None
    for n, other in enumerate(({"theme": "evening"}, {"stills": OWN[1:]}, {"stills": OWN[:1]})):
        pdf = made(kind, moments(tmp_path), tmp_path / str(n), **{**chosen, **other})[0]
        assert differs(contact_sheet(pages_as_pictures(pdf, DPI)), expected.astype(np.uint8)), other


def test_the_checker_sees_a_page_that_reading_programs_cannot_read(tmp_path: Path) -> None:
    pdf = made("picture_notes", of("en")(tmp_path), tmp_path / "out")[0]
    with pikepdf.open(pdf, allow_overwriting_input=True) as opened:
        del opened.Root.StructTreeRoot
        opened.save(pdf)
    assert accessibility_errors(pdf)
