"""Outputs that show the moments of two selections: a family's film, and the recording of the review of it."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pipeline.moments import parse_selection
from pipeline.pack.companion import WithCompanion
from pipeline.prepared import CompanionWrong, check_companion
from records.effects import effects_of
from records.ledger.selections import settle
from records.models import ArtifactRow, JobRow, MomentState, SelectionRow


def find_companion(session: Session, selection: SelectionRow, recipe: object) -> SelectionRow | None:
    """The other selection that a recipe names; None where it names none.

    Raises: CompanionWrong where there is none of that name, it does not belong to this one, or is not all ready.
    """
    if not isinstance(recipe, WithCompanion) or not recipe.companion:
        return None
    query = select(SelectionRow).where(SelectionRow.id == recipe.companion, SelectionRow.visible)
    other = session.scalars(query).one_or_none()
    if other is None:
        sentence = "The moments of the other film are not here any more. Choose others, or none."
        raise CompanionWrong(sentence, for_guider=sentence)
    check_companion(parse_selection(selection.shape), parse_selection(other.shape))
    if any(moment.state != MomentState.READY for moment in other.moments):
        sentence = "The moments of the other film are not all ready yet. Please wait for them, and ask again."
        raise CompanionWrong(sentence, for_guider=sentence)
    return other


def drop_outputs_with(session: Session, selection_id: str, family: str) -> None:
    """Take out what other selections made with the moments of this one.

    Called in the transaction that marks this one for erasing. A job at work on such an output loses its row, and with
    it the right to publish.
    """
    others = select(SelectionRow).where(
        SelectionRow.family == family, SelectionRow.id != selection_id, SelectionRow.visible
    )
    for other in session.scalars(others.order_by(SelectionRow.id).with_for_update()).all():
        shown_in = [kind for kind, recipe in other.recipes.items() if recipe.get("companion") == selection_id]
        if not shown_in:
            continue
        files = (ArtifactRow.selection_id == other.id) & ArtifactRow.kind.in_(shown_in)
        effects_of(session).delete(session.scalars(select(ArtifactRow.storage_key).where(files)))
        session.execute(delete(ArtifactRow).where(files))
        session.execute(delete(JobRow).where(JobRow.selection_id == other.id, JobRow.kind.in_(shown_in)))
        other.recipes = {kind: recipe for kind, recipe in other.recipes.items() if kind not in shown_in}
        other.outputs = [kind for kind in other.outputs if kind not in shown_in]
        settle(session, other)
