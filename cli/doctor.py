"""``vigpack doctor``: how each part is, and how to put right what is not well."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from api.diagnostics.check import Check
from api.diagnostics.checks import check_everything, has_database
from api.diagnostics.incident_report import incident_report
from cli.screen import print_json, say, terminal
from records.database import open_database
from records.settings import Settings, load_settings
from worker.monitoring.health import health

_COLOURS = {"ok": "green", "warn": "yellow", "bad": "red"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    report: Annotated[
        bool, typer.Option("--report", help="Print an incident report to copy: versions, figures, redacted logs.")
    ] = False,
) -> None:
    """Check every part and say how to put right what is not well. Ends with 1 where something is bad."""
    settings = load_settings()
    if report:
        _report(settings)
        return
    checks = list(check_everything(settings))
    if as_json:
        print_json([check.model_dump() for check in checks])
    else:
        _print(checks)
    if any(check.state == "bad" for check in checks):
        raise typer.Exit(1)


def _print(checks: list[Check]) -> None:
    """Lines as long as they are: what is to be copied from here must not be broken."""
    console, width = terminal(), max(len(check.part) for check in checks)
    for check in checks:
        state = f"[{_COLOURS[check.state]}]{check.state:<4}[/]"
        console.print(f"{state}  {check.part:<{width}}  {escape(check.found)}", soft_wrap=True)
        if check.remedy:
            console.print(f"{'':{width + 8}}→ {escape(check.remedy)}", soft_wrap=True)


def _report(settings: Settings) -> None:
    if not has_database(settings):
        say(incident_report(settings, None, None))
        return
    database = open_database(settings)
    try:
        say(incident_report(settings, database, health(database, settings)))
    finally:
        database.dispose()
