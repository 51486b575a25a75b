"""Handing out over HTTP: nothing leaves without an entry, and a link shows nothing a moment after it was ended."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zipfile import ZipFile

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import select, update

from api.app import create_app
from api.middleware.rate import RatePerPerson
from api.routes import copies
from pipeline.player.page import render_offline
from pipeline.player.review import Review, ShownMoment
from pipeline.purposes import Purpose
from records.clock import utcnow
from records.consent.check import Said
from records.database import Database
from records.documents import FamilyPerson, MomentFacts
from records.models import (
    AccountRow,
    ArtifactRow,
    AuditRow,
    ConsentRow,
    FamilyRow,
    FamilyShareRow,
    HandedOutCopyRow,
    MomentRow,
    OutputRow,
    OutputSourceRow,
    SelectionRow,
    new_id,
)
from records.settings import Settings
from records.storage.open import open_storage
from tests.api.conftest import HERE, TOKEN, client_of
from tests.api.service import SELECTIONS, begin, finish
from tests.databases import make_tables
from tests.effects import open_alone

if TYPE_CHECKING:
    from fastapi import FastAPI

WORDS = "lamp river stone garden window pencil"
CLIP = bytes(range(256)) * 6000
LINKS = "/api/v1/links"


def pack() -> bytes:
    """A review pack of one clip."""
    moment = ShownMoment(
        kind="clip", file="clips/01.mp4", width=2, height=2, fps=25.0, duration_ms=1000, caption="Ella looks up.",
        principle=None,
    )  # fmt: skip
    review = Review(review="0" * 32, question="How can we play?", working_points=(), moments=(moment,))
    made = io.BytesIO()
    with ZipFile(made, "w") as archive:
        archive.writestr("review-pack/index.html", render_offline(review))
        archive.writestr("review-pack/clips/01.mp4", CLIP)
    return made.getvalue()


@dataclass
class Desk:
    """A guider whose review is ready, and the database behind it."""

    client: TestClient
    db: Database
    id: str
    clip_id: str
    family: str
    settings: Settings

    def hand_out(self, **changes: Any) -> Any:
        wanted = {"kind": "review_pack", "carrier": "link", "to_whom": "mother, A. B.", "until": days(7)} | changes
        return self.client.post(f"{SELECTIONS}/{self.id}/copies", json=wanted)

    def link(self) -> tuple[str, str]:
        """The id of a new link and its secret."""
        made = self.hand_out()
        assert made.status_code == 201, made.text
        return made.json()["entry"]["id"], made.json()["link"].partition("#")[2]

    def copies(self) -> list[HandedOutCopyRow]:
        with self.db.reading() as session:
            mine = select(HandedOutCopyRow).where(HandedOutCopyRow.selection_id == self.id)
            return list(session.scalars(mine.order_by(HandedOutCopyRow.created_at)))

    def actions(self) -> list[str]:
        with self.db.reading() as session:
            mine = select(AuditRow.action).where(AuditRow.selection_id == self.id)
            return list(session.scalars(mine.order_by(AuditRow.sequence)))

    def somebody(self) -> TestClient:
        """A browser of somebody who has no account."""
        return TestClient(self.client.app, base_url="http://127.0.0.1:8000", client=HERE)


def days(many: float) -> str:
    return (datetime.now(UTC) + timedelta(days=many)).isoformat()


@dataclass
class House:
    """The service that the tests share; each has a family of its own."""

    client: TestClient
    db: Database
    settings: Settings


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture
def desk(house: House) -> Desk:
    return make_desk(house)


@contextmanager
def open_house(folder: Path) -> Iterator[House]:
    settings = Settings(data_dir=folder, min_free_bytes=0, token=SecretStr(TOKEN))
    make_tables(settings)
    client = client_of(create_app(settings))
    client.headers["Authorization"] = f"Bearer {TOKEN}"
    db = open_alone(settings)
    yield House(client, db, settings)
    db.dispose()


def make_desk(house: House) -> Desk:
    """A guider whose review, of one clip of one person, is ready."""
    family = f"K-{new_id()[:8]}"
    id_ = begin(house.client, still=[], family=family)["selection"]["id"]
    finish(house.settings, id_, pack())
    key = f"selections/{id_}/jobs/2/1/01.mp4"
    (house.settings.data_dir / "clip").write_bytes(CLIP)
    open_storage(house.settings).put(house.settings.data_dir / "clip", key)
    with house.db.session() as session:
        moment = session.scalars(select(MomentRow).where(MomentRow.selection_id == id_)).one()
        moment.facts = MomentFacts(in_ms=0, out_ms=1000, width_px=2, height_px=2, fps=25.0, duration_ms=1000)
        file = ArtifactRow(
            selection_id=id_, moment_id=moment.id, kind="clip", name="01.mp4", storage_key=key, media_type="video/mp4",
            bytes=len(CLIP), sha256="c" * 64,
        )  # fmt: skip
        session.add(file)
        asked = (OutputRow.kind == "review_pack") & (OutputRow.selection_id == id_)
        output = session.scalars(select(OutputRow).where(asked)).one()
        session.add(OutputSourceRow(output_id=output.id, selection_id=id_, moment_id=moment.id))
        agree(session, id_)
        session.flush()
        return Desk(house.client, house.db, id_, file.id, family, house.settings)


def agree(session: Any, selection_id: str, said: Said = Said.AGREED, purpose: Purpose = Purpose.SHARED_REVIEW) -> None:
    """The mother says yes, or no, to a purpose."""
    family = session.get_one(FamilyRow, session.get_one(SelectionRow, selection_id).family_id)
    if not family.people:
        family.people = (FamilyPerson(id=new_id(), role="mother", initials="AB"),)
    before = (ConsentRow.family_id == family.id) & (ConsentRow.purpose == purpose)
    session.execute(update(ConsentRow).where(before).values(ended_at=utcnow()))
    session.add(
        ConsentRow(
            family_id=family.id, person_id=family.people[0].id, purpose=purpose, said=said,
            said_on=utcnow().date(), basis="consent", recorded_by="2" * 32,
        )
    )  # fmt: skip


def test_a_plain_file_leaves_with_a_reason_and_what_was_fetched_without_a_word_is_entered_too(desk: Desk) -> None:
    refused = desk.hand_out(carrier="plain", until=None)
    assert (refused.status_code, refused.json()["code"]) == (422, "not_handed_out")
    assert desk.copies() == []
    with desk.db.reading() as session:
        file = session.scalars(select(ArtifactRow).where(ArtifactRow.kind == "review_pack")).one()
    address = f"{SELECTIONS}/{desk.id}/artifacts/{file.id}"
    for _ in range(2):
        assert desk.client.get(address).status_code == 200
    assert [(one.carrier, one.to_whom, one.reason) for one in desk.copies()] == [("plain", "", "")]
    assert desk.actions().count("download") == 1
    made = desk.hand_out(carrier="plain", to_whom="Anytown Court", reason="The court plays nothing else.", until=None)
    assert made.status_code == 201
    assert [one.to_whom for one in desk.copies()] == ["", "Anytown Court"]
    kept = b"".join(path.read_bytes() for path in desk.settings.data_dir.rglob("vigpack.sqlite3*"))
    assert b"Anytown Court" not in kept
    assert b"The court plays nothing else." not in kept
    assert desk.client.get(f"{SELECTIONS}/{desk.id}/artifacts/{desk.clip_id}").status_code == 200  # only looked at
    assert len(desk.copies()) == 2


def test_a_sealed_pack_leaves_once_it_is_entered_and_neither_it_nor_its_passphrase_stays(desk: Desk) -> None:
    wanted = {"kind": "review_pack", "to_whom": "mother, A. B.", "passphrase": WORDS}
    sealed = desk.client.post(f"{SELECTIONS}/{desk.id}/sealed-copies", json=wanted)
    assert sealed.status_code == 200, sealed.text
    with ZipFile(io.BytesIO(sealed.content)) as archive:
        everything = b"".join(map(archive.read, archive.namelist()))
    assert b"sealedPiece" in everything
    for telling in (b"Ella looks up.", desk.family.encode(), CLIP[1000:1100]):
        assert telling not in everything
    [entry] = desk.copies()
    assert (entry.id, entry.carrier) == (sealed.headers["X-Copy-Id"], "sealed")
    assert desk.family not in sealed.headers["Content-Disposition"]
    kept = [path for path in desk.settings.data_dir.rglob("*") if path.is_file()]
    assert not [path for path in kept if path.name == "sealed.zip" or b"garden" in path.read_bytes()]
    short = desk.client.post(f"{SELECTIONS}/{desk.id}/sealed-copies", json=wanted | {"passphrase": "lamp river"})
    assert (short.status_code, short.json()["code"], len(desk.copies())) == (422, "passphrase_too_short", 1)


def test_notes_to_print_can_leave_sealed_too_and_a_form_that_nobody_is_in_cannot(desk: Desk) -> None:
    (desk.settings.data_dir / "made").write_bytes(b"%PDF-1.7 Ella")
    with desk.db.session() as session:
        for kind in ("picture_notes", "diary_sheet"):
            key = f"selections/{desk.id}/jobs/3/1/{kind}.pdf"
            open_storage(desk.settings).put(desk.settings.data_dir / "made", key)
            session.add(
                ArtifactRow(
                    selection_id=desk.id, kind=kind, name=f"{kind}.pdf", storage_key=key, bytes=13,
                    media_type="application/pdf", sha256=hashlib.sha256(b"%PDF-1.7 Ella").hexdigest(),
                )
            )  # fmt: skip
        session.add(
            OutputRow(
                selection_id=desk.id, position=9, kind="diary_sheet", purpose=Purpose.SHARED_REVIEW, awaited=False,
                recipe={},
            )
        )  # fmt: skip
    (desk.settings.data_dir / "made").unlink()
    shown = desk.client.get(f"{SELECTIONS}/{desk.id}").json()["outputs"]
    ways = {one["kind"]: one["carriers"] for one in shown}
    assert (ways["picture_notes"], ways["diary_sheet"]) == (["sealed", "link", "plain"], ["link", "plain"])
    wanted = {"kind": "picture_notes", "to_whom": "mother, A. B.", "passphrase": WORDS}
    with desk.db.session() as session:
        agree(session, desk.id, Said.REFUSED, Purpose.PICTURE_NOTES)
    waits = desk.client.post(f"{SELECTIONS}/{desk.id}/sealed-copies", json=wanted)
    assert (waits.status_code, waits.json()["code"]) == (403, "consent_missing")
    with desk.db.session() as session:
        agree(session, desk.id, purpose=Purpose.PICTURE_NOTES)
    sealed = desk.client.post(f"{SELECTIONS}/{desk.id}/sealed-copies", json=wanted)
    assert sealed.status_code == 200, sealed.text
    assert len(sealed.content) < 1_000_000
    with ZipFile(io.BytesIO(sealed.content)) as archive:
        everything = b"".join([*(one.encode() for one in archive.namelist()), *map(archive.read, archive.namelist())])
    assert b"sealedPiece" in everything
    assert b"picture_notes" not in everything
    refused = desk.client.post(f"{SELECTIONS}/{desk.id}/sealed-copies", json=wanted | {"kind": "diary_sheet"})
    assert (refused.status_code, refused.json()["code"]) == (422, "not_handed_out")
    assert [(one.kind, one.carrier) for one in desk.copies()] == [("picture_notes", "sealed")]


def test_a_link_shows_one_review_to_anybody_who_has_it_and_counts_how_often(desk: Desk) -> None:
    copy_id, secret = desk.link()
    somebody = desk.somebody()
    assert somebody.get(f"{LINKS}/{copy_id}").status_code == 404  # its id alone opens nothing
    opened = somebody.post(LINKS, json={"secret": secret})
    assert opened.status_code == 200, opened.text
    [moment] = opened.json()["review"]["moments"]
    assert (moment["caption"], desk.family in opened.text) == ("Ella looks up.", False)
    part = somebody.get(moment["file"], headers={"Range": "bytes=5-"})
    assert (part.status_code, part.content) == (206, CLIP[5 : 5 + (1 << 20)])
    assert part.headers["Content-Range"] == f"bytes 5-{5 + (1 << 20) - 1}/{len(CLIP)}"
    for elsewhere in (f"{SELECTIONS}/{desk.id}/review", f"{SELECTIONS}/{desk.id}/artifacts/{desk.clip_id}", SELECTIONS):
        assert somebody.get(elsewhere).status_code == 401
    somebody.post(LINKS, json={"secret": secret})
    [told] = desk.client.get("/api/v1/copies", params={"family_id": desk.copies()[0].family_id}).json()
    assert (told["opened"], told["to_whom"], "secret" in str(told)) == (2, "mother, A. B.", False)
    assert desk.actions().count("open_link") == 2
    assert secret.encode() not in b"".join(p.read_bytes() for p in desk.settings.data_dir.rglob("*") if p.is_file())


def test_a_link_that_was_ended_is_refused_at_once_in_the_middle_of_a_film_too(desk: Desk) -> None:
    copy_id, secret = desk.link()
    other_id, other = desk.link()
    somebody = desk.somebody()
    file = somebody.post(LINKS, json={"secret": secret}).json()["review"]["moments"][0]["file"]
    assert somebody.get(file, headers={"Range": "bytes=0-"}).status_code == 206
    assert somebody.get(file.replace(copy_id, other_id)).status_code == 404  # a pass is for one link
    assert desk.client.delete(f"/api/v1/copies/{copy_id}").status_code == 204
    assert somebody.get(file, headers={"Range": "bytes=1048576-"}).json()["code"] == "link_gone"
    assert somebody.get(f"{LINKS}/{copy_id}").status_code == 404
    assert somebody.post(LINKS, json={"secret": secret}).status_code == 404
    assert somebody.post(LINKS, json={"secret": other}).status_code == 200
    assert desk.client.delete(f"/api/v1/copies/{copy_id}").json()["code"] == "copy_gone"


@pytest.mark.parametrize("how", ["its day", "erased", "withdrawn", "withdrawn from what it was for"])
def test_a_link_shows_nothing_after(desk: Desk, how: str) -> None:
    copy_id, secret = desk.link()
    somebody = desk.somebody()
    file = somebody.post(LINKS, json={"secret": secret}).json()["review"]["moments"][0]["file"]
    if how == "erased":
        assert desk.client.delete(f"{SELECTIONS}/{desk.id}").status_code == 204
    else:
        with desk.db.session() as session:
            if how == "withdrawn":
                agree(session, desk.id, Said.WITHDRAWN)
            else:
                values: dict[str, Any] = {"until": utcnow()}
                if how != "its day":  # the pack is made for the family again, and the link is another's
                    agree(session, desk.id, Said.WITHDRAWN, Purpose.TRAINING)
                    values = {"purpose": Purpose.TRAINING}
                session.execute(update(HandedOutCopyRow).where(HandedOutCopyRow.id == copy_id).values(values))
    assert [somebody.get(one).status_code for one in (file, f"{LINKS}/{copy_id}")] == [404, 404]
    assert somebody.post(LINKS, json={"secret": secret}).status_code == 404


def test_a_colleague_s_link_opens_as_long_as_she_works_on_the_family(desk: Desk) -> None:
    copy_id, secret = desk.link()
    ben = new_id()
    with desk.db.session() as session:
        row = session.get_one(HandedOutCopyRow, copy_id)
        session.add(AccountRow(id=ben, kind="person", display_name="Ben", roles="guider"))
        session.flush()
        share = FamilyShareRow(family_id=row.family_id, account_id=ben, kind="colleague", by=row.by)
        session.add(share)
        row.by = ben
        session.flush()
        share_id = share.id
    somebody = desk.somebody()
    assert somebody.post(LINKS, json={"secret": secret}).status_code == 200
    with desk.db.session() as session:
        session.get_one(FamilyShareRow, share_id).until = utcnow()
    assert somebody.get(f"{LINKS}/{copy_id}").json()["code"] == "link_gone"
    assert somebody.post(LINKS, json={"secret": secret}).status_code == 404


def test_packs_are_sealed_a_few_at_a_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = threading.BoundedSemaphore(1)
    monkeypatch.setattr(copies, "_SEALED_AT_ONCE", at_once)
    monkeypatch.setattr(copies, "_WAIT_S", 0.0)
    path, wanted = f"{SELECTIONS}/{desk.id}/sealed-copies", {"kind": "review_pack"}
    with at_once:
        busy = desk.client.post(path, json=wanted | {"passphrase": WORDS})
    assert (busy.status_code, busy.json()["code"], desk.copies()) == (503, "sealing_busy", [])
    assert desk.client.post(path, json=wanted | {"passphrase": "short"}).status_code == 422  # and lets go
    assert desk.client.post(path, json=wanted | {"passphrase": WORDS}).status_code == 200


def test_from_one_place_links_are_opened_so_often_a_minute_and_no_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = cast("FastAPI", desk.client.app)
    monkeypatch.setattr(app.state, "openings", RatePerPerson(3, 60, clock=lambda: 0.0))
    _, secret = desk.link()
    somebody, elsewhere = desk.somebody(), TestClient(app, base_url="http://127.0.0.1:8000", client=("10.1.1.1", 1))
    answers = [somebody.post(LINKS, json={"secret": one}) for one in (secret, "x" * 43, secret, secret)]
    assert [one.status_code for one in answers] == [200, 404, 200, 429]
    assert (answers[3].json()["code"], answers[3].headers["Retry-After"]) == ("too_many_openings", "60")
    assert desk.actions().count("open_link") == 2
    assert elsewhere.post(LINKS, json={"secret": secret}).status_code == 200


def test_nothing_leaves_that_somebody_in_it_has_not_agreed_to(desk: Desk) -> None:
    with desk.db.session() as session:
        agree(session, desk.id, Said.REFUSED)
    sealed = {"kind": "review_pack", "passphrase": WORDS}
    answers = [
        desk.hand_out(),
        desk.hand_out(carrier="plain", reason="For the review."),
        desk.client.post(f"{SELECTIONS}/{desk.id}/sealed-copies", json=sealed),
    ]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(403, "consent_missing")] * 3
    assert desk.copies() == []


@pytest.mark.parametrize(
    "changes",
    [{"until": None}, {"until": days(-1)}, {"until": days(200)}, {"to_whom": " "}, {"kind": "picture_notes"}],
    ids=["no day", "a day gone by", "too long", "for nobody", "not made"],
)
def test_a_link_says_for_whom_it_is_and_until_when(desk: Desk, changes: dict[str, Any]) -> None:
    refused = desk.hand_out(**changes)
    assert (refused.status_code, refused.json()["code"]) == (422, "not_handed_out")


def test_a_service_of_one_machine_makes_no_links(client: TestClient, app_settings: Settings) -> None:
    id_ = begin(client)["selection"]["id"]
    finish(app_settings, id_, pack())
    wanted = {"kind": "review_pack", "carrier": "link", "to_whom": "mother, A. B.", "until": days(1)}
    refused = client.post(f"{SELECTIONS}/{id_}/copies", json=wanted)
    assert (refused.status_code, refused.json()["code"]) == (422, "link_reaches_nobody")
