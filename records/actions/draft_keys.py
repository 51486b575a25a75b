"""Keys for what a browser keeps of a film, while its moments are marked and sent.

Each is tied to what is sent of the film: with the last of that, or with the family, it is gone for good, so that what a
laptop keeps can be read by nobody any more, even if it never asks again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from records.accounts.principal import Principal
from records.database import Database
from records.families.access import Right, may_with_selection
from records.keys.errors import KeyGone, KeyMissing
from records.keys.ring import key_ring
from records.keys.store import KeyKind
from records.settings import Settings

EVERYBODY = "everybody"
"""The owner of what belongs to all who use the installation."""
IDLE_DAYS = 90
"""After so long a key that no page asked for is destroyed; the page drops marks after 30 days."""


@dataclass
class DraftKeys:
    """Keys of 32 bytes by their ids, and the ids of those that were destroyed. Of the others nothing is known."""

    keys: dict[str, bytes] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)


def draft_keys(settings: Settings, who: Principal, ids: Sequence[str]) -> DraftKeys:
    """Those of them that there are and that are theirs. Raises: what a KeyRing raises of a master key."""
    ring = key_ring(settings)
    found = DraftKeys()
    for draft_id in ids:
        try:
            found.keys[draft_id] = ring.draft_key(draft_id, _owners(who))
        except KeyGone:
            found.gone.append(draft_id)
        except KeyMissing:
            continue
        else:
            ring.store.touch(KeyKind.DRAFT, draft_id)
    return found


def make_draft_key(
    db: Database, settings: Settings, who: Principal, draft_id: str, sent: Collection[str], *, is_everybodys: bool
) -> DraftKeys:
    """The key of a draft, made where there was none, and tied to those of ``sent``, selections, that they work on.

    Raises: as draft_keys.
    """
    ring = key_ring(settings)
    with contextlib.suppress(KeyGone):  # told below
        ring.make_draft(draft_id, EVERYBODY if is_everybodys else who.account_id)
    with db.reading() as session:
        theirs = [one for one in sent if may_with_selection(session, who, one, Right.WORK)]
    for selection_id in theirs:
        with contextlib.suppress(KeyGone, KeyMissing):  # of this one, being erased; the others are tied all the same
            ring.tie_draft(draft_id, _owners(who), selection_id)
    with contextlib.suppress(KeyGone, KeyMissing):  # told below
        ring.destroy_untied_draft(draft_id, _owners(who), sent)
    return draft_keys(settings, who, [draft_id])


def destroy_idle_draft_keys(settings: Settings) -> int:
    """Destroy those that nobody asked for in a long time; how many. Raises: KeyStoreUnavailable."""
    ring = key_ring(settings)
    idle = list(ring.store.idle_ids(KeyKind.DRAFT, IDLE_DAYS * 86_400))
    return sum(ring.destroy(KeyKind.DRAFT, draft_id) for draft_id in idle)


def _owners(who: Principal) -> tuple[str, str]:
    return who.account_id, EVERYBODY
