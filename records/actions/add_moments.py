"""Moments added to a selection from the film that its others are from, after it was sent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.errors import SelectionInvalid
from pipeline.moments import MOST_MOMENTS, Clip, Still
from pipeline.purposes import Purpose
from pipeline.written import Written
from records.accounts.principal import Principal
from records.actions.erase_moments import erase_moments
from records.actions.record_consents import find_person, lock_whole_family, state_agreement
from records.consent.uses import require_moment, require_output
from records.documents import FamilyPerson, StatedFilm, Statement, times_of
from records.errors import MomentBusy, MomentGone, RecordsError, SelectionGone, SourceErased
from records.ledger.jobs import MOMENT, add_job
from records.ledger.made_before import mark_made_before
from records.ledger.moment_order import in_order, number_anew
from records.ledger.outputs import Source, outputs_of
from records.ledger.scheduling import Priority
from records.ledger.selections import lock_family, settle, visible_selection
from records.models import MomentRow, MomentState, SelectionRow, UploadRow, UploadState
from records.settings import Settings
from records.uploads.admission import check_queue, check_room

_NEAR_MS = 2
"""What one browser found of a film's length, and what another did."""


class AnotherFilm(RecordsError):
    """The moments are not of the film that the others are from."""

    code = "another_film"
    for_guider = "That is another film. Choose the one these moments are from."


def add_moments(
    session: Session,
    settings: Settings,
    who: Principal,
    selection_id: str,
    moments: Sequence[Clip | Still],
    cuts: Sequence[Clip | Still | None],
    film: StatedFilm,
    key: str,
    *,
    agreed: Sequence[Statement] = (),
    seen: Mapping[int, Sequence[FamilyPerson]] | None = None,
) -> list[str]:
    """The ids of the moments, new or added before under the same key; each awaits an upload of its own, or is prepared
    at once where the whole film is here.

    ``cuts``, ``agreed``, ``seen`` and ``film.cuts`` are as for a new selection, by the place in ``moments``. What was
    made before stays until the last new one is ready, and is then made again with them.
    Raises: SelectionGone, AnotherFilm, SelectionInvalid, SourceErased, ConsentMissing, QueueFull, NoRoom.
    """
    lock_whole_family(session, visible_selection(session, selection_id).family_id)
    selection = lock_family(session, selection_id)
    if selection is None:
        raise SelectionGone(selection_id)
    ids = [_id_from(selection_id, key, number) for number in range(len(moments))]
    if any(moment.id in ids for moment in selection.moments):
        return [one for one in ids if any(moment.id == one for moment in selection.moments)]
    _check(selection, moments, cuts, film)
    check_room(settings)
    check_queue(session, settings)
    if agreed:
        state_agreement(session, who, selection.family_id, agreed)
    family = lock_whole_family(session, selection.family_id)
    behind = max((moment.position for moment in selection.moments), default=-1) + 1
    said = dict(selection.film.cuts)
    for place, (moment, cut) in enumerate(zip(moments, cuts, strict=True)):
        row = MomentRow(
            id=ids[place],
            position=behind + place,
            kind="clip" if isinstance(moment, Clip) else "still",
            moment=moment,
            cut=None if cut is None else times_of(cut),
            state=MomentState.AWAITING_UPLOAD,
        )
        if (people := (seen or {}).get(place)) is not None:
            row.people = tuple(find_person(family, person).id for person in people)
        if place in film.cuts:
            said[row.position] = film.cuts[place]
        selection.moments.append(row)
    selection.film = selection.film.model_copy(update={"cuts": said})
    session.flush()
    number_anew(session, selection, in_order(selection))
    _require(session, selection, ids)
    for kind in {"clip" if isinstance(moment, Clip) else "still" for moment in moments}:
        mark_made_before(session, selection, {Written.MOMENTS}, kind)
    if selection.whole_film:
        _take_from_film(session, selection, ids)
    settle(session, selection)
    return ids


def drop_unsent(session: Session, selection_id: str, moment_id: str) -> None:
    """Leave out a moment of which nothing has arrived, so that the others need not wait for it.

    Raises: SelectionGone, MomentGone; MomentBusy where it has arrived, or is the only one.
    """
    selection = lock_family(session, selection_id)
    if selection is None:
        raise SelectionGone(selection_id)
    moment = session.get(MomentRow, moment_id)
    if moment is None or moment.selection_id != selection_id:
        raise MomentGone(moment_id)
    if moment.state != MomentState.AWAITING_UPLOAD or len(selection.moments) == 1 or selection.whole_film:
        raise MomentBusy(moment.state)
    erase_moments(session, selection, {moment_id})


def _id_from(selection_id: str, key: str, number: int) -> str:
    return hashlib.sha256(f"moment {number} added to {selection_id} under {key}".encode()).hexdigest()[:32]


def _check(
    selection: SelectionRow, moments: Sequence[Clip | Still], cuts: Sequence[Clip | Still | None], film: StatedFilm
) -> None:
    known = selection.film
    if film.bytes != known.bytes or abs(film.duration_ms - known.duration_ms) > _NEAR_MS:
        raise AnotherFilm
    if any((cut is None) != selection.whole_film for cut in cuts):
        sentence = "These moments were sent in another way than the others. Please reload the page and send them again."
        raise SelectionInvalid(sentence, for_guider=sentence)
    for kind in ("clip", "still"):
        together = [one for one in selection.moments if one.kind == kind]
        if len(together) + len(moments) > MOST_MOMENTS:
            sentence = f"A review holds {MOST_MOMENTS} clips and {MOST_MOMENTS} stills at most."
            raise SelectionInvalid(sentence, for_guider=sentence)


def _require(session: Session, selection: SelectionRow, ids: Sequence[str]) -> None:
    for moment_id in ids:
        require_moment(session, moment_id)
    new = {Source(selection.id, moment_id=one) for one in ids}
    for output in outputs_of(session, selection.id):
        require_output(session, output.kind, Purpose(output.purpose), new)


def _take_from_film(session: Session, selection: SelectionRow, ids: Sequence[str]) -> None:
    """Prepare them from the film that was sent whole; where it is still on its way they wait for it."""
    film = session.scalars(
        select(UploadRow).where(
            UploadRow.selection_id == selection.id,
            UploadRow.moment_id.is_(None),
            UploadRow.state == UploadState.COMPLETE,
        )
    ).first()
    others = [moment for moment in selection.moments if moment.id not in ids]
    if film is None:
        if all(moment.state != MomentState.AWAITING_UPLOAD for moment in others):
            raise SourceErased(selection.id)
        return
    for moment in selection.moments:
        if moment.id in ids:
            moment.upload_id, moment.state = film.id, MomentState.QUEUED
            add_job(session, MOMENT, selection, moment.id, Priority.WHOLE_FILM)
