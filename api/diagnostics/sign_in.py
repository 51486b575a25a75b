"""Whether what people sign in with is as strong as it can be: what is left to those who run the service."""

from __future__ import annotations

from api.diagnostics.check import Check
from records.settings import Settings

_PART = "sign-in"


def check_sign_in(settings: Settings) -> Check:
    """That nobody signs in with one factor, and that no stolen password is chosen."""
    shared = [
        name
        for name, token in (("VIGPACK_TOKEN", settings.token), ("VIGPACK_IT_TOKEN", settings.it_token))
        if token.get_secret_value()
    ]
    if shared:
        found = f"{' and '.join(shared)}: one factor, the same for everybody who knows it"
        remedy = "Give people accounts (docs/sign-in.md), and leave the shared tokens out then."
        return Check(part=_PART, state="warn", found=found, remedy=remedy)
    if settings.local_accounts and settings.breached_passwords is None:
        found = "two factors; passwords are looked up in no list of stolen ones"
        remedy = "Name such a list in VIGPACK_BREACHED_PASSWORDS: docs/security.md says how to get it."
        return Check(part=_PART, state="warn", found=found, remedy=remedy)
    found = "people have accounts, with two factors" if settings.local_accounts else "the organisation's own"
    return Check(part=_PART, state="ok", found=found)
