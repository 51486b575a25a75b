"""The place of a moment among those of its kind, and what follows from it: its number, and the name of its file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from pipeline.moments import Clip, Still
from records.models import ArtifactRow, MomentRow, SelectionRow, new_id


def number_of(session: Session, moment: MomentRow) -> int:
    """From 1, among the moments of its kind."""
    before = select(func.count()).where(
        MomentRow.selection_id == moment.selection_id,
        MomentRow.kind == moment.kind,
        MomentRow.position < moment.position,
    )
    return (session.scalar(before) or 0) + 1


def file_name(number: int, name: str) -> str:
    """The name of a moment's file: the second clip is 02.mp4."""
    return f"{number:02}{PurePath(name).suffix}"


def in_order(selection: SelectionRow) -> list[MomentRow]:
    """Its moments as they stand now: clips first, then stills."""
    return sorted(selection.moments, key=lambda moment: (moment.kind, moment.position))


def number_anew(session: Session, selection: SelectionRow, order: Sequence[MomentRow]) -> None:
    """Put the moments in this order, clips first, and name their files by it; the caller holds the selection.

    What the page said of each one's own upload goes with it.
    """
    said, cuts = selection.film.cuts, dict[int, object]()
    for position, moment in enumerate(order):
        if moment.position in said:
            cuts[position] = said[moment.position]
    selection.film = selection.film.model_copy(update={"cuts": cuts})
    for position, moment in enumerate(order):
        moment.position = position
    session.flush()
    write_shape(selection)
    _name_files(session, order)


def write_shape(selection: SelectionRow) -> None:
    """Have the list of moments in the shape of moments.toml say what their rows say."""
    moments = [row.moment for row in in_order(selection)]
    selection.shape = selection.shape.model_copy(
        update={
            "clips": tuple(one for one in moments if isinstance(one, Clip)),
            "stills": tuple(one for one in moments if isinstance(one, Still)),
        }
    )


def _name_files(session: Session, order: Sequence[MomentRow]) -> None:
    """In two steps: on the way to its new name a file would meet another that still has it."""
    wanted: dict[str, str] = {}
    numbers = dict.fromkeys(("clip", "still"), 0)
    for moment in order:
        numbers[moment.kind] += 1
        for file in session.scalars(select(ArtifactRow).where(ArtifactRow.moment_id == moment.id)):
            if (name := file_name(numbers[moment.kind], file.name)) != file.name:
                wanted[file.id] = name
    for names in ({one: new_id() for one in wanted}, wanted):
        for artifact_id, name in names.items():
            session.execute(update(ArtifactRow).where(ArtifactRow.id == artifact_id).values(name=name))
