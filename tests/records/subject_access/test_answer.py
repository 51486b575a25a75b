"""An answer to somebody who asks to see: all that is held of the family, nothing of another, and nobody unlooked at."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import pytest
from sqlalchemy import delete, select, update

from pipeline.moments import Silence
from pipeline.purposes import Purpose
from records.accounts.principal import SHARED_GUIDER_ACCOUNT
from records.actions.erase_family import erase_family
from records.actions.record_consents import Consequences, copies_against
from records.audit.actions import Action
from records.audit.log import note
from records.clock import utcnow
from records.copies.register import copies_out
from records.database import Database
from records.models import (
    ArtifactRow,
    Base,
    FamilyRow,
    HidingRow,
    MomentRow,
    RetentionHoldRow,
    SubjectAccessDecisionRow,
    SubjectAccessRow,
)
from records.retention.errors import FamilyHeld
from records.retention_policy.policy import policy_of
from records.settings import Settings
from records.storage.contract import StorageDamaged
from records.storage.open import open_storage
from records.subject_access.items import Decision, SubjectAccessItem
from records.subject_access.requests import (
    LASTS,
    State,
    SubjectAccessGone,
    SubjectAccessUnready,
    check,
    close_request,
    decide,
    find_request,
    hand_out,
    open_request,
    state_of,
    view_request,
)
from records.subject_access.stream import AnswerBrokenOff, answer_stream, find_answer
from records.subject_access.tables import ABOUT_OTHERS, INCLUDED, LEFT_OUT
from tests.databases import make_tables
from tests.effects import open_alone
from tests.records.cast import EVERYBODY_HERE as WHO
from tests.records.subject_access.families import Family, fill_family

TOGETHER = "subject_access"
OWN, OTHER = "Quittenbaum", "Zaubermaus"


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    made = open_alone(settings)
    yield made
    made.dispose()


@pytest.fixture
def own(db: Database, settings: Settings, tmp_path: Path) -> Family:
    fill_family(db, settings, tmp_path, "K-207", OTHER)
    return fill_family(db, settings, tmp_path, "K-104", OWN)


def opened(db: Database, settings: Settings, own: Family, *, about: tuple[str, ...] = ("mother Z", "child Z")) -> str:
    with db.session() as session:
        return open_request(session, WHO, policy_of(settings), own.id, asked_by="mother Z", about=about).id


def items(db: Database, own: Family, request_id: str) -> dict[str, SubjectAccessItem]:
    with db.reading() as session:
        return {one.id: one for one in view_request(session, find_request(session, own.id, request_id)).items}


def say(
    db: Database, own: Family, request_id: str, item: SubjectAccessItem, decision: Decision, reason: str = ""
) -> None:
    with db.session() as session:
        row = find_request(session, own.id, request_id, lock=True)
        decide(session, WHO, row, item.id, decision, reason, item.fingerprint)


def say_all(db: Database, own: Family, request_id: str, **left_out: str) -> None:
    """Everything that can be is included, but for these kinds, with the reasons."""
    for one in items(db, own, request_id).values():
        reason = left_out.get(one.kind, "" if one.may_include else "Somebody else can be seen.")
        say(db, own, request_id, one, Decision.LEAVE_OUT if reason else Decision.INCLUDE, reason)


def checked(db: Database, own: Family, request_id: str) -> None:
    with db.session() as session:
        check(session, WHO, find_request(session, own.id, request_id, lock=True), "Ada Guider")


def handed_out(db: Database, own: Family, request_id: str, to_whom: str = "mother Z") -> None:
    checked(db, own, request_id)
    with db.session() as session:
        hand_out(session, WHO, find_request(session, own.id, request_id, lock=True), to_whom)


def answer(db: Database, settings: Settings, own: Family, request_id: str) -> ZipFile:
    blocks = answer_stream(db, open_storage(settings), policy_of(settings), own.id, request_id, lambda: True)
    return ZipFile(io.BytesIO(b"".join(blocks)))


def table(archive: ZipFile, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(archive.read(f"data/{name}.json"))["rows"]
    return rows


def whole(archive: ZipFile) -> bytes:
    return b"\n".join([*(name.encode() for name in archive.namelist()), *map(archive.read, archive.namelist())])


def test_every_table_is_decided_about() -> None:
    """A new table fails here: does a family see what is in it, and if not, why?"""
    named = [*INCLUDED, *ABOUT_OTHERS, *(name for name in LEFT_OUT if name != "alembic_version")]
    assert sorted(named) == sorted(Base.metadata.tables)
    of_families = {
        name
        for name, one in Base.metadata.tables.items()
        if {"family_id", "selection_id", "moment_id"} & {*one.c.keys()}
    }
    assert of_families <= {*INCLUDED, *ABOUT_OTHERS, "output_sources", "subject_access_decisions"}


def test_who_was_broken_off_goes_on_with_the_same_archive_until_something_changes(
    db: Database, settings: Settings, own: Family
) -> None:
    request_id = opened(db, settings, own)
    say_all(db, own, request_id)
    handed_out(db, own, request_id)
    storage, policy = open_storage(settings), policy_of(settings)
    first = find_answer(db, storage, policy, own.id, request_id)
    whole = b"".join(first.read(0, first.length, lambda: True))
    assert len(whole) == first.length
    with db.session() as session:  # it was fetched: that is told of in a later answer
        note(session, WHO, Action.DOWNLOAD, family_id=own.id)
    again = find_answer(db, storage, policy, own.id, request_id)
    assert (again.sha256, again.length) == (first.sha256, first.length)
    for start, end in ((0, 1), (first.length // 3, first.length // 3 + 70_000), (first.length - 5, first.length)):
        assert b"".join(again.read(start, end, lambda: True)) == whole[start:end]
    with db.session() as session:
        session.execute(update(FamilyRow).where(FamilyRow.id == own.id).values(opened_at=utcnow()))
    assert find_answer(db, storage, policy, own.id, request_id).sha256 != first.sha256
    with pytest.raises(AnswerBrokenOff):
        b"".join(first.read(0, first.length, lambda: True))


def test_all_that_is_held_of_the_family_is_in_it_and_nothing_of_another(
    db: Database, settings: Settings, own: Family
) -> None:
    request_id = opened(db, settings, own)
    say_all(db, own, request_id)
    handed_out(db, own, request_id)
    archive = answer(db, settings, own, request_id)
    assert OTHER.encode() not in whole(archive)
    assert b"K-207" not in whole(archive)
    assert [name for name in INCLUDED if not table(archive, name)] == []
    assert {one["id"] for one in table(archive, "moments")} == set(own.moments)
    with db.reading() as session:
        ours = session.scalars(select(ArtifactRow).where(ArtifactRow.selection_id == own.selection_id)).all()
        sums = {row.sha256 for row in ours if row.kind != "rating_scale"}
    listed = json.loads(archive.read("contents.json"))
    assert sums <= {one["sha256"] for one in listed["files"]}
    for line in archive.read("SHA256SUMS").decode().splitlines():
        sha256, path = line.split("  ")
        assert hashlib.sha256(archive.read(path)).hexdigest() == sha256
    assert {path.split("  ")[1] for path in archive.read("SHA256SUMS").decode().splitlines()} == {
        *archive.namelist()
    } - {"SHA256SUMS"}
    left_out = {one["what"]: one["why"] for one in listed["left_out"]}
    assert left_out["Ratings of recordings of reviews (1)"] == ABOUT_OTHERS["ratings"]
    page = archive.read("index.html").decode()
    for words in ("asks", "waits", "plays", "drew it", "shows", "hold", "aunt", "says child", "in a pack"):
        assert f"{OWN} {words}" in page
    assert f"{OWN} &lt;b&gt;looks" in page
    assert "Drawn on it: Arrow to the top left." in page
    assert "<script" not in page
    assert f"{OWN} hides" not in whole(archive).decode("utf-8", "replace")
    assert {one["family_id"] for one in table(archive, "audit")} == {own.id}
    assert not items(db, own, request_id)[f"film:{own.upload_id}"].may_include  # somebody is hidden in a moment of it
    assert f"{OWN}, film" not in whole(archive).decode("utf-8", "replace")
    assert f"{OWN}, withheld" not in whole(archive).decode("utf-8", "replace")


def test_what_a_person_leaves_out_is_in_no_file_and_no_table(db: Database, settings: Settings, own: Family) -> None:
    """Nor in what was made of it; and the family reads why."""
    request_id = opened(db, settings, own)
    say_all(db, own, request_id, clip="Your aunt did not ask.", words="It names a neighbour.", notes="Police asked.")
    handed_out(db, own, request_id)
    archive = answer(db, settings, own, request_id)
    told = whole(archive).decode("utf-8", "replace")
    for words in (
        " <b>looks",
        " &lt;b&gt;looks",
        ", 01.mp4",
        " asks",
        " plays",
        ", review-pack.zip",
        " in a pack",
        " aunt",
        " hold",
    ):
        assert OWN + words not in told
    for words in (" shows", ", 01.jpg"):
        assert OWN + words in told
    page = archive.read("index.html").decode()
    assert "Your aunt did not ask." in page
    assert "It names a neighbour." in page
    assert "It shows something that is left out by itself." in page


def test_others_of_the_family_who_do_not_ask_are_not_in_it(db: Database, settings: Settings, own: Family) -> None:
    with db.session() as session:
        row = open_request(
            session, WHO, policy_of(settings), own.id, asked_by="solicitor for mother Z", about=["mother Z"]
        )
        others = row.id
    say_all(db, own, others)
    handed_out(db, own, others, to_whom="the solicitor")
    request_id = opened(db, settings, own, about=("child Z",))
    found = items(db, own, request_id)
    assert found[f"clip:{own.moments[0]}"].others == ("mother Z",)
    with db.session() as session:
        seen = update(MomentRow).where(MomentRow.id == own.moments[0])
        session.execute(seen.values(people=(own.people[1].id,)))
    assert items(db, own, request_id)[f"clip:{own.moments[0]}"].others == ()
    say_all(db, own, request_id)
    handed_out(db, own, request_id)
    archive = answer(db, settings, own, request_id)
    assert {one["person_id"] for one in table(archive, "consents")} == {own.people[1].id}
    [family] = table(archive, "families")
    assert [one["role"] for one in family["people"]] == ["child"]
    told = whole(archive).decode("utf-8", "replace")
    assert "says mother" not in told
    assert "solicitor" not in told
    assert [one["id"] for one in table(archive, "subject_access")] == [request_id]
    assert others not in told
    assert [one["action"] for one in table(archive, "audit")].count("check_subject_access") == 1
    assert len(table(archive, "retention_holds")) == 2  # the court's, and its own
    assert "Somebody asked to see" not in archive.read("index.html").decode()


def test_a_film_in_which_a_silenced_name_is_heard_does_not_leave(db: Database, settings: Settings, own: Family) -> None:
    request_id = opened(db, settings, own)
    with db.session() as session:
        session.execute(delete(HidingRow).where(HidingRow.moment_id == own.moments[1]))
    assert items(db, own, request_id)[f"film:{own.upload_id}"].may_include
    with db.session() as session:
        row = session.get_one(MomentRow, own.moments[1])
        row.moment = row.moment.model_copy(update={"silences": (Silence(from_ms=2500, to_ms=2600),)})
    film = items(db, own, request_id)[f"film:{own.upload_id}"]
    assert (film.may_include, "silenced" in film.why_not) == (False, True)


def test_nothing_leaves_before_a_named_person_has_looked_at_everything(
    db: Database, settings: Settings, own: Family
) -> None:
    request_id = opened(db, settings, own)
    found = items(db, own, request_id)
    clip, hidden = found[f"clip:{own.moments[0]}"], found[f"clip:{own.moments[1]}"]
    film = found[f"film:{own.upload_id}"]
    assert [one.decision for one in found.values()] == [None] * len(found)
    with pytest.raises(SubjectAccessUnready, match="looked at"):
        checked(db, own, request_id)
    with pytest.raises(SubjectAccessUnready, match="hidden"):
        say(db, own, request_id, hidden, Decision.INCLUDE)
    with pytest.raises(SubjectAccessUnready, match="why"):
        say(db, own, request_id, film, Decision.LEAVE_OUT, " ")
    say_all(db, own, request_id)
    say(db, own, request_id, clip, Decision.COVER)
    with pytest.raises(SubjectAccessUnready, match="covered"):
        checked(db, own, request_id)
    say(db, own, request_id, clip, Decision.INCLUDE)
    with pytest.raises(SubjectAccessUnready, match="by name"):
        answer(db, settings, own, request_id)
    handed_out(db, own, request_id)
    assert answer(db, settings, own, request_id).testzip() is None
    with db.session() as session:  # covered after all: another file lies there
        session.execute(update(ArtifactRow).where(ArtifactRow.moment_id == clip.moment_id).values(sha256="0" * 64))
    with pytest.raises(SubjectAccessUnready, match="1 thing is to be looked at"):
        answer(db, settings, own, request_id)
    changed = items(db, own, request_id)[clip.id]
    assert (changed.decision, changed.changed) == (None, True)
    with pytest.raises(SubjectAccessUnready, match="changed"):
        say(db, own, request_id, clip, Decision.INCLUDE)
    say(db, own, request_id, changed, Decision.INCLUDE)
    with pytest.raises(SubjectAccessUnready, match="by name"):
        answer(db, settings, own, request_id)
    checked(db, own, request_id)
    with pytest.raises(StorageDamaged):  # which is not what was stored
        answer(db, settings, own, request_id)


def test_its_time_a_hold_and_what_is_entered(db: Database, settings: Settings, own: Family) -> None:
    with db.session() as session:
        session.execute(update(RetentionHoldRow).values(released_at=utcnow()))
        row = open_request(
            session, WHO, policy_of(settings), own.id, asked_by="solicitor for mother Z", about=["mother Z"],
            received_on=date(2026, 1, 31),
        )  # fmt: skip
        request_id = row.id
        assert row.due_on == date(2026, 2, 28)
    with pytest.raises(FamilyHeld):
        erase_family(db, open_storage(settings), settings, WHO, own.id)
    say_all(db, own, request_id)
    handed_out(db, own, request_id)
    with db.reading() as session:
        [copy] = [one for one in copies_out(session, family_id=own.id) if one.kind == "subject_access"]
        assert (copy.purpose, copy.to_whom, copy.by_account_id) == (
            "right_of_access",
            "mother Z",
            SHARED_GUIDER_ACCOUNT,
        )
        no = Consequences(purposes={Purpose.SHARED_REVIEW}, moment_ids={own.moments[0]})
        assert "right_of_access" not in {one.purpose for one in copies_against(session, own.id, no)}  # theirs to keep
        assert state_of(find_request(session, own.id, request_id)) is State.HANDED_OUT
    with db.session() as session:
        late = utcnow() - LASTS - timedelta(minutes=1)
        session.execute(update(SubjectAccessRow).values(checked_at=late))
    with pytest.raises(SubjectAccessUnready, match="30 days"):
        answer(db, settings, own, request_id)
    with db.session() as session:
        close_request(session, WHO, find_request(session, own.id, request_id, lock=True))
        assert session.scalars(select(SubjectAccessDecisionRow)).all() == []
    with pytest.raises(SubjectAccessGone):
        answer(db, settings, own, request_id)
    certificate = erase_family(db, open_storage(settings), settings, WHO, own.id)
    assert certificate is not None
    with db.reading() as session:
        assert session.scalars(select(SubjectAccessRow)).all() == []


def test_it_breaks_off_where_the_family_goes_meanwhile(db: Database, settings: Settings, own: Family) -> None:
    request_id = opened(db, settings, own)
    say_all(db, own, request_id)
    handed_out(db, own, request_id)
    wanted = iter([True, False])
    storage = open_storage(settings)
    blocks = answer_stream(db, storage, policy_of(settings), own.id, request_id, lambda: next(wanted))
    sent = io.BytesIO()
    with pytest.raises(AnswerBrokenOff):
        sent.writelines(blocks)
    assert f"{OWN}, 01.mp4".encode() in sent.getvalue()
    assert f"{OWN}, 01.jpg".encode() not in sent.getvalue()
    with pytest.raises(BadZipFile):
        ZipFile(sent)


def test_from_a_bucket_too(s3_settings: Settings, tmp_path: Path) -> None:
    make_tables(s3_settings)
    db = open_alone(s3_settings)
    own = fill_family(db, s3_settings, tmp_path, "K-104", OWN)
    request_id = opened(db, s3_settings, own)
    say_all(db, own, request_id)
    handed_out(db, own, request_id)
    archive = answer(db, s3_settings, own, request_id)
    assert f"{OWN}, 01.mp4" in whole(archive).decode("utf-8", "replace")
    db.dispose()


def test_no_compression_and_64_bits_whatever_its_size(db: Database, settings: Settings, own: Family) -> None:
    request_id = opened(db, settings, own)
    say_all(db, own, request_id)
    handed_out(db, own, request_id)
    entries = answer(db, settings, own, request_id).infolist()
    assert {one.compress_type for one in entries} == {ZIP_STORED}
    assert max(one.file_size for one in entries) > 1000
