"""How long one family is kept, for its guider: told, chosen, ended and reopened."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select
from sqlalchemy.orm import Session, load_only

from records.accounts.principal import Principal
from records.audit.actions import Action
from records.audit.log import note
from records.clock import utcnow
from records.copies.register import HandedOutCopy, copies_out
from records.documents import ErasedCounts
from records.families.access import Right, may_with_family, owner_of
from records.families.families import FamilyGone
from records.models import AccountRow, ConsentRow, FamilyRetentionRow, FamilyRow, SelectionRow
from records.retention.certificates import count_family
from records.retention.dates import FamilyDates, family_dates, sources_due
from records.retention.errors import ScheduleUnknown
from records.retention.holds import HoldView
from records.retention_policy.periods import Clock
from records.retention_policy.policy import Policy


class ScheduleView(BaseModel):
    """One that can be chosen."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    rule: str
    needs_birth: bool


class FamilyRetention(BaseModel):
    """How long a family is kept, and how much there is of it."""

    model_config = ConfigDict(frozen=True)

    family_id: str
    code: str
    schedule: str
    ended_at: datetime | None
    ended_by_silence: bool
    """Nobody said that involvement ended, but nothing new came for so long that it counts as ended."""
    needs_birth: bool
    """The schedule waits for the child's month of birth, from which a date is computed once; the month is not kept."""
    due_at: datetime | None
    noticed_at: datetime | None
    goes_at: datetime | None
    """When everything goes, unless something changes; null: no clock has begun."""
    holds: tuple[HoldView, ...]
    noes_waiting: int
    """How many uses somebody said no to while it was on hold: what was made for them goes with the last hold."""
    sources_go_at: datetime | None
    """When the next of what was sent of films goes."""
    there: ErasedCounts
    copies_out: list[HandedOutCopy]
    schedules: list[ScheduleView]


class FamilyGoing(BaseModel):
    """A family that goes soon, or of which something does."""

    model_config = ConfigDict(frozen=True)

    family_id: str
    code: str
    goes_at: datetime | None
    """All of it; null: only what was sent of films."""
    sources_go_at: datetime | None
    is_held: bool
    review_overdue: bool
    """A hold on it was to be looked at again by now."""


class OwnerRetention(BaseModel):
    """How it stands with one guider's families, in figures."""

    model_config = ConfigDict(frozen=True)

    owner: str
    """By name."""
    families: int
    going_within_a_week: int
    told: int
    """Whose guider was told that they go."""
    held: int
    reviews_overdue: int
    without_a_date: int


def family_retention(session: Session, policy: Policy, who: Principal, family_id: str) -> FamilyRetention:
    """For its guider. Raises: FamilyGone."""
    family, now = _own(session, who, family_id, lock=False), utcnow()
    dates = family_dates(session, policy, [family], now)[family_id]
    return FamilyRetention(
        family_id=family_id,
        code=family.code,
        schedule=dates.schedule,
        ended_at=dates.ended_at,
        ended_by_silence=dates.ended_by_silence,
        needs_birth=dates.needs_birth,
        due_at=dates.due_at,
        noticed_at=dates.noticed_at,
        goes_at=dates.goes_at,
        holds=dates.holds,
        noes_waiting=_noes_waiting(session, family_id),
        sources_go_at=_sources(session, policy).get(family_id),
        there=count_family(session, family_id),
        copies_out=copies_out(session, family_id=family_id),
        schedules=schedules_of(policy),
    )


def _noes_waiting(session: Session, family_id: str) -> int:
    waits = ConsentRow.waits_for_hold & ConsentRow.ended_at.is_(None)
    return session.scalar(select(func.count()).where(ConsentRow.family_id == family_id, waits)) or 0


def schedules_of(policy: Policy) -> list[ScheduleView]:
    """All that can be chosen, the default first."""
    named = sorted(policy.schedules.items(), key=lambda one: one[0] != policy.default)
    return [ScheduleView(name=name, title=one.title, rule=one.rule, needs_birth=one.needs_birth) for name, one in named]


def choose_schedule(
    session: Session, policy: Policy, who: Principal, family_id: str, name: str, born_in: date | None
) -> None:
    """Keep a family by another schedule.

    Of ``born_in``, a day in the month in which the child was born, nothing is kept but the date that follows from it.
    Raises: FamilyGone, ScheduleUnknown.
    """
    _own(session, who, family_id)
    schedule, decided = policy.schedules.get(name), _decided(session, family_id)
    if schedule is None:
        raise ScheduleUnknown(name)
    if schedule.needs_birth and born_in is not None:
        ends = [term.period.after(_month_after(born_in)) for term in schedule.keep if term.clock == Clock.DOB]
        decided.erase_by = max(ends)
    elif not schedule.needs_birth:
        decided.erase_by = None
    elif decided.erase_by is None or decided.schedule != name:
        raise ScheduleUnknown(name)
    decided.schedule = name
    note(session, who, Action.SET_RETENTION, family_id=family_id)


