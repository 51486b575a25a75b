"""Every table of the database, and what of it is in an answer: its rows of the family, or why none of them is.

A table that is named nowhere here fails a test, so adding one means deciding it. Columns go into the answer by
themselves; those that are left out are named: places in the store, hashes and marks by which the service works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import DeclarativeBase, Session

from records.audit.actions import Action
from records.copies.register import RIGHT_OF_ACCESS
from records.models import (
    AccountRow,
    ArtifactRow,
    ArtworkRow,
    AuditRow,
    ConsentFormRow,
    ConsentRow,
    CopyLinkRow,
    ErasureCertificateRow,
    FamilyRetentionRow,
    FamilyRow,
    FamilyShareRow,
    HandedOutCopyRow,
    HandOverRow,
    JobRow,
    LogbookClientRow,
    LogbookCycleRow,
    MomentRow,
    NoticeRow,
    OutputRow,
    RetentionHoldRow,
    SelectionRow,
    SubjectAccessRow,
    UploadRow,
    WordsRow,
)
from records.subject_access.items import FoundItem


@dataclass(frozen=True)
class Asked:
    """Whose answer it is, and what was decided."""

    family_id: str
    code_index: str | None
    people: frozenset[str]
    selections: tuple[str, ...]
    requests: tuple[str, ...]
    """Requests about them alone; others are about somebody who does not ask."""
    is_everybody: bool
    """Whether it is about everybody of the family."""
    items: Mapping[str, FoundItem]
    names: Mapping[str, str]
    """Of accounts, by id."""
    until: datetime
    """What was done later is in a later answer: that this one was fetched, for example."""

    def includes(self, item_id: str) -> bool:
        """Whether a person decided that it goes into the answer."""
        return item_id in self.items and self.items[item_id].included


Row = dict[str, Any]
_UNCHANGED: Callable[[Row, Asked], Row | None] = lambda row, _asked: row  # noqa: E731


@dataclass(frozen=True)
class Held:
    """A table with rows of families."""

    model: type[DeclarativeBase]
    about: str
    """What it holds, as a family reads it."""
    rows: Callable[[Asked], ColumnElement[bool]]
    without: frozenset[str] = frozenset()
    """Columns that stay out: how the service works, and words that stand elsewhere in the answer."""
    change: Callable[[Row, Asked], Row | None] = field(default=_UNCHANGED)
    """What of a row may leave; None: nothing."""


def _of_selections(model: Any) -> Callable[[Asked], ColumnElement[bool]]:
    return lambda asked: model.selection_id.in_(asked.selections)


def _of_family(model: Any) -> Callable[[Asked], ColumnElement[bool]]:
    return lambda asked: model.family_id == asked.family_id


def _names(*columns: str) -> Callable[[Row, Asked], Row]:
    """With names in the place of accounts' ids."""

    def change(row: Row, asked: Asked) -> Row:
        return row | {name: asked.names.get(row[name], row[name]) for name in columns if row.get(name)}

    return change


def _family(row: Row, asked: Asked) -> Row:
    row["people"] = [one for one in row["people"] if one["id"] in asked.people]
    return _names("owner_account_id")(row, asked)


def _consent(row: Row, asked: Asked) -> Row | None:
    if row["person_id"] not in asked.people:
        return None
    if not asked.includes(f"notes:{asked.family_id}"):
        row["own_words"] = ""
    return _names("recorded_by")(row, asked)


def _reason(*columns: str) -> Callable[[Row, Asked], Row]:
    """Names, and reasons only where a person decided that they go into the answer."""

    def change(row: Row, asked: Asked) -> Row:
        if not asked.includes(f"notes:{asked.family_id}"):
            row |= {name: "" for name in ("reason", "to_whom") if name in row}
        return _names(*columns)(row, asked)

    return change


def _copy(row: Row, asked: Asked) -> Row | None:
    if row["purpose"] == RIGHT_OF_ACCESS and not asked.is_everybody:
        return None  # it may have been somebody else's answer
    return _reason("by")(row, asked)


def _moment(row: Row, asked: Asked) -> Row:
    if not asked.includes(f"{row['kind']}:{row['id']}"):
        return {name: row[name] for name in ("id", "selection_id", "position", "kind")}
    if row["people"] is not None:
        row["people"] = [one for one in row["people"] if one in asked.people]
    return row


def _file(row: Row, asked: Asked) -> Row | None:
    if row["moment_id"] is None:
        return row
    return row if any(asked.includes(f"{kind}:{row['moment_id']}") for kind in ("clip", "still")) else None


def _artwork(row: Row, asked: Asked) -> Row | None:
    return row if asked.includes(f"artwork:{row['id']}") else None


