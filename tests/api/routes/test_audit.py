"""The audit as information governance reads it: by family, person and action, as a file, and whether it is whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.app import create_app
from records.accounts.principal import Role
from records.audit.actions import Action
from records.audit.actor import NamedActor
from records.audit.log import note
from records.database import open_database
from records.models import AccountRow, FamilyRow, FamilyShareRow
from records.settings import Settings
from tests.api.conftest import client_of
from tests.databases import make_tables

AUDIT = "/api/v1/audit"
ADA = NamedActor("a" * 32, "session")
FAMILY = "f" * 32


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    made = Settings(data_dir=tmp_path_factory.mktemp("audit"), min_free_bytes=0)
    make_tables(made)
    db = open_database(made)
    with db.session() as session:
        session.add(AccountRow(id=ADA.account_id, kind="person", display_name="Ada", roles=Role.GUIDER))
        session.flush()
        session.add(FamilyRow(id=FAMILY, code="K-104", owner_account_id=ADA.account_id))
    for number in range(6):
        with db.session() as session:
            note(session, ADA, Action.VIEW, family_id=FAMILY if number % 2 else "", moment_id=f"{number:032x}")
    db.dispose()
    return made


@pytest.fixture
def governance(settings: Settings) -> Iterator[TestClient]:
    with client_of(create_app(settings)) as client:
        yield client


def test_who_saw_this_family(governance: TestClient) -> None:
    found = governance.get(AUDIT, params={"family": "k-104"}).raise_for_status().json()["lines"]
    assert [(line["who"], line["action"], line["family_id"]) for line in found] == [("Ada", "view", FAMILY)] * 3
    assert {line["family"] for line in found} == {"K-104"}
    assert "K-104" not in governance.get(f"{AUDIT}/export").text
    assert {"id": ADA.account_id, "name": "Ada"} in governance.get(f"{AUDIT}/accounts").json()
    by_id = governance.get(AUDIT, params={"family_id": FAMILY, "action": "view"}).json()["lines"]
    assert [line["sequence"] for line in by_id] == [line["sequence"] for line in found]
    assert governance.get(AUDIT, params={"family": "K-105"}).status_code == 404


def test_ids_are_called_by_name_while_what_they_name_exists(governance: TestClient, settings: Settings) -> None:
    db = open_database(settings)
    with db.session() as session:
        share = FamilyShareRow(family_id=FAMILY, account_id=ADA.account_id, kind="colleague", by=ADA.account_id)
        session.add(share)
        session.flush()
        note(session, ADA, Action.STOP_SHARING, share.id, family_id=FAMILY)
        note(session, ADA, Action.HAND_OVER, f"{ADA.account_id} {'1' * 32}", family_id=FAMILY)
    asked = {"account_id": ADA.account_id, "limit": 2}
    lines = governance.get(AUDIT, params=asked).json()["lines"]
    assert [(line["family"], line["target_name"]) for line in lines] == [("K-104", "Ada")] * 2
    with db.session() as session:
        session.delete(session.get_one(FamilyRow, FAMILY))
    db.dispose()
    lines = governance.get(AUDIT, params=asked).json()["lines"]
    assert [(line["family"], line["family_id"]) for line in lines] == [("", FAMILY)] * 2
    assert [line["target_name"] for line in lines] == ["Ada", ""]


def test_reading_leaves_a_line_and_pages_go_back_to_the_first(governance: TestClient) -> None:
    governance.get(AUDIT)
    newest = governance.get(AUDIT, params={"limit": 1}).json()["lines"]
    assert newest[0]["action"] == Action.READ_AUDIT
    before, numbers = 10_000, list[int]()
    while before:
        page = governance.get(AUDIT, params={"limit": 3, "before": before, "account_id": ADA.account_id}).json()
        numbers += [line["sequence"] for line in page["lines"]]
        before = page["next_before"]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 6


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"family": "Ada Smith"}, {"since": "soon"}, {"action": "x"}, {"x": 1}])
def test_a_wrong_question_is_one(governance: TestClient, wrong: dict[str, str]) -> None:
    assert governance.get(AUDIT, params=wrong).status_code == 422


def test_it_is_taken_away_as_a_table_and_as_json(governance: TestClient) -> None:
    asked = {"account_id": ADA.account_id}
    table = governance.get(f"{AUDIT}/export", params=asked)
    lines = governance.get(f"{AUDIT}/export", params=asked | {"format": "json"}).json()
    assert 'filename="audit.csv"' in table.headers["content-disposition"]
    assert [row["moment_id"] for row in csv.DictReader(io.StringIO(table.text))] == [row["moment_id"] for row in lines]
    assert len(lines) == 6


def test_whether_it_is_whole_is_told_with_the_place(governance: TestClient, settings: Settings) -> None:
    assert governance.get(f"{AUDIT}/verification").json()["is_whole"] is True
    db = open_database(settings)
    with db.session() as session:
        session.execute(text("DROP TRIGGER audit_no_update"))
        session.execute(text("UPDATE audit SET account_id = 'noor' WHERE sequence = 3"))
    db.dispose()
    checked = governance.get(f"{AUDIT}/verification").json()
    assert checked["is_whole"] is False
    assert checked["found"]["faults"][0] == {"kind": "broken", "sequence": 3}