def set_involvement(session: Session, who: Principal, family_id: str, ended_at: datetime | None) -> None:
    """Say when involvement with a family ended, or that it goes on. Raises: FamilyGone."""
    family = _own(session, who, family_id)
    family.ended_at = ended_at
    if ended_at is None:
        _decided(session, family_id).still_on_at = utcnow()
    note(session, who, Action.CLOSE_FAMILY if ended_at else Action.REOPEN_FAMILY, family_id=family_id)


def going_soon(session: Session, policy: Policy, who: Principal, within: timedelta) -> list[FamilyGoing]:
    """The guider's own families of which something goes within this time, or whose hold is overdue; the first first."""
    owned = select(FamilyRow).where(FamilyRow.owner_account_id == owner_of(who), FamilyRow.visible)
    families, now = session.scalars(owned).all(), utcnow()
    sources, found = _sources(session, policy), []
    for family in families:
        dates = family_dates_of(session, policy, family, now)
        until = now + within
        goes_at = dates.goes_at if dates.goes_at and dates.goes_at <= until and not dates.holds else None
        sources_go_at = sources.get(family.id)
        sources_go_at = sources_go_at if sources_go_at and sources_go_at <= until else None
        overdue = any(hold.is_overdue for hold in dates.holds)
        if goes_at or sources_go_at or overdue:
            found.append(
                FamilyGoing(
                    family_id=family.id,
                    code=family.code,
                    goes_at=goes_at,
                    sources_go_at=sources_go_at,
                    is_held=bool(dates.holds),
                    review_overdue=overdue,
                )
            )
    far = now + within
    return sorted(found, key=lambda one: (min(one.goes_at or far, one.sources_go_at or far), one.code))


def retention_by_owner(session: Session, policy: Policy) -> list[OwnerRetention]:
    """How it stands, in figures, for managers and governance: no code of any family."""
    no_words = (FamilyRow.id, FamilyRow.owner_account_id, FamilyRow.opened_at, FamilyRow.ended_at)
    query = select(FamilyRow).where(FamilyRow.visible).options(load_only(*no_words))
    families, now = session.scalars(query).all(), utcnow()
    dates = family_dates(session, policy, families, now)
    named = select(AccountRow.id, AccountRow.display_name)
    names = {row[0]: row[1] for row in session.execute(named)}
    owners: dict[str, list[FamilyDates]] = {}
    for family in families:
        owners.setdefault(family.owner_account_id, []).append(dates[family.id])
    week = now + timedelta(days=7)
    found = [
        OwnerRetention(
            owner=names.get(owner, ""),
            families=len(of),
            going_within_a_week=sum(not one.holds and one.goes_at is not None and one.goes_at <= week for one in of),
            told=sum(one.noticed_at is not None and not one.holds for one in of),
            held=sum(bool(one.holds) for one in of),
            reviews_overdue=sum(any(hold.is_overdue for hold in one.holds) for one in of),
            without_a_date=sum(one.needs_birth for one in of),
        )
        for owner, of in owners.items()
    ]
    return sorted(found, key=lambda one: one.owner)


def family_dates_of(session: Session, policy: Policy, family: FamilyRow, now: datetime) -> FamilyDates:
    """Those of one family."""
    return family_dates(session, policy, [family], now)[family.id]


def _own(session: Session, who: Principal, family_id: str, *, lock: bool = True) -> FamilyRow:
    row = session.get(FamilyRow, family_id, with_for_update=lock or None)
    if row is None or not may_with_family(session, who, row, Right.OWN):
        raise FamilyGone
    return row


def _decided(session: Session, family_id: str) -> FamilyRetentionRow:
    row = session.get(FamilyRetentionRow, family_id)
    if row is None:
        row = FamilyRetentionRow(family_id=family_id, schedule="")
        session.add(row)
    return row


def _sources(session: Session, policy: Policy) -> dict[str, datetime]:
    """When the next of what was sent of each family's films goes."""
    due = {one: at for one, at in sources_due(session, policy).items() if at is not None}
    first: dict[str, datetime] = {}
    if due:
        families = select(SelectionRow.id, SelectionRow.family_id).where(SelectionRow.id.in_(due))
        for selection_id, family_id in session.execute(families):
            first[family_id] = min(due[selection_id], first.get(family_id, due[selection_id]))
    return first


def _month_after(day: date) -> date:
    """The first of the next month: by then everybody born in this one has had that birthday."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
