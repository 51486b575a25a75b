"""Draws the rooms into CONTRIBUTING.md from the imports themselves: ``python docs/rooms.py``; --check only compares.

An arrow leads from who imports to what is imported.
"""

from __future__ import annotations

import sys
from pathlib import Path

import grimp

ROOMS = ("cli", "api", "worker", "records", "pipeline")
DRAWN = ("records", "pipeline")
"""The rooms whose folders are drawn too."""
PAGE = Path(__file__).parents[1] / "CONTRIBUTING.md"
BEGIN, END = "<!-- rooms: drawn by docs/rooms.py -->\n", "<!-- end of rooms -->\n"


def draw() -> str:
    """The drawings as Mermaid flow charts, which forges and editors show as pictures."""
    graph = grimp.build_graph(*ROOMS, cache_dir=None)
    arrows = [
        (importer, imported)
        for importer in sorted(graph.modules)
        for imported in sorted(graph.find_modules_directly_imported_by(importer))
    ]
    charts = [_chart(arrows, depth=1)]
    for room in DRAWN:
        inside = [one for one in arrows if all(end.startswith(f"{room}.") for end in one)]
        charts.append(f"\nInside `{room}/`:\n\n" + _chart(inside, depth=2))
    return "".join(charts)


def _chart(arrows: list[tuple[str, str]], depth: int) -> str:
    def part(module: str) -> str:
        return ".".join(module.split(".")[:depth])

    drawn = sorted({(part(one), part(other)) for one, other in arrows if part(one) != part(other)})
    lines = [f"  {one} --> {other}" for one, other in drawn]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```", ""])


def main() -> None:
    """Write the drawings, or with --check end with 1 where they are not those of today's imports."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    drawn = f"{before}{BEGIN}\n{draw()}\n{END}{after}"
    if "--check" in sys.argv:
        sys.exit(drawn != page)
    PAGE.write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