def _words(row: Row, asked: Asked) -> Row | None:
    return row if asked.includes(f"words:{row['selection_id']}") else None


def audited(asked: Asked) -> ColumnElement[bool]:
    """The lines about the family, but for those about requests of somebody who does not ask."""
    named = or_(AuditRow.family_id == asked.family_id, AuditRow.selection_id.in_(asked.selections))
    return (
        named
        & (AuditRow.at <= asked.until)
        & (AuditRow.action.not_in(_OF_REQUESTS) | AuditRow.target.in_(asked.requests))
    )


def _audit(row: Row, asked: Asked) -> Row:
    row["who"] = asked.names.get(row.pop("account_id"), "")
    return row


def _selection(row: Row, _asked: Asked) -> Row:
    return row | {"film": {name: row["film"].get(name) for name in ("bytes", "duration_ms")}}


_OF_REQUESTS = (
    Action.OPEN_SUBJECT_ACCESS, Action.DECIDE_SUBJECT_ACCESS, Action.CHECK_SUBJECT_ACCESS, Action.CLOSE_SUBJECT_ACCESS,
    Action.EXTEND_SUBJECT_ACCESS,
)  # fmt: skip
_STORED = frozenset({"storage_key"})
INCLUDED: dict[str, Held] = {
    "families": Held(
        FamilyRow, "The family's code, who belongs to it, whose work it is and when it began and ended.",
        lambda asked: FamilyRow.id == asked.family_id,
        frozenset({"code_index", "code_look", "key_made_at", "erasing_at", "viewed_at"}), _family,
    ),
    "selections": Held(
        SelectionRow, "What was chosen from each film, and when.",
        lambda asked: SelectionRow.id.in_(asked.selections),
        frozenset({"shape", "begun_by", "guider", "key_made_at", "erasing_at", "revision"}), _selection,
    ),
    "moments": Held(
        MomentRow, "The moments: when each is in its film, its words, what is drawn on it, and who can be seen in it.",
        _of_selections(MomentRow), frozenset({"cut", "revision"}), _moment,
    ),
    "words": Held(
        WordsRow, "What was written at the end of a review.", _of_selections(WordsRow), frozenset({"revision"}), _words
    ),
    "artwork": Held(
        ArtworkRow, "Photographs of what a child made, with the child's words.",
        _of_selections(ArtworkRow), _STORED, _artwork,
    ),
    "artifacts": Held(
        ArtifactRow, "Files that were made: clips, stills, packs, notes.", _of_selections(ArtifactRow), _STORED, _file
    ),
    "outputs": Held(
        OutputRow, "What was made of a review, for what purpose, and when.", _of_selections(OutputRow),
        frozenset({"recipe", "made_before"}),
    ),
    "uploads": Held(
        UploadRow, "What was sent of films.", _of_selections(UploadRow), frozenset({"storage_key", "holder"})
    ),
    "jobs": Held(
        JobRow, "When files were made.", _of_selections(JobRow),
        frozenset({
            "guider", "priority", "review_on", "not_before", "sent_at", "attempts", "lease_token", "lease_until",
            "worker", "progress", "moved_at", "cancel_requested", "acknowledged_at", "error_code", "error_detail",
        }),
    ),
    "consents": Held(
        ConsentRow, "What those who ask agreed to and when, and what they said no to.", _of_family(ConsentRow),
        frozenset(), _consent,
    ),
    "consent_forms": Held(
        ConsentFormRow, "Signed forms.", _of_family(ConsentFormRow), _STORED,
        lambda row, asked: row if asked.includes(f"form:{row['id']}") else None,
    ),
    "family_shares": Held(
        FamilyShareRow, "Who else was let see the family's reviews, as what, and until when.",
        _of_family(FamilyShareRow), frozenset({"viewed_at"}), _reason("account_id", "by"),
    ),
    "hand_overs": Held(
        HandOverRow, "When another guider took over.", _of_family(HandOverRow), frozenset(),
        _reason("from_account_id", "to_account_id", "by"),
    ),
    "notices": Held(
        NoticeRow, "What its guider was told of it.", _of_family(NoticeRow), frozenset({"subject_id"}),
        _names("account_id"),
    ),
    "handed_out_copies": Held(
        HandedOutCopyRow, "Copies that left: what, to whom, for what purpose, until when.",
        _of_family(HandedOutCopyRow), frozenset(), _copy,
    ),
    "copy_links": Held(
        CopyLinkRow, "How often links were opened.",
        lambda asked: CopyLinkRow.copy_id.in_(
            select(HandedOutCopyRow.id).where(HandedOutCopyRow.family_id == asked.family_id)
        ),
        frozenset({"secret_hash"}),
    ),
    "family_retention": Held(
        FamilyRetentionRow, "What was decided about how long it is kept.", _of_family(FamilyRetentionRow)
    ),
    "retention_holds": Held(
        RetentionHoldRow, "When it was kept longer.",
        lambda asked: (RetentionHoldRow.family_id == asked.family_id)
        & RetentionHoldRow.id.not_in(
            select(SubjectAccessRow.hold_id).where(
                SubjectAccessRow.family_id == asked.family_id, SubjectAccessRow.hold_id.is_not(None),
                SubjectAccessRow.id.not_in(asked.requests),
            )
        ),
        frozenset(),
        _reason("by", "released_by"),
    ),
    "erasure_certificates": Held(
        ErasureCertificateRow, "Certificates that something was erased.", _of_family(ErasureCertificateRow),
        frozenset(), _names("owner_account_id", "by"),
    ),
    "subject_access": Held(
        SubjectAccessRow, "Requests such as this one.", lambda asked: SubjectAccessRow.id.in_(asked.requests),
        frozenset({"hold_id"}),
        _names("opened_by", "checked_by"),
    ),
    "logbook_clients": Held(
        LogbookClientRow, "Where the family stands in a guider's logbook.",
        lambda asked: or_(
            LogbookClientRow.family_id == asked.family_id,
            (LogbookClientRow.family_index == asked.code_index) & LogbookClientRow.family_index.is_not(None)
            & LogbookClientRow.family_id.is_(None),
        ),
        frozenset({"guider", "family_index"}),
    ),
    "logbook_cycles": Held(
        LogbookCycleRow, "Its cycles in that logbook.",
        lambda asked: LogbookCycleRow.client_id.in_(
            select(LogbookClientRow.id).where(INCLUDED["logbook_clients"].rows(asked))
        ),
    ),
    "audit": Held(
        AuditRow, "Who looked at what, and who changed it.",
        audited,
        frozenset({"session_id", "key_name", "code", "target"}), _audit,
    ),
}  # fmt: skip
"""Tables with rows of a family that are in its answer, by name."""

