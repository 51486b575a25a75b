"""Handing out: nothing leaves without an entry in the register of copies, and without everybody's agreement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.errors import PipelineError
from pipeline.outputs.kinds import KINDS, find_kind
from pipeline.purposes import Purpose
from records.accounts.principal import Principal
from records.clock import utcnow
from records.consent import check as consent
from records.copies.carriers import carriers_of
from records.copies.links import LONGEST, add_link
from records.copies.register import Carrier, HandedOutCopy, add_copy, find_copies, is_out
from records.ledger.outputs import find_output, sources_of
from records.ledger.selections import visible_selection
from records.models import ArtifactRow, HandedOutCopyRow, OutputRow, SelectionRow


class NotHandedOut(PipelineError):
    """It cannot leave like this."""

    code = "not_handed_out"
    for_guider = "It cannot be handed out like this. Take another way, or say what is missing."


class LinkReachesNobody(NotHandedOut):
    """A link was asked for where the service answers its own machine alone."""

    code = "link_reaches_nobody"
    for_guider = "This service runs on this computer alone, so nobody else could open a link. Take a sealed pack."


@dataclass(frozen=True)
class Leaving:
    """What leaves, by what, to whom, and until when."""

    kind: str
    carrier: Carrier
    to_whom: str = ""
    """Empty: it stays with the account that takes it."""
    reason: str = ""
    until: datetime | None = None


def check_hand_out(session: Session, selection_id: str, leaving: Leaving) -> list[ArtifactRow]:
    """The files that leave, if they may. Raises: SelectionGone, OutputUnknown, NotHandedOut, ConsentMissing."""
    selection = visible_selection(session, selection_id)
    files, output = _files(session, selection, leaving.kind), find_output(session, selection.id, leaving.kind)
    if output is None or not files:
        raise _not("There is nothing of it yet. Make it first.")
    if leaving.carrier not in carriers_of(leaving.kind, [file.media_type for file in files]):
        raise _not(f"{find_kind(leaving.kind).title}: this way is not for such files.")
    if leaving.carrier is Carrier.PLAIN and not leaving.reason.strip():
        raise _not("Say why it leaves without a passphrase: everybody who holds it can open it.")
    if leaving.carrier is Carrier.LINK and not leaving.to_whom.strip():
        raise _not("Say whom the link is for.")
    if leaving.carrier is Carrier.LINK and leaving.until is None:
        raise _not("Say until when the link is to work.")
    if leaving.until is not None and leaving.until <= utcnow():
        raise _not("Its last day has passed already.")
    if leaving.carrier is Carrier.LINK and leaving.until is not None and leaving.until > utcnow() + LONGEST:
        raise _not(f"A link works for {LONGEST.days} days at most.")
    require_agreement(session, output)
    return files


def hand_out(session: Session, who: Principal, selection_id: str, leaving: Leaving) -> tuple[HandedOutCopy, str]:
    """The entry of a copy that leaves with this transaction, and of a link its secret; else empty.

    Raises: SelectionGone, OutputUnknown, NotHandedOut, ConsentMissing.
    """
    check_hand_out(session, selection_id, leaving)
    selection = visible_selection(session, selection_id)
    row = add_copy(
        session,
        who,
        selection,
        leaving.kind,
        leaving.carrier,
        purpose=_purpose(session, selection, leaving.kind),
        to_whom=leaving.to_whom.strip(),
        reason=leaving.reason.strip(),
        until=leaving.until,
    )
    secret = add_link(session, row.id) if leaving.carrier is Carrier.LINK else ""
    session.flush()
    [entry] = find_copies(session, HandedOutCopyRow.id == row.id)
    return entry, secret


def is_taken(session: Session, who: Principal, selection_id: str, kind: str) -> bool:
    """Whether the register says already that this account has a plain copy, or that the file is none of an output."""
    if kind not in KINDS:
        return True
    mine = (HandedOutCopyRow.by == who.account_id) & (HandedOutCopyRow.selection_id == selection_id)
    same = mine & (HandedOutCopyRow.kind == kind) & (HandedOutCopyRow.carrier == Carrier.PLAIN)
    return session.scalar(select(HandedOutCopyRow.id).where(same, is_out()).limit(1)) is not None


def note_taken(session: Session, who: Principal, selection_id: str, kind: str) -> None:
    """Enter that an account has fetched a file of an output, where nobody said more; the audit has its download."""
    selection = visible_selection(session, selection_id)
    purpose = _purpose(session, selection, kind)
    session.add(
        HandedOutCopyRow(
            family_id=selection.family_id,
            selection_id=selection.id,
            kind=kind,
            carrier=Carrier.PLAIN,
            purpose=purpose,
            by=who.account_id,
        )
    )


def require_agreement(session: Session, output: OutputRow, purpose: Purpose | None = None) -> None:
    """Nothing, if everybody in an output agreed to what it is for, or to another purpose. Raises: ConsentMissing."""
    if not KINDS[output.kind].shows_people:
        return
    sources = sources_of(session, output)
    moments = {one.moment_id for one in sources} - {""}
    whole = {one.selection_id for one in sources if not one.moment_id}
    if not moments:
        whole.add(output.selection_id)
    consent.require(session, purpose or Purpose(output.purpose), moment_ids=moments, selection_ids=whole)


def _files(session: Session, selection: SelectionRow, kind: str) -> list[ArtifactRow]:
    made = (ArtifactRow.selection_id == selection.id) & (ArtifactRow.kind == find_kind(kind).name)
    return list(session.scalars(select(ArtifactRow).where(made, ArtifactRow.moment_id.is_(None))))


def _purpose(session: Session, selection: SelectionRow, kind: str) -> str:
    output = find_output(session, selection.id, kind)
    return str(output.purpose if output else find_kind(kind).purpose_of(selection.shape.of))


def _not(sentence: str) -> NotHandedOut:
    return NotHandedOut(sentence, for_guider=sentence)
