"""The finished moments of a selection, as the pipeline takes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.moments import parse_selection
from pipeline.prepared import EarlierReview, Prepared, PreparedArtwork, PreparedMoment
from records.actions.earlier_reviews import choices_in
from records.ledger.selections import shown_kind
from records.models import ArtifactRow, ArtworkRow, MomentRow, SelectionRow
from records.storage.contract import Storage

Rows = Sequence[tuple[MomentRow, ArtifactRow]]


def finished_rows(session: Session, selection_id: str) -> Rows:
    """Every finished moment and its file, in the order of the review."""
    query = select(MomentRow, ArtifactRow).join(ArtifactRow, ArtifactRow.moment_id == MomentRow.id)
    rows = session.execute(query.where(MomentRow.selection_id == selection_id).order_by(MomentRow.position))
    return [(moment, file) for moment, file in rows]


def bring_all(storage: Storage, rows: Rows, folder: Path) -> tuple[PreparedMoment, ...]:
    """The moments with their files at hand, in ``folder``, which is made, or where they are stored.

    Raises: StorageMissing, StorageUnavailable, StorageDamaged, NoRoom.
    """
    folder.mkdir()
    return tuple(
        prepared_moment(moment, file, bring(storage, file.storage_key, file.sha256, folder / file.name))
        for moment, file in rows
    )


def prepared_moment(row: MomentRow, file: ArtifactRow, path: Path) -> PreparedMoment:
    """What is known of a finished moment whose file lies at ``path``."""
    facts = row.facts or {}
    return PreparedMoment(
        kind=shown_kind(row, file),
        path=path,
        media_type=file.media_type,
        bytes=file.bytes,
        sha256=file.sha256,
        in_ms=facts["in_ms"],
        out_ms=facts["out_ms"],
        width_px=facts["width_px"],
        height_px=facts["height_px"],
        fps=facts["fps"],
        duration_ms=facts["duration_ms"],
        caption=row.moment.get("caption", ""),
        principle=row.moment.get("principle"),
        peaks=facts.get("peaks"),
    )


def bring_artwork(storage: Storage, rows: Sequence[ArtworkRow], folder: Path) -> tuple[PreparedArtwork, ...]:
    """The photographs at hand, in ``folder``, which is made, or where they are stored. Raises: as bring_all()."""
    folder.mkdir()
    return tuple(
        PreparedArtwork(
            bring(storage, row.storage_key, row.sha256, folder / f"{row.id}.jpg"),
            row.width_px,
            row.height_px,
            row.words,
        )
        for row in rows
    )


def bring_earlier(
    storage: Storage, row: SelectionRow, rows: Rows, drawn: Sequence[ArtworkRow], folder: Path
) -> EarlierReview:
    """The stills and photographs of an earlier review at hand, as bring_all() and bring_artwork() bring them."""
    folder.mkdir()
    stills = [(moment, file) for moment, file in rows if moment.kind == "still"]
    moments = bring_all(storage, stills, folder / "moments")
    artwork = bring_artwork(storage, drawn, folder / "artwork")
    return EarlierReview(Prepared(parse_selection(row.shape), moments, artwork), choices_in(row))


def bring(storage: Storage, key: str, sha256: str | None, copy: Path) -> Path:
    """The stored file as a local one: itself where the store is a folder here, else a copy that was checked."""
    path = storage.local_path(key)
    if path is None:
        storage.fetch(key, copy, sha256=sha256)
        return copy
    return path
