"""Stored files that may be handed out or looked at; None for whatever is not there, or is being erased."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from pipeline.images.photograph import MEDIA_TYPE
from records.accounts.principal import Principal
from records.actions.artwork import find_artwork
from records.actions.hide import find_withheld
from records.consent.uses import require_made
from records.families.access import visible_ids
from records.families.uses import require_look
from records.ledger.outputs import find_output, sources_of
from records.ledger.selections import is_visible
from records.models import ArtifactRow, MomentRow, OutputRow, UploadRow


@dataclass(frozen=True)
class StoredFile:
    """A file in storage, and how it is handed out."""

    key: str
    sha256: str
    media_type: str
    name: str | None = None
    """None: it is only looked at, never saved."""
    kind: str = ""
    """The kind of output that it is a file of; of anything else another word, or none."""


def artifact_file(session: Session, who: Principal, selection_id: str, artifact_id: str) -> StoredFile | None:
    """A finished file of a selection; None, too, where it may show another selection that is not theirs to see.

    Raises: ConsentMissing.
    """
    row = session.get(ArtifactRow, artifact_id)
    if row is None or row.selection_id != selection_id or not is_visible(session, selection_id):
        return None
    if row.moment_id is None:
        output = find_output(session, selection_id, row.kind)
        if output is not None:
            if _shows_what_is_not_shared(session, who, output):
                return None
            require_made(session, output)
    require_look(session, who, selection_id, row.moment_id or "")
    return StoredFile(row.storage_key, row.sha256, row.media_type, row.name, row.kind)


def withheld_file(session: Session, selection_id: str, moment_id: str, part: str) -> StoredFile | None:
    """What is to be looked at before hiding somebody in a moment is confirmed."""
    row = find_withheld(session, selection_id, moment_id, part)
    if row is None or not is_visible(session, selection_id):
        return None
    return StoredFile(row.storage_key, row.sha256, row.media_type)


def artwork_file(session: Session, selection_id: str, artwork_id: str) -> StoredFile:
    """A photograph of what a child made. Raises: ArtworkGone."""
    row = find_artwork(session, selection_id, artwork_id)
    return StoredFile(row.storage_key, row.sha256, MEDIA_TYPE)


def source_file(session: Session, selection_id: str, moment_id: str) -> tuple[str, str] | None:
    """The key and the SHA-256 of what was sent of the film for a moment."""
    moment = session.get(MomentRow, moment_id)
    upload = session.get(UploadRow, moment.upload_id) if moment and moment.upload_id else None
    if upload is None or upload.selection_id != selection_id or not is_visible(session, selection_id):
        return None
    if upload.storage_key is None or upload.sha256 is None:
        return None
    return upload.storage_key, upload.sha256


def _shows_what_is_not_shared(session: Session, who: Principal, output: OutputRow) -> bool:
    others = {one.selection_id for one in sources_of(session, output)} - {output.selection_id}
    return bool(others) and visible_ids(session, who, others) != others
