"""When what goes: computed from the policy, from what was decided for a family, and from what happened to it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from records.models import (
    ArtifactRow,
    FamilyRetentionRow,
    FamilyRow,
    JobRow,
    JobState,
    MomentRow,
    MomentState,
    OutputRow,
    RetentionHoldRow,
    SelectionRow,
    UploadRow,
    UploadState,
    WordsRow,
)
from records.retention.holds import HoldView, holds_of
from records.retention_policy.periods import Clock, Term
from records.retention_policy.policy import Policy, Schedule

_LIVE = (JobState.QUEUED, JobState.HELD, JobState.RUNNING)


@dataclass(frozen=True)
class FamilyDates:
    """How long one family is kept, as it stands."""

    schedule: str
    rule: str
    """The schedule's times: CASE+6,DOB+25."""
    ended_at: datetime | None
    """When involvement ended, or counts as ended …"""
    ended_by_silence: bool
    """… since nothing new came of it for so long."""
    due_at: datetime | None
    """When the policy has everything gone; None where a clock has not begun, or the month of birth is wanted."""
    needs_birth: bool
    notice_at: datetime | None
    """When its guider is to be told."""
    noticed_at: datetime | None
    """When she was told of this date."""
    goes_at: datetime | None
    """When everything goes: not before the notice is over."""
    holds: tuple[HoldView, ...]

    def goes_by(self, now: datetime) -> bool:
        """Whether everything is to go now."""
        return not self.holds and self.noticed_at is not None and self.goes_at is not None and self.goes_at <= now

    def wants_notice(self, now: datetime) -> bool:
        """Whether its guider is to be told now."""
        return not self.holds and self.noticed_at is None and self.notice_at is not None and self.notice_at <= now


def family_dates(
    session: Session, policy: Policy, families: Sequence[FamilyRow], now: datetime
) -> dict[str, FamilyDates]:
    """By the ids of the families."""
    ids = [family.id for family in families]
    decided = {
        row.family_id: row
        for row in session.scalars(select(FamilyRetentionRow).where(FamilyRetentionRow.family_id.in_(ids)))
    }
    last, holds = _last_activity(session, ids), holds_of(session, ids)
    return {
        family.id: _dates(
            policy,
            family,
            decided.get(family.id) or FamilyRetentionRow(family_id=family.id, schedule=""),
            last.get(family.id, family.opened_at),
            tuple(holds.get(family.id, ())),
            now,
        )
        for family in families
    }


def sources_due(
    session: Session, policy: Policy, selection_ids: Collection[str] | None = None
) -> dict[str, datetime | None]:
    """When what was sent of the films of selections goes, by their ids; None while a moment of it is being prepared.

    Only selections of which something is there. Those of families on hold have no date either.
    """
    sent = (
        select(UploadRow.selection_id, func.max(UploadRow.created_at))
        .join(SelectionRow, SelectionRow.id == UploadRow.selection_id)
        .where(UploadRow.state == UploadState.COMPLETE, SelectionRow.visible)
        .group_by(UploadRow.selection_id)
    )
    if selection_ids is not None:
        sent = sent.where(UploadRow.selection_id.in_(selection_ids))
    found: dict[str, datetime] = {row[0]: row[1] for row in session.execute(sent)}
    if not found:
        return {}
    of_moments = JobRow.selection_id.in_(found) & JobRow.moment_id.is_not(None)
    live = set(session.scalars(select(JobRow.selection_id).where(of_moments, JobRow.state.in_(_LIVE))))
    queued = select(JobRow.selection_id, func.max(JobRow.queued_at)).where(of_moments)
    asked = _newest(session, queued.group_by(JobRow.selection_id))
    open_moments = set(
        session.scalars(
            select(MomentRow.selection_id).where(
                MomentRow.selection_id.in_(found), MomentRow.state != MomentState.READY
            )
        )
    )
    made = select(ArtifactRow.selection_id, func.max(ArtifactRow.created_at)).where(
        ArtifactRow.selection_id.in_(found), ArtifactRow.moment_id.is_not(None)
    )
    ready = _newest(session, made.group_by(ArtifactRow.selection_id))
    families = select(SelectionRow.id, SelectionRow.family_id, FamilyRetentionRow.since)
    families = families.outerjoin(FamilyRetentionRow, FamilyRetentionRow.family_id == SelectionRow.family_id)
    family_of = {row[0]: (row[1], row[2]) for row in session.execute(families.where(SelectionRow.id.in_(found)))}
    held = holds_of(session, {family_id for family_id, _ in family_of.values()})
    due: dict[str, datetime | None] = {}
    for selection_id, sent_at in found.items():
        family_id, since = family_of[selection_id]
        if selection_id in live or family_id in held:
            due[selection_id] = None
        elif selection_id in open_moments or selection_id not in ready:
            began = max(sent_at, asked.get(selection_id, sent_at))
            due[selection_id] = policy.sources.unfinished.period.after(_not_before(began, since))
        else:
            due[selection_id] = policy.sources.ready.period.after(_not_before(ready[selection_id], since))
    return due


