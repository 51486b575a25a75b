"""Who one person is, for whatever is limited for each: an account, or one browser of a token that several share."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import Depends, Request

from api.dependencies import Asker
from api.middleware.identity import Identity
from api.middleware.wrong_tokens import place_of
from records.accounts.principal import SHARED_GUIDER_ACCOUNT, SHARED_IT_ACCOUNT

_SHARED = {SHARED_GUIDER_ACCOUNT, SHARED_IT_ACCOUNT}


def person_of(request: Request, who: Asker) -> str:
    """The same text for all that one person asks, as far as that can be known."""
    if who.account_id not in _SHARED:
        return who.account_id
    identity: Identity = request.app.state.identity
    own = who.session_id or place_of(request.scope, request.headers, identity.browser_key)
    return f"{who.account_id} {own}"


def hash_person(person: str) -> str:
    """What stands in the database for them: it tells persons apart, and holds no address."""
    return hashlib.sha256(f"person {person}".encode()).hexdigest()[:32]


Person = Annotated[str, Depends(person_of)]
