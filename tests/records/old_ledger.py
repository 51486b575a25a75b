"""A running service's data as an earlier version of the program left them: its tables at one of the schema's steps, and
its files in a folder store.

Everything is written by plain inserts into the tables as that step made them, and by copying files to where that
version kept them: no model and no function of today's program has a hand in the rows.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from alembic import command
from sqlalchemy import MetaData

from records.migrations.migrate import changing_tables
from records.settings import Settings
from tests.records.old_rows import (
    ADA,
    BEGAN,
    BEN,
    LAST_OF_OLD,
    OldFiles,
    OldLedger,
    RowWriter,
    ident,
)


def make_old_ledger(settings: Settings, files: OldFiles, step: str = LAST_OF_OLD) -> OldLedger:
    """The ledger of ``settings`` as it stood at that step, full, with its files in a folder store."""
    return _Maker(settings, files, step).make()


class _Maker(RowWriter):
    """One ledger while it is being made."""

    def make(self) -> OldLedger:
        with changing_tables(self.settings) as (connection, config):
            command.upgrade(config, self.ledger.step)
            metadata = MetaData()
            metadata.reflect(connection)
            self.connection, self.tables = connection, dict(metadata.tables)
            self._fill()
        return self.ledger

    def _fill(self) -> None:
        self._reviews()
        self._unfinished()
        self._hidden()
        self._being_erased()
        self._training()
        self._service()

    def _reviews(self) -> None:
        """What is ready: an earlier review, a film and the recording of the review of it, each showing others."""
        before = self._selection("before", cycle=1, clips=0, outputs={"picture_notes": {}})
        self._artwork("before", "drawing")
        recording = self._selection("recording", of="review_recording", stills=0, outputs={"review_pack": {}})
        later: dict[str, dict[str, Any]] = {
            "supervision_pack": {"companion": recording, "question": "How can I wait?"},
            "booklet": {"title": "Us", "earlier": [before]},
        }
        self._selection("film", outputs={"review_pack": {}, "picture_notes": {"theme": "plain"}}, later=later)
        self._artwork("film", "clay")
        words = {
            "kind": "vigpack-words",
            "schema_version": 1,
            "review": ident("film"),
            "written_at": "2026-11-20T10:00:00Z",
            "strengths": ["She waits."],
            "working_points": [],
            "plan": ["Look first"],
        }
        self._insert("words", selection_id=ident("film"), words=words, revision=ident("words"), saved_at=self._now())
        answers = {"4.1": 4, "5.2": "not_applicable"}
        self._insert(
            "ratings",
            id=ident("rating"),
            selection_id=recording,
            rater="S-1",
            answers=answers,
            saved_at=self._now(),
        )

    def _unfinished(self) -> None:
        """What a worker has to do or to go on with, what waits for a person, and what is still on its way."""
        self._selection("failed", family="K-207", state="failed", job="failed", guider=BEN)
        self._selection("waiting", family="K-207", state="preparing", job="queued", whole_film=True, guider=BEN)
        self._selection("running", family="K-207", state="preparing", job="running", guider=BEN)
        self._selection("held", family="K-207", state="preparing", job="held", guider=None)
        self._selection("receiving", family="K-207", clips=1, stills=0, state="receiving", job=None, guider=BEN)
        self._selection(
            "asked",
            cycle=3,
            outputs={"review_pack": {}},
            later={"booklet": {"title": "All of us", "earlier": [ident("before"), ident("film")]}},
            not_made=("booklet",),
        )

    def _hidden(self) -> None:
        if "hidings" not in self.tables:
            return
        self._selection("unconfirmed", family="K-300", state="preparing", stills=0, hidden="unconfirmed")
        self._selection("confirmed", family="K-300", cycle=2, stills=0, hidden="confirmed")

    def _being_erased(self) -> None:
        self._selection("erasing", family="K-400", erasing_at=self._now())
        self._partial("erasing", ident("erasing", "late upload"))
        self.ledger.served.pop("erasing")

    # One selection, and what belongs to it

    def _training(self) -> None:
        client = ident("client")
        self._insert("logbooks", guider=ADA, profile="stages", began_on=date(2026, 1, 5))
        self._insert("logbook_clients", id=client, guider=ADA, family="K-104")
        self._insert("logbook_clients", id=ident("erased client"), guider=ADA, family=None)
        for number, client_id in enumerate((client, ident("erased client")), 1):
            self._insert(
                "logbook_cycles",
                id=ident("cycle", str(number)),
                client_id=client_id,
                cycle=number,
                role="guider",
                filmed_on=date(2026, 2, number),
                reviewed_on=date(2026, 2, 10 + number),
                left_out=False,
            )
        self._insert(
            "logbook_hours",
            id=ident("hours"),
            guider=ADA,
            kind="supervision",
            held_on=date(2026, 3, 6),
            minutes=90,
            role="guider",
        )

    def _service(self) -> None:
        """What the service knew of itself: a dead worker, figures, and the audit, which names what was erased."""
        self._insert(
            "workers",
            name="old-machine:77",
            version="0.9",
            started_at=self._now(),
            seen_at=self._now(),
            jobs_done=12,
            draining=False,
            left_at=None,
            skew_s=0.01,
        )
        quarter = {"quarter": BEGAN, "kind": "moment", "code": ""}
        self._insert("endings", **quarter, outcome="done", ready_ms=9100, jobs=3)
        state = {"state": "well", "since": BEGAN, "waiting": 2, "running": 1, "oldest_waiting_s": 3.5, "workers": 1}
        self._insert("samples", at=BEGAN, **state, disk_free_bytes=1 << 34)
        self._insert("audit", at=BEGAN, who="token", action="erase", target=ident("erased"), detail="")

    # Rows and files
