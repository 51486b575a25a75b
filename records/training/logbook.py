"""The logbook: read from the selections, with what was written by hand beside it, and kept in part when films go.

A cycle needs no second typing: its film is the family's selection of that cycle, and it is reviewed once its review
recording is here, or once the day of the shared review that the guider gave has come. What was written by hand goes
before what is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from pipeline.moments import FilmOf
from pipeline.training.logbook.book import CycleEntry, HoursEntry, HoursKind, Logbook, Role
from records.accounts.principal import OF_AN_ACCOUNT, SHARED_GUIDER_ACCOUNT
from records.audit.erasure_register import ErasureKind, note_erasure
from records.clock import local_day
from records.database import rows_changed
from records.errors import RecordsError
from records.keys.codes import code_index
from records.models import (
    FamilyRow,
    FamilyShareRow,
    LogbookClientRow,
    LogbookCycleRow,
    LogbookHoursRow,
    LogbookRow,
    MomentRow,
    MomentState,
    SelectionRow,
    SelectionState,
    utcnow,
)
from records.models.sealed import ring_of

DEFAULT_PROFILE = "report"


class EntryMissing(RecordsError):
    """No such entry in the logbook."""

    code = "entry_missing"
    for_guider = "This entry is not in the logbook any more."


def read_logbook(session: Session, guider: str = "") -> Logbook:
    """A guider's logbook; where that is empty, one of everything by those who share an account.

    A family that is no longer theirs to see, since a share ended or it was handed over, stands in it without its code.
    """
    found: dict[str, CycleEntry] = {}
    seen = open_families(session, guider)
    for row in session.scalars(_films(guider)):
        code = row.family if row.family_id in seen else None
        name = code or row.family_id
        key = f"{name} {row.cycle}"
        known = found.get(key) or CycleEntry(
            client=name, family=code, is_hidden=code is None, cycle=row.cycle, from_films=True
        )
        found[key] = known.model_copy(update=_days(row, known))
    written = select(LogbookCycleRow, LogbookClientRow).join(LogbookClientRow)
    for cycle, client in session.execute(written.where(_own(LogbookClientRow.guider, guider))):
        code = client.family if client.family_id is None or client.family_id in seen else None
        name = code or (client.family_id if client.family else None) or client.id
        read = found.get(f"{name} {cycle.cycle}")
        is_hidden = client.family is not None and code is None
        found[f"{name} {cycle.cycle}"] = _merged(cycle, code, name, read, is_hidden=is_hidden)
    hours = session.scalars(
        select(LogbookHoursRow).where(_own(LogbookHoursRow.guider, guider)).order_by(LogbookHoursRow.held_on)
    )
    settings = session.get(LogbookRow, guider)
    return Logbook(
        began_on=settings.began_on if settings else None,
        cycles=tuple(sorted(found.values(), key=_when)),
        hours=tuple(
            HoursEntry(id=row.id, kind=HoursKind(row.kind), on=row.held_on, minutes=row.minutes, role=Role(row.role))
            for row in hours
        ),
    )


def profile_name(session: Session, guider: str = "") -> str:
    """The requirement profile that the guider chose."""
    settings = session.get(LogbookRow, guider)
    return settings.profile if settings else DEFAULT_PROFILE


def choose(session: Session, guider: str, *, profile: str, began_on: date | None) -> None:
    """Remember what the logbook is checked against, and from when the months count."""
    session.merge(LogbookRow(guider=guider, profile=profile, began_on=began_on))


def write_cycle(session: Session, guider: str, entry: CycleEntry) -> None:
    """Keep a cycle by hand, instead of what was written of it before; days that are None are read from the films."""
    if entry.family is None:  # of an erased family: it has no code to be found by
        values = {"role": entry.role, "filmed_on": entry.filmed_on, "reviewed_on": entry.reviewed_on}
        changed = update(LogbookCycleRow).where(_cycle_of(session, guider, entry.id or ""))
        if rows_changed(session, changed.values(left_out=entry.left_out, **values)) != 1:
            raise EntryMissing(entry.id or "")
        return
    client = _client(session, guider, entry.family)
    query = select(LogbookCycleRow).where(LogbookCycleRow.client_id == client.id, LogbookCycleRow.cycle == entry.cycle)
    row = session.scalars(query).one_or_none() or LogbookCycleRow(client_id=client.id, cycle=entry.cycle)
    row.role, row.left_out = entry.role, entry.left_out
    row.filmed_on, row.reviewed_on = entry.filmed_on, entry.reviewed_on
    session.add(row)


def write_hours(session: Session, guider: str, entry: HoursEntry) -> None:
    """Add a session or training day."""
    session.add(
        LogbookHoursRow(guider=guider, kind=entry.kind, held_on=entry.on, minutes=entry.minutes, role=entry.role)
    )


def erase_entry(session: Session, guider: str, entry_id: str) -> None:
    """Take what was written by hand out again; a cycle whose films are here is read from them as before.

    Raises: EntryMissing.
    """
    hours = delete(LogbookHoursRow).where(LogbookHoursRow.id == entry_id, _own(LogbookHoursRow.guider, guider))
    if (
        rows_changed(session, hours)
        + rows_changed(session, delete(LogbookCycleRow).where(_cycle_of(session, guider, entry_id)))
        == 0
    ):
        raise EntryMissing(entry_id)


def keep_counts(session: Session, selection: SelectionRow) -> None:
    """Keep what the logbook counts of a selection that is about to be erased; with its family's last one the code goes.

    Called in the transaction that marks it. A selection whose film never arrived was no cycle and leaves nothing.
    """
    arrived = any(moment.state == MomentState.READY for moment in selection.moments)
    if arrived or selection.state != SelectionState.RECEIVING:
        client = _client(session, selection.guider or "", selection.family, selection.family_id)
        query = select(LogbookCycleRow).where(
            LogbookCycleRow.client_id == client.id, LogbookCycleRow.cycle == selection.cycle
        )
        row = session.scalars(query).one_or_none() or LogbookCycleRow(
            client_id=client.id, cycle=selection.cycle, role=Role.TRAINEE_GUIDER
        )
        read = CycleEntry(client="", family=None, cycle=0, filmed_on=row.filmed_on, reviewed_on=row.reviewed_on)
        days = _days(selection, read)
        row.filmed_on, row.reviewed_on = days["filmed_on"], days["reviewed_on"]
        session.add(row)
        session.flush()
    others = select(SelectionRow.id).where(
        SelectionRow.family_id == selection.family_id, SelectionRow.id != selection.id, SelectionRow.visible
    )
    if session.scalars(others.limit(1)).first() is None:
        forget_family(session, selection.family_id)


def forget_family(session: Session, family_id: str) -> int:
    """Take a family's code out of the logbooks in which it means this family, and of its days all but the month.

    In how many it stood. What stays is a count: that there was a client, which cycles were whole, and in which month.
    Another guider's family on paper that has the same code keeps it.
    """
    family = session.get_one(FamilyRow, family_id)
    if family.owner_account_id == SHARED_GUIDER_ACCOUNT:
        theirs = LogbookClientRow.guider.not_like(f"{OF_AN_ACCOUNT}%")
    else:
        shared = select(FamilyShareRow.account_id).where(FamilyShareRow.family_id == family_id)
        people = {family.owner_account_id, *session.scalars(shared)}
        theirs = LogbookClientRow.guider.in_([f"{OF_AN_ACCOUNT}{one}" for one in people])
    by_hand = LogbookClientRow.family_id.is_(None) & (LogbookClientRow.family_index == family.code_index) & theirs
    return _forget(session, or_(LogbookClientRow.family_id == family_id, by_hand))


def forget_code(session: Session, family: str) -> int:
    """The same for a code that was asked for by name: in every logbook, whatever family it means there."""
    return _forget(session, LogbookClientRow.family_index == code_index(ring_of(session), family))


def _forget(session: Session, which: ColumnElement[bool]) -> int:
    clients = session.scalars(select(LogbookClientRow).where(which, LogbookClientRow.family.is_not(None))).all()
    for client in clients:
        forget_client(session, client)
    session.flush()
    return len(clients)


def forget_client(session: Session, client: LogbookClientRow) -> None:
    """Take the code of one client out of a logbook, and of the days all but the month."""
    client.family = None
    for cycle in session.scalars(select(LogbookCycleRow).where(LogbookCycleRow.client_id == client.id)):
        cycle.filmed_on, cycle.reviewed_on = _month(cycle.filmed_on), _month(cycle.reviewed_on)
    note_erasure(session, ErasureKind.LOGBOOK_CLIENT, client.id)


def names_code(session: Session, family: str) -> bool:
    """Whether the family's code stands in any logbook."""
    query = select(LogbookClientRow.id).where(LogbookClientRow.family_index == code_index(ring_of(session), family))
    return session.scalars(query.limit(1)).first() is not None


