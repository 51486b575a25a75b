"""What every request works with: the settings, the database and the store of this process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request

from records.database import Database
from records.settings import Settings
from records.storage.contract import Storage
from records.uploads.uploads import Uploads


@dataclass(frozen=True)
class Parts:
    """One set for each process."""

    settings: Settings
    db: Database
    storage: Storage
    uploads: Uploads


def parts_of(request: Request) -> Parts:
    """The parts that create_app() put together."""
    parts: Parts = request.app.state.parts
    return parts


GivenParts = Annotated[Parts, Depends(parts_of)]
GivenId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", examples=["0f1e2d3c4b5a69788796a5b4c3d2e1f0"])]
"""An identifier in an address; any other text is answered like an unknown one, and reaches no database."""
