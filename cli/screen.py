"""What the commands share in speaking to a person or a program."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipeline.errors import NoSpace, PipelineError

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console


class CommandFailed(PipelineError):
    """A command cannot do what it was asked; its sentence says why and what to do."""

    code = "command_failed"


def say(sentence: str) -> None:
    """Print one line on stdout at once, also into a pipe."""
    print(sentence, flush=True)


def counted(number: int, what: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def print_json(answer: BaseModel | dict[str, Any] | list[Any]) -> None:
    """Print one JSON document on stdout, indented."""
    plain = answer if isinstance(answer, dict | list) else answer.model_dump(mode="json")
    print(json.dumps(plain, indent=2, ensure_ascii=False), flush=True)


def terminal() -> Console:
    """A console on stdout for tables; it falls back to plain text where there is no terminal."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


@contextmanager
def progress_bar(label: str, *, shown: bool = True) -> Iterator[Callable[[float], None]]:
    """A function that takes 0 to 1 and moves a bar on stderr; without a terminal, or not ``shown``, it does nothing."""
    if not (shown and sys.stderr.isatty()):
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=1.0)
        yield lambda done: bar.update(task, completed=done)


def sentence_for(error: Exception) -> tuple[str, str]:
    """The stable code and the one plain sentence that tell of ``error``."""
    from pydantic import ValidationError

    match error:
        case PipelineError():
            return error.code, error.for_guider
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return NoSpace.code, NoSpace.for_guider
        case PermissionError():
            return "no_permission", f"{error.filename or 'A file'} may not be read or written by this user."
        case ValidationError(title="Settings"):
            wrong = ", ".join(f"VIGPACK_{str(part['loc'][0]).upper()}" for part in error.errors() if part["loc"])
            return "settings_invalid", f"These settings cannot be understood: {wrong or 'see --traceback'}."
        case _:
            kind = type(error).__name__
            return "unexpected", (
                f"Something unexpected went wrong ({kind}). "
                "Run the same again as vigpack --traceback … and send what it prints to IT support."
            )


def print_failure(error: Exception, *, as_json: bool) -> None:
    """One plain sentence on stderr; for a program also ``{"error": {"code", "sentence"}}`` on stdout."""
    code, sentence = sentence_for(error)
    if as_json:
        print_json({"error": {"code": code, "sentence": sentence}})
    print(sentence, file=sys.stderr, flush=True)
