"""Beginning a selection once, however often it is asked for.

A sender whose answer was lost on the way asks again with the same key. The selection's identifier is made from the key,
so the database itself keeps a second one out. Without a key every asking begins a new selection.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.exc import IntegrityError

from pipeline.moments import Clip, Selection, Still
from pipeline.outputs.kinds import find_kind
from records.accounts.principal import Principal
from records.actions.record_consents import find_person, lock_whole_family, state_agreement
from records.consent.uses import require_new
from records.database import Database
from records.documents import FamilyPerson, StatedFilm, Statement, times_of
from records.errors import RecordsError, SelectionGone
from records.families.access import Right, check_selection, owner_of
from records.families.families import family_for, find_family
from records.ledger.outputs import new_output
from records.models import MomentRow, SelectionRow, new_id
from records.settings import Settings
from records.uploads.admission import check_begun, check_queue, check_room


class KeyReused(RecordsError):
    """The key already began a selection that says something else."""

    code = "key_reused"
    for_guider = (
        "Another list of moments was already sent under the same key. Please reload the page and send it again."
    )


def begin_selection(
    db: Database,
    settings: Settings,
    who: Principal,
    asked: SelectionRow,
    key: str = "",
    *,
    agreed: Sequence[Statement] = (),
    seen: Mapping[int, Sequence[FamilyPerson]] | None = None,
) -> str:
    """The id of the selection asked for, new; or of the one that they began with the same key before.

    It stands under the family with its code, which is made where there is none. ``agreed`` is what the sender says of
    who agreed to what, and ``seen`` who can be seen or heard in a moment, by its place; in others everybody can.
    Raises: ConsentMissing, FamilyCodeTaken, KeyReused; SelectionGone where it is just being erased, or no more theirs
    to work on; QueueFull and NoRoom where nothing new is taken, and TooMuchBegun where nothing new of this person's is.
    """
    asked.id = _id_from(owner_of(who), key) if key else new_id()
    try:
        _add(db, settings, who, asked, agreed, seen or {})
    except IntegrityError:  # at one instant the same was asked twice, or the family was made or went
        with contextlib.suppress(IntegrityError):
            _add(db, settings, who, asked, agreed, seen or {})
    with db.reading() as session:
        there = session.get(SelectionRow, asked.id)
        if there is None:
            raise SelectionGone(asked.id)
        check_selection(session, who, asked.id, Right.WORK)  # it may be another guider's by now
        family = find_family(session, asked.family)
        if family is not None and family.id == there.family_id:  # k-104 stands under K-104
            asked.shape = asked.shape.model_copy(update={"family": there.family})
        if _said(there) != _said(asked):
            raise KeyReused
    return asked.id


def _add(
    db: Database,
    settings: Settings,
    who: Principal,
    asked: SelectionRow,
    agreed: Sequence[Statement],
    seen: Mapping[int, Sequence[FamilyPerson]],
) -> None:
    with db.session() as session:
        if session.get(SelectionRow, asked.id) is None:
            check_room(settings)
            check_queue(session, settings)
            check_begun(session, settings, asked.begun_by)
            family = family_for(session, who, asked.family)
            if agreed:  # before a row stands under it, which holds the family for others to read: two would deadlock
                lock_whole_family(session, family.id)
            asked.family_id, asked.family = family.id, family.code
            asked.shape = asked.shape.model_copy(update={"family": family.code})
            session.add(asked)
            session.flush()
            if agreed:
                state_agreement(session, who, family.id, agreed)
            for moment in asked.moments:
                if (people := seen.get(moment.position)) is not None:
                    moment.people = tuple(find_person(family, person).id for person in people)
            session.flush()
            require_new(session, asked)


def _id_from(owner: str, key: str) -> str:
    return hashlib.sha256(f"selection begun by {owner} under {key}".encode()).hexdigest()[:32]


def _said(row: SelectionRow) -> tuple[object, ...]:
    cuts = [moment.cut for moment in row.moments]
    outputs = [(output.kind, output.awaited, output.recipe) for output in row.outputs]
    return row.shape, row.film, row.preset, outputs, row.whole_film, row.review_on, cuts


def compose_selection(
    selection: Selection,
    cuts: Sequence[Clip | Still | None],
    film: StatedFilm,
    preset: str,
    outputs: Sequence[str],
    *,
    whole_film: bool,
    recipes: Mapping[str, Mapping[str, Any]] | None = None,
    guider: str | None = None,
    begun_by: str | None = None,
    review_on: date | None = None,
) -> SelectionRow:
    """The row of a new selection, not in the database yet and under no family, with a moment row for each clip and then
    each still.

    ``cuts`` holds, in the same order, each moment on the clock of its own upload; None where it is the film's clock.
    """
    moments = [*selection.clips, *selection.stills]
    if len(cuts) != len(moments):
        raise ValueError(f"{len(cuts)} cuts for {len(moments)} moments")
    row = SelectionRow(
        family=selection.family,
        cycle=selection.cycle,
        preset=preset,
        shape=selection,
        film=film,
        whole_film=whole_film,
        guider=guider,
        begun_by=begun_by,
        review_on=review_on,
    )
    chosen = recipes or {}
    row.outputs = [
        new_output(
            kind,
            chosen.get(kind, {}),
            position,
            find_kind(kind).purpose_of(selection.of),
            awaited=kind in outputs,
        )
        for position, kind in enumerate(dict.fromkeys([*outputs, *chosen]))
    ]
    for position, (moment, cut) in enumerate(zip(moments, cuts, strict=True)):
        row.moments.append(
            MomentRow(
                position=position,
                kind="clip" if isinstance(moment, Clip) else "still",
                moment=moment,
                cut=None if cut is None else times_of(cut),
            )
        )
    return row
