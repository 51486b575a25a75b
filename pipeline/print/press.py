"""Typesetting with typst: a template of a kind, the pieces that templates share, and what to print, as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.print.letters import FAMILY, SIGNS, fonts, foreign_letters, shipped_families
from pipeline.print.recipes import PrintedRecipe

if TYPE_CHECKING:
    import typst

_PIECES = "pieces.typ"


class Document(NamedTuple):
    """What a printed kind has laid out for the press: its template, the look and language, and what stands on it.

    ``sheet`` holds everything to print (``title`` at least); nothing in it is read as markup.
    """

    template: bytes
    recipe: PrintedRecipe
    sheet: Mapping[str, Any]


def press_pdf(template: bytes, recipe: PrintedRecipe, sheet: Mapping[str, Any], folder: Path) -> bytes:
    """The PDF of a template: PDF/UA-1 and PDF/A-2a, fonts embedded, the same for the same sheet.

    PDF/A asks for a date, and gets one that is the same for all: it shall not tell when a family was met.

    ``sheet`` holds everything to print (``title`` at least); nothing in it is read as markup. Its pictures lie in
    ``folder``.
    """
    pdf = _compiler(template, recipe, sheet, folder).compile(format="pdf", pdf_standards=["ua-1", "a-2a"], timestamp=0)
    if not isinstance(pdf, bytes):
        raise TypeError(f"typst gave {type(pdf).__name__} instead of a PDF")
    return pdf


def press_pictures(
    template: bytes, recipe: PrintedRecipe, sheet: Mapping[str, Any], folder: Path, *, px_per_inch: float
) -> list[bytes]:
    """Each page of a template as a PNG in sRGB, with nothing in it but the picture."""
    made = _compiler(template, recipe, sheet, folder).compile(format="png", ppi=px_per_inch)
    return made if isinstance(made, list) else [made] if isinstance(made, bytes) else []


def _compiler(template: bytes, recipe: PrintedRecipe, sheet: Mapping[str, Any], folder: Path) -> typst.Compiler:
    import typst

    (folder / _PIECES).write_bytes(files(__package__).joinpath(_PIECES).read_bytes())
    language = recipe.spoken()
    given = json.dumps(sheet, ensure_ascii=False)
    style = {
        "theme": recipe.dressed().model_dump(),
        "latin": FAMILY,
        "script": language.font,
        "fonts": list(shipped_families()),
        "signs": SIGNS,
        "fallback": bool(foreign_letters(given)),
        "lang": language.tongue,
        "region": language.region,
        "rtl": language.rtl,
        "draw": language.draw,
    }
    return typst.Compiler(
        template, root=folder, font_paths=fonts(), sys_inputs={"sheet": given, "style": json.dumps(style)}
    )
