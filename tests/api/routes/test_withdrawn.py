"""Somebody says no in the midst of it: what is being made, downloaded and played ends, for each kind of output."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from sqlalchemy import select

from api.routes import artifacts
from pipeline.moments import Still
from pipeline.outputs.kinds import KINDS
from pipeline.purposes import Purpose
from records.actions.complete_job import finish
from records.errors import LeaseLost
from records.models import ArtifactRow, FamilyRow, JobRow, JobState, OutputRow, OutputSourceRow, SelectionRow, new_id
from records.storage.open import open_storage
from tests.api.conftest import TOKEN
from tests.api.routes.test_copies import CLIP, WORDS, Desk, House, make_desk, open_house
from tests.api.service import SELECTIONS
from tests.records.cast import take
from tests.threads import in_a_thread

REVIEW, ITSELF, NOTHING = "the whole review", "itself", "nothing"
TAKEN: Final = {
    "review_pack": REVIEW,
    "picture_notes": ITSELF,
    "plan_page": REVIEW,
    "booklet": ITSELF,
    "strip": ITSELF,
    "phone_pictures": ITSELF,
    "diary_sheet": REVIEW,
    "child_voice": REVIEW,
    "reel": REVIEW,
    "supervision_pack": ITSELF,
    "intervision_pack": ITSELF,
    "rating_scale": NOTHING,
}
"""What goes with a no to what each kind is usually made for. Made for something else it goes by itself."""
CASES: Final = [
    *((kind.name, None) for kind in KINDS.values()),
    *((kind.name, purpose) for kind in KINDS.values() for purpose in kind.also_for[-1:]),
]


def test_for_each_kind_it_was_decided_what_a_no_takes() -> None:
    assert set(TAKEN) == set(KINDS)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("withdrawn")) as made:
        yield made


@pytest.mark.parametrize(("kind", "also_for"), CASES)
def test_a_no_ends_what_is_made_downloaded_and_played_of_each_kind(
    house: House, monkeypatch: pytest.MonkeyPatch, kind: str, also_for: Purpose | None
) -> None:
    monkeypatch.setattr(artifacts, "_ASK_EVERY_S", 0.0)
    desk = make_desk(house)
    purpose = also_for or KINDS[kind].purpose_of(_film(desk))
    taken = ITSELF if also_for else TAKEN[kind]
    key, file_id = _made(desk, kind, purpose)
    shown = {one["kind"]: one for one in desk.client.get(_of(desk)).json()["outputs"]}
    plain = desk.hand_out(kind=kind, carrier="plain", reason="To print.", until=None).raise_for_status().json()
    link = _open(desk, kind) if "link" in shown[kind]["carriers"] else None
    file = (f"{_of(desk)}/artifacts/{file_id}", {"authorization": f"Bearer {TOKEN}"})
    working = _in_work(desk, kind)
    answer: dict[str, Any] = {}

    def say_no() -> None:
        said = {"person": _mother(desk), "purposes": [purpose], "agrees": False}
        consents = f"/api/v1/families/{_family(desk)}/consents"
        answer.update(desk.client.post(consents, json={"statements": [said]}).raise_for_status().json())

    came: list[int] = []
    if link:
        came.append(_download(desk, *link, then=lambda: came.append(_download(desk, *file, then=say_no))))
    else:
        came.append(_download(desk, *file, then=say_no))
    if taken is NOTHING:  # nobody is in it; links and copies are told apart by their purpose alone
        assert came[0] == len(CLIP)
        assert key in set(open_storage(desk.settings).keys("selections/"))
        return
    assert max(came) < len(CLIP)
    assert [one["id"] for one in answer["erased"]["copies_out"]] == [plain["entry"]["id"]]  # the link ended
    with pytest.raises(LeaseLost):
        finish(desk.db, working, [ArtifactRow(kind=kind, name="x", storage_key="x", media_type="", bytes=1, sha256="")])
    assert key not in set(open_storage(desk.settings).keys("selections/"))
    left = desk.client.get(_of(desk))
    assert left.status_code == (404 if taken is REVIEW else 200)
    assert kind not in str(left.json().get("outputs"))
    for again in ("preview", "outputs"):
        asked = desk.client.post(f"{_of(desk)}/{again}", json={"kind": kind, "purpose": purpose})
        assert asked.status_code == (404 if taken is REVIEW else 403)
    sealed = desk.client.post(f"{_of(desk)}/sealed-copies", json={"kind": kind, "passphrase": WORDS})
    assert sealed.status_code in {404, 422}


def test_a_sealed_pack_on_its_way_is_broken_off_and_leaves_no_folder(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "_ASK_EVERY_S", 0.0)
    desk = make_desk(house)
    wanted = f'{{"kind": "review_pack", "passphrase": "{WORDS}"}}'.encode()
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}

    def say_no() -> None:
        said = {"person": _mother(desk), "purposes": ["shared_review"], "agrees": False}
        consents = f"/api/v1/families/{_family(desk)}/consents"
        desk.client.post(consents, json={"statements": [said]}).raise_for_status()

    assert _download(desk, f"{_of(desk)}/sealed-copies", headers, then=say_no, body=wanted) < len(CLIP)
    assert list((desk.settings.data_dir / "looked-at").glob("*")) == []


def _of(desk: Desk) -> str:
    return f"{SELECTIONS}/{desk.id}"


def _film(desk: Desk) -> Any:
    with desk.db.reading() as session:
        return session.get_one(SelectionRow, desk.id).shape.of


def _family(desk: Desk) -> str:
    with desk.db.reading() as session:
        return session.get_one(SelectionRow, desk.id).family_id


def _mother(desk: Desk) -> dict[str, str]:
    with desk.db.reading() as session:
        [person] = session.get_one(FamilyRow, _family(desk)).people
    return {"id": person.id, "role": person.role}


def _made(desk: Desk, kind: str, purpose: Purpose) -> tuple[str, str]:
    """An output that was made, of the moment where anybody is in it: the key of its file, and the file's id."""
    key = f"selections/{desk.id}/jobs/9/1/{new_id()}"
    (desk.settings.data_dir / "made").write_bytes(CLIP)
    open_storage(desk.settings).put(desk.settings.data_dir / "made", key)
    media_type = "video/mp4" if kind == "reel" else "application/zip" if kind.endswith("pack") else "application/pdf"
    with desk.db.session() as session:
        session.query(ArtifactRow).filter_by(selection_id=desk.id, kind=kind).delete()
        selection = session.get_one(SelectionRow, desk.id)
        output = next((one for one in selection.outputs if one.kind == kind), None)
        if output is None:
            output = OutputRow(selection_id=desk.id, position=9, kind=kind, awaited=False, recipe={})
            session.add(output)
        output.purpose = purpose
        session.flush()
        session.query(OutputSourceRow).filter_by(output_id=output.id).delete()
        if KINDS[kind].shows_people:
            [moment] = selection.moments
            if not KINDS[kind].shows_moment("clip"):
                moment.kind, moment.moment = "still", Still(at_ms=0)
            session.add(OutputSourceRow(output_id=output.id, selection_id=desk.id, moment_id=moment.id))
        file = ArtifactRow(
            selection_id=desk.id, kind=kind, name="made", storage_key=key, media_type=media_type, bytes=len(CLIP),
            sha256=hashlib.sha256(CLIP).hexdigest(),
        )  # fmt: skip
        session.add(file)
        session.flush()
        return key, file.id


