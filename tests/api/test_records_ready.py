"""A database that was put back by hand shows nothing of what was erased since, from the first answer on."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.engine import make_url

from api.app import create_app
from api.records_ready import RecordsReady
from pipeline.purposes import Purpose
from records.accounts.principal import SERVICE
from records.actions.erase import erase_selection
from records.actions.erase_family import erase_family
from records.actions.hide import ask_hiding
from records.actions.record_consents import record_consents
from records.audit.erasure_register import copy_register
from records.audit.log import newest
from records.consent.check import Said, newest_consents
from records.documents import Statement
from records.errors import RecordsNotReady
from records.models import ErasureCertificateRow, FamilyRow, HidingRow, MomentRow, SelectionRow
from records.settings import Settings
from records.storage.contract import Storage, StorageUnavailable
from tests.api.conftest import client_of
from tests.records.backup.place import Place
from tests.records.consent.family import CHILD, say
from tests.servers import PostgresServer, wait_until

PutBack = Callable[[], None]


@pytest.fixture
def place(settings: Settings) -> Place:
    return Place(settings.model_copy(update={"min_free_bytes": 0, "recovery_s": 1}))


@pytest.fixture
def copy_database(place: Place, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], PutBack]:
    """Copies the database as somebody would by hand; what it gives puts the copy in the place of what is there."""
    url = make_url(place.settings.database())
    name = url.database or ""

    def copy_file() -> PutBack:
        with closing(sqlite3.connect(name)) as there, closing(sqlite3.connect(tmp_path / "copy")) as copy:
            there.backup(copy)

        def put_back() -> None:
            place.db.dispose()
            for journal in (f"{name}-wal", f"{name}-shm"):
                Path(journal).unlink(missing_ok=True)
            shutil.copyfile(tmp_path / "copy", name)

        return put_back

    def copy_in_server() -> PutBack:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        place.db.dispose()
        with server.away(name):  # who is connected by now is sent away: a template must be nobody's
            copy = server.create_database(name)

        def put_back() -> None:
            server.drop_database(name)
            server.execute(f'ALTER DATABASE "{copy}" RENAME TO "{name}"')

        return put_back

    return copy_file if url.get_backend_name() == "sqlite" else copy_in_server


def shown(client: TestClient) -> set[str]:
    """The reviews that the service shows, and the families that it knows."""
    reviews = client.get("/api/v1/selections").raise_for_status().json()["items"]
    return {one["id"] for one in [*reviews, *client.get("/api/v1/families").raise_for_status().json()["items"]]}


class _Away:
    """A store that cannot be reached."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.is_away = True

    def __getattr__(self, name: str) -> object:
        if self.is_away:
            raise StorageUnavailable("away")
        return getattr(self._storage, name)


def test_nothing_erased_is_shown_again(place: Place, copy_database: Callable[[], PutBack]) -> None:
    gone, erased, kept = place.add(), place.add(moments=True), place.add(moments=True)
    with place.db.session() as session:
        lost, stays = (session.get_one(SelectionRow, one).family_id for one in (gone, kept))
        say(session, stays, Said.AGREED, [Purpose.PICTURE_NOTES])
        hidden = session.scalars(select(MomentRow.id).where(MomentRow.selection_id == kept)).first() or ""
    put_back = copy_database()
    assert erase_family(place.db, place.storage, place.settings, SERVICE, lost)
    assert erase_selection(place.db, place.storage, place.settings, erased)
    with place.db.session() as session:
        ask_hiding(session, kept, hidden, ())
        no = Statement(person=CHILD, purposes=(Purpose.PICTURE_NOTES,), agrees=False)
        record_consents(session, SERVICE, stays, [no])
    copy_register(place.db, place.storage)
    put_back()

    with client_of(create_app(place.settings)) as client:
        assert shown(client) == {kept, stays}
        with place.db.reading() as session:
            assert session.get(HidingRow, hidden) is not None
            said = {row.person_id: row.said for row in newest_consents(session, stays)}
            assert said[CHILD.id] == Said.WITHDRAWN

        def is_over() -> bool:
            with place.db.reading() as session:
                certificates = session.scalars(select(ErasureCertificateRow)).all()
                return [one.cause for one in certificates if one.finished_at] == ["restored"]

        wait_until(is_over, "what came back is erased to its end")
    with place.db.reading() as session:
        assert session.get(FamilyRow, lost) is None
        assert [line.action for line in newest(session)].count("replay_erasures") == 2
    with client_of(create_app(place.settings)) as client:  # it is done once
        assert shown(client) == {kept, stays}
    with place.db.reading() as session:
        assert [line.action for line in newest(session)].count("replay_erasures") == 2
    place.db.dispose()


def test_words_and_films_wait_for_no_store_that_is_away(place: Place, copy_database: Callable[[], PutBack]) -> None:
    gone, kept = place.add(), place.add(moments=True)
    with place.db.session() as session:
        hidden = session.scalars(select(MomentRow.id).where(MomentRow.selection_id == kept)).first() or ""
    put_back = copy_database()
    assert erase_selection(place.db, place.storage, place.settings, gone)
    with place.db.session() as session:
        ask_hiding(session, kept, hidden, ())
    copy_register(place.db, place.storage)
    put_back()
    store = _Away(place.storage)
    ctx = replace(create_app(place.settings).state.context, storage=store)
    ready = RecordsReady(ctx)
    with pytest.raises(RecordsNotReady), ctx.db.reading():
        pass
    ready.look()
    with ctx.db.reading() as session:
        assert session.scalars(select(SelectionRow.id).where(SelectionRow.visible)).all() == [kept]
        assert session.get(HidingRow, hidden) is None
    store.is_away = False
    ready.look()
    with ctx.db.reading() as session:
        assert session.get(HidingRow, hidden) is not None
    ctx.db.dispose()


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_one_that_is_put_back_under_a_running_service_is_noticed(
    place: Place, copy_database: Callable[[], PutBack]
) -> None:
    gone, kept = place.add(), place.add()
    put_back = copy_database()
    with client_of(create_app(place.settings)) as client:
        assert client.delete(f"/api/v1/selections/{gone}").status_code == 204
        copy_register(place.db, place.storage)

        def is_known() -> bool:  # a round has counted it
            return client.app.state.records_ready.erasures == 1  # type: ignore[attr-defined]

        wait_until(is_known, "the service knows what it erased")
        put_back()

        def is_gone() -> bool:
            with place.db.reading() as session:
                return session.scalars(select(SelectionRow.id).where(SelectionRow.visible)).all() == [kept]

        wait_until(is_gone, "what came back is erased again")
