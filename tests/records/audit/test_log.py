"""The audit: written with the act or not at all, and never changed."""

from __future__ import annotations

import contextlib

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from records.audit.actions import Action
from records.audit.actor import NamedActor
from records.audit.log import newest, note
from records.database import Database

IT = NamedActor("3", "session")


def test_the_newest_comes_first(db: Database) -> None:
    with db.session() as session:
        note(session, IT, Action.RETRY, "a")
        note(session, IT, Action.PRIORITY, "b", figures={"priority": 2})
    with db.reading() as session:
        lines = newest(session)
    assert [(line.sequence, line.who, line.action, line.target, line.detail) for line in lines] == [
        (2, "3", "priority", "b", '{"priority":2}'),
        (1, "3", "retry", "a", ""),
    ]


def test_an_act_that_fails_leaves_no_line(db: Database) -> None:
    with contextlib.suppress(RuntimeError), db.session() as session:
        note(session, IT, Action.RETRY, "a")
        raise RuntimeError
    with db.reading() as session:
        assert newest(session) == []


REPLACING = {
    "sqlite": "REPLACE INTO audit SELECT * FROM audit",
    "postgresql": "INSERT INTO audit SELECT * FROM audit ON CONFLICT (sequence) DO UPDATE SET account_id = 'nobody'",
}


@pytest.mark.parametrize("statement", ["UPDATE audit SET account_id = 'nobody'", "DELETE FROM audit", REPLACING])
def test_the_database_refuses_to_change_a_line(db: Database, statement: str | dict[str, str]) -> None:
    with db.session() as session:
        note(session, IT, Action.RETRY, "a")
    asked = statement if isinstance(statement, str) else statement[db.engine.dialect.name]
    with pytest.raises(DBAPIError, match="append-only"), db.session() as session:
        session.execute(text(asked))
    with db.reading() as session:
        assert [line.account_id for line in newest(session)] == ["3"]
