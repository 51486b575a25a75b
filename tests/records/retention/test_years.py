"""Years of families, in minutes: nothing is kept too long, nothing is erased early, and rows, files and keys agree.

Days pass by moving every time in the database back. What should be there is worked out beside the service, from what
was done and on which day, in days: months have 28 to 31 of them, so each limit has a day before which nothing may go
and one after which nothing may be left.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import event, select, text

from records.accounts.principal import SERVICE, SHARED_GUIDER_ACCOUNT, Via
from records.accounts.shared_secrets import shared_principal
from records.actions.apply_retention import apply_retention
from records.actions.complete_job import finish
from records.actions.end_hold import end_hold
from records.actions.erase import artifact_folder, erase_selection, resume_erasures
from records.actions.erase_family import erase_family, resume_family_erasures
from records.actions.sweep import sweep_store
from records.database import Database
from records.documents import MomentFacts
from records.keys.ring import key_ring
from records.keys.store import KeyKind
from records.ledger.jobs import claim_next
from records.models import ArtifactRow, ErasureCertificateRow, FamilyRow, SelectionRow, UploadRow, new_id, utcnow
from records.retention.errors import FamilyHeld
from records.retention.family import set_involvement
from records.retention.holds import holds_of, place_hold
from records.retention_policy.policy import policy_of
from records.settings import Settings
from records.storage.contract import Storage, StorageUnavailable
from records.storage.open import open_storage
from tests.databases import make_tables
from tests.effects import open_alone
from tests.records.actions.test_erase import put
from tests.records.cast import K_207, add_selection, complete_upload
from tests.records.days import let_days_pass

HERE = shared_principal(SHARED_GUIDER_ACCOUNT, Via.SECRET)
TWO_MONTHS, SIX_MONTHS, NOTICE = (59, 62), (181, 184), (28, 31)
READY, UNFINISHED = 14, 60


class Unsteady:
    """A store that goes away after so many deletions."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.left: int | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def delete(self, key: str) -> None:
        if self.left is not None:
            if self.left == 0:
                raise StorageUnavailable("away")
            self.left -= 1
        self._storage.delete(key)


@dataclass
class Family:
    """What was done with a family, by the day of the test's own calendar."""

    id: str
    code: str
    last: int
    """The day on which something of it was last sent, made or said …"""
    ended: int | None = None
    held: bool = False
    held_sources: frozenset[str] = frozenset()
    """Of which what was sent was there when the hold began."""
    noticed: int | None = None
    sent: dict[str, int] = field(default_factory=dict)
    """The selections, and the day on which each was sent or its moments were ready."""
    ready: set[str] = field(default_factory=set)
    over: bool = False
    """Somebody asked for it to be erased."""

    def due(self, late: bool) -> int:
        """The day before which it may not go, or on which it must."""
        end = self.ended if self.ended is not None else self.last + SIX_MONTHS[late]
        return max(end + TWO_MONTHS[late], NOTICE[late] + (self.noticed if self.noticed is not None else 10**9))


