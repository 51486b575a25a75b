"""Hiding a bystander in a moment: asked for, made, looked at by a person, and only then handed out.

From the moment it is asked for, nothing that was made of the moment is left, and what is made of it lies withheld, in a
table of its own that nothing hands files out from. A person's word releases it, and only the very file she looked at:
its SHA-256 is what she confirms.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pipeline.errors import SelectionInvalid
from pipeline.marks import Mark, Picture
from records.actions.withdraw import withdraw_selection
from records.audit.erasure_register import ErasureKind, note_erasure
from records.documents import CoveredPicture, MomentFacts, Range, merged
from records.effects import effects_of
from records.errors import HidingChanged, MomentGone, NotHidden, SelectionGone
from records.ledger.jobs import queue_again
from records.ledger.moment_order import file_name, number_of, write_shape
from records.ledger.outputs import outputs_of, take_back_files
from records.ledger.selections import has_picture, is_visible, lock_family, moment_finished, require_source, settle
from records.models import (
    ArtifactRow,
    HidingRow,
    JobRow,
    JobState,
    MomentRow,
    MomentState,
    SelectionRow,
    WithheldRow,
    new_id,
    utcnow,
)

FINISHED, COVERED, UNCOVERED = "finished", "covered", "uncovered"
"""What is withheld: the clip or still itself, its pictures to look at, and the same pictures with nobody hidden."""


def ask_hiding(
    session: Session, selection_id: str, moment_id: str, marks: Sequence[Mark], *, even_in_doubt: bool = True
) -> None:
    """Have somebody hidden in a moment, as marked; not ``even_in_doubt``: only followed while more boxes are wanted.

    Whatever was made of the moment before is taken back, here and in what other selections made with it, and so is
    what is drawn on it: that may lead to the one who is hidden. Asking again begins again: it has to be looked at anew.
    Raises: SelectionGone, MomentGone, SourceErased; SelectionInvalid where there is no picture.
    """
    selection, moment = locked_moment(session, selection_id, moment_id)
    if not has_picture(selection):
        sentence = "This recording has no picture, so there is nobody to hide in it."
        raise SelectionInvalid(sentence, for_guider=sentence)
    require_source(moment)
    hiding = session.get(HidingRow, moment_id)
    if hiding is None:
        hiding = HidingRow(moment_id=moment_id, selection_id=selection_id)
        session.add(hiding)
    hiding.marks, hiding.even_in_doubt = tuple(marks), even_in_doubt
    begin_hiding(hiding)
    if moment.moment.drawings:
        moment.moment = moment.moment.model_copy(update={"drawings": ()})
        moment.revision += 1
        write_shape(selection)
    note_erasure(session, ErasureKind.HIDING, moment_id)
    take_back(session, selection, moment)


def restart_hiding(session: Session, selection_id: str, moment_id: str) -> None:
    """After other ends: what was marked was on other pictures. Nothing where nobody is hidden in the moment."""
    if session.get(HidingRow, moment_id) is not None:
        ask_hiding(session, selection_id, moment_id, ())


def ask_hiding_again(session: Session, moment_id: str) -> bool:
    """What was made of a moment with the marks of now is not to be trusted: take it back, to be looked at anew.

    False where there is no such moment, or no picture in it.
    """
    moment = session.get(MomentRow, moment_id)
    selection = lock_family(session, moment.selection_id) if moment else None
    if moment is None or selection is None or not has_picture(selection):
        return False
    hiding = session.get(HidingRow, moment_id)
    ask_hiding(session, selection.id, moment_id, hiding.marks if hiding else ())
    return True


def lift_hiding(session: Session, selection_id: str, moment_id: str) -> None:
    """Hide nobody after all: the moment is prepared again as it is; see ask_hiding().

    Raises: SelectionGone, MomentGone, NotHidden, SourceErased.
    """
    selection, moment = locked_moment(session, selection_id, moment_id)
    hiding = session.get(HidingRow, moment_id)
    if hiding is None:
        raise NotHidden(moment_id)
    require_source(moment)
    session.delete(hiding)
    take_back(session, selection, moment)


def confirm_hiding(session: Session, selection_id: str, moment_id: str, sha256: str) -> None:
    """A person has looked at every picture of the file with this SHA-256: hand it out.

    Raises: SelectionGone, MomentGone, NotHidden; HidingChanged where another file lies there by now, or none.
    """
    selection, moment = locked_moment(session, selection_id, moment_id)
    hiding = session.get(HidingRow, moment_id)
    if hiding is None:
        raise NotHidden(moment_id)
    if hiding.confirmed_sha256 == sha256 and moment.state == MomentState.READY:
        return  # the answer was lost, and she said it again
    withheld = {row.part: row for row in _withheld(session, moment_id)}
    finished = withheld.get(FINISHED)
    if moment.state != MomentState.UNCONFIRMED or finished is None or finished.sha256 != sha256:
        raise HidingChanged(f"{moment.state}, {len(withheld)} files")
    session.add(
        ArtifactRow(
            selection_id=selection_id,
            moment_id=moment_id,
            kind=moment.kind,
            name=file_name(number_of(session, moment), finished.name),
            storage_key=finished.storage_key,
            media_type=finished.media_type,
            bytes=finished.bytes,
            sha256=finished.sha256,
        )
    )
    effects_of(session).delete(row.storage_key for part, row in withheld.items() if part != FINISHED)
    session.execute(delete(WithheldRow).where(WithheldRow.moment_id == moment_id))
    hiding.confirmed_sha256, hiding.confirmed_at, hiding.pictures = sha256, utcnow(), ()
    hiding.seen = ()
    moment_finished(session, selection, moment, moment.facts)


def note_seen(session: Session, selection_id: str, moment_id: str, sha256: str, seen: Sequence[Range]) -> None:
    """Remember which pictures of the file with this SHA-256 somebody has looked at, with those of before.

    Raises: SelectionGone, MomentGone, NotHidden; HidingChanged where another file lies there by now, or none;
    SelectionInvalid where there are no such pictures.
    """
    _, moment = locked_moment(session, selection_id, moment_id)
    hiding = session.get(HidingRow, moment_id)
    if hiding is None:
        raise NotHidden(moment_id)
    finished = find_withheld(session, selection_id, moment_id, FINISHED)
    if moment.state != MomentState.UNCONFIRMED or finished is None or finished.sha256 != sha256:
        raise HidingChanged(f"{moment.state}, seen of another file")
    if any(not 0 <= begin < end <= len(hiding.pictures) for begin, end in seen):
        raise SelectionInvalid("no such pictures", for_guider="There are no such pictures.")
    hiding.seen = merged([*hiding.seen, *seen])


def hold_back(
    session: Session,
    selection: SelectionRow,
    moment: MomentRow,
    files: Sequence[WithheldRow],
    pictures: tuple[CoveredPicture, ...],
    facts: MomentFacts | None,
) -> None:
    """Note what was made of a moment in which somebody is hidden; a person has to look at it first.

    Called in the transaction that ends its job. The caller holds the selection.
    """
    session.execute(delete(WithheldRow).where(WithheldRow.moment_id == moment.id))
    session.add_all(files)
    hiding = session.get_one(HidingRow, moment.id)
    hiding.pictures, hiding.seen = pictures, ()
    moment.state, moment.facts = MomentState.UNCONFIRMED, facts
    settle(session, selection)


def find_hiding(session: Session, selection_id: str, moment_id: str) -> HidingRow:
    """What is hidden in a moment. Raises: NotHidden."""
    hiding = session.get(HidingRow, moment_id)
    if hiding is None or hiding.selection_id != selection_id or not is_visible(session, selection_id):
        raise NotHidden(moment_id)
    return hiding


def find_withheld(session: Session, selection_id: str, moment_id: str, part: str) -> WithheldRow | None:
    """A file to look at before anything is confirmed."""
    query = select(WithheldRow).where(
        WithheldRow.selection_id == selection_id, WithheldRow.moment_id == moment_id, WithheldRow.part == part
    )
    return session.scalars(query).one_or_none()


def covered_pictures(
    pictures: Sequence[Picture], uncovered: Sequence[tuple[int, int]], covered: Sequence[tuple[int, int]]
) -> tuple[CoveredPicture, ...]:
    """The pictures with their places in the two files that show them."""
    beside: list[tuple[int, int] | None] = [*covered] or [None] * len(pictures)
    return tuple(
        CoveredPicture(**vars(picture), uncovered=place, covered=seen)
        for picture, place, seen in zip(pictures, uncovered, beside, strict=True)
    )


def locked_moment(session: Session, selection_id: str, moment_id: str) -> tuple[SelectionRow, MomentRow]:
    """A moment and its selection, which is locked with its family. Raises: SelectionGone, MomentGone."""
    selection = lock_family(session, selection_id)
    if selection is None:
        raise SelectionGone(selection_id)
    moment = session.get(MomentRow, moment_id)
    if moment is None or moment.selection_id != selection_id:
        raise MomentGone(moment_id)
    return selection, moment


def begin_hiding(hiding: HidingRow) -> None:
    """Have it looked at anew, as marked: what is at work on an earlier revision can end, but not be handed in."""
    hiding.revision = new_id()
    hiding.pictures = hiding.seen = ()
    hiding.confirmed_sha256 = hiding.confirmed_at = None


def _withheld(session: Session, moment_id: str) -> Sequence[WithheldRow]:
    return session.scalars(select(WithheldRow).where(WithheldRow.moment_id == moment_id)).all()


def take_back(session: Session, selection: SelectionRow, moment: MomentRow) -> None:
    """Nothing of the moment, nor of anything made with it, is left; its job is queued again where its film is there."""
    effects = effects_of(session)
    effects.delete(row.storage_key for row in _withheld(session, moment.id))
    session.execute(delete(WithheldRow).where(WithheldRow.moment_id == moment.id))
    made = ArtifactRow.moment_id == moment.id
    effects.delete(session.scalars(select(ArtifactRow.storage_key).where(made)))
    session.execute(delete(ArtifactRow).where(made))
    for output in outputs_of(session, selection.id):
        take_back_files(session, output)
    # A job at work on an output loses its row, and with it the right to hand in what it made.
    session.execute(delete(JobRow).where(JobRow.selection_id == selection.id, JobRow.moment_id.is_(None)))
    withdraw_selection(session, selection.id)
    job = session.scalars(select(JobRow).where(JobRow.moment_id == moment.id)).one_or_none()
    if job is not None:
        if job.state != JobState.HELD:  # what IT holds stays on hold
            queue_again(session, job)
        moment.state = MomentState.QUEUED
    moment.facts = None
    settle(session, selection)
