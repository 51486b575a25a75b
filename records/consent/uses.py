"""What each use of moments asks for: keeping and showing them, supervising, and each kind of output."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.outputs.kinds import KINDS, Kind, purpose_of_film
from pipeline.purposes import Purpose
from records.consent.check import require
from records.ledger.outputs import Source, outputs_of, sources_of
from records.models import MomentRow, OutputRow, SelectionRow


def base_purpose(selection: SelectionRow) -> Purpose:
    """What its moments are cut and kept for."""
    return purpose_of_film(selection.shape.of)


def require_moment(session: Session, moment_id: str) -> None:
    """Nothing, if a moment may be made, kept and shown. Raises: ConsentMissing."""
    moment = session.get(MomentRow, moment_id)
    if moment is not None:
        require(session, base_purpose(session.get_one(SelectionRow, moment.selection_id)), moment_ids=[moment_id])


def require_selection(session: Session, selection: SelectionRow) -> None:
    """Nothing, if all moments of a selection may be made, kept and shown. Raises: ConsentMissing."""
    require(session, base_purpose(selection), selection_ids=[selection.id])


def require_new(session: Session, selection: SelectionRow) -> None:
    """Nothing, if a selection may begin with everything that is to be made of it. Raises: ConsentMissing."""
    require_selection(session, selection)
    own = {Source(selection.id, moment_id=moment.id) for moment in selection.moments}
    for output in outputs_of(session, selection.id):
        require_output(session, output.kind, Purpose(output.purpose), own)


def require_output(session: Session, kind: str, purpose: Purpose, sources: Iterable[Source]) -> None:
    """Nothing, if an output of this kind may be made of these, and shown, for the purpose. Raises: ConsentMissing."""
    if shown := moments_shown(session, kind, sources):
        require(session, purpose, moment_ids=sorted(shown))


def moments_shown(session: Session, kind: str, sources: Iterable[Source]) -> set[str]:
    """The moments of these in which somebody can be seen or heard in an output of this kind: of notes no clip."""
    named = [source.moment_id for source in sources if source.moment_id]
    moments = session.scalars(select(MomentRow).where(MomentRow.id.in_(named)))
    return {moment.id for moment in moments if _shows(KINDS.get(kind), moment)}


def require_made(session: Session, output: OutputRow) -> None:
    """Nothing, if what was made of an output may be opened. Raises: ConsentMissing."""
    require_output(session, output.kind, Purpose(output.purpose), sources_of(session, output))


def _shows(kind: Kind | None, moment: MomentRow) -> bool:
    if kind is None:
        return True
    if not kind.shows_people:
        return False
    return kind.shows_moment(moment.kind)
