"""``vigpack migrate``: the database's tables, brought up to date."""

from __future__ import annotations

from cli.screen import say
from records.migrations.migrate import migrate as bring_up_to_date
from records.settings import load_settings


def migrate() -> None:
    """Bring the database's tables up to date. Safe to run again, and by several at once."""
    settings = load_settings()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    bring_up_to_date(settings)
    say("The database is up to date.")
