"""The command line: one file per command, each holding one function of the command's name."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer

from cli import screen

COMMANDS = ("up", "prepare", "demo", "doctor", "api", "worker", "migrate", "store", "erase", "backup", "restore")
"""In the order of the help."""

_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


def build_app(names: Sequence[str] = COMMANDS) -> typer.Typer:
    """The command line with these commands; a command's module is imported only when it is asked for.

    Importing all of them loads the web server, the queue and the media libraries: 2 s instead of 0.2 s.
    """
    app = typer.Typer(
        name="vigpack",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings=_SETTINGS,
    )

    @app.callback()
    def vigpack(
        _version: Annotated[
            bool, typer.Option("--version", help="Show the version and end.", callback=_show_version, is_eager=True)
        ] = False,
        _traceback: Annotated[
            bool, typer.Option("--traceback", help="When something fails unexpectedly, show everything about it.")
        ] = False,
    ) -> None:
        """Review packs and picture notes for Video Interaction Guidance, made without uploading the film."""

    for name in names:
        app.command(name)(getattr(import_module(f"cli.{name}"), name))
    return app


def _show_version(asked: bool) -> None:
    if asked:
        print(version("vigpack"))
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command named in the arguments and end the process.

    Exit codes: 0 done, 1 failed with one plain sentence on stderr, 2 wrong usage, 130 stopped with Ctrl-C.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    asked = next((word for word in given if not word.startswith("-")), None)
    app = build_app((asked,) if asked in COMMANDS else COMMANDS)
    try:
        app(given, prog_name="vigpack")
    except Exception as error:
        if "--traceback" in given:
            raise
        screen.print_failure(error, as_json="--json" in given)
        sys.exit(1)