def open_families(session: Session, guider: str) -> set[str]:
    """The ids of the families of a guider, and of those that are shared with her now."""
    account_id = guider.removeprefix(OF_AN_ACCOUNT) if guider.startswith(OF_AN_ACCOUNT) else SHARED_GUIDER_ACCOUNT
    is_good = FamilyShareRow.ended_at.is_(None) & or_(FamilyShareRow.until.is_(None), FamilyShareRow.until > utcnow())
    shared = select(FamilyShareRow.family_id).where(FamilyShareRow.account_id == account_id, is_good)
    theirs = or_(FamilyRow.owner_account_id == account_id, FamilyRow.id.in_(shared))
    return set(session.scalars(select(FamilyRow.id).where(theirs)))


def _films(guider: str) -> Any:
    """Selections that count: not being erased, and all of them arrived, or all that were sent first."""
    return (
        select(SelectionRow)
        .where(
            SelectionRow.visible,
            has_arrived(),
            _own(SelectionRow.guider, guider),
        )
        .order_by(SelectionRow.created_at)
    )


def has_arrived() -> ColumnElement[bool]:
    """The condition under which something of a selection was sent: while one more moment is on its way, it is no less a
    review than before.
    """
    some = exists().where(MomentRow.selection_id == SelectionRow.id, MomentRow.state == MomentState.READY)
    return or_(SelectionRow.state != SelectionState.RECEIVING, some)


