"""Sealing files that are from before there were keys: in the background, one after the other, while all goes on.

Each file is replaced in one step, so a crash leaves it plain or sealed, and the next turn goes on. When none of a
selection is plain any more, its key says so, and a plain file is not taken for one of its own from then on.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from sqlalchemy import select

from pipeline.errors import PipelineError
from records.actions.erase import selection_folder
from records.database import Database
from records.every_row import bear_no_hidden_rows, every
from records.keys.errors import KeyGone
from records.keys.ring import key_ring
from records.logs import get_logger
from records.models import SelectionRow
from records.settings import Settings
from records.storage.contract import StorageMissing
from records.storage.sealed import SealedStorage

log = get_logger("records")


def seal_files(db: Database, storage: SealedStorage, settings: Settings) -> int:
    """Seal every file that is still plain; how many.

    One that cannot be sealed just now is told in the log and left for the next turn.
    Raises: DatabaseUnavailable.
    """
    with db.reading() as session:
        bear_no_hidden_rows(session)
        columns = every(session, SelectionRow)
        ids = session.scalars(select(columns.id).where(columns.erasing_at.is_(None))).all()
    done = 0
    for selection_id in ids:
        try:
            if key_ring(settings).selection_key(selection_id).plain_before:
                done += _seal_selection(storage, settings, selection_id)
        except KeyGone:  # erased meanwhile
            continue
        except PipelineError as error:
            log.warning("files_not_sealed_yet", code=error.code, cause=str(error))
    return done


def _seal_selection(storage: SealedStorage, settings: Settings, selection_id: str) -> int:
    done = 0
    settings.scratch().mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=settings.scratch(), prefix="sealing-") as folder:
        for key in list(storage.keys(selection_folder(selection_id))):
            try:
                done += storage.seal_plain(key, Path(folder))
            except StorageMissing:  # it went meanwhile
                continue
    key_ring(settings).note_all_sealed(selection_id)
    return done