class Years(RuleBasedStateMachine):
    """One service, its families, and the years."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.settings = Settings(data_dir=self.folder)
        make_tables(self.settings)
        self.db: Database = open_alone(self.settings)
        event.listen(self.db.engine, "connect", lambda made, _: made.execute("PRAGMA synchronous=OFF"))
        self.storage = Unsteady(open_storage(self.settings))
        self.db.on_commit = lambda effects: [self.storage.delete(key) for key in effects.keys] and None
        self.policy = policy_of(self.settings)
        self.today = 0
        self.families: list[Family] = []
        for _ in range(2):
            self.a_family_comes()

    def teardown(self) -> None:
        if hasattr(self, "db"):
            for days in (0, 15, 63, 63, 63, 63, 33):  # so long that all goes that nobody holds
                self.days_pass(days, then_a_round=False)
                self.a_round_passes_after_every_outage_is_over()
            assert all(family.held for family in self.there)
            self.db.dispose()
            shutil.rmtree(self.folder)

    @property
    def there(self) -> list[Family]:
        return [one for one in self.families if not one.over]

    def one(self, data: st.DataObject) -> Family:
        return data.draw(st.sampled_from(self.there))

    @rule()
    @precondition(lambda self: len(self.families) < 4)
    def a_family_comes(self) -> None:
        code = f"K-{len(self.families) + 100}"
        with self.db.session() as session:
            row = FamilyRow(code=code, owner_account_id=SHARED_GUIDER_ACCOUNT)
            session.add(row)
            session.flush()
        self.families.append(Family(row.id, code, self.today))

    @rule(data=st.data(), ready=st.booleans())
    @precondition(lambda self: self.there)
    def a_film_is_sent(self, data: st.DataObject, ready: bool) -> None:
        family = self.one(data)
        selection_id, upload_id = add_selection(self.db, {**K_207, "family": family.code}), new_id()
        key = put(self.storage, f"selections/{selection_id}/uploads/{upload_id}", self.folder)  # type: ignore[arg-type]
        complete_upload(self.db, selection_id, upload_id=upload_id, storage_key=key)
        won = claim_next(self.db, "w", self.settings)
        assert won
        assert won.selection_id == selection_id
        if ready:
            made = artifact_folder(selection_id, won.job_id, won.token) + "01.mp4"
            put(self.storage, made, self.folder)  # type: ignore[arg-type]
            file = ArtifactRow(
                kind="clip", name="01.mp4", storage_key=made, media_type="video/mp4", bytes=1, sha256="0"
            )
            finish(self.db, won, [file], MomentFacts(in_ms=0))
            family.ready.add(selection_id)
        with self.db.session() as session:  # the pack of no interest here; a moment that is not ready has failed
            session.execute(text("DELETE FROM jobs WHERE moment_id IS NULL"))
            session.execute(text("UPDATE jobs SET state = 'failed' WHERE state = 'running'"))
            session.execute(text("UPDATE moments SET state = 'failed' WHERE state = 'running'"))
        family.sent[selection_id] = family.last = self.today

    @rule(data=st.data())
    @precondition(lambda self: self.there)
    def the_work_ends(self, data: st.DataObject) -> None:
        family = self.one(data)
        with self.db.session() as session:
            set_involvement(session, HERE, family.id, utcnow())
        family.ended = self.today

    @rule(data=st.data())
    @precondition(lambda self: self.there)
    def the_work_goes_on(self, data: st.DataObject) -> None:
        family = self.one(data)
        with self.db.session() as session:
            set_involvement(session, HERE, family.id, None)
        family.ended, family.last = None, self.today

    @rule(data=st.data())
    @precondition(lambda self: self.there)
    def it_is_held_or_released(self, data: st.DataObject) -> None:
        family = self.one(data)
        with self.db.session() as session:
            if family.held:
                for hold in holds_of(session, [family.id])[family.id]:
                    end_hold(session, SERVICE, family.id, hold.id)
            else:
                place_hold(session, SERVICE, family.id, self.policy, "The court asked for it.")
                family.held_sources = frozenset(session.scalars(select(UploadRow.selection_id))) & set(family.sent)
        family.held = not family.held

    @rule(data=st.data())
    @precondition(lambda self: self.there)
    def somebody_has_it_erased(self, data: st.DataObject) -> None:
        family = self.one(data)
        try:
            erase_family(self.db, self.storage, self.settings, SERVICE, family.id)  # type: ignore[arg-type]
        except FamilyHeld:
            assert family.held
            return
        except StorageUnavailable:
            assert self.storage.left is not None
        assert not family.held
        family.over = True

    @rule(data=st.data())
    @precondition(lambda self: any(len(one.sent) > 1 for one in self.there))
    def one_review_of_several_is_erased(self, data: st.DataObject) -> None:
        family = data.draw(st.sampled_from([one for one in self.there if len(one.sent) > 1]))
        selection_id = data.draw(st.sampled_from(sorted(family.sent)))
        try:
            erase_selection(self.db, self.storage, self.settings, selection_id)  # type: ignore[arg-type]
        except FamilyHeld:
            assert family.held
            return
        except StorageUnavailable:
            assert self.storage.left is not None
        del family.sent[selection_id]
        family.ready.discard(selection_id)

    @rule(days=st.sampled_from([1, 15, 30, 33, 63]), then_a_round=st.booleans())
    def days_pass(self, days: int, then_a_round: bool) -> None:
        with self.db.session() as session:
            let_days_pass(session, days)
        self.today += days
        if then_a_round:
            self.a_round_passes()

    @rule(left=st.integers(0, 2))
    def the_store_goes_away(self, left: int) -> None:
        self.storage.left = left

    def a_round_passes(self) -> None:
        try:
            done = apply_retention(self.db, self.storage, self.settings, utcnow())  # type: ignore[arg-type]
        except StorageUnavailable:
            assert self.storage.left is not None
            return
        for family in self.there:
            if family.id in done.noticed:
                family.noticed = self.today
            with self.db.reading() as session:
                row = session.get(FamilyRow, family.id)
                is_gone = row is None or not row.visible
            if is_gone:
                assert not family.held
                assert self.today >= family.due(late=False), "erased early"
                family.over = True
            else:
                assert family.held or self.today <= family.due(late=True), "kept too long"

    @rule()
    def a_round_passes_after_every_outage_is_over(self) -> None:
        self.storage.left = None
        resume_erasures(self.db, self.storage, self.settings)  # type: ignore[arg-type]
        resume_family_erasures(self.db, self.storage, self.settings)  # type: ignore[arg-type]
        self.a_round_passes()
        sweep_store(self.db, self.storage)  # type: ignore[arg-type]
        self.all_that_is_left_agrees()

    @invariant()
    def nothing_goes_early(self) -> None:
        with self.db.reading() as session:
            seen = set(session.scalars(select(FamilyRow.id).where(FamilyRow.visible)))
            reviews = set(session.scalars(select(SelectionRow.id).where(SelectionRow.visible)))
            sources = set(session.scalars(select(UploadRow.selection_id)))
        assert {one.id for one in self.there} <= seen
        for family in self.there:
            assert set(family.sent) <= reviews
            assert not family.held or family.held_sources <= sources
            for selection_id, day in family.sent.items():
                kept = READY if selection_id in family.ready else UNFINISHED
                assert selection_id in sources or self.today - day >= kept

    def all_that_is_left_agrees(self) -> None:
        with self.db.reading() as session:
            families = set(session.scalars(select(FamilyRow.id)))
            reviews = set(session.scalars(select(SelectionRow.id)))
            sources = set(session.scalars(select(UploadRow.selection_id)))
            keys = set(session.scalars(select(ArtifactRow.storage_key)))
            keys |= {key for key in session.scalars(select(UploadRow.storage_key)) if key}
            certificates = session.scalars(select(ErasureCertificateRow)).all()
        assert families == {one.id for one in self.there}
        assert reviews == {selection_id for one in self.there for selection_id in one.sent}
        assert set(self.storage.keys("selections/")) == keys
        assert set(key_ring(self.settings).store.ids(KeyKind.FAMILY)) == families
        assert {one.family_id for one in certificates} == {one.id for one in self.families if one.over}
        assert all(one.finished_at for one in certificates)
        for family in self.there:
            for selection_id, day in family.sent.items():
                kept = READY if selection_id in family.ready else UNFINISHED
                assert family.held or selection_id not in sources or self.today - day <= kept


TestYears = Years.TestCase
TestYears.settings = settings(
    max_examples=8,
    stateful_step_count=18,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=[Phase.generate],
    database=None,
)
