"""The audit: written with the act or not at all, and never changed."""

from __future__ import annotations

import contextlib

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from records.audit.log import newest, note
from records.database import Database


def test_the_newest_comes_first(db: Database) -> None:
    with db.session() as session:
        note(session, "IT", "retry", "a")
        note(session, "IT", "priority", "b", "to 2")
    with db.reading() as session:
        lines = newest(session)
    assert [(line.who, line.action, line.target, line.detail) for line in lines] == [
        ("IT", "priority", "b", "to 2"),
        ("IT", "retry", "a", ""),
    ]


def test_an_act_that_fails_leaves_no_line(db: Database) -> None:
    with contextlib.suppress(RuntimeError), db.session() as session:
        note(session, "IT", "retry", "a")
        raise RuntimeError
    with db.reading() as session:
        assert newest(session) == []


@pytest.mark.parametrize("statement", ["UPDATE audit SET who = 'nobody'", "DELETE FROM audit"])
def test_the_database_refuses_to_change_a_line(db: Database, statement: str) -> None:
    with db.session() as session:
        note(session, "IT", "retry", "a")
    with pytest.raises(DBAPIError, match="append-only"), db.session() as session:
        session.execute(text(statement))
    with db.reading() as session:
        assert [line.who for line in newest(session)] == ["IT"]
