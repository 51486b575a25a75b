from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from celery import Celery
from structlog.contextvars import bound_contextvars

from records.logs import configure_logging, get_logger
from tests.log_lines import events


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def test_an_event_is_one_line_of_json_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    with bound_contextvars(job="0f1e"):
        get_logger("worker").warning("attempt_failed", code="film_unreadable")
    get_logger("worker").debug("too_much")
    [event] = events(capsys.readouterr().err)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "attempt_failed",
        "code": "film_unreadable",
        "job": "0f1e",
        "level": "warning",
        "logger": "vigpack.worker",
    }


def test_what_a_library_says_goes_the_same_way_without_what_tells_of_a_person(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging()
    logging.getLogger("uvicorn.error").info("opened %s for K-104", "/home/ada/Ella at the table.mp4")
    [event] = events(capsys.readouterr().err)
    assert (event["level"], event["logger"]) == ("info", "uvicorn.error")
    assert not any(word in event["event"] for word in ("K-104", "ada"))


@pytest.mark.logs_errors
def test_of_an_exception_only_its_kind_and_place_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    try:
        raise RuntimeError("Ella looks up")
    except RuntimeError:
        get_logger("worker").exception("maintenance_failed")
        logging.getLogger("celery.worker").exception("a library caught it")
    said = capsys.readouterr().err
    assert "Ella" not in said
    for event in events(said):
        assert event["error"] == "RuntimeError"
        assert "test_of_an_exception_only" in event["at"][-1]


@pytest.mark.logs_errors
def test_what_celery_says_of_a_task_that_raised_is_not_the_text_of_what_was_raised(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its message, and the fields beside it, hold the exception as text and a traceback with it."""
    app = Celery(set_as_current=False)

    @app.task(name="vigpack.breaks")
    def breaks() -> None:
        raise ValueError("Ella looks up")

    configure_logging()
    assert breaks.apply().failed()
    said = capsys.readouterr().err
    [event] = events(said)
    assert (event["error"], event["logger"]) == ("ValueError", "celery.app.trace")
    assert any("breaks" in frame for frame in event["at"])
    assert "Ella" not in said


def test_to_configure_again_doubles_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    configure_logging()
    get_logger("api").info("answered")
    assert len(events(capsys.readouterr().err)) == 1


def test_our_events_are_records_of_the_standard_library(caplog: pytest.LogCaptureFixture) -> None:
    get_logger("api").warning("refused", code="queue_full")
    [record] = caplog.records
    assert (record.levelno, record.getMessage(), record.code) == (logging.WARNING, "refused", "queue_full")  # type: ignore[attr-defined]
