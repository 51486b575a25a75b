"""One application and one lying provider for all tests of a module, as at their start for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from records.accounts.organisation.provider import Provider
from records.models import AccountRow, LoginStateRow
from records.settings import Settings
from tests.api.routes.organisation.steps import (
    a_browser,
    with_organisation,
)
from tests.databases import make_tables
from tests.issuer import Issuer, running_issuer


@pytest.fixture(scope="module")
def shared_issuer() -> Iterator[Issuer]:
    with running_issuer() as made:
        yield made


@pytest.fixture
def issuer(shared_issuer: Issuer) -> Issuer:
    """It tells the truth until a test says otherwise."""
    return shared_issuer.tell_the_truth()


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory, shared_issuer: Issuer) -> FastAPI:
    made = Settings(data_dir=tmp_path_factory.mktemp("organisation"), min_free_bytes=0)
    make_tables(made)
    return create_app(with_organisation(made, shared_issuer))


@pytest.fixture
def app(shared_app: FastAPI) -> FastAPI:
    """As at its start: nobody has come, and nothing is known of the provider."""
    with shared_app.state.context.db.session() as session:
        session.query(LoginStateRow).delete()
        session.query(AccountRow).filter_by(kind="person").delete()
    shared_app.state.provider = Provider(shared_app.state.provider.organisation)
    return shared_app


@pytest.fixture
def settings(app: FastAPI) -> Settings:
    found: Settings = app.state.context.settings
    return found


@pytest.fixture
def browser(app: FastAPI) -> TestClient:
    return a_browser(app)
