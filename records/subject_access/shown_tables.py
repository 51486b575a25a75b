"""The tables of an answer's first page: why the family is here, what was agreed, who saw it, what left, how long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.outputs.kinds import KINDS
from pipeline.subject_access.answer import ShownTable
from records.accounts.principal import MACHINE_ACCOUNT, SHARED_GUIDER_ACCOUNT, SHARED_IT_ACCOUNT
from records.audit.actor import COMMAND_LINE
from records.clock import local_day, utcnow
from records.consent.in_force import policy_of as purposes_of
from records.copies.register import RIGHT_OF_ACCESS, find_copies
from records.models import AuditRow, ConsentRow, FamilyRow, FamilyShareRow, HandedOutCopyRow, HandOverRow
from records.retention.dates import family_dates
from records.retention_policy.periods import Period
from records.retention_policy.policy import Policy
from records.subject_access.tables import Asked, audited

_DONE = {
    "view": "looked at it",
    "download": "took away a file",
    "allow_player": "let a player fetch a film",
    "create": "began a review",
    "upload": "sent a film or moment",
    "prepare": "had something made",
    "trim": "moved the ends of a moment",
    "hide": "hid somebody in a moment",
    "confirm_hiding": "confirmed that somebody is hidden",
    "write": "wrote about a review",
    "hand_out": "handed out a copy",
    "open_link": "opened a link",
    "share": "let somebody else see it",
    "stop_sharing": "stopped letting somebody see it",
    "hand_over": "gave it to another guider",
    "break_glass": "opened it in an emergency",
    "record_consent": "wrote down what was agreed",
    "erase": "erased a review",
    "refuse": "was refused",
    "delete_upload": "took back what was sent",
    "lift_hiding": "stopped hiding somebody",
    "add_artwork": "added a photograph",
    "change_artwork": "changed the words of a photograph",
    "delete_artwork": "erased a photograph",
    "rate": "rated a recording of a review",
    "delete_rating": "erased a rating",
    "retry": "had something tried again",
    "return_copy": "noted that a copy is back",
    "revoke_link": "ended a link",
    "open_family": "began with the family",
    "change_family": "changed what is known of the family",
    "close_family": "noted that the work has ended",
    "reopen_family": "noted that the work goes on",
    "set_retention": "chose how long it is kept",
    "hold_family": "had everything kept for now",
    "release_family": "ended that everything is kept",
    "give_notice": "was told that it goes soon",
    "erase_output": "erased something that was made, as the rules say",
    "erase_sources": "erased what was sent of a film, as the rules say",
    "heed_consent": "erased what somebody had said no to",
    "read_family": "looked up the family",
    "add_consent_form": "added a signed form",
    "set_people_seen": "noted who can be seen in a moment",
    "open_subject_access": "noted a request to see what is held",
    "decide_subject_access": "decided what goes into the answer",
    "check_subject_access": "said that everything in the answer was looked at",
    "close_subject_access": "closed a request to see what is held",
}
_AS = {
    "colleague": "a colleague who works on it too",
    "supervisor": "a supervisor, to look",
    "break_glass": "in an emergency",
}


def shown_tables(session: Session, policy: Policy, family: FamilyRow, asked: Asked) -> Iterator[ShownTable]:
    """In the order of the page."""
    yield _purposes(session)
    yield _agreements(session, family, asked)
    yield _looks(session, asked)
    yield _shares(session, asked)
    yield _copies(session, asked)
    yield _kept(session, policy, family)


def _purposes(session: Session) -> ShownTable:
    rows = [(one.title, one.about, one.basis.replace("_", " ")) for one in purposes_of(session).values()]
    return ShownTable(
        title="What it may be used for",
        about="The purposes of this service, and the lawful basis of each (UK GDPR, Art. 6).",
        head=("Purpose", "What it means", "Basis"),
        rows=tuple(rows),
        empty="",
    )


def _agreements(session: Session, family: FamilyRow, asked: Asked) -> ShownTable:
    titles = {one.id: one.title for one in family.people}
    purposes = purposes_of(session)
    names = {str(purpose): one.title for purpose, one in purposes.items()}
    with_words = asked.includes(f"notes:{family.id}")
    its = select(ConsentRow).where(ConsentRow.family_id == family.id, ConsentRow.person_id.in_(asked.people))
    rows = [
        (
            titles.get(row.person_id, ""),
            names.get(row.purpose, row.purpose),
            row.said + ("" if row.ended_at is None else ", until something newer was said"),
            _day(row.said_on),
            row.given_by,
            row.own_words if with_words else "",
        )
        for row in session.scalars(its.order_by(ConsentRow.recorded_at, ConsentRow.id))
    ]
    return ShownTable(
        title="What was agreed",
        about="What those who ask said to each use, with everything from before.",
        head=("Who", "To what", "Said", "On", "By", "Own words"),
        rows=tuple(rows),
        empty="Nothing is recorded.",
    )


def _looks(session: Session, asked: Asked) -> ShownTable:
    counted = (AuditRow.account_id, AuditRow.action, func.count(), func.min(AuditRow.at), func.max(AuditRow.at))
    found = session.execute(
        select(*counted)
        .where(audited(asked))
        .group_by(AuditRow.account_id, AuditRow.action)
        .order_by(func.min(AuditRow.at), AuditRow.account_id, AuditRow.action)
    )
    rows = [
        (
            _who(account, asked),
            _DONE.get(action, action.replace("_", " ")),
            f"{number}",
            _at(first),
            _at(last) if number > 1 else "",
        )
        for account, action, number, first, last in found
    ]
    return ShownTable(
        title="Who saw it, and who changed something",
        about="One line stands for what somebody saw of one thing in ten minutes. All lines are in data/audit.json.",
        head=("Who", "Did what", "Times", "First", "Last"),
        rows=tuple(rows),
        empty="Nobody.",
    )


def _shares(session: Session, asked: Asked) -> ShownTable:
    its = select(FamilyShareRow).where(FamilyShareRow.family_id == asked.family_id)
    rows = [
        (_who(row.account_id, asked), _AS.get(row.kind, row.kind), _at(row.created_at), _at(row.ended_at or row.until))
        for row in session.scalars(its.order_by(FamilyShareRow.created_at, FamilyShareRow.id))
    ]
    given = select(HandOverRow).where(HandOverRow.family_id == asked.family_id)
    rows += [
        (_who(row.to_account_id, asked), "her guider from then on", _at(row.created_at), "")
        for row in session.scalars(given.order_by(HandOverRow.created_at, HandOverRow.id))
    ]
    return ShownTable(
        title="Who else was let see it",
        about="",
        head=("Who", "As what", "From", "Until"),
        rows=tuple(rows),
        empty="Nobody but the person who works with you.",
    )


def _copies(session: Session, asked: Asked) -> ShownTable:
    with_words = asked.includes(f"notes:{asked.family_id}")
    rows = []
    for one in find_copies(session, HandedOutCopyRow.family_id == asked.family_id):
        own = one.purpose == RIGHT_OF_ACCESS
        if own and not asked.is_everybody:
            continue
        kind = KINDS.get(one.kind)
        rows.append(
            (
                "Answer such as this one" if own else kind.title if kind else one.kind,
                one.purpose.replace("_", " "),
                one.to_whom if with_words or own else "",
                one.by,
                _at(one.created_at),
                (one.ended_how or "returned") if one.ended_at else "out",
                "" if one.opened is None else f"opened {one.opened} times",
            )
        )
    return ShownTable(
        title="Copies that left",
        about="Files and links that were handed out, and whether they came back.",
        head=("What", "For", "To whom", "By", "On", "Now", "Link"),
        rows=tuple(rows),
        empty="None.",
    )


def _kept(session: Session, policy: Policy, family: FamilyRow) -> ShownTable:
    dates = family_dates(session, policy, [family], utcnow())[family.id]
    rule = policy.schedules[dates.schedule].title if dates.schedule in policy.schedules else dates.schedule
    rows = [
        ("What was sent of films", f"{_length(policy.sources.ready.period)} after its moments are ready"),
        ("Everything", f"{rule}"),
        ("The work began", _at(family.opened_at)),
        ("The work ended", _at(dates.ended_at) or "not yet"),
        ("To be erased on", _at(dates.goes_at) or "no day yet: it depends on when the work ends"),
    ]
    rows += [("Kept for now", f"to be looked at again on {_day(hold.review_on)}") for hold in dates.holds]
    return ShownTable(title="How long it is kept", about="", head=("What", "How long"), rows=tuple(rows), empty="")


def _who(account_id: str, asked: Asked) -> str:
    if account_id.startswith(COMMAND_LINE):
        return "IT support, at the service’s own machine"
    if account_id in {"service", ""}:
        return "the service itself"
    if account_id in {MACHINE_ACCOUNT, SHARED_GUIDER_ACCOUNT}:
        return "the guiders here, who share one sign-in"
    if account_id == SHARED_IT_ACCOUNT:
        return "IT support"
    return asked.names.get(account_id) or "somebody with a link, or whose account is gone"


def _length(period: Period) -> str:
    for number, what in ((period.days, "day"), (period.months // 12 if period.months % 12 == 0 else 0, "year")):
        if number:
            return f"{number} {what}" if number == 1 else f"{number} {what}s"
    return "1 month" if period.months == 1 else f"{period.months} months"


def _at(at: datetime | None) -> str:
    return _day(local_day(at)) if at else ""


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
