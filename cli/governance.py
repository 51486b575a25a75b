"""``vigpack governance``: the papers of information governance for this installation."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from api.governance.blocks import as_markdown, drawings_of
from api.governance.papers import made_on, papers_of
from api.governance.printed import as_pdf
from cli.screen import CommandFailed, counted, print_json, say
from records.inventory.inventory import inventory_of
from records.settings import load_settings


def governance(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Where to write them; papers of before are written over.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what they are written from, as JSON, and write nothing.")
    ] = False,
) -> None:
    """Write the DPIA, data flow, retention schedule and other papers of information governance.

    The others: the record of processing and the accessibility statement. Each as Markdown and PDF in the folder that is
    named, from the settings in force; what the program cannot know is left to be filled in. Nothing of a family, no
    secret and no address of a server stands in them.
    """
    found = inventory_of(load_settings())
    if as_json:
        print_json(found)
        return
    if folder is None:
        raise CommandFailed(for_guider="Name the folder to write them into: vigpack governance papers")
    folder.mkdir(parents=True, exist_ok=True)
    papers = papers_of(found, made_on(found, date.today()))  # noqa: DTZ011 the day by the clock on the wall
    for paper in papers:
        (folder / f"{paper.name}.md").write_text(as_markdown(paper), encoding="utf-8")
        (folder / f"{paper.name}.pdf").write_bytes(as_pdf(paper))
        for drawing in drawings_of(paper):
            (folder / f"{drawing.name}.svg").write_text(drawing.svg, encoding="utf-8")
        say(f"{paper.name}: {paper.about}")
    say(f"{counted(len(papers), 'paper')} in {folder}, each as Markdown and PDF.")