def _in_work(desk: Desk, kind: str) -> Any:
    """It is being made again: the claim of who makes it."""
    with desk.db.session() as session:
        mine = (JobRow.selection_id == desk.id) & (JobRow.kind == kind)
        job = session.scalars(select(JobRow).where(mine)).one_or_none() or JobRow(kind=kind, selection_id=desk.id)
        job.state = JobState.QUEUED
        session.add(job)
        session.flush()
        job_id = job.id
    return take(desk.db, desk.settings, job_id)


def _open(desk: Desk, kind: str) -> tuple[str, dict[str, str]]:
    """The address of what a new link shows, and the headers of the browser that opened it."""
    made = desk.hand_out(kind=kind).raise_for_status().json()
    somebody = desk.somebody()
    opened = somebody.post("/api/v1/links", json={"secret": made["link"].partition("#")[2]}).raise_for_status()
    shown = opened.json()
    address = shown["review"]["moments"][0]["file"] if shown["review"] else shown["files"][0]["address"]
    return address, {"cookie": opened.headers["set-cookie"].partition(";")[0]}


def _download(
    desk: Desk, path: str, headers: dict[str, str], *, then: Callable[[], None], body: bytes | None = None
) -> int:
    """How many bytes came; ``then`` happens after the first of them."""
    named = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "path": path,
        "method": "GET" if body is None else "POST", "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "scheme": "http", "headers": [(b"host", b"127.0.0.1:8000"), *named],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000), "state": {},
    }  # fmt: skip
    blocks: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body or b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200, path
        elif message.get("body"):
            blocks.append(message["body"])
            if len(blocks) == 1:
                await asyncio.to_thread(then)

    in_a_thread(asyncio.run, desk.client.app(scope, receive, send))  # type: ignore[arg-type]
    return sum(map(len, blocks))
