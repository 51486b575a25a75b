"""The rating scale on paper."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pikepdf
import pytest

from pipeline.moments import FilmOf
from pipeline.outputs import rating_scale
from pipeline.training.logbook.pages import to_pdf
from pipeline.training.logbook.profiles import profile
from pipeline.training.logbook.sheet import lay_out
from tests.footage import RUNNER
from tests.pipeline.outputs.prepared_by_hand import drawn_still, prepared_from
from tests.pipeline.training.logbook.test_book import BOOK, TODAY


def test_the_form_asks_52_questions_on_two_tagged_pages_and_leaves_no_room_for_a_total(tmp_path: Path) -> None:
    family = prepared_from(drawn_still(tmp_path / "a.jpg"))
    recording = dataclasses.replace(
        family, selection=family.selection.model_copy(update={"of": FilmOf.REVIEW_RECORDING})
    )
    assert rating_scale.remarks(recording.selection, rating_scale.Recipe()) == []
    [made] = rating_scale.make(recording, rating_scale.Recipe(rater="sol"), tmp_path, RUNNER)
    text = text_of(made.path)
    assert text.count("Question ") == 52
    assert text.count("Question 5a") == 1
    for said in ("K-104, cycle 2", "sol", "a family is never rated", "13 Widening the context", "not applicable"):
        assert said in " ".join(text.split())
    with pikepdf.open(made.path) as pdf:
        assert len(pdf.pages) == 2
        assert pdf.Root.MarkInfo.Marked
        with pdf.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"


def test_a_familys_film_has_no_form(tmp_path: Path) -> None:
    family = prepared_from(drawn_still(tmp_path / "a.jpg"))
    assert rating_scale.make(family, rating_scale.Recipe(), tmp_path, RUNNER) == []
    [said] = rating_scale.remarks(family.selection, rating_scale.Recipe())
    assert "never rated" in said


def test_the_logbook_is_a_tagged_document_with_every_entry(tmp_path: Path) -> None:
    path = tmp_path / "logbook.pdf"
    path.write_bytes(to_pdf(lay_out(BOOK, profile("report"), TODAY)))
    text = text_of(path)
    assert (text.count("K-104"), text.count("erased 1"), text.count("Supervision")) == (3, 1, 4)
    with pikepdf.open(path) as pdf, pdf.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"


def text_of(path: Path) -> str:
    try:
        return subprocess.run(
            ["pdftotext", "-layout", str(path), "-"], check=True, capture_output=True, text=True
        ).stdout
    except FileNotFoundError:
        pytest.skip("pdftotext is not on this machine: install poppler-utils")
