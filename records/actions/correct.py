"""Correcting what was written and chosen, after it was sent.

The words take the place of those before, which are kept nowhere. What was made with them stays until it is made again,
and says so (records/ledger/made_before.py). Nothing that is corrected here tells for what anything may be used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session

from pipeline.drawings import Drawing, Drawings
from pipeline.errors import SelectionInvalid
from pipeline.limits import ID_PATTERN
from pipeline.moments import (
    MOST_MOMENTS,
    MOST_WORKING_POINTS,
    Clip,
    PrincipleTag,
    Still,
    Words,
    check_drawings,
    plain_sentence,
)
from pipeline.outputs.kinds import KINDS, renumber
from pipeline.written import Written
from records.documents import recipe_of
from records.errors import MomentGone, RecordsError, SelectionGone
from records.ledger.made_before import mark_made_before
from records.ledger.moment_order import in_order, number_anew, write_shape
from records.ledger.outputs import outputs_of
from records.ledger.selections import lock_family
from records.models import MomentRow, SelectionRow

MomentId = Annotated[str, Field(pattern=ID_PATTERN)]


class CorrectedMeanwhile(RecordsError):
    """Somebody has corrected this since it was last seen."""

    code = "corrected_meanwhile"
    for_guider = "This was changed somewhere else meanwhile. Look at what stands here now, then write again."


class SelectionCorrection(BaseModel):
    """What is to be another for all of a selection; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"cycle": 3}]})

    cycle: Annotated[int | None, Field(ge=1, le=99)] = None
    helping_question: Words | None = None
    working_points: Annotated[tuple[Words, ...] | None, Field(max_length=MOST_WORKING_POINTS)] = None
    order: Annotated[
        tuple[MomentId, ...] | None,
        Field(max_length=2 * MOST_MOMENTS, description="The id of every moment, clips first, as they are to stand."),
    ] = None


class MomentCorrection(BaseModel):
    """Other words for one moment; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"caption": "Ella looks up."}]})

    caption: Words | None = None
    principle: PrincipleTag | None = None
    """Null: none."""
    drawings: Annotated[
        Drawings | None, Field(description="All that is drawn on it; of a clip each with times on the film's clock.")
    ] = None


def correct_selection(session: Session, selection_id: str, wanted: SelectionCorrection, *, seen: str) -> None:
    """Have these take the place of what is there; ``seen`` is the revision that the writer had before her.

    Asking for what is there already changes nothing, whatever was seen: an answer may have been lost.
    Raises: SelectionGone; SelectionInvalid, where the order names other moments; CorrectedMeanwhile, and then nothing
    is changed.
    """
    selection = lock_family(session, selection_id)
    if selection is None:
        raise SelectionGone(selection_id)
    shape = selection.shape
    there = {"cycle": shape.cycle, "helping_question": shape.helping_question, "working_points": shape.working_points}
    words = {
        name: value
        for name, value in wanted.model_dump(include=set(there), exclude_none=True).items()
        if value != there[name]
    }
    before = in_order(selection)
    after = before if wanted.order is None else _ordered(before, wanted.order)
    if not words and after == before:
        return
    if seen != str(selection.revision):
        raise CorrectedMeanwhile
    selection.revision += 1
    selection.shape = shape.model_copy(update=words)
    selection.cycle = selection.shape.cycle
    named = {"cycle": Written.CYCLE, "helping_question": Written.QUESTION, "working_points": Written.WORKING_POINTS}
    mark_made_before(session, selection, {named[name] for name in words})
    for kind in ("clip", "still"):
        if _of(kind, after) != _of(kind, before):
            mark_made_before(session, selection, {Written.ORDER}, kind)
    if after != before:
        _renumber_recipes(session, selection, before, after)
        number_anew(session, selection, after)


def correct_moment(session: Session, selection_id: str, moment_id: str, wanted: MomentCorrection, *, seen: str) -> None:
    """Have these words take the place of a moment's; else as correct_selection().

    Raises: SelectionGone, MomentGone; SelectionInvalid, where something cannot be drawn on it; CorrectedMeanwhile. Then
    nothing is changed.
    """
    selection = lock_family(session, selection_id)
    if selection is None:
        raise SelectionGone(selection_id)
    moment = session.get(MomentRow, moment_id, populate_existing=True)
    if moment is None or moment.selection_id != selection_id:
        raise MomentGone(moment_id)
    asked = {name: getattr(wanted, name) for name in wanted.model_fields_set}
    for name in ("caption", "drawings"):
        if asked.get(name, "") is None:
            del asked[name]
    words = {name: value for name, value in asked.items() if value != getattr(moment.moment, name)}
    if not words:
        return
    if seen != str(moment.revision):
        raise CorrectedMeanwhile
    corrected = moment.moment.model_copy(update=words)
    if "drawings" in words:
        corrected = _with_drawings(corrected, moment.moment.drawings)
    moment.revision += 1
    moment.moment = corrected
    write_shape(selection)
    mark_made_before(session, selection, {Written(name) for name in words}, moment.kind)


def _with_drawings(moment: Clip | Still, before: Sequence[Drawing]) -> Clip | Still:
    """The moment, if what is drawn on it now and was not before can be. Raises: SelectionInvalid."""
    try:
        whole = type(moment).model_validate(moment.model_dump())
    except ValidationError as error:
        why = plain_sentence(error)
        sentence = f"This {'clip' if isinstance(moment, Clip) else 'still'} {why[0].lower()}{why[1:]}"
        raise SelectionInvalid(sentence, for_guider=sentence) from None
    if isinstance(whole, Clip):  # of what was there before, an end may have been moved away
        added = tuple(one for one in whole.drawings if one not in before)
        check_drawings([whole.model_copy(update={"drawings": added})])
    return whole


def _ordered(moments: Sequence[MomentRow], order: Sequence[str]) -> list[MomentRow]:
    by_id = {moment.id: moment for moment in moments}
    if sorted(order) != sorted(by_id):
        sentence = "The order must name every moment of this review once. Please reload the page."
        raise SelectionInvalid(sentence, for_guider=sentence)
    return sorted((by_id[one] for one in order), key=lambda moment: moment.kind)  # as it was within each kind


def _of(kind: str, moments: Sequence[MomentRow]) -> list[MomentRow]:
    return [moment for moment in moments if moment.kind == kind]


def _renumber_recipes(
    session: Session, selection: SelectionRow, before: Sequence[MomentRow], after: Sequence[MomentRow]
) -> None:
    stills, clips = (
        {_of(kind, before).index(one) + 1: number for number, one in enumerate(_of(kind, after), 1)}
        for kind in ("still", "clip")
    )
    for output in outputs_of(session, selection.id):
        if kind := KINDS.get(output.kind):
            said = recipe_of(renumber(kind, output.recipe, stills, clips))
            if said != output.recipe:
                output.recipe = said
