"""Stretches of a clip made silent, a spoken name say: what was made with them goes at once, and it is made again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from pipeline.errors import SelectionInvalid
from pipeline.moments import Clip, Silence
from pipeline.times import LONGEST_MS
from records.actions.hide import begin_hiding, locked_moment, take_back
from records.audit.erasure_register import ErasureKind, note_erasure
from records.documents import merged
from records.ledger.moment_order import write_shape
from records.ledger.selections import is_visible, lock_family, require_source
from records.models import HidingRow, MomentRow, SelectionRow


def silence_moment(session: Session, selection_id: str, moment_id: str, stretches: Sequence[Silence]) -> bool:
    """Have nothing be heard in these stretches of a clip, in ms on the film's clock; False: so it is already.

    Whatever was made of the moment is taken back, here and in what other selections made with it. Where somebody is
    hidden in it, every picture has to be looked at anew.
    Raises: SelectionGone, MomentGone, SourceErased; SelectionInvalid for a still.
    """
    selection, moment = locked_moment(session, selection_id, moment_id)
    clip = moment.moment
    if not isinstance(clip, Clip):
        sentence = "A still has no sound."
        raise SelectionInvalid(sentence, for_guider=sentence)
    wanted = _merged(stretches)
    if wanted == clip.silences:
        return False
    require_source(moment)
    _silence(session, selection, moment, clip, wanted)
    return True


def silence_again(session: Session, moment_id: str) -> bool:
    """Something in a moment was to be silent, and nobody knows any more where: all of it is, until somebody says.

    False where there is no such moment.
    """
    moment = session.get(MomentRow, moment_id)
    if moment is None or not is_visible(session, moment.selection_id) or not isinstance(clip := moment.moment, Clip):
        return False
    selection = lock_family(session, moment.selection_id)
    if selection is None:
        return False
    _silence(session, selection, moment, clip, (Silence(from_ms=0, to_ms=LONGEST_MS),))
    return True


def _silence(
    session: Session, selection: SelectionRow, moment: MomentRow, clip: Clip, stretches: tuple[Silence, ...]
) -> None:
    moment.moment = clip.model_copy(update={"silences": stretches})
    write_shape(selection)
    if _merged([*clip.silences, *stretches]) != _merged(clip.silences):
        note_erasure(session, ErasureKind.SILENCE, moment.id)
    hiding = session.get(HidingRow, moment.id)
    if hiding is not None:
        begin_hiding(hiding)
    take_back(session, selection, moment)


def _merged(stretches: Sequence[Silence]) -> tuple[Silence, ...]:
    ranges = merged((one.from_ms, one.to_ms) for one in stretches)
    return tuple(Silence(from_ms=from_ms, to_ms=to_ms) for from_ms, to_ms in ranges)
