"""What every request works with: the settings, the database, the store, the ffmpeg and the jail of this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Path, Query, Request
from pydantic import Field

from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.jail.jail import Jail
from pipeline.limits import ID_PATTERN
from records.accounts.principal import Principal
from records.database import Database
from records.paging import CURSOR_PATTERN, Position, parse_position
from records.settings import Settings
from records.storage.contract import Storage
from records.uploads.uploads import Uploads


@dataclass(frozen=True)
class AppContext:
    """One set for each process."""

    settings: Settings
    db: Database
    storage: Storage
    uploads: Uploads
    ffmpeg: FfmpegRunner
    jail: Jail


def context_of(request: Request) -> AppContext:
    """What create_app() put together."""
    context: AppContext = request.app.state.context
    return context


def principal_of(request: Request) -> Principal:
    """Who asks, as api/middleware/authentication.py found it; routes that anybody may ask have none."""
    principal: Principal = request.state.principal
    return principal


Ctx = Annotated[AppContext, Depends(context_of)]
Asker = Annotated[Principal, Depends(principal_of)]
GivenId = Annotated[str, Path(pattern=ID_PATTERN, examples=["0f1e2d3c4b5a69788796a5b4c3d2e1f0"])]
"""An identifier in an address; any other text is answered like an unknown one, and reaches no database."""
Cursor = Annotated[str, Field(pattern=f"^$|{CURSOR_PATTERN}", description="Where a page begins, from `next`.")]
GivenCursor = Annotated[Cursor, Query()]


def position_of(cursor: str) -> Position | None:
    """Behind which row a page begins; None where it is the first."""
    return parse_position(cursor) if cursor else None


def next_page(path: str, asked: Mapping[str, object], last: Position | None) -> str | None:
    """The address of the page that begins behind ``last``; None at the end."""
    given = {name: value for name, value in asked.items() if value}
    return f"{path}?{urlencode(given | {'cursor': str(last)})}" if last else None
