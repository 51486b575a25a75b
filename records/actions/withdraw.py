"""Taking back what shows a selection, or a photograph, that is to be seen no more.

The caller holds the whole family (records.ledger.selections.lock_family): nothing that could show it begins or ends
meanwhile, and what was begun before stands in output_sources.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from records.ledger.outputs import (
    drop_output,
    outputs_showing,
    queue_output,
    sources_of,
    stop_output,
    take_back_files,
)
from records.ledger.scheduling import Priority
from records.ledger.selections import all_moments_ready, settle
from records.models import OutputRow, SelectionRow


def withdraw_selection(session: Session, selection_id: str) -> None:
    """Take back what other selections made, or are making, with a selection that must not be seen.

    What was made of the two together goes altogether; what shows several reviews is made again without this one, which
    may be chosen again once it can be seen.
    """
    for output in outputs_showing(session, selection_id=selection_id):
        if output.selection_id == selection_id:
            continue
        other = output.selection
        if output.recipe.get("companion") == selection_id:
            drop_output(session, output)
        else:
            named = output.recipe.get("earlier", ())
            if selection_id in named:
                output.recipe = {**output.recipe, "earlier": [one for one in named if one != selection_id]}
            _make_again(session, output)
        settle(session, other)


def withdraw_artwork(session: Session, artwork_id: str) -> None:
    """Take back whatever shows a photograph, and have it made again without."""
    for output in outputs_showing(session, artwork_id=artwork_id):
        _make_again(session, output)
        settle(session, output.selection)


def withdraw_moments(session: Session, selection: SelectionRow, moment_ids: Collection[str]) -> None:
    """Take back whatever shows moments of a selection that are gone, and have it made again without."""
    for output in outputs_showing(session, selection_id=selection.id):
        if any(source.moment_id in moment_ids for source in sources_of(session, output)):
            _make_again(session, output)
            settle(session, output.selection)


def _make_again(session: Session, output: OutputRow) -> None:
    take_back_files(session, output)
    if all_moments_ready(session, output.selection):
        queue_output(session, output.selection, output, Priority.AWAITED_PACK)
    else:
        stop_output(session, output)
