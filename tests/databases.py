"""New, empty databases in the newest shape, copied from one that was migrated, which is ten times cheaper."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

from sqlalchemy.engine import make_url

from records.migrations.migrate import migrate
from records.models import new_id
from records.settings import Settings

OWN_ID = "UPDATE store_identity SET id = '{}', begins_at = CURRENT_TIMESTAMP"
"""Gives a copy an id and a beginning of its own, as a migration gives each new database."""


CONSENT_NOTED = Path(__file__).with_name("consent_noted.toml")
"""Most tests are about other things than who agreed: their services note it and wait for nobody."""
NOTED = {"VIGPACK_CONSENT_POLICY": str(CONSENT_NOTED)}
"""For the environment of such a service's processes."""


@cache
def _template() -> bytes:
    """A migrated SQLite file; the running program's own, so it is never of another step."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        migrate(settings)
        name = make_url(settings.database()).database
        assert name
        return Path(name).read_bytes()


def make_tables(settings: Settings) -> None:
    """What ``migrate(settings)`` makes where there is no database yet; any other is migrated."""
    url = make_url(settings.database())
    if not url.drivername.startswith("sqlite") or not url.database or Path(url.database).exists():
        migrate(settings)
        return
    path = Path(url.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(_template())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(OWN_ID.format(new_id()))
