"""What an output is made from: found in the ledger, then brought to where the pipeline can read it.

A preview and a worker gather alike. What was gathered tells what the output shows (``sources``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.artifact import PreparedMoment
from pipeline.closing_notes import ReviewWords
from pipeline.moments import FilmOf
from pipeline.prepared import EarlierReview, Prepared, PreparedArtwork
from pipeline.print.recipes import StillChoice, shows_artwork
from pipeline.rating_scale import Scale, rating_scale
from records.actions.artwork import artwork_of
from records.consent.in_force import settings_of
from records.ledger.outputs import Source
from records.ledger.selections import drawn_on, facts_of, shown_kind
from records.models import ArtifactRow, ArtworkRow, MomentRow, SelectionRow, WordsRow
from records.storage.contract import Storage
from records.views.other_selections import choices_in, find_companion, find_earlier

Rows = Sequence[tuple[MomentRow, ArtifactRow]]


@dataclass(frozen=True)
class SelectionInputs:
    """What an output takes of one selection."""

    selection: SelectionRow
    moments: Rows
    """In the order of the review."""
    artwork: Sequence[ArtworkRow] = ()
    notes: WordsRow | None = None
    """What was written at the end of its review."""
    choices: tuple[StillChoice, ...] = ()
    """What was chosen for the stills where this is an earlier review."""

    def first(self, kind: str, most: int | None, most_artwork: int) -> SelectionInputs:
        """The first of the moments of one kind, all for None, and of the photographs."""
        moments = [(moment, file) for moment, file in self.moments if moment.kind == kind]
        return replace(self, moments=moments[:most], artwork=self.artwork[:most_artwork])


@dataclass(frozen=True)
class OutputInputs:
    """Everything that an output is made from."""

    own: SelectionInputs
    earlier: tuple[SelectionInputs, ...] = ()
    """In the order of their cycles."""
    companion: SelectionInputs | None = None
    scale: Scale | None = None
    """The service's own rating scale, where it has one."""

    def sources(self) -> set[Source]:
        """Each moment and photograph."""
        return {source for part in self._parts() for source in _sources(part)}

    def all_there(self, session: Session) -> bool:
        """Whether none of it was erased or taken back since it was found."""
        selections = {part.selection.id for part in self._parts()}
        files = {file.id for part in self._parts() for _, file in part.moments}
        drawn = {row.id for part in self._parts() for row in part.artwork}
        seen = select(SelectionRow.id).where(SelectionRow.id.in_(selections), SelectionRow.visible)
        return (
            set(session.scalars(seen)) == selections
            and set(session.scalars(select(ArtifactRow.id).where(ArtifactRow.id.in_(files)))) == files
            and set(session.scalars(select(ArtworkRow.id).where(ArtworkRow.id.in_(drawn)))) == drawn
        )

    def known(self) -> Prepared:
        """What is in it, without a file at hand: enough to tell what the output will hold."""
        companion = self.companion
        other = None
        if companion is not None:
            other = Prepared(companion.selection.shape, _named(companion.moments), notes=_words(companion))
        own = self.own
        return Prepared(
            own.selection.shape,
            _named(own.moments),
            companion=other,
            notes=_words(own),
            review=own.selection.id,
            scale=self.scale,
        )

    def _parts(self) -> Iterator[SelectionInputs]:
        yield self.own
        yield from self.earlier
        if self.companion is not None:
            yield self.companion


def gather_inputs(session: Session, selection: SelectionRow, recipe: object) -> OutputInputs:
    """What an output with this recipe is made from, as it stands. Raises: EarlierWrong, CompanionWrong,
    RatingScaleWrong.
    """
    drawn = shows_artwork(recipe)
    other = find_companion(session, selection, recipe)
    return OutputInputs(
        SelectionInputs(
            selection,
            finished_rows(session, selection.id),
            _artwork(session, selection, shown=drawn),
            session.get(WordsRow, selection.id, populate_existing=True),
        ),
        tuple(
            SelectionInputs(
                row,
                [(moment, file) for moment, file in finished_rows(session, row.id) if moment.kind == "still"],
                _artwork(session, row, shown=drawn),
                choices=choices_in(session, row.id),
            )
            for row in find_earlier(session, selection, recipe)
        ),
        None
        if other is None
        else SelectionInputs(
            other, finished_rows(session, other.id), notes=session.get(WordsRow, other.id, populate_existing=True)
        ),
        _own_scale(session, selection, other),
    )


