"""What the child made, and pictures of earlier cycles, on the pages of a booklet and of notes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline.images.photograph import take_photograph
from pipeline.prepared import EarlierReview, Prepared, PreparedArtwork
from pipeline.print.recipes import StillChoice
from tests.pipeline.images.test_photograph import drawing
from tests.pipeline.outputs.prepared_by_hand import drawn_still, prepared_from
from tests.pipeline.outputs.printed_pages import accessibility_errors, alternatives, made, text_of


def with_drawing(prepared: Prepared, folder: Path, words: str = "") -> Prepared:
    taken = take_photograph(drawing(folder / "sent.jpg"), folder / "drawing.jpg")
    return replace(prepared, artwork=(PreparedArtwork(taken.artifact.path, taken.width_px, taken.height_px, words),))


def test_a_drawing_comes_last_in_the_booklet_and_on_a_note_where_that_is_wished(tmp_path: Path) -> None:
    prepared = with_drawing(prepared_from(drawn_still(tmp_path / "a.jpg", caption="Ella waits.")), tmp_path)
    pages = tmp_path / "booklet" / "booklet-pages.pdf"
    made("booklet", prepared, pages.parent, language="de", title="")
    assert alternatives(pages) == ["Ella waits.", "Ella waits.", "Was das Kind gemacht hat"]
    assert accessibility_errors(pages) == []
    (notes,) = made("picture_notes", with_drawing(prepared, tmp_path, "My house"), tmp_path / "notes", artwork=True)
    assert text_of(notes).split() == ["Ella", "waits.", "“My", "house”"]
    (usual,) = made("picture_notes", prepared, tmp_path / "usual")
    assert text_of(usual).split() == ["Ella", "waits."]


def test_earlier_cycles_come_first_as_they_were_chosen_there_and_the_cover_is_of_this_one(tmp_path: Path) -> None:
    before = prepared_from(
        drawn_still(tmp_path / "a.jpg", caption="Left out"), drawn_still(tmp_path / "b.jpg", caption="Looking")
    )
    chosen = (StillChoice(still=1, leave_out=True), StillChoice(still=2, words="Waiting"))
    now = replace(
        prepared_from(drawn_still(tmp_path / "c.jpg", caption="Laughing")), earlier=(EarlierReview(before, chosen),)
    )
    pages = tmp_path / "booklet" / "booklet-pages.pdf"
    made("booklet", now, pages.parent, title="Us", fill=False)
    assert text_of(pages).split() == ["Us", "Waiting", "Laughing"]
    assert alternatives(pages)[0] == "Laughing"