def outputs_due(session: Session, policy: Policy, now: datetime) -> list[tuple[str, str]]:
    """The outputs whose purpose's time is over, as selections' ids and kinds; of families on hold none."""
    held = select(RetentionHoldRow.family_id).where(RetentionHoldRow.released_at.is_(None))
    found: list[tuple[str, str]] = []
    for purpose, term in policy.purposes.items():
        query = select(OutputRow.selection_id, OutputRow.kind).join(
            SelectionRow, SelectionRow.id == OutputRow.selection_id
        )
        over = (OutputRow.purpose == purpose) & (OutputRow.made_at <= term.period.before(now))
        query = query.where(over, SelectionRow.visible, SelectionRow.family_id.not_in(held))
        found += [(row[0], row[1]) for row in session.execute(query)]
    return found


def _dates(
    policy: Policy,
    family: FamilyRow,
    decided: FamilyRetentionRow,
    last_at: datetime,
    holds: tuple[HoldView, ...],
    now: datetime,
) -> FamilyDates:
    schedule = policy.schedule(decided.schedule)
    ended_at, silent = family.ended_at, False
    if ended_at is None and policy.ended_after_silence is not None:
        quiet_since = max(last_at, family.opened_at, decided.still_on_at or last_at)
        ended_at, silent = policy.ended_after_silence.after(_not_before(quiet_since, decided.since)), True
    due_at = _due(schedule, ended_at, decided.erase_by)
    stands = due_at is not None and decided.noticed_for is not None and due_at <= decided.noticed_for
    noticed_at = decided.noticed_at if stands else None
    goes_at = (
        None
        if due_at is None
        else max(due_at, policy.notice.after(noticed_at or max(now, policy.notice.before(due_at))))
    )
    return FamilyDates(
        schedule=decided.schedule if decided.schedule in policy.schedules else policy.default,
        rule=schedule.rule,
        ended_at=ended_at if ended_at is not None and (not silent or ended_at <= now) else None,
        ended_by_silence=silent and ended_at is not None and ended_at <= now,
        due_at=due_at,
        needs_birth=schedule.needs_birth and decided.erase_by is None,
        notice_at=None if due_at is None else policy.notice.before(due_at),
        noticed_at=noticed_at,
        goes_at=goes_at,
        holds=holds,
    )


def _due(schedule: Schedule, ended_at: datetime | None, erase_by: date | None) -> datetime | None:
    """The latest of its times; None while one of them is unknown."""
    times = [_when(term, ended_at, erase_by) for term in schedule.keep]
    known = [one for one in times if one is not None]
    return max(known) if len(known) == len(times) else None


def _when(term: Term, ended_at: datetime | None, erase_by: date | None) -> datetime | None:
    if term.clock == Clock.DOB:  # computed when the month of birth was named
        return None if erase_by is None else datetime.combine(erase_by, time(), UTC)
    return None if ended_at is None else term.period.after(ended_at)


def _last_activity(session: Session, family_ids: Collection[str]) -> dict[str, datetime]:
    """When something was last sent, prepared or written of each family."""
    found: dict[str, datetime] = {}
    of = SelectionRow.family_id
    for when, table, on in (
        (SelectionRow.created_at, None, None),
        (ArtifactRow.created_at, ArtifactRow, ArtifactRow.selection_id == SelectionRow.id),
        (WordsRow.saved_at, WordsRow, WordsRow.selection_id == SelectionRow.id),
    ):
        query = select(of, func.max(when)).select_from(SelectionRow)
        if table is not None and on is not None:
            query = query.join(table, on)
        for family_id, at in session.execute(query.where(of.in_(family_ids)).group_by(of)):
            found[family_id] = max(at, found.get(family_id, at))
    return found


def _newest(session: Session, query: Select[str, datetime]) -> dict[str, datetime]:
    return {row[0]: row[1] for row in session.execute(query)}


def _not_before(when: datetime, since: datetime | None) -> datetime:
    return max(when, since) if since else when
