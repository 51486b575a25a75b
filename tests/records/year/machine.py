"""A simulated year of everything together: families, agreements, noes, holds, shares, copies, jobs, retention, crashes.

What should be there is kept beside the service, from what was done alone: who said what, of what each file was made,
who was given what. After every step rows, files and keys are compared with it: nothing is kept that somebody said no
to, nothing goes that nobody asked for, and where a crash cut in, all agrees again after recovery. ``make year`` plays
as many years as one likes.
"""

from __future__ import annotations

import shutil

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from pipeline.purposes import Purpose
from records.actions.apply_retention import apply_retention
from records.actions.complete_job import requeue_expired
from records.actions.erase import resume_erasures
from records.actions.erase_family import resume_family_erasures
from records.actions.sweep import sweep_store
from records.audit.erasure_register import copy_register
from records.clock import utcnow
from records.copies.register import Carrier, copies_out
from records.models import (
    ErasureCertificateRow,
    FamilyRetentionRow,
    JobRow,
    JobState,
    UploadRow,
)
from tests.records.days import let_days_pass
from tests.records.year.expected import (
    ASKED,
    MOMENTS,
    NOTICE,
    READY,
    SIX_MONTHS,
    TWO_MONTHS,
    Family,
)
from tests.records.year.people import People
from tests.records.year.workers import Workers


class Year(People, Workers):
    """People, workers, and what passes by itself."""

    def begins(self) -> None:
        """A family of whom something is ready, something is being made and something waits."""
        self.a_family_comes(agrees=True)
        [family] = self.families
        everyone = frozenset(one.id for one in family.people)
        self._send(family, [everyone, everyone], notes=True)
        self.workers_do_what_waits()
        for pack in self.packs():
            self._hand_out(*pack, Carrier.LINK)
        self._send(family, [everyone, frozenset({family.people[0].id})], notes=True)
        self.a_worker_takes_a_job()

    def teardown(self) -> None:
        if not hasattr(self, "db"):
            return
        for days in (0, 15, 63, 63, 63, 63, 33):  # so long that all goes that nobody holds
            self.days_pass(days)
            self.all_is_brought_in_order()
        assert all(family.held for family in self.there)
        self.db.dispose()
        if self.postgres is not None:
            self.postgres[0].drop_database(str(make_url(self.settings.database()).database))
        shutil.rmtree(self.folder)

    @rule(data=st.data(), purpose=st.sampled_from(ASKED), is_released=st.booleans())
    @precondition(lambda self: any(one.films for one in self.there))
    def somebody_says_no_on_hold_while_something_is_made(
        self, data: st.DataObject, purpose: Purpose, is_released: bool
    ) -> None:
        family = self.one(data, with_films=True)
        if not family.held:
            self._hold_or_release(family)
        self.a_worker_takes_a_job()
        self._say(family, data.draw(st.sampled_from(family.people)), purpose, agrees=False)
        for work in list(self.work):
            self._hand_in(work)
        if is_released and family.held and not family.over:
            self._hold_or_release(family)

    @rule(points=st.integers(0, 7))
    def a_crash_is_ahead(self, points: int) -> None:
        self.crash.left = points

    @rule(days=st.sampled_from([1, 15, 30, 33, 63]))
    def days_pass(self, days: int) -> None:
        self.crash.left = None
        with self.db.session() as session:
            let_days_pass(session, days)
        self.today += days
        for work in self.work:  # nobody renewed it
            work.may_be_lost = True
        for family in self.families:  # a link ends on its day
            with self.db.reading() as session:
                out = {one.id for one in copies_out(session, family_id=family.id)}
            ended = {one for one, (_, carrier) in family.copies.items() if carrier is Carrier.LINK and one not in out}
            family.copies = {one: copy for one, copy in family.copies.items() if one not in ended}

    @rule()
    def a_round_of_retention_passes(self) -> None:
        ends = {one.id: self._end_of(one) for one in self.there}
        done = None
        with self.dying():
            done = apply_retention(self.db, self.storage, self.settings, utcnow())
        for family in self.there:
            if done is None or family.id in done.noticed:
                family.noticed_on = self._noticed_on(family)
            early, late = ends[family.id]
            notice = 10**9 if family.noticed_on is None else family.noticed_on
            if self._is_gone(family):
                assert not family.held
                assert self.today >= max(early + TWO_MONTHS[0], notice + NOTICE[0]), "erased early"
                self._lost(*family.films.values())
                family.go(certificate=True)
                continue
            due = max(late + TWO_MONTHS[1], notice + NOTICE[1])
            assert done is None or family.held or self.today <= due, "kept too long"
            self._compare_sources(family, is_whole=done is not None)

    @rule()
    def all_is_brought_in_order(self) -> None:
        self.crash.left = None
        requeue_expired(self.db, self.settings)
        resume_erasures(self.db, self.storage, self.settings)
        resume_family_erasures(self.db, self.storage, self.settings)
        copy_register(self.db, self.storage)
        for family in self.there:  # its last film's erasure was only now brought to its end
            self._vanish(family)
        self.a_round_of_retention_passes()
        sweep_store(self.db, self.storage)
        self.is_clean = True
        for family in self.there:
            self._vanish(family)
        with self.db.reading() as session:
            expired = (JobRow.state == JobState.RUNNING) & (JobRow.lease_until < utcnow())
            assert session.scalar(select(func.count()).where(expired)) == 0
            certificates = session.scalars(select(ErasureCertificateRow)).all()
        assert {one.family_id for one in certificates} == {one.id for one in self.families if one.has_certificate}
        assert all(one.finished_at for one in certificates)

    def _end_of(self, family: Family) -> tuple[int, int]:
        """The days between which involvement ended: as it was said, or by silence."""
        if family.ended_on is not None:
            return family.ended_on, family.ended_on
        days = [family.opened_on, family.still_on]
        days += [film.sent_on for film in family.films.values()]
        days += [made.day for film in family.films.values() for made in film.made.values()]
        return max(days) + SIX_MONTHS[0], max(days) + SIX_MONTHS[1]

    def _noticed_on(self, family: Family) -> int | None:
        with self.db.reading() as session:
            at = session.scalar(select(FamilyRetentionRow.noticed_at).where(FamilyRetentionRow.family_id == family.id))
        return None if at is None else self.today - (utcnow() - at).days

    def _compare_sources(self, family: Family, *, is_whole: bool) -> None:
        with self.db.reading() as session:
            there = set(session.scalars(select(UploadRow.selection_id)))
        for film in family.films.values():
            days = [made.day for made in film.made.values() if made.kind in MOMENTS]
            is_ready = film.ready == set(film.seen)
            since = max(days, default=film.sent_on) if is_ready else film.sent_on
            if film.has_source and film.id not in there:
                assert not family.held
                assert self.today - since >= READY, "a film went early"
                film.has_source = False
                self.is_clean = self.is_clean and is_whole
            elif film.has_source and is_ready and is_whole and not family.held:
                assert self.today - since <= READY, "a film was kept too long"


def play(examples: int, steps: int, *, derandomize: bool = True) -> None:
    """Play so many years of so many steps."""
    run_state_machine_as_test(
        Year,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=derandomize,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            database=None,
        ),
    )
