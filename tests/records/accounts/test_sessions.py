"""Sessions and API tokens: good for whom and until when, and what ends them at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from records.accounts.api_tokens import (
    create_api_token,
    find_api_token,
    list_api_tokens,
    revoke_api_token,
    touch_api_token,
)
from records.accounts.closing import close_account
from records.accounts.machine_secret import FILE_NAME, machine_secret
from records.accounts.principal import MACHINE_ACCOUNT, SHARED_GUIDER_ACCOUNT, Role, Scope, Via
from records.accounts.sessions import (
    MOST_SESSIONS,
    Lifetime,
    begin_session,
    end_session,
    end_sessions,
    find_session,
    list_sessions,
    touch_session,
)
from records.accounts.shared_secrets import SharedSecrets
from records.database import Database
from records.models import AccountRow, ApiTokenRow, SessionRow
from records.secrets.keys import derive_key
from records.secrets.secret_file import SecretFileUnusable

SECRETS = SharedSecrets({SHARED_GUIDER_ACCOUNT: "a long random text"})
LIFETIME = Lifetime(idle_s=600, longest_s=3600)
SHARED = SHARED_GUIDER_ACCOUNT


def begun(db: Database, account_id: str = SHARED, lifetime: Lifetime = LIFETIME) -> str:
    with db.session() as session:
        return begin_session(session, SECRETS, account_id, by="secret", device="Edge", lifetime=lifetime)


def is_good(db: Database, value: str, secrets: SharedSecrets = SECRETS) -> bool:
    with db.reading() as session:
        return find_session(session, secrets, value) is not None


def earlier(db: Database, seconds: int) -> None:
    """Everything happened so much earlier."""
    by = timedelta(seconds=seconds)
    with db.session() as session:
        for row in session.scalars(select(SessionRow)):
            row.seen_at, row.ends_at, row.signed_in_at = row.seen_at - by, row.ends_at - by, row.signed_in_at - by
        for token in session.scalars(select(ApiTokenRow)):
            token.ends_at -= by


def test_the_database_holds_nothing_that_opens_a_session(db: Database) -> None:
    value = begun(db)
    with db.reading() as session:
        row = session.scalars(select(SessionRow)).one()
        found = find_session(session, SECRETS, value)
    held = [str(getattr(row, column.name)) for column in SessionRow.__table__.columns]
    assert value not in held
    assert not any(is_good(db, text) for text in held)
    assert found is not None
    assert (found.principal.via, found.principal.roles) == (Via.SESSION, {Role.GUIDER, Role.IT})


def test_it_ends_when_idle_and_after_its_longest_time_however_busy(db: Database) -> None:
    value = begun(db)
    for _ in range(7):
        earlier(db, 500)
        assert is_good(db, value)
        with db.session() as session:
            touch_session(session, session.scalars(select(SessionRow.id)).one())
    earlier(db, 150)
    assert not is_good(db, value)
    idle = begun(db)
    earlier(db, 601)
    assert not is_good(db, idle)


def test_of_a_person_s_sessions_beyond_twenty_the_least_used_end_and_a_shared_account_s_do_not(db: Database) -> None:
    with db.session() as session:
        session.add(AccountRow(id="ada", kind="person", display_name="Ada", roles=Role.GUIDER))
    mine, theirs = [], []
    for _ in range(MOST_SESSIONS + 2):
        mine.append(begun(db, "ada"))
        theirs.append(begun(db))
        earlier(db, 1)
    assert [is_good(db, value) for value in mine] == [False] * 2 + [True] * MOST_SESSIONS
    assert all(is_good(db, value) for value in theirs)


def test_another_secret_an_unknown_account_and_a_closed_one_end_it(db: Database) -> None:
    value = begun(db)
    assert is_good(db, value)
    assert not is_good(db, value, SharedSecrets({SHARED: "another long text"}))
    assert not is_good(db, value, SharedSecrets({}))
    with db.session() as session:
        assert close_account(session, SHARED)
    assert not is_good(db, value)
    assert not is_good(db, begun(db))


def test_nobody_ends_or_lists_the_session_of_another_account(db: Database) -> None:
    mine, other = begun(db), begun(db)
    with db.session() as session:
        found = find_session(session, SECRETS, mine)
        assert found is not None
        assert not end_session(session, MACHINE_ACCOUNT, found.principal.session_id)
        assert list_sessions(session, MACHINE_ACCOUNT, "") == []
        assert [one.is_this_one for one in list_sessions(session, SHARED, found.principal.session_id)].count(True) == 1
        assert end_session(session, SHARED, found.principal.session_id)
    assert not is_good(db, mine)
    assert is_good(db, other)
    with db.session() as session:
        assert end_sessions(session, SHARED) == 1
    assert not is_good(db, other)


def made(db: Database, *scopes: Scope) -> str:
    with db.session() as session:
        return create_api_token(session, SECRETS, SHARED, name="figures", scopes=scopes, days=1)[0]


def scopes_with(db: Database, value: str, secrets: SharedSecrets = SECRETS) -> frozenset[Scope] | None:
    with db.reading() as session:
        found = find_api_token(session, secrets, value)
    return found[0].scopes if found else None


def test_a_token_opens_what_it_was_made_for_and_what_its_account_still_may(db: Database) -> None:
    value = made(db, Scope.OPERATIONS_READ, Scope.REVIEWS_READ)
    assert scopes_with(db, value) == {Scope.OPERATIONS_READ, Scope.REVIEWS_READ}
    with db.session() as session:
        session.execute(update(AccountRow).values(roles="it"))
    assert scopes_with(db, value) == {Scope.OPERATIONS_READ}


def _revoke(db: Database) -> None:
    with db.session() as session:
        [view] = list_api_tokens(session, SHARED)
        assert not revoke_api_token(session, MACHINE_ACCOUNT, view.id)
        assert revoke_api_token(session, SHARED, view.id)
        assert not revoke_api_token(session, SHARED, view.id)


def _close(db: Database) -> None:
    with db.session() as session:
        close_account(session, SHARED)


@pytest.mark.parametrize("end", [_revoke, _close, lambda db: earlier(db, 24 * 3600 + 1)])
def test_a_revoked_expired_or_orphaned_token_opens_nothing(db: Database, end: Callable[[Database], None]) -> None:
    value = made(db, Scope.OPERATIONS_READ)
    assert value.startswith("vgp_")
    assert len(value) >= 40
    assert scopes_with(db, value)
    end(db)
    assert scopes_with(db, value) is None


def test_a_token_dies_with_the_shared_secret_and_tells_its_last_use(db: Database) -> None:
    value = made(db, Scope.OPERATIONS_READ)
    assert scopes_with(db, value, SharedSecrets({SHARED: "another long text"})) is None
    with db.session() as session:
        [before] = list_api_tokens(session, SHARED)
        touch_api_token(session, before.id)
        [after] = list_api_tokens(session, SHARED)
    assert before.used_at is None
    assert after.used_at is not None
    assert value not in str(after)


def test_keys_for_two_purposes_have_nothing_in_common() -> None:
    assert derive_key("secret", "pass") != derive_key("secret", "proof")
    # Computed with another implementation: OpenSSL's HKDF, salt "vigpack", info "pass".
    assert derive_key("secret", "pass").hex() == "c31855e9e29990acc95cbe2d5768995f57850aa4926e5fae9d697768429a742f"


def test_the_secret_of_a_folder_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = machine_secret(data)
    assert len(first) > 40
    assert machine_secret(data) == first
    assert (data / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in data.iterdir()] == [FILE_NAME]


def test_a_secret_that_others_could_read_is_replaced(tmp_path: Path) -> None:
    first = machine_secret(tmp_path)
    (tmp_path / FILE_NAME).chmod(0o644)
    assert machine_secret(tmp_path) != first
    (tmp_path / FILE_NAME).write_text("short")
    assert len(machine_secret(tmp_path)) > 40


def test_a_folder_that_is_none_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(SecretFileUnusable) as raised:
        machine_secret(tmp_path / "data")
    assert str(tmp_path) in raised.value.for_guider
