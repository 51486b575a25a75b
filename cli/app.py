"""The command line as Typer knows it: a command's module is imported only when it is asked for.

All of them together load the web server, the queue and the media libraries.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from cli import COMMANDS, module_of

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter  # Typer has them in no public place


class Commands(TyperGroup):
    """The commands of COMMANDS, each imported when it is asked for; their summaries come from there."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = dict.fromkeys(COMMANDS)  # type: ignore[assignment]  # names only: Typer suggests them for others

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002 the signature is Typer's
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        app = typer.Typer(add_completion=False, **_PLAIN)
        name = module_of(cmd_name)
        app.command(cmd_name)(getattr(import_module(f"cli.{name}"), name))
        return get_command(app)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 the signature is Typer's
        """Write the list of commands into the help."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


_PLAIN: dict[str, Any] = {
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


def build_app() -> typer.Typer:
    """The command line."""
    app = typer.Typer(name="vigpack", cls=Commands, no_args_is_help=True, add_completion=False, **_PLAIN)

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

    return app


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(version("vigpack"))
        raise typer.Exit
