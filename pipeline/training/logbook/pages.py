"""A logbook as a PDF."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.print.press import press_pdf
from pipeline.print.recipes import PrintedRecipe
from pipeline.training.logbook.sheet import Sheet


def to_pdf(sheet: Sheet) -> bytes:
    """The document as tagged A4 pages; the first line of a table repeats on every page."""
    with TemporaryDirectory() as folder:
        template = files(__package__).joinpath("pages.typ").read_bytes()
        return press_pdf(template, PrintedRecipe(), sheet.model_dump(), Path(folder))
