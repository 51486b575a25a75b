"""The rating scale as a form on paper."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.print.letters import printable_words
from pipeline.print.press import Document, press_pdf
from pipeline.print.recipes import PrintedRecipe
from pipeline.rating_scale import Scale

ABOUT = (
    "For a practitioner's recording of a shared review. Ring one answer for each question. "
    "It rates the practitioner; a family is never rated."
)
FOOTER = "Totals and per cent are computed from the answers"


def print_form(scale: Scale, *, recording: str = "", rater: str = "") -> bytes:
    """The PDF of the form, with the codes of recording and rater where they are known."""
    with TemporaryDirectory() as folder:
        return press_pdf(*lay_form(scale, recording=recording, rater=rater), Path(folder))


def lay_form(scale: Scale, *, recording: str = "", rater: str = "") -> Document:
    """The form laid out."""
    sheet = {
        "title": scale.title,
        "about": ABOUT,
        "footer": FOOTER,
        "anchors": list(scale.anchors),
        "recording": printable_words(recording),
        "rater": printable_words(rater),
        "parts": [
            {
                "heading": f"{part.item}  {printable_words(part.heading)}",
                "questions": [printable_words(part.wording(place)) for place in range(len(part.labels))],
            }
            for part in scale.sub_scales
        ],
    }
    return Document(files(__package__).joinpath("form.typ").read_bytes(), PrintedRecipe(), sheet)