ABOUT_OTHERS = {
    "ratings": "They score how the practitioner works; a family is never scored.",
    "hidings": "They say where somebody else is covered.",
    "withheld": "In these pictures somebody else is still to be hidden.",
}
"""Tables with rows of a family's reviews that are about somebody else; an answer says how many there are, and why."""

LEFT_OUT = {
    "accounts": "people who work here; where one did something of this family, the answer has the name",
    "alembic_version": "the database's own",
    "api_tokens": "of people who work here",
    "clocks": "duties of the service itself",
    "credentials": "of people who work here",
    "endings": "counts of jobs that name no family",
    "erasures": "random ids of what was erased",
    "external_identities": "of people who work here",
    "external_sessions": "of people who work here",
    "invitations": "of people who work here",
    "last_settings": "settings of the service",
    "login_states": "of people who work here",
    "logbook_hours": "a guider's own hours, which name no family",
    "logbooks": "a guider's own",
    "output_sources": "which file shows which moment: the answer has both",
    "passkeys": "of people who work here",
    "pending_sign_ins": "of people who work here",
    "recovery_codes": "of people who work here",
    "resets": "of people who work here",
    "samples": "how the service was at a minute",
    "sessions": "of people who work here",
    "spent_logout_tokens": "of people who work here",
    "store_identity": "the store's own",
    "subject_access_decisions": "what was decided about this answer: its list of what was left out says it",
    "workers": "the service's own processes",
}
"""Tables without anything of a family, or of which the answer has the sense elsewhere."""

_BATCH_ROWS = 500


def rows_of(session: Session, held: Held, asked: Asked) -> Iterator[Row]:
    """What of a table goes into the answer, row by row as plain values, in the order of its key."""
    columns = [one.key for one in held.model.__mapper__.column_attrs if one.key not in held.without]
    query = select(held.model).where(held.rows(asked)).order_by(*held.model.__mapper__.primary_key)
    for row in session.scalars(query.execution_options(yield_per=_BATCH_ROWS)):
        told = held.change({name: to_jsonable_python(getattr(row, name), by_alias=True) for name in columns}, asked)
        session.expunge(row)
        if told is not None:
            yield told


def names_of_accounts(session: Session) -> dict[str, str]:
    """What people here are called, by their accounts' ids."""
    named = session.execute(select(AccountRow.id, AccountRow.display_name))
    return {id_: name for id_, name in named}  # noqa: C416 a result is no mapping