def _own(column: Any, guider: str) -> ColumnElement[bool]:
    return column == guider if guider else or_(column.is_(None), column.not_like(f"{OF_AN_ACCOUNT}%"))


def _days(row: SelectionRow, known: CycleEntry) -> dict[str, date | None]:
    """The days of a cycle, now that one more selection of it is known."""
    sent_on = local_day(row.created_at)
    if row.shape.of == FilmOf.REVIEW_RECORDING:
        return {"filmed_on": known.filmed_on, "reviewed_on": _first(known.reviewed_on, sent_on)}
    held = row.review_on if row.review_on and row.review_on <= local_day(utcnow()) else None
    return {"filmed_on": _first(known.filmed_on, sent_on), "reviewed_on": _first(known.reviewed_on, held)}


def _merged(
    cycle: LogbookCycleRow, code: str | None, name: str, read: CycleEntry | None, *, is_hidden: bool
) -> CycleEntry:
    return CycleEntry(
        id=cycle.id,
        client=name,
        family=code,
        is_hidden=is_hidden,
        cycle=cycle.cycle,
        role=Role(cycle.role),
        filmed_on=cycle.filmed_on or (read.filmed_on if read else None),
        reviewed_on=cycle.reviewed_on or (read.reviewed_on if read else None),
        from_films=read is not None,
        left_out=cycle.left_out,
    )


def _client(session: Session, guider: str, family: str, family_id: str | None = None) -> LogbookClientRow:
    index = code_index(ring_of(session), family)
    means = LogbookClientRow.family_index == index
    if not family:  # its key was destroyed already
        means = LogbookClientRow.family_id == family_id
    query = select(LogbookClientRow).where(LogbookClientRow.guider == guider, means)
    row = session.scalars(query.limit(1)).one_or_none()
    if family_id is None:
        named = session.scalar(select(FamilyRow.id).where(FamilyRow.code_index == index))
        family_id = named if named in open_families(session, guider) else None
    if row is None:
        row = LogbookClientRow(guider=guider, family=family or None)
        session.add(row)
    if row.family_id is None and family_id is not None:
        row.family_id = family_id
        flag_modified(row, "family")  # sealed with that family's key from now on
    session.flush()
    return row


def _cycle_of(session: Session, guider: str, entry_id: str) -> ColumnElement[bool]:
    own = select(LogbookClientRow.id).where(_own(LogbookClientRow.guider, guider))
    return (LogbookCycleRow.id == entry_id) & LogbookCycleRow.client_id.in_(session.scalars(own).all())


def _first(*days: date | None) -> date | None:
    return min((day for day in days if day), default=None)


def _month(day: date | None) -> date | None:
    return day.replace(day=1) if day else None


def _when(entry: CycleEntry) -> tuple[date, str, int]:
    days: Iterable[date | None] = (entry.filmed_on, entry.reviewed_on)
    return _first(*days) or date.max, entry.client, entry.cycle
