"""What is asked of the ledger takes no longer when much waits or is finished: PostgreSQL finds it by indexes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from records.database import Database
from records.ledger.jobs import claim_next
from records.migrations.worker_role import grant_worker_role
from records.models import JobRow, new_id
from records.settings import Settings
from tests.effects import open_alone
from tests.records.cast import add_jobs
from tests.records.many_jobs import fill, questions
from tests.servers import PostgresServer


@pytest.fixture
def grown(postgres_url: str, tmp_path: Path) -> Iterator[tuple[Database, Settings]]:
    settings = Settings(data_dir=tmp_path, database_url=postgres_url)
    db = open_alone(settings)
    add_jobs(db)
    fill(db, waiting=2_000, finished=30_000)
    yield db, settings
    db.engine.dispose()


WALKED = r"Index Scan using \w+ on jobs\b[^\n]*\n(?!\s+Index Cond)"
OF_WORKERS = ("claim", "count_due", "take_unsent", "clamp_timestamps")


def test_no_question_reads_all_jobs_or_selections(grown: tuple[Database, Settings]) -> None:
    db, settings = grown
    assert not whole_tables_read(db, questions(db, settings))


def test_nor_does_a_worker_that_is_shown_only_some_rows(
    grown: tuple[Database, Settings], postgres_server: PostgresServer
) -> None:
    db, settings = grown
    role, name = f"worker_{new_id()}", settings.database_url.rpartition("/")[2]
    postgres_server.execute(f"CREATE ROLE {role} LOGIN")
    with db.engine.begin() as connection:
        grant_worker_role(connection, role)
    url = settings.database_url.replace("postgres@", f"{role}@")
    worker = open_alone(settings.model_copy(update={"database_url": url}))
    asked = questions(worker, settings)
    try:
        assert not whole_tables_read(worker, {one: asked[one] for one in OF_WORKERS})
    finally:
        worker.dispose()
        postgres_server.execute(f"DROP OWNED BY {role}", name)
        postgres_server.execute(f"DROP ROLE {role}")


def whole_tables_read(db: Database, questions: Mapping[str, Callable[[], object]]) -> list[str]:
    """The statements that read every row of a table that grows, or look among all for one that they change."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    for question in questions.values():
        question()
    event.remove(db.engine, "before_cursor_execute", note)
    scanned = []
    with db.engine.connect() as connection:
        cursor = connection.connection.cursor()
        for statement, parameters in asked:
            cursor.execute(f"EXPLAIN {statement}", parameters)
            plan = [line for (line,) in cursor.fetchall()]
            # A hundred families by their ids are a good part of these few: reading them all is cheaper.
            tables = "jobs|selections" if "families.id IN (%" in statement else "jobs|selections|families"
            scanned += [statement for line in plan if re.search(f"Seq Scan on ({tables})", line)]
            if statement.startswith("UPDATE jobs") and re.search(WALKED, "\n".join(plan)):
                scanned.append(statement)
    assert len(asked) > len(questions)
    return scanned


def test_a_job_that_another_is_taking_is_passed_over(postgres_url: str, tmp_path: Path) -> None:
    """The next of each guider is looked for without a lock; who comes second gets one of those behind it."""
    settings = Settings(data_dir=tmp_path, database_url=postgres_url)
    db = open_alone(settings)
    first, *others = [job for _ in range(3) for job in add_jobs(db, guider="ada")]
    with db.session() as another:
        another.execute(select(JobRow.id).where(JobRow.id == first).with_for_update())
        won = [claim_next(db, "w", settings) for _ in range(3)]
    assert [claim and claim.job_id for claim in won] == [*others, None]
    db.engine.dispose()
