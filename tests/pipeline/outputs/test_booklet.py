"""The booklet: folded by hand in thought, read through, and its cover."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.outputs.booklet.imposing import Side, impose, pages_needed
from tests.pipeline.outputs.prepared_by_hand import drawn_clip, drawn_still, prepared_from
from tests.pipeline.outputs.printed_pages import alternatives, made, numbers_on, said, text_of

A4_LYING_PT, A5_PT = (841.9, 595.3), (420.9, 595.3)
PLAIN = {"wide_pairs": False, "fill": False}
"""One picture a page, and none beside."""


def read_through(sides: list[Side], *, rtl: bool = False) -> list[int | None]:
    """The pages in the order in which hands turn them, when the sheets are laid into one another and folded.

    A sheet's front shows the first page of those it carries on the reader's far half; behind it, as one turns the leaf,
    is the near half of the back.
    """
    far, near = (0, 1) if rtl else (1, 0)
    sheets = list(zip(sides[::2], sides[1::2], strict=True))
    opening = [face for front, back in sheets for face in (front[far], back[near])]
    closing = [face for front, back in reversed(sheets) for face in (back[far], front[near])]
    return opening + closing


@given(st.integers(2, 60), st.booleans())
def test_a_folded_booklet_reads_in_order_and_its_back_is_empty(pages: int, rtl: bool) -> None:
    order = read_through(impose(pages, rtl=rtl), rtl=rtl)
    assert order[:pages] == list(range(pages))
    assert order[pages:] == [None] * (pages_needed(pages) - pages)
    assert len(order) % 4 == 0
    assert order[-1] is None


def sides_of(pdf: Path) -> tuple[list[Side], list[bool]]:
    """What is printed on the halves of each side, by the number in its words, and whether it stands on its head."""
    sides: list[Side] = []
    turned = []
    with pymupdf.open(pdf) as pages:
        for page in pages:
            assert tuple(round(side, 1) for side in page.rect.br) == A4_LYING_PT
            halves: list[int | None] = [None, None]
            lines = [line for block in page.get_text("dict")["blocks"] for line in block.get("lines", ())]
            for line in lines:
                words = "".join(span["text"] for span in line["spans"])
                if words.startswith("Page"):
                    halves[line["bbox"][0] > page.rect.width / 2] = int(words.removeprefix("Page"))
            sides.append((halves[0], halves[1]))
            turned.append(any(line["dir"][0] < 0 for line in lines))
    return sides, turned


@pytest.mark.parametrize("notes", [1, 3, 12])
@pytest.mark.parametrize("flip", ["short-edge", "long-edge"])
def test_the_printed_sheets_make_a_booklet_however_the_printer_turns_them(
    tmp_path: Path, notes: int, flip: str
) -> None:
    stills = [drawn_still(tmp_path / f"{n}.jpg", number=n, caption=f"Page{n}") for n in range(1, notes + 1)]
    to_fold, to_read = made("booklet", prepared_from(*stills), tmp_path / "out", title="Page0", flip=flip, **PLAIN)
    sides, turned = sides_of(to_fold)
    if flip == "long-edge":
        # A paper turned on its long edge shows its back on its head: turn the picture of it, and left becomes right.
        assert turned == [n % 2 == 1 and any(half is not None for half in sides[n]) for n in range(len(sides))]
        sides = [side[::-1] if n % 2 else side for n, side in enumerate(sides)]
    else:
        assert not any(turned)
    order = read_through(sides)
    assert order[: notes + 1] == list(range(notes + 1))
    assert set(order[notes + 1 :]) <= {None}
    assert text_of(to_read).split() == [f"Page{n}" for n in range(notes + 1)]
    assert numbers_on(to_read) == [1, *range(1, notes + 1)]


def test_a_booklet_in_arabic_opens_from_the_other_side(tmp_path: Path) -> None:
    stills = [drawn_still(tmp_path / f"{n}.jpg", number=n, caption=f"Page{n}") for n in (1, 2, 3)]
    [to_fold, _] = made("booklet", prepared_from(*stills), tmp_path / "out", title="Page0", language="ar", **PLAIN)
    assert read_through(sides_of(to_fold)[0], rtl=True)[:4] == [0, 1, 2, 3]


def test_the_cover_has_the_chosen_picture_and_title_and_no_code(tmp_path: Path) -> None:
    stills = [drawn_still(tmp_path / f"{n}.jpg", number=n, caption=f"Words {n}") for n in (1, 2, 3)]
    _, to_read = made(
        "booklet", prepared_from(*stills), tmp_path / "out", title="Ella and Mum", cover=2, wide_pairs=False
    )
    with pymupdf.open(to_read) as pages:
        assert tuple(round(side, 1) for side in pages[0].rect.br) == A5_PT
        assert pages[0].get_text().split() == ["Ella", "and", "Mum"]
        assert ["Draw here" in page.get_text() for page in pages] == [False] * 4 + [True] * 3
        assert pages.metadata["title"] == "Ella and Mum"
    assert numbers_on(to_read) == [2, 1, 2, 3]
    assert alternatives(to_read) == ["Words 2", "Words 1", "Words 2", "Words 3"]
    assert "K-104" not in text_of(to_read)


def test_what_would_not_come_out_well_is_told(tmp_path: Path) -> None:
    stills = [drawn_still(tmp_path / f"{n}.jpg", caption=f"Words {n}") for n in range(1, 34)]
    remarks = said("booklet", prepared_from(*stills), cover=40, title="")
    assert remarks == [
        "There is no still 40 for the cover, so the first one is on it.",
        "The cover has no title; a few words of the family's own help it to work alone.",
        "The booklet may need 9 sheets; more than 8 are hard to fold.",
    ]
    without = prepared_from(drawn_clip(tmp_path / "a.mp4", frames=5))
    assert said("booklet", without) == [
        "No still is chosen, so there is no booklet, unless what the child made is in it."
    ]
    assert made("booklet", without, tmp_path / "out") == []


def test_two_wide_pictures_share_a_page_that_one_would_leave_half_white(tmp_path: Path) -> None:
    sizes = [(64, 48), (64, 48), (48, 64), (64, 48)]
    stills = [
        drawn_still(tmp_path / f"{n}.jpg", number=n, width=width, height=height, caption=f"Words {n}")
        for n, (width, height) in enumerate(sizes, 1)
    ]
    for pairs, shown in ((True, [[1, 2], [3], [4]]), (False, [[1], [2], [3], [4]])):
        _, to_read = made(
            "booklet", prepared_from(*stills), tmp_path / f"{pairs}", title="", wide_pairs=pairs, fill=False
        )
        with pymupdf.open(to_read) as pages:
            texts = [page.get_text().split() for page in pages][1:]
        assert [[int(word) for word in words if word.isdigit()] for words in texts] == shown
