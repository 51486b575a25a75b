"""Writes the papers of information governance for the settings as they are shipped: ``make papers``."""

from __future__ import annotations

from pathlib import Path

from api.governance.blocks import as_markdown, drawings_of
from api.governance.papers import AS_SHIPPED, papers_of
from records.inventory.inventory import inventory_of
from records.settings import Settings

DOCS = Path(__file__).parent


def as_shipped() -> dict[str, str]:
    """Every paper and drawing by its file's name, whatever this machine's environment says."""
    written = {}
    for paper in papers_of(inventory_of(Settings.model_construct()), AS_SHIPPED):
        written[f"{paper.name}.md"] = as_markdown(paper)
        written |= {f"{drawing.name}.svg": drawing.svg for drawing in drawings_of(paper)}
    return written


if __name__ == "__main__":
    for name, text in as_shipped().items():
        (DOCS / name).write_text(text, encoding="utf-8")
