"""How old the last backup is, as /it and the metrics tell it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from records.backup.state import note_backup
from records.models import SelectionRow, utcnow
from records.settings import Settings
from tests.effects import open_alone
from tests.records.backup.place import Place
from worker.monitoring.health import Health, health


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(Settings(data_dir=tmp_path / "data", min_free_bytes=0))
    yield place
    place.db.dispose()


def looked(place: Place) -> Health:
    return health(place.db, place.settings, place.storage)


def codes(found: Health) -> set[str]:
    return {alert.code for alert in found.verdict.alerts}


def test_footage_that_no_backup_holds_is_told_after_a_week_until_one_is_made(place: Place) -> None:
    assert (looked(place).backup_overdue, looked(place).last_backup_at) == (False, None)
    place.add()
    assert "backup_old" not in codes(looked(place))
    with place.db.session() as session:
        session.execute(update(SelectionRow).values(created_at=utcnow() - timedelta(days=8)))
    assert "backup_old" in codes(looked(place))
    made_at = utcnow()
    note_backup(place.db, made_at)
    found = looked(place)
    assert "backup_old" not in codes(found)
    assert found.last_backup_at == made_at
    note_backup(place.db, utcnow() - timedelta(days=9))
    assert "backup_old" in codes(looked(place))


def test_what_cannot_be_known_is_unknown(place: Place, tmp_path: Path) -> None:
    (tmp_path / "no.sqlite3").mkdir()
    away = open_alone(Settings(database_url=f"sqlite:///{tmp_path / 'no.sqlite3'}"))
    found = health(away, place.settings, place.storage)
    assert (found.backup_overdue, found.last_backup_at) == (None, None)
