"""What managers and information governance are told of the work: counts, and logbooks that were shown."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from pipeline.training.logbook.book import Logbook
from records.accounts.principal import OF_AN_ACCOUNT, Role, parse_roles
from records.database import rows_changed
from records.errors import RecordsError
from records.models import AccountRow, FamilyRow, LogbookRow, SelectionRow
from records.training.logbook import DEFAULT_PROFILE, has_arrived, read_logbook


class LogbookNotShown(RecordsError):
    """A logbook that its guider has not shown to managers."""

    code = "logbook_not_shown"
    for_guider = "This guider has not shown her logbook to managers."


class GuiderWork(BaseModel):
    """How much somebody works here; nothing of any family."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    name: str
    families_open: int
    families_ended: int
    reviews: int
    """Selections whose moments have arrived, in all families that are theirs now."""
    logbook_shown: bool


def show_logbook(session: Session, guider: str, *, shown: bool) -> None:
    """Whether managers may read this logbook, without codes: the guider says so herself, and takes it back."""
    changed = update(LogbookRow).where(LogbookRow.guider == guider).values(shown_to_managers=shown)
    if rows_changed(session, changed) == 0:
        session.add(LogbookRow(guider=guider, profile=DEFAULT_PROFILE, shown_to_managers=shown))


def is_logbook_shown(session: Session, guider: str) -> bool:
    """Whether its guider said that managers may read it."""
    row = session.get(LogbookRow, guider)
    return row is not None and row.shown_to_managers


def list_work(session: Session) -> list[GuiderWork]:
    """Every guider with an open account of their own, by name."""
    people = select(AccountRow).where(AccountRow.kind == "person", AccountRow.state == "active")
    reviews = (
        select(FamilyRow.owner_account_id, func.count())
        .join(SelectionRow, SelectionRow.family_id == FamilyRow.id)
        .where(SelectionRow.visible, has_arrived())
    )
    families = select(FamilyRow.owner_account_id, func.count())
    open_ones = _counted(session, families.where(FamilyRow.ended_at.is_(None)))
    ended, sent = _counted(session, families.where(FamilyRow.ended_at.is_not(None))), _counted(session, reviews)
    return [
        GuiderWork(
            account_id=row.id,
            name=row.display_name,
            families_open=open_ones.get(row.id, 0),
            families_ended=ended.get(row.id, 0),
            reviews=sent.get(row.id, 0),
            logbook_shown=is_logbook_shown(session, f"{OF_AN_ACCOUNT}{row.id}"),
        )
        for row in session.scalars(people.order_by(AccountRow.display_name, AccountRow.id))
        if Role.GUIDER in parse_roles(row.roles)
    ]


def shown_logbook(session: Session, account_id: str) -> Logbook:
    """A guider's logbook without a code or an id of any family. Raises: LogbookNotShown."""
    guider = f"{OF_AN_ACCOUNT}{account_id}"
    if not is_logbook_shown(session, guider):
        raise LogbookNotShown
    book = read_logbook(session, guider)
    numbers = {client: str(number) for number, client in enumerate(dict.fromkeys(one.client for one in book.cycles), 1)}
    cycles = (
        one.model_copy(
            update={
                "client": numbers[one.client],
                "family": None,
                "is_hidden": one.is_hidden or one.family is not None,
            }
        )
        for one in book.cycles
    )
    return book.model_copy(update={"cycles": tuple(cycles)})


def _counted(session: Session, query: Select[str, int]) -> dict[str, int]:
    rows = session.execute(query.group_by(FamilyRow.owner_account_id))
    return {row[0]: row[1] for row in rows}
