"""Keys for what a browser keeps of a film: whose they are, and that they go for good with what was sent of it."""

from __future__ import annotations

import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from records.accounts.principal import Role
from records.actions.draft_keys import IDLE_DAYS, destroy_idle_draft_keys
from records.keys.ring import KeyRing, key_ring
from records.keys.rotation import rotate_master_key
from records.keys.store import BACKED_UP_KINDS, KeyKind
from tests.api.accounts import invited, logins, make_app, set_up
from tests.api.service import begin

KEYS = "/api/v1/session/draft-keys"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return make_app(tmp_path_factory.mktemp("drafts"))


@pytest.fixture(scope="module")
def ada(app: FastAPI) -> TestClient:
    return set_up(app, invited(app, next(logins), Role.GUIDER))[0]


@pytest.fixture(scope="module")
def ben(app: FastAPI) -> TestClient:
    return set_up(app, invited(app, next(logins), Role.GUIDER))[0]


def put(client: TestClient, draft: str, **body: Any) -> dict[str, Any]:
    return dict(client.put(f"{KEYS}/{draft}", json=body).raise_for_status().json())


def find(client: TestClient, *drafts: str) -> dict[str, Any]:
    return dict(client.post(KEYS, json={"ids": list(drafts)}).raise_for_status().json())


def stored(app: FastAPI, draft: str) -> Path:
    return app.state.context.settings.keys_dir() / KeyKind.DRAFT / draft[:2] / draft


def sent_by(client: TestClient, family: str) -> str:
    return str(begin(client, family=family)["selection"]["id"])


def test_a_key_is_made_once_and_is_its_owner_s_alone_or_everybody_s(ada: TestClient, ben: TestClient) -> None:
    own, shared, unknown = (secrets.token_hex(16) for _ in range(3))
    made = put(ada, own)
    assert put(ada, own) == made
    assert list(made["keys"]) == [own]
    assert put(ben, own) == {"keys": {}, "gone": []}  # nor is it said that it is somebody's
    everybody_s = put(ada, shared, everybody=True)["keys"][shared]
    assert find(ben, own, shared, unknown) == {"keys": {shared: everybody_s}, "gone": []}
    assert find(ada, own)["keys"] == made["keys"]


def test_it_goes_with_the_last_of_what_was_sent(app: FastAPI, ada: TestClient) -> None:
    draft = secrets.token_hex(16)
    key = put(ada, draft)["keys"]
    assert "master" in json.loads(stored(app, draft).read_text())
    one, other = sent_by(ada, "K-201"), sent_by(ada, "K-202")
    assert put(ada, draft, sent=[one])["keys"] == key
    assert "master" not in json.loads(stored(app, draft).read_text())  # nothing but what was sent opens it
    assert put(ada, draft, sent=[one, other])["keys"] == key
    ada.delete(f"/api/v1/selections/{one}").raise_for_status()
    assert KeyRing(app.state.context.settings).draft_key(draft, [account_of(ada)])
    ada.delete(f"/api/v1/selections/{other}").raise_for_status()
    assert find(ada, draft) == put(ada, draft) == {"keys": {}, "gone": [draft]}


def test_one_that_is_being_erased_keeps_the_others_tied(app: FastAPI, ada: TestClient) -> None:
    draft, ring = secrets.token_hex(16), key_ring(app.state.context.settings)
    one, other = sent_by(ada, "K-206"), sent_by(ada, "K-207")
    ring.destroy(KeyKind.SELECTION, one)  # its rows go after its key
    assert list(put(ada, draft, sent=[one, other])["keys"]) == [draft]
    ring.destroy(KeyKind.SELECTION, other)
    assert find(ada, draft)["gone"] == [draft]


def test_it_goes_if_all_that_was_sent_went_before_a_page_said_what_that_was(ada: TestClient, ben: TestClient) -> None:
    draft, unknown = secrets.token_hex(16), secrets.token_hex(16)
    key = put(ada, draft)["keys"]
    erased = sent_by(ada, "K-208")
    ada.delete(f"/api/v1/selections/{erased}").raise_for_status()
    assert put(ada, draft, sent=[erased, unknown])["keys"] == key  # of one nothing is known
    assert put(ben, draft, sent=[erased]) == {"keys": {}, "gone": []}
    assert find(ada, draft)["keys"] == key
    assert put(ada, draft, sent=[erased]) == {"keys": {}, "gone": [draft]}


def test_it_goes_with_the_family(ada: TestClient) -> None:
    draft = secrets.token_hex(16)
    selection = sent_by(ada, "K-203")
    put(ada, draft, sent=[selection])
    family = ada.get(f"/api/v1/selections/{selection}").json()["family_id"]
    ada.delete(f"/api/v1/families/{family}").raise_for_status()
    assert find(ada, draft)["gone"] == [draft]


def test_another_s_selection_ties_nothing(app: FastAPI, ada: TestClient, ben: TestClient) -> None:
    draft = secrets.token_hex(16)
    put(ada, draft, sent=[sent_by(ben, "K-204"), secrets.token_hex(16)])
    assert "sent" not in json.loads(stored(app, draft).read_text())


def test_it_outlives_a_new_master_key_and_is_in_no_backup(app: FastAPI, ada: TestClient) -> None:
    open_one, tied = secrets.token_hex(16), secrets.token_hex(16)
    keys = put(ada, open_one)["keys"] | put(ada, tied, sent=[sent_by(ada, "K-205")])["keys"]
    rotate_master_key(app.state.context.settings)
    assert find(ada, open_one, tied)["keys"] == keys
    assert KeyKind.DRAFT not in BACKED_UP_KINDS


def test_what_no_page_asks_for_goes_and_what_one_asked_for_stays(app: FastAPI, ada: TestClient) -> None:
    settings = app.state.context.settings
    left, opened = secrets.token_hex(16), secrets.token_hex(16)
    long_ago = time.time() - (IDLE_DAYS + 1) * 86_400
    for draft in (left, opened):
        put(ada, draft)
        os.utime(stored(app, draft), (long_ago, long_ago))
    find(ada, opened)
    assert destroy_idle_draft_keys(settings) == 1
    assert find(ada, left, opened)["gone"] == [left]
    assert not key_ring(settings).store.is_destroyed(opened)


def account_of(client: TestClient) -> str:
    return str(client.get("/api/v1/session").json()["account_id"])
