from __future__ import annotations

import pytest

from records.logs import get_logger
from tests.log_lines import as_logged


@pytest.mark.logs_errors
def test_an_error_of_this_process_is_told_with_its_type_and_place(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise KeyError("Ella")
    except KeyError:
        get_logger("api").exception("attempt_failed", code="film_unreadable")
    get_logger("api").error("incident", error="OSError", at=["open:7"])
    caught, told = map(as_logged, caplog.records)
    assert (caught["event"], caught["code"], caught["error"]) == ("attempt_failed", "film_unreadable", "KeyError")
    assert caught["at"][-1].startswith("test_an_error_of_this_process")
    assert (told["event"], told["error"], told["at"]) == ("incident", "OSError", ["open:7"])
