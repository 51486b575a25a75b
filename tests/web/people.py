"""People with accounts of their own at the page, signed in without the way through password and phone."""

from __future__ import annotations

from playwright.sync_api import BrowserContext

from records.accounts.principal import Principal, Via, parse_roles, scopes_of
from records.accounts.sessions import Lifetime, begin_session
from records.accounts.shared_secrets import shared_secrets
from records.models import AccountRow
from tests.effects import open_alone
from tests.web.desk import DeskService


def sign_in(service: DeskService, context: BrowserContext, name: str, roles: str) -> Principal:
    """Somebody new, signed in in this browser."""
    db = open_alone(service.settings())
    with db.session() as session:
        row = AccountRow(kind="person", login=name.lower(), display_name=name, roles=roles)
        session.add(row)
        session.flush()
        secrets, lifetime = shared_secrets(service.settings()), Lifetime(3600, 3600)
        value = begin_session(session, secrets, row.id, by="secret", device="Edge on Windows", lifetime=lifetime)
        account_id = row.id
    db.dispose()
    context.add_cookies([{"name": f"vigpack_session_{service.port}", "value": value, "url": service.url}])
    known = parse_roles(roles)
    return Principal(account_id, name, known, Via.SESSION, scopes_of(known))
