"""Writes the next step from the difference between the models and the newest step."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command

from records.database import open_database
from records.migrations.migrate import alembic_config, migrate
from records.settings import Settings


def draft_step(message: str, revision: str) -> None:
    """Write versions/<revision>_….py for review, comparing with a new database brought to the newest step."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        migrate(settings)
        engine = open_database(settings).engine
        with engine.connect() as connection:
            config = alembic_config()
            config.attributes["connection"] = connection
            command.revision(config, message, autogenerate=True, rev_id=revision)
        engine.dispose()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit('usage: python -m records.migrations 0002 "what changes"')
    draft_step(sys.argv[2], sys.argv[1])
