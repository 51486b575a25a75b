"""A review as the player shows it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from pipeline.player.review import Review, ShownMoment, shown_drawings, shown_principle
from records.ledger.selections import drawn_on, facts_of, shown_kind, visible_selection
from records.models import ArtifactRow, MomentRow
from records.views.output_inputs import finished_rows


def review_of(session: Session, selection_id: str, address: Callable[[str], str]) -> Review:
    """The question and every moment that is ready, in their order; ``address`` tells where a file is, by its id.

    Raises: SelectionGone.
    """
    selection = visible_selection(session, selection_id)
    return Review(
        review=selection.id,
        question=selection.shape.helping_question,
        working_points=tuple(point for point in selection.shape.working_points if point),
        moments=tuple(_show(moment, file, address(file.id)) for moment, file in finished_rows(session, selection_id)),
    )


def _show(moment: MomentRow, file: ArtifactRow, address: str) -> ShownMoment:
    facts = facts_of(moment)
    return ShownMoment(
        kind=shown_kind(moment, file),
        file=address,
        width=facts.width_px,
        height=facts.height_px,
        fps=facts.fps,
        duration_ms=facts.duration_ms,
        caption=moment.moment.caption,
        principle=shown_principle(moment.moment.principle),
        peaks=facts.peaks,
        drawings=shown_drawings(drawn_on(moment), facts.width_px, facts.height_px),
    )
