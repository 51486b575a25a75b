"""Photographs of what a child made: kept with a selection, erased with it, and with them what was made of them.

A photograph is stored and its row added while the selection is held, so that a file without a row is nobody's.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.images.photograph import Photograph
from pipeline.outputs.kinds import find_kind, parse_recipe
from pipeline.print.recipes import shows_artwork
from records.actions.withdraw import withdraw_artwork
from records.audit.erasure_register import ErasureKind, note_erasure
from records.effects import effects_of
from records.errors import ArtworkFull, ArtworkGone, SelectionGone
from records.ledger.outputs import Source, note_sources, outputs_of, outputs_showing, queue_output
from records.ledger.scheduling import Priority
from records.ledger.selections import all_moments_ready, is_visible, lock_family, lock_selection, settle
from records.models import ArtworkRow, SelectionRow, new_id
from records.storage.contract import Storage

MOST_ARTWORK = 20


def artwork_folder(selection_id: str) -> str:
    """The folder in storage for the photographs of a selection; it lies in the selection's own."""
    return f"selections/{selection_id}/artwork/"


def artwork_of(session: Session, selection_id: str) -> Sequence[ArtworkRow]:
    """The photographs of a selection, in the order in which they came."""
    query = select(ArtworkRow).where(ArtworkRow.selection_id == selection_id)
    return session.scalars(query.order_by(ArtworkRow.created_at, ArtworkRow.id)).all()


def find_artwork(session: Session, selection_id: str, artwork_id: str) -> ArtworkRow:
    """One of them. Raises: ArtworkGone."""
    row = session.get(ArtworkRow, artwork_id)
    if row is None or row.selection_id != selection_id or not is_visible(session, selection_id):
        raise ArtworkGone(artwork_id)
    return row


def keep_artwork(session: Session, storage: Storage, selection_id: str, photograph: Photograph) -> None:
    """Keep a finished photograph; what holds such pictures is made again.

    Raises: SelectionGone, ArtworkFull, NoRoom, StorageUnavailable.
    """
    selection = _held(session, selection_id)
    if len(artwork_of(session, selection_id)) >= MOST_ARTWORK:
        raise ArtworkFull
    row = ArtworkRow(
        id=new_id(),
        selection_id=selection_id,
        words="",
        storage_key="",
        bytes=photograph.artifact.bytes,
        sha256=photograph.artifact.sha256,
        width_px=photograph.width_px,
        height_px=photograph.height_px,
    )
    row.storage_key = f"{artwork_folder(selection_id)}{row.id}.jpg"
    storage.put(photograph.artifact.path, row.storage_key)
    session.add(row)
    session.flush()
    for output in outputs_of(session, selection_id):
        if shows_artwork(parse_recipe(find_kind(output.kind), output.recipe)):
            note_sources(session, output, [Source(selection_id, artwork_id=row.id)])
    _make_again(session, selection, row.id)


def word_artwork(session: Session, selection_id: str, artwork_id: str, words: str) -> None:
    """Keep the child's own words about it. Raises: SelectionGone, ArtworkGone."""
    selection = _held(session, selection_id)
    row = find_artwork(session, selection_id, artwork_id)
    if row.words != words:
        row.words = words
        session.flush()
        _make_again(session, selection, artwork_id)


def erase_artwork(session: Session, selection_id: str, artwork_id: str) -> None:
    """Take a photograph out, and every file that may show it.

    What showed it is made again without it. Raises: SelectionGone, ArtworkGone.
    """
    if lock_family(session, selection_id) is None:
        raise SelectionGone(selection_id)
    row = find_artwork(session, selection_id, artwork_id)
    effects_of(session).delete([row.storage_key])
    session.delete(row)
    note_erasure(session, ErasureKind.ARTWORK, artwork_id)
    session.flush()
    withdraw_artwork(session, artwork_id)


def _held(session: Session, selection_id: str) -> SelectionRow:
    selection = lock_selection(session, selection_id)
    if selection is None:
        raise SelectionGone(selection_id)
    return selection


def _make_again(session: Session, selection: SelectionRow, artwork_id: str) -> None:
    """Have made again what this selection shows the photograph in."""
    if all_moments_ready(session, selection):
        for output in outputs_showing(session, artwork_id=artwork_id):
            if output.selection_id == selection.id:
                queue_output(session, selection, output, Priority.AWAITED_PACK)
        settle(session, selection)
