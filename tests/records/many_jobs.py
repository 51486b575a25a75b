"""A ledger with many jobs, and what workers, the health page, metrics and lists ask of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import text
from sqlalchemy.orm import Session

from records.database import Database
from records.families.listing import list_families
from records.ledger.clock_repair import clamp_future_timestamps
from records.ledger.jobs import claim_next, count_due, take_unsent
from records.models import utcnow
from records.settings import Settings
from records.views.history import Span, series
from records.views.jobs import JobFilter, job_page
from records.views.queue_stats import queue_figures
from records.views.selection_list import list_selections
from tests.records.cast import EVERYBODY_HERE

GUIDERS = 500
_COLUMNS = text("SELECT column_name FROM information_schema.columns WHERE table_name = :name")
_WAITING = {"state": "'queued'", "sent_at": "now()", "queued_at": "now() - n * interval '1 ms'"}
_FINISHED = {
    "state": "'done'",
    "attempts": "1",
    **dict.fromkeys(("started_at", "finished_at"), "now() - interval '1 hour' - n * interval '2 s'"),
}


def fill(db: Database, waiting: int, finished: int) -> None:
    """That many jobs beside the only one: of finished selections with ten moments each, of waiting ones with one."""
    families = max(finished // 20, 10)
    with db.session() as session:
        _copy(
            session,
            "families",
            families,
            {
                "id": "md5('family' || n)",
                "code": "'F-' || n",
                "code_index": "md5('F-' || n)",
                "viewed_at": "now() - n * interval '1 min'",
            },
        )
        for letter, number, moments, job in (("d", finished, 10, _FINISHED), ("q", waiting, 1, _WAITING)):
            selection, moment = f"md5('{letter}' || (1 + (n - 1) / {moments}))", f"md5('{letter}-moment' || n)"
            guider = f"'guider-' || (n % {GUIDERS})"
            family = f"(1 + n % {families})"
            of_family = {"family_id": f"md5('family' || {family})", "family": f"'F-' || {family}"}
            own = {"id": f"md5('{letter}' || n)", "guider": guider, "created_at": "now() - n * interval '20 s'"}
            _copy(session, "selections", number // moments, own | of_family)
            _copy(session, "moments", number, {"id": moment, "selection_id": selection, "upload_id": "NULL"})
            turn = {"priority": "5 + (n % 3 = 0)::int", "review_on": "DATE '0001-01-01' + (n % 7 / 6) * 740000"}
            row = {"id": f"md5('{letter}-job' || n)", "selection_id": selection, "moment_id": moment, "guider": guider}
            _copy(session, "jobs", number, row | turn | job)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _copy(session: Session, table: str, number: int, changed: Mapping[str, str]) -> None:
    """Copies of the table's first row; what is changed is SQL of ours, by the copy's number ``n`` from 1."""
    session.execute(text(f"CREATE TEMPORARY TABLE IF NOT EXISTS first_{table} AS TABLE {table}"))
    columns = session.scalars(_COLUMNS, {"name": table}).all()
    values = ", ".join(changed.get(column, f"t.{column}") for column in columns)
    copies = f"SELECT {values} FROM first_{table} t, generate_series(1, {number}) n"  # noqa: S608 words of ours
    session.execute(text(f"INSERT INTO {table} ({', '.join(columns)}) {copies}"))


def questions(db: Database, settings: Settings) -> dict[str, Callable[[], object]]:
    """What is asked of the ledger, by name."""

    def reading(ask: Callable[[Session], object]) -> Callable[[], object]:
        def answer() -> object:
            with db.reading() as session:
                return ask(session)

        return answer

    return {
        "claim": lambda: claim_next(db, "bench", settings),
        "figures": reading(lambda session: queue_figures(session, settings, utcnow())),
        "history": reading(lambda session: series(session, Span.WEEK, utcnow())),
        "failed_jobs": reading(lambda session: job_page(session, JobFilter.FAILED, utcnow(), limit=50)),
        "waiting_jobs": reading(lambda session: job_page(session, JobFilter.WAITING, utcnow(), limit=50)),
        "selections": reading(lambda session: list_selections(session, EVERYBODY_HERE, limit=20)),
        "families": reading(lambda session: list_families(session, EVERYBODY_HERE, limit=20)),
        "family_by_code": reading(lambda session: list_families(session, EVERYBODY_HERE, limit=20, code="F-7")),
        "family_search": reading(lambda session: list_families(session, EVERYBODY_HERE, limit=20, search="7")),
        "count_due": lambda: count_due(db),
        "take_unsent": lambda: take_unsent(db, 500, silent_s=60),
        "clamp_timestamps": lambda: clamp_future_timestamps(db, settings),
    }
