"""A paper as PDF/UA, by the press that sets everything else here."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from api.governance.blocks import Block, Bullets, Drawing, Heading, Paper, Paragraph, Table, drawings_of
from pipeline.print.press import press_pdf
from pipeline.print.recipes import PrintedRecipe

_NARROWEST, _WIDEST = 9, 34
"""Between these a column's share of the page follows from the length of what stands in it."""


def as_pdf(paper: Paper) -> bytes:
    """The paper on A4, tagged, with its fonts and drawings in it."""
    sheet = {
        "name": paper.name,
        "title": paper.title,
        "made": paper.made,
        "blocks": [_laid_out(block) for block in paper.blocks],
    }
    with TemporaryDirectory(prefix="vigpack-paper-") as folder:
        for drawing in drawings_of(paper):
            (Path(folder) / f"{drawing.name}.svg").write_text(drawing.svg, encoding="utf-8")
        template = files(__package__).joinpath("paper.typ").read_bytes()
        return press_pdf(template, PrintedRecipe(), sheet, Path(folder))


def _laid_out(block: Block) -> dict[str, Any]:
    match block:
        case Heading():
            return {"kind": "heading", "level": block.level, "text": block.text}
        case Paragraph():
            return {"kind": "paragraph", "text": block.text}
        case Bullets():
            return {"kind": "bullets", "lines": block.lines}
        case Table():
            return {"kind": "table", "head": block.head, "rows": block.rows, "widths": _widths(block)}
        case Drawing():
            return {"kind": "drawing", "name": block.name, "says": block.says, "lies": block.is_wide}


def _widths(table: Table) -> list[float]:
    columns = zip(table.head, *table.rows, strict=True)
    longest = [sum(len(cell) for cell in column) / len(column) for column in columns]
    return [min(_WIDEST, max(_NARROWEST, length**0.75 + 4)) for length in longest]
