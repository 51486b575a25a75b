"""What every request works with: the settings, the database, the store, the ffmpeg and the jail of this process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request

from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.jail.jail import Jail
from pipeline.limits import ID_PATTERN
from records.accounts.principal import Principal
from records.database import Database
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
