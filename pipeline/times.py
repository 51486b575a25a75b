"""Times on a film's own clock: whole milliseconds, read and written as people do."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_CLOCK = re.compile(r"(?:(?P<h>\d{1,3}):)?(?P<m>\d{1,2}):(?P<s>\d{1,2})(?:\.(?P<f>\d{1,3}))?")
LONGEST_MS = 1000 * 3600 * 1000


def parse_ms(value: object) -> object:
    """Milliseconds from ``"00:01:10.200"`` or ``"01:10.2"``; what is no text is returned for pydantic to judge."""
    if not isinstance(value, str):
        return value
    clock = _CLOCK.fullmatch(value.strip())
    if clock is None or int(clock["s"]) > 59 or (clock["h"] and int(clock["m"]) > 59):
        raise ValueError("is not a time; write 00:01:10.200, or whole milliseconds")
    return ((int(clock["h"] or 0) * 60 + int(clock["m"])) * 60 + int(clock["s"])) * 1000 + int(
        (clock["f"] or "").ljust(3, "0") or 0
    )


def clock(ms: int) -> str:
    """``"00:01:10.200"`` from milliseconds."""
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{ms:03}"


Ms = Annotated[int, BeforeValidator(parse_ms), Field(strict=True, ge=0, le=LONGEST_MS)]
