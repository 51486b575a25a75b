"""Does again what was erased or taken back after a backup was made."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.actions.artwork import erase_artwork
from records.actions.erase import mark_erased
from records.actions.erase_family import mark_family_erased
from records.actions.hide import ask_hiding_again
from records.actions.record_consents import replay_no
from records.actions.silence import silence_again
from records.audit.actor import SERVICE
from records.audit.erasure_register import Erasure, ErasureKind
from records.ledger.selections import is_visible
from records.models import ArtworkRow, ErasureRow, FamilyRow, LogbookClientRow
from records.retention.certificates import Cause
from records.training.logbook import forget_client


def replay(session: Session, register: Iterable[Erasure]) -> int:
    """How many things were erased or taken back again.

    What the database itself has in its register was done before the backup was made and is left alone.
    """
    known = set(session.scalars(select(ErasureRow.id)))
    done = 0
    for erasure in sorted(set(register)):
        if erasure.id in known:
            continue
        done += _do(session, erasure)
        session.add(ErasureRow(id=erasure.id, kind=erasure.kind, target=erasure.target))
    session.flush()
    return done


def _do(session: Session, erasure: Erasure) -> bool:
    """False where what is named is not there."""
    match erasure.kind:
        case ErasureKind.SELECTION:
            return mark_erased(session, erasure.target)
        case ErasureKind.ARTWORK:
            row = session.get(ArtworkRow, erasure.target)
            if row is None or not is_visible(session, row.selection_id):
                return False
            erase_artwork(session, row.selection_id, row.id)
            return True
        case ErasureKind.HIDING:
            return ask_hiding_again(session, erasure.target)
        case ErasureKind.SILENCE:
            return silence_again(session, erasure.target)
        case ErasureKind.CONSENT:
            return replay_no(session, erasure.target)
        case ErasureKind.LOGBOOK_CLIENT:
            client = session.get(LogbookClientRow, erasure.target)
            if client is None or client.family is None:
                return False
            forget_client(session, client)
            return True
        case ErasureKind.FAMILY:
            family = session.get(FamilyRow, erasure.target)
            if family is None or not family.visible:
                return False
            mark_family_erased(session, SERVICE, family, Cause.RESTORED)
            return True
    return False
