"""``vigpack migrate``: the database's tables, brought up to date."""

from __future__ import annotations

from cli.screen import say
from records.audit.actions import Action
from records.audit.actor import command_line
from records.audit.log import note_alone
from records.database import open_database
from records.migrations.migrate import migrate as bring_up_to_date
from records.secrets.service_key import has_service_key
from records.settings import Settings, load_settings


def migrate() -> None:
    """Bring the database's tables up to date. Safe to run again, and by several at once."""
    settings = load_settings()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    before, after = bring_up_to_date(settings)
    if before != after:
        note_migration(settings, before, after)
    say("The database is up to date.")


def note_migration(settings: Settings, before: str | None, after: str) -> None:
    """Tell the audit from which step to which the tables were brought; 0: there were none.

    No line is written where the service's key is not at hand: on another machine, or before the
    service first ran. A key made here would break the chain for those who have the right one.
    """
    if not has_service_key(settings):
        return
    database = open_database(settings)
    try:
        figures = {"from": int(before or 0), "to": int(after)}
        note_alone(database, command_line(), Action.MIGRATE, figures=figures)
    finally:
        database.dispose()
