"""Handing over and closing at one moment: no family is left to an account that is closed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import text

from records.accounts.closing import FamiliesLeft, close_account
from records.accounts.principal import Principal, Role, Via, scopes_of
from records.audit.actor import command_line
from records.database import Database
from records.families.families import FamilyGone, family_for
from records.families.hand_over import HandOverWrong, hand_over
from records.models import AccountRow, FamilyRow
from records.settings import Settings
from tests.effects import open_alone

ADA, BEN, FAMILY = "a" * 32, "b" * 32, "f" * 32
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture
def db(tmp_path: Path, postgres_url: str) -> Iterator[Database]:
    """On PostgreSQL: SQLite lets one writer in at a time."""
    database = open_alone(Settings(data_dir=tmp_path, database_url=postgres_url))
    with database.session() as session:
        session.add_all(
            AccountRow(id=one, kind="person", display_name=one[:3], roles=Role.GUIDER) for one in (ADA, BEN)
        )
        session.flush()
        session.add(FamilyRow(id=FAMILY, code="K-104", owner_account_id=ADA))
    yield database
    database.dispose()


def while_it_waits(db: Database, first: Callable[..., object], second: Callable[..., object]) -> list[Exception]:
    """What the second raises, which begins before the transaction of the first ends and waits for it if it must."""
    raised: list[Exception] = []

    def run() -> None:
        try:
            with db.session() as session:
                second(session)
        except Exception as error:  # noqa: BLE001 handed to the test
            raised.append(error)

    other = Thread(target=run)
    with db.session() as session:
        first(session)
        other.start()
        ends = time.monotonic() + 60
        while other.is_alive() and time.monotonic() < ends:
            with db.reading() as looking:
                if looking.scalar(WAITING):
                    break
            time.sleep(0.02)
    other.join(60)
    assert not other.is_alive()
    return raised


def give(session: object) -> None:
    hand_over(session, command_line(), [FAMILY], ADA, BEN, "She leaves.")  # type: ignore[arg-type]


def close(session: object) -> None:
    close_account(session, BEN)  # type: ignore[arg-type]


def open_one(session: object) -> None:
    guider = frozenset({Role.GUIDER})
    family_for(session, Principal(BEN, "Ben", guider, Via.SESSION, scopes_of(guider)), "K-207")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        (give, close, FamiliesLeft),
        (close, give, HandOverWrong),
        (open_one, close, FamiliesLeft),
        (close, open_one, FamilyGone),
    ],
)
def test_an_account_is_not_closed_while_a_family_becomes_its_own(
    db: Database, first: Callable[..., object], second: Callable[..., object], refused: type[Exception]
) -> None:
    [raised] = while_it_waits(db, first, second)
    assert isinstance(raised, refused)