def _own_scale(session: Session, *selections: SelectionRow | None) -> Scale | None:
    """Where somebody may be rated, so that a wrong file stops nothing else. Raises: RatingScaleWrong."""
    path = settings_of(session).rating_scale
    is_rated = any(one is not None and one.shape.of == FilmOf.REVIEW_RECORDING for one in selections)
    return rating_scale(path) if path and is_rated else None


def fetch_local(
    storage: Storage, inputs: OutputInputs, folder: Path, report: Callable[[float], None] = lambda _: None
) -> Prepared:
    """Everything at hand, in ``folder`` or where it is stored; ``report`` is told how far it is, 0 to 1.

    Raises: StorageMissing, StorageUnavailable, StorageDamaged, NoRoom.
    """
    companion = None
    if inputs.companion is not None:
        moments = _fetch_moments(storage, inputs.companion, folder / "companion")
        companion = Prepared(inputs.companion.selection.shape, moments, notes=_words(inputs.companion))
        report(0.5)
    earlier = tuple(
        EarlierReview(
            Prepared(
                one.selection.shape,
                _fetch_moments(storage, one, folder / f"earlier-{number}"),
                _fetch_artwork(storage, one, folder / f"earlier-artwork-{number}"),
            ),
            one.choices,
        )
        for number, one in enumerate(inputs.earlier, 1)
    )
    own = inputs.own
    moments = _fetch_moments(storage, own, folder / "moments")
    artwork = _fetch_artwork(storage, own, folder / "artwork")
    report(1.0)
    return Prepared(
        own.selection.shape, moments, artwork, earlier, companion, _words(own), own.selection.id, inputs.scale
    )


def finished_rows(session: Session, selection_id: str) -> Rows:
    """Every finished moment and its file, in the order of the review."""
    query = select(MomentRow, ArtifactRow).join(ArtifactRow, ArtifactRow.moment_id == MomentRow.id)
    rows = session.execute(query.where(MomentRow.selection_id == selection_id).order_by(MomentRow.position))
    return [(moment, file) for moment, file in rows]


def fetch(storage: Storage, key: str, sha256: str | None, copy: Path) -> Path:
    """The stored file as a local one: itself where the store is a folder here, else a copy that was checked."""
    path = storage.local_path(key)
    if path is None:
        storage.fetch(key, copy, sha256=sha256)
        return copy
    return path


def _words(part: SelectionInputs) -> ReviewWords | None:
    return None if part.notes is None else part.notes.words


def _artwork(session: Session, selection: SelectionRow, *, shown: bool) -> Sequence[ArtworkRow]:
    return artwork_of(session, selection.id) if shown else ()


def _sources(part: SelectionInputs) -> Iterator[Source]:
    yield from (Source(part.selection.id, moment_id=moment.id) for moment, _ in part.moments)
    yield from (Source(part.selection.id, artwork_id=row.id) for row in part.artwork)


def _named(rows: Rows) -> tuple[PreparedMoment, ...]:
    return tuple(_prepared(moment, file, Path(file.name)) for moment, file in rows)


def _fetch_moments(storage: Storage, part: SelectionInputs, folder: Path) -> tuple[PreparedMoment, ...]:
    folder.mkdir()
    return tuple(
        _prepared(moment, file, fetch(storage, file.storage_key, file.sha256, folder / file.name))
        for moment, file in part.moments
    )


def _fetch_artwork(storage: Storage, part: SelectionInputs, folder: Path) -> tuple[PreparedArtwork, ...]:
    folder.mkdir()
    return tuple(
        PreparedArtwork(
            fetch(storage, row.storage_key, row.sha256, folder / f"{row.id}.jpg"),
            row.width_px,
            row.height_px,
            row.words,
        )
        for row in part.artwork
    )


def _prepared(row: MomentRow, file: ArtifactRow, path: Path) -> PreparedMoment:
    facts = facts_of(row)
    return PreparedMoment(
        kind=shown_kind(row, file),
        path=path,
        media_type=file.media_type,
        bytes=file.bytes,
        sha256=file.sha256,
        in_ms=facts.in_ms,
        out_ms=facts.out_ms,
        width_px=facts.width_px,
        height_px=facts.height_px,
        fps=facts.fps,
        duration_ms=facts.duration_ms,
        caption=row.moment.caption,
        principle=row.moment.principle,
        peaks=facts.peaks,
        drawings=drawn_on(row),
    )
