"""Logs of every part: one line of JSON for each event on standard error, through the standard library.

Our own events are words with fields; what libraries log goes the same way, with what could tell of a person taken out.
What belongs to one request carries its ``request_id``, what belongs to one job its ``job``. Nothing of a family is
logged: no captions, no codes; of an exception where it happened, never its text, which may quote what a guider wrote.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

_WITHOUT_RICH = sys.modules.setdefault("rich", None) is None  # type: ignore[arg-type]  # the import system knows None
"""structlog loads rich wherever it is there, for a console that we never write to: 4 MB and 0.1 s in each process."""
import structlog  # noqa: E402
from structlog.contextvars import bound_contextvars  # noqa: E402
from structlog.stdlib import BoundLogger, ExtraAdder, ProcessorFormatter  # noqa: E402

from records.redaction import redact  # noqa: E402

if _WITHOUT_RICH:
    del sys.modules["rich"]
__all__ = ["JsonLines", "bound_contextvars", "configure_logging", "get_logger"]

Event = MutableMapping[str, Any]
_OURS = "vigpack."
_WITH_HANDLERS_OF_THEIR_OWN = ("uvicorn", "uvicorn.error", "uvicorn.access")
_SAID_BETTER_BY_US = ("celery.app.trace", "celery.worker.strategy", "httpx", "uvicorn.access")
"""Celery's messages are wake-ups, whose numbers are not those of jobs: ours name the job that was done. httpx tells
whole addresses, and so does uvicorn, beside our own line for each request."""
_MOST_FRAMES = 12
_ADD_FIELDS = ExtraAdder()


def get_logger(part: str) -> BoundLogger:
    """The logger ``vigpack.<part>``; an event is a word, and what it is about comes as fields.

    Where nothing configured logging, as in a command, warnings show as that word on standard error.
    """
    return structlog.wrap_logger(  # type: ignore[no-any-return]
        logging.getLogger(_OURS + part),
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        wrapper_class=BoundLogger,
    )


def configure_logging(*more: logging.Handler) -> None:
    """Let this process log as JSON on standard error, from INFO on, and to ``more`` handlers; again: anew."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler.formatter, JsonLines)]:
        root.removeHandler(handler)
    for handler in (_ToStderr(), *more):
        handler.setFormatter(JsonLines())
        root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(capture=True)  # Python's own would be lines that are no JSON
    for name in _WITH_HANDLERS_OF_THEIR_OWN:
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    for name in _SAID_BETTER_BY_US:
        logging.getLogger(name).setLevel(logging.WARNING)


class JsonLines(ProcessorFormatter):
    """Formats a record as one line of JSON: event, fields, time, level, logger, and the request's or job's id."""

    def __init__(self) -> None:
        super().__init__(
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                _fields_of_ours,
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                _without_words_of_people,
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(default=str),
            ],
        )


def frames_of(error: BaseException) -> list[str]:
    """Where it happened, innermost last, without the values."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}")
        trace = trace.tb_next
    return frames[-_MOST_FRAMES:]


def _without_words_of_people(_logger: Any, _method: str, event: Event) -> Event:
    event.pop("message", None)  # what another handler's formatter leaves in the record
    caught = event.pop("exc_info", None)
    error = caught[1] if isinstance(caught, tuple) else None
    if isinstance(error, BaseException):
        within = getattr(error, "exc", None)  # billiard's is around the one that was raised in another process
        error = within if isinstance(within, BaseException) else error
        event.update(error=type(error).__qualname__, at=frames_of(error))
    if not str(event.get("logger", "")).startswith(_OURS):
        said = event["_record"].msg if error else event["event"]  # without values: one would be the exception's text
        event["event"] = redact(str(said).strip().partition("\n")[0] if error else str(said))
    return event


def _fields_of_ours(logger: Any, method: str, event: Event) -> Event:
    """Celery brings a whole traceback with its text, and the arguments of the task, as fields."""
    return _ADD_FIELDS(logger, method, event) if event["_record"].name.startswith(_OURS) else event


class _ToStderr(logging.StreamHandler[TextIO]):
    """Standard error as it is at each line; tests and servers replace it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr
