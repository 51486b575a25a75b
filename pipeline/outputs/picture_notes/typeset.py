"""Typesetting picture notes with typst."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import typst

from pipeline.outputs.picture_notes.letters import FAMILY, fonts, foreign_letters

LARGEST_PT = 34
SMALLEST_PT = 14
TITLE = "Picture notes"
_LONGEST_UNBROKEN = 18
_ZERO_WIDTH_SPACE = "\u200b"


@dataclass(frozen=True)
class Note:
    """One page: a picture beside the template, its size, and the words below it."""

    file: str
    width_px: int
    height_px: int
    caption: str


def typeset(notes: Sequence[Note], folder: Path) -> bytes:
    """The PDF of ``notes``, whose pictures lie in ``folder``: PDF/UA-1, fonts embedded, the same for the same notes."""
    foreign = bool(foreign_letters("".join(note.caption for note in notes)))
    sheet = {
        "title": TITLE,
        "fonts": [FAMILY, *(_other_sans() if foreign else [])],
        "fallback": foreign,
        "sizes_pt": list(range(LARGEST_PT, SMALLEST_PT - 1, -2)),
        "notes": [
            {
                "file": note.file,
                "width": note.width_px,
                "height": note.height_px,
                "caption": _let_break(note.caption),
                "alt": note.caption or "Still from the film",
            }
            for note in notes
        ],
    }
    compiler = typst.Compiler(
        files(__package__).joinpath("notes.typ").read_bytes(),
        root=folder,
        font_paths=fonts(),
        sys_inputs={"notes": json.dumps(sheet)},
    )
    pdf = compiler.compile(format="pdf", pdf_standards="ua-1", timestamp=0)
    if not isinstance(pdf, bytes):
        raise TypeError(f"typst gave {type(pdf).__name__} instead of a PDF")
    return pdf


def _other_sans() -> list[str]:
    """The fonts without serifs on this machine that hold many scripts, for letters that the notes' own font lacks."""
    here = fonts().families()
    return [family for family in ("Noto Sans", "Segoe UI", "Arial", "DejaVu Sans", "Liberation Sans") if family in here]


def _let_break(caption: str) -> str:
    """The caption with places to break in words longer than a line could be."""
    return " ".join(
        _ZERO_WIDTH_SPACE.join(word[n : n + _LONGEST_UNBROKEN] for n in range(0, len(word), _LONGEST_UNBROKEN))
        for word in caption.split(" ")
    )
