"""The plan page, and the packs that carry what was written in the review."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pymupdf

from pipeline.closing_notes import ReviewWords
from pipeline.outputs.kinds import KINDS, parse_recipe
from pipeline.outputs.plan_page import Recipe
from pipeline.prepared import Prepared
from tests.footage import RUNNER
from tests.pipeline.outputs.prepared_by_hand import drawn_still, prepared_from
from tests.pipeline.outputs.printed_pages import accessibility_errors, alternatives, elements, made, text_of

NOTES = ReviewWords.model_validate(
    {
        "kind": "vigpack-words",
        "review": "a" * 32,
        "written_at": "2026-11-28T10:00:00Z",
        "strengths": ["You wait until Ella looks up."],
        "working_points": ["Name what she is looking at."],
        "plan": ["Ten minutes with the blocks after tea.", "Phone in the drawer."],
    }
)


def written(folder: Path, notes: ReviewWords = NOTES, stills: int = 2) -> Prepared:
    pictures = [drawn_still(folder / f"{n}.jpg", number=n, caption=f"Words {n}") for n in range(1, stills + 1)]
    return replace(prepared_from(*pictures), notes=notes)


def packed(kind: str, prepared: Prepared, folder: Path, **chosen: Any) -> Path:
    """The folder in which a pack of that kind was made."""
    folder.mkdir()
    KINDS[kind].make(prepared, parse_recipe(KINDS[kind], chosen), folder, RUNNER)
    return folder


def test_the_plan_is_one_page_with_each_list_under_its_heading(tmp_path: Path) -> None:
    [path] = made("plan_page", written(tmp_path), tmp_path / "out")
    with pymupdf.open(path) as pages:
        assert len(pages) == 1
    text = text_of(path)
    order = [
        "Our plan", "What already works", "You wait until Ella looks up.", "What we build on",
        "Name what she is looking at.", "What we will try", "Ten minutes with the blocks after tea.",
    ]  # fmt: skip
    assert [text.index(one) for one in order] == sorted(text.index(one) for one in order)
    assert "K-104" not in text
    assert alternatives(path) == ["Words 1"]
    assert accessibility_errors(path) == []
    with pikepdf.open(path) as pdf:
        assert [str(one.S) for one in elements(pdf) if str(one.S).startswith("/H")] == ["/H1", "/H2", "/H2", "/H2"]


def test_the_plan_shows_what_is_chosen(tmp_path: Path) -> None:
    prepared = written(tmp_path)
    [path] = made("plan_page", prepared, tmp_path / "plan", strengths=False, working_points=False, picture=2)
    assert "What already works" not in text_of(path)
    assert "Phone in the drawer." in text_of(path)
    assert alternatives(path) == ["Words 2"]
    [path] = made("plan_page", prepared, tmp_path / "words", picture=0)
    assert alternatives(path) == []


def test_very_much_that_was_written_is_all_printed(tmp_path: Path) -> None:
    lines = [f"{n}: " + "we wait and follow, " * 20 for n in range(20)]
    notes = NOTES.model_copy(update={"strengths": lines, "plan": [*lines, "the very last one"]})
    [path] = made("plan_page", written(tmp_path, notes), tmp_path / "out")
    text = text_of(path)
    assert all(f"{n}: we" in text for n in range(20))
    assert "the very last one" in text


def test_where_nothing_was_written_there_is_no_plan_and_it_is_said(tmp_path: Path) -> None:
    nothing = NOTES.model_copy(update={"strengths": (), "working_points": (), "plan": ()})
    assert made("plan_page", written(tmp_path, nothing), tmp_path / "empty") == []
    assert made("plan_page", prepared_from(drawn_still(tmp_path / "a.jpg")), tmp_path / "none") == []
    kind, selection = KINDS["plan_page"], written(tmp_path).selection
    assert kind.remark(selection, Recipe(), picture=True, written=False) == [
        "Our plan: nothing is written on the last cards of the review yet."
    ]
    assert kind.remark(selection, Recipe(picture=3, language="pl"), picture=True, written=True) == [
        "There is no still 3, so the first one stands above the words.",
        "The headings are still in English.",
    ]


def test_a_review_pack_made_afterwards_begins_with_what_was_written(tmp_path: Path) -> None:
    folder = packed("review_pack", written(tmp_path), tmp_path / "out") / "review-pack"
    words = {
        "strengths": ["You wait until Ella looks up."],
        "working_points": ["Name what she is looking at."],
        "plan": ["Ten minutes with the blocks after tea.", "Phone in the drawer."],
    }
    assert json.loads((folder / "pack.json").read_text(encoding="utf-8"))["written"] == words
    page = (folder / "index.html").read_text(encoding="utf-8")
    shown = page.partition('id="review">')[2].partition("</script>")[0]
    assert json.loads(shown)["words"] == words


def test_a_supervision_pack_tells_the_familys_working_points_and_plan_as_they_were_written(tmp_path: Path) -> None:
    folder = packed("supervision_pack", written(tmp_path), tmp_path / "out", working_points=["Ask more openly"])
    page = (folder / "supervision-pack" / "index.html").read_text(encoding="utf-8")
    shown = json.loads(page.partition('id="review">')[2].partition("</script>")[0])
    assert shown["ending"]["points"] == [
        "Ask more openly",
        "The family: Name what she is looking at.",
        "The family’s plan: Ten minutes with the blocks after tea.",
        "The family’s plan: Phone in the drawer.",
    ]
    for path in packed("intervision_pack", written(tmp_path), tmp_path / "peers").rglob("*"):
        assert path.is_dir() or b"blocks after tea" not in path.read_bytes()
