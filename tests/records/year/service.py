"""The service that is played with, and what has to hold in it at every step."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
)
from sqlalchemy import event, select

from pipeline.purposes import Purpose
from records.consent.check import Said, newest_consents
from records.copies.register import all_copies_out
from records.database import Database
from records.documents import FamilyPerson, StatedFilm
from records.effects import Effects
from records.keys.ring import key_ring
from records.keys.store import KeyKind
from records.models import (
    AccountRow,
    ArtifactRow,
    FamilyRow,
    FamilyShareRow,
    MomentRow,
    RetentionHoldRow,
    SelectionRow,
    UploadRow,
    new_id,
)
from records.retention_policy.policy import policy_of
from records.settings import Settings
from records.storage.open import open_storage
from tests.databases import make_tables
from tests.effects import open_alone
from tests.records.year.expected import (
    Crash,
    Crashes,
    CrashingStore,
    Family,
    Film,
    Made,
    Work,
)
from tests.servers import PostgresServer

SUPERVISOR = "5" * 32
STATED = StatedFilm(bytes=1_000_000, duration_ms=10_000)


class Service(RuleBasedStateMachine):
    """One service on one machine, and what should be in it."""

    postgres: ClassVar[tuple[PostgresServer, str] | None] = None
    """Where its database is a copy of this template; None: it has one of SQLite."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.settings = Settings(data_dir=self.folder / "data", consent_policy=None, min_free_bytes=0)
        if self.postgres is None:
            make_tables(self.settings)
        else:
            server, template = self.postgres
            self.settings.database_url = server.url(server.create_database(template))
        self.crash = Crashes()
        self.db: Database = open_alone(self.settings)
        if self.postgres is None:
            event.listen(self.db.engine, "connect", lambda made, _: made.execute("PRAGMA synchronous=OFF"))
        self.storage: Any = CrashingStore(open_storage(self.settings), self.crash)
        self.db.on_commit = self._carry_out
        self.db.before_commit = lambda _: self.crash()
        self.store = key_ring(self.settings).store
        self._destroy = self.store.destroy
        self.store.destroy = self._destroy_or_crash  # type: ignore[method-assign]
        self.policy = policy_of(self.settings)
        self.today = 0
        self.is_clean = True
        """No crash since everything was brought in order."""
        self.undone: set[str] = set()
        """Films whose transaction was undone after their keys were made: such a key seals nothing."""
        self.families: list[Family] = []
        self.work: list[Work] = []
        with self.db.session() as session:
            session.add(AccountRow(id=SUPERVISOR, kind="person", display_name="Sol", roles="supervisor"))
        self.begins()

    def _carry_out(self, effects: Effects) -> None:
        for key in effects.keys:
            self.storage.delete(key)
        self.crash()

    def _destroy_or_crash(self, kind: KeyKind, key_id: str) -> bool:
        self.crash()
        try:
            return self._destroy(kind, key_id)
        finally:
            self.crash()

    @property
    def there(self) -> list[Family]:
        return [one for one in self.families if not one.over]

    def one(self, data: st.DataObject, *, with_films: bool = False) -> Family:
        return data.draw(st.sampled_from([one for one in self.there if one.films or not with_films]))

    def packs(self) -> list[tuple[Family, Film, Made]]:
        films = [(family, film) for family in self.there for film in family.films.values()]
        return [(*one, made) for one in films for made in one[1].made.values() if made.kind == "review_pack"]

    @contextmanager
    def dying(self) -> Iterator[list[bool]]:
        """For the block; what it gives is filled where the process died in it."""
        died: list[bool] = []
        try:
            yield died
        except Crash:
            died.append(True)
            self.is_clean = False

    def begins(self) -> None:
        """How each year begins."""
        raise NotImplementedError

    # What has to hold at every step

    @invariant()
    def rows_are_what_was_done(self) -> None:
        with self.db.reading() as session:
            families = set(session.scalars(select(FamilyRow.id).where(FamilyRow.erasing_at.is_(None))))
            visible = SelectionRow.visible
            rows = session.execute(select(SelectionRow.family_id, SelectionRow.id).where(visible))
            films = {(row[0], row[1]) for row in rows}
            of = select(MomentRow.selection_id, MomentRow.id).join(SelectionRow).where(visible)
            moments = {(row[0], row[1]) for row in session.execute(of)}
            files = select(ArtifactRow.storage_key).join(SelectionRow, SelectionRow.id == ArtifactRow.selection_id)
            made = set(session.scalars(files.where(visible)))
            sent = select(UploadRow.selection_id).join(SelectionRow, SelectionRow.id == UploadRow.selection_id)
            sources = set(session.scalars(sent.where(visible)))
            good = FamilyShareRow.ended_at.is_(None) & FamilyShareRow.family_id.in_(families)
            shares = set(session.scalars(select(FamilyShareRow.id).where(good)))
            held = RetentionHoldRow.released_at.is_(None) & RetentionHoldRow.family_id.in_(families)
            holds = set(session.scalars(select(RetentionHoldRow.family_id).where(held)))
            out = {one.id for one in all_copies_out(session)}
        there = self.there
        all_films = [film for family in there for film in family.films.values()]
        assert families == {family.id for family in there}
        assert films == {(family.id, film) for family in there for film in family.films}
        assert moments == {(film.id, one) for film in all_films for one in film.seen}
        assert made == {key for film in all_films for key in film.made}
        assert sources == {film.id for film in all_films if film.has_source}
        assert shares == {one for family in there for one in family.shares}
        assert holds == {family.id for family in there if family.held}
        assert out == {one for family in self.families for one in family.copies}

    @invariant()
    def nothing_is_kept_that_somebody_said_no_to(self) -> None:
        for family in self.there:
            for film in family.films.values():
                for made in film.made.values():
                    noes = {(one, made.purpose) for one in made.seen if family.said.get((one, made.purpose)) is False}
                    assert noes <= family.waiting
                    assert made.moments <= set(film.seen)

    @invariant()
    def files_and_keys_are_those_of_the_rows(self) -> None:
        stored = set(self.storage.keys("selections/"))
        with self.db.reading() as session:
            named = set(
                session.scalars(
                    select(ArtifactRow.storage_key)
                    .join(SelectionRow, SelectionRow.id == ArtifactRow.selection_id)
                    .where(SelectionRow.visible)
                )
            )
            uploads = select(UploadRow.storage_key).join(SelectionRow, SelectionRow.id == UploadRow.selection_id)
            named |= {key for key in session.scalars(uploads.where(SelectionRow.visible)) if key}
        assert named <= stored, "a row without its file"
        families = {family.id for family in self.there}
        films = {film for family in self.there for film in family.films}
        keys = {kind: set(self.store.ids(kind)) for kind in (KeyKind.FAMILY, KeyKind.SELECTION)}
        assert families <= keys[KeyKind.FAMILY]
        assert films <= keys[KeyKind.SELECTION]
        assert not (families | films) & set(self.store.destroyed_ids())
        if self.is_clean:
            assert stored == named, "a file without its row"
            assert keys[KeyKind.FAMILY] == families, "a key of what was erased"
            assert keys[KeyKind.SELECTION] - self.undone == films, "a key of what was erased"

    # How one looks

    def _lost(self, *films: Film) -> None:
        """Jobs on these may find that they are not wanted any more."""
        for work in self.work:
            work.may_be_lost = work.may_be_lost or any(work.film is film for film in films)

    def _heed(self, family: Family, noes: Iterable[tuple[str, Purpose]]) -> None:
        self._lost(*family.films.values())
        family.heed(noes)

    def _put(self, key: str) -> None:
        path = self.folder / new_id()
        path.write_bytes(b"film")
        self.storage.put(path, key)

    def _film(self, selection_id: str) -> tuple[Family, Film]:
        found = [(family, family.films[selection_id]) for family in self.there if selection_id in family.films]
        assert found, "work on what was erased"
        return found[0]

    def _vanish(self, family: Family) -> None:
        """A family goes with its last film, at once or when that is erased to its end."""
        if family.is_emptied and not family.ever_no and not family.over:
            if self._is_gone(family):
                family.over = True
            else:
                assert not self.is_clean

    def _said(self, family: Family, person: FamilyPerson, purpose: Purpose) -> bool | None:
        with self.db.reading() as session:
            newest = [one for one in newest_consents(session, family.id) if one.person_id == person.id]
        return next((one.said == Said.AGREED for one in newest if one.purpose == purpose), None)

    def _is_gone(self, family: Family) -> bool:
        with self.db.reading() as session:
            row = session.get(FamilyRow, family.id)
            return row is None or row.erasing_at is not None
