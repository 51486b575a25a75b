"""``vigpack doctor``: how each part is, and how to mend what is not well."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from api.checks import check_everything
from api.commands.screen import print_json, terminal
from records.settings import load_settings

_COLOURS = {"ok": "green", "warn": "yellow", "bad": "red"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Check every part and say how to mend what is not well. Ends with 1 where something is bad."""
    checks = list(check_everything(load_settings()))
    if as_json:
        print_json([check.model_dump() for check in checks])
    else:
        table = Table("state", "part", Column(overflow="fold"), show_header=False, box=None, padding=(0, 2, 0, 0))
        for check in checks:
            table.add_row(
                f"[{_COLOURS[check.state]}]{check.state}[/]",
                check.part,
                escape(check.found) + (f"\n→ {escape(check.mend)}" if check.mend else ""),
            )
        terminal().print(table)
    if any(check.state == "bad" for check in checks):
        raise typer.Exit(1)
