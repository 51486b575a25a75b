"""Beginning a selection once, however often it is asked for.

A sender whose answer was lost on the way asks again with the same key. The selection's identifier is made from the key,
so the database itself keeps a second one out. Without a key every asking begins a new selection.
"""

from __future__ import annotations

import contextlib
import hashlib

from sqlalchemy.exc import IntegrityError

from records.database import Database
from records.errors import RecordsError, SelectionGone
from records.models import SelectionRow, new_id
from records.settings import Settings
from records.uploads.admission import check_queue, check_room
from records.views.selections import SelectionView, selection_view


class KeyReused(RecordsError):
    """The key already began a selection that says something else."""

    code = "key_reused"
    for_guider = (
        "Another list of moments was already sent under the same key. Please reload the page and send it again."
    )


def begin_selection(db: Database, settings: Settings, asked: SelectionRow, key: str = "") -> SelectionView:
    """The selection asked for, new; or the one that the same key began before, as it stands now.

    Raises: KeyReused; SelectionGone where it is just being erased; QueueFull and NoRoom where nothing new is taken.
    """
    asked.id = _id_from(key) if key else new_id()
    with (
        contextlib.suppress(IntegrityError),
        db.session() as session,
    ):  # asked twice at one instant: the other was first
        if session.get(SelectionRow, asked.id) is None:
            check_room(settings)
            check_queue(session, settings)
            session.add(asked)
    with db.reading() as session:
        there = session.get(SelectionRow, asked.id)
        view = selection_view(session, asked.id)
        if there is None or view is None:
            raise SelectionGone(asked.id)
        if _said(there) != _said(asked):
            raise KeyReused
        return view


def _id_from(key: str) -> str:
    return hashlib.sha256(f"selection begun under {key}".encode()).hexdigest()[:32]


def _said(row: SelectionRow) -> tuple[object, ...]:
    cuts = [moment.cut for moment in row.moments]
    return row.shape, row.film, row.preset, row.outputs, row.recipes, row.whole_film, row.review_on, cuts
