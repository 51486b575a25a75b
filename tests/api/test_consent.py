"""Nothing is made, shown, opened or shared before those who can be seen agreed: every gate, every purpose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import delete

from api.app import create_app
from api.middleware.families import _WITHOUT_CONSENT
from pipeline.moments import FilmOf
from pipeline.outputs.kinds import KINDS
from pipeline.outputs.preview import Pages
from pipeline.purposes import Purpose
from records.consent.check import Said
from records.models import ConsentRow, FamilyRow, SelectionRow
from records.settings import Settings
from tests.api.conftest import TOKEN
from tests.api.service import TUS, metadata, shape
from tests.api.test_who_may_see import CAPTION, FOOTAGE, House, address, build_house, ident, of_a_family
from tests.records.consent.family import CHILD, MOTHER, say, show_only

ALL = tuple(Purpose)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A family with a film that is ready, in a service that now asks who agreed, as it is shipped."""
    folder = tmp_path_factory.mktemp("consent")
    made = build_house(Settings(data_dir=folder, min_free_bytes=0, token=SecretStr(TOKEN)))
    made.app = create_app(made.settings.model_copy(update={"consent_policy": None}))
    yield made
    made.db.dispose()


@pytest.fixture(autouse=True)
def nothing_recorded(house: House) -> None:
    with house.db.session() as session:
        session.execute(delete(ConsentRow))
        session.get_one(FamilyRow, _family(house)).people = ()


def _family(house: House) -> str:
    with house.db.reading() as session:
        return session.get_one(SelectionRow, house.ids["selection_id"]).family_id


def _agree(house: House, *purposes: Purpose, said: Said = Said.AGREED) -> None:
    with house.db.session() as session:
        say(session, _family(house), said, purposes)


def _of(house: House, rest: str = "") -> str:
    return f"/api/v1/selections/{house.ids['selection_id']}{rest}"


def test_whatever_names_a_film_waits_for_those_who_can_be_seen_in_it(house: House) -> None:
    """Read from the application itself: a new route waits without anybody having thought of it."""
    client, wrong, waits = house.client("owner"), [], 0
    for method, path in of_a_family(house.app):
        if f"{'GET' if method == 'HEAD' else method} {path}" in _WITHOUT_CONSENT or "upload_id" in path:
            continue
        answer = client.request(method, address(path, house.ids), headers=TUS)
        waits += 1
        if answer.status_code != 403 or (method != "HEAD" and answer.json()["code"] != "consent_missing"):
            wrong.append(f"{method} {path} {answer.status_code}")
        if FOOTAGE in answer.content or CAPTION.encode() in answer.content:
            wrong.append(f"{method} {path} tells")
    assert wrong == []
    assert waits > 20
    file = client.get(_of(house, f"/artifacts/{house.ids['artifact_id']}"))
    assert (file.status_code, file.json()["code"]) == (403, "consent_missing")
    sent = client.patch(f"/api/v1/uploads/{house.ids['upload_id']}", headers=TUS)
    assert (sent.status_code, sent.json()["code"]) == (403, "consent_missing")
    announced = {**TUS, "Upload-Length": "9", "Upload-Metadata": metadata(moment=house.ids["moment_id"])}
    assert client.post("/api/v1/uploads", headers=announced).json()["code"] == "consent_missing"


def test_what_stays_open_tells_how_it_stands_and_sets_it_right(house: House) -> None:
    client = house.client("owner")
    assert client.get(_of(house)).status_code == 200
    people = f"/moments/{house.ids['moment_id']}/people"
    assert client.put(_of(house, people), json={"people": []}).json()["moments"][0]["people"] == []
    assert client.get(_of(house, f"/artifacts/{house.ids['artifact_id']}")).content == FOOTAGE  # nobody is in it
    assert client.put(_of(house, people), json={"people": None}).json()["moments"][0]["people"] is None


def test_once_everybody_agreed_to_the_shared_review_it_opens(house: House) -> None:
    client = house.client("owner")
    _agree(house, Purpose.SHARED_REVIEW)
    assert client.get(_of(house, f"/artifacts/{house.ids['artifact_id']}")).content == FOOTAGE
    assert client.get(_of(house, "/review")).status_code == 200
    with house.db.session() as session:
        say(session, _family(house), Said.WITHDRAWN, people=[CHILD])
    refused = client.get(_of(house, "/review")).json()
    assert refused["detail"].startswith("Child E no longer agrees to “the shared review” (said on 02.11.2026)")
    with house.db.session() as session:
        show_only(session, [house.ids["moment_id"]], MOTHER)
    assert client.get(_of(house, "/review")).status_code == 200
    with house.db.session() as session:
        session.get_one(SelectionRow, house.ids["selection_id"]).moments[0].people = None


@pytest.mark.parametrize("lacking", ALL)
def test_each_kind_of_output_waits_for_its_own_purpose_and_no_other(house: House, lacking: Purpose) -> None:
    """Asked for and previewed; the film is the family's own, of which a rating scale is never made."""
    client = house.client("owner")
    _agree(house, Purpose.SHARED_REVIEW, *(one for one in ALL if one is not lacking))
    if lacking is Purpose.SHARED_REVIEW:
        _agree(house, lacking, said=Said.REFUSED)
    for kind in KINDS.values():
        usual = kind.purpose_of(FilmOf.FAMILY_FILM)
        for purpose in (None, usual, *kind.also_for):
            wanted: dict[str, Any] = {"kind": kind.name, "purpose": purpose}
            waits = lacking is Purpose.SHARED_REVIEW or (shows_clip(kind.name) and (purpose or usual) is lacking)
            asked = client.post(_of(house, "/outputs"), json=wanted)
            assert (asked.status_code == 403) == waits, (kind.name, purpose, asked.json())
            if waits:
                assert asked.json()["code"] == "consent_missing"
                assert client.post(_of(house, "/preview"), json=wanted).json()["code"] == "consent_missing"
            else:
                made = {one["kind"]: one["purpose"] for one in asked.json()["selection"]["outputs"]}
                assert made[kind.name] == (purpose or usual)


def shows_clip(kind: str) -> bool:
    """Whether a clip can be seen in such an output; the film has no still."""
    one = KINDS[kind]
    return one.shows_people and (one.layout is None or one.pictures_of == "clip")


def test_an_output_is_made_for_no_purpose_that_is_not_one_of_its_own(house: House) -> None:
    _agree(house, *ALL)
    wrong = house.client("owner").post(_of(house, "/outputs"), json={"kind": "picture_notes", "purpose": "court"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "purpose_wrong")


def test_a_supervisor_is_shown_what_they_agreed_to_for_supervision(house: House) -> None:
    _agree(house, Purpose.SHARED_REVIEW)
    supervisor = house.client("supervisor")
    refused = supervisor.get(_of(house, "/review"))
    assert refused.json()["detail"].startswith("It is not recorded that mother M and child E agreed to “supervision”")
    shares = f"/api/v1/families/{_family(house)}/shares"
    wanted = {"account_id": ident("supervisor"), "kind": "supervisor", "selection_id": house.ids["selection_id"]}
    assert house.client("owner").post(shares, json=wanted).json()["code"] == "consent_missing"
    _agree(house, Purpose.SUPERVISION)
    assert supervisor.get(_of(house, "/review")).status_code == 200
    assert house.client("owner").post(shares, json=wanted).status_code == 201


AGREED = [
    {"person": {"role": "mother", "initials": "M"}, "purposes": ["shared_review", "picture_notes"]},
    {
        "person": {"role": "child", "initials": "E"},
        "purposes": ["shared_review"],
        "given_by": "mother M",
        "said_on": "2026-11-02",
        "own_words": "OK",
    },
]


def test_a_new_selection_brings_who_agreed_or_is_not_begun(house: House) -> None:
    client = house.client("owner")
    new = shape(family="N-4711", outputs=["review_pack"])
    refused = client.post("/api/v1/selections", json=new)
    assert (refused.status_code, refused.json()["code"]) == (403, "consent_missing")
    assert "N-4711" not in client.get("/api/v1/families").text  # nothing of it is left
    begun = client.post("/api/v1/selections", json=new | {"agreed": AGREED})
    assert begun.status_code == 201
    assert client.post("/api/v1/selections", json=new).status_code == 201  # it is recorded once
    notes = client.post("/api/v1/selections", json=shape(family="N-4711", outputs=["picture_notes"]))
    assert notes.json()["detail"].startswith("It is not recorded that child E agreed to “picture notes”")
    clip = {**new["clip"][0], "people": [{"role": "mother", "initials": "M"}]}
    only = client.post("/api/v1/selections", json=new | {"clip": [clip], "still": [], "outputs": ["reel"]})
    assert only.status_code == 201
    [family] = [one for one in client.get("/api/v1/families").json()["items"] if one["code"] == "N-4711"]
    assert only.json()["selection"]["moments"][0]["people"] == [family["people"][0]["id"]]
    told = client.get(f"/api/v1/families/{family['id']}/consents").json()
    assert {(one["purpose"], one["own_words"], one["given_by"]) for one in told["said"]} == {
        ("shared_review", "", ""), ("picture_notes", "", ""), ("shared_review", "OK", "mother M"),
    }  # fmt: skip


def test_a_no_is_not_overruled_by_what_a_sender_states(house: House) -> None:
    client = house.client("owner")
    family = client.post("/api/v1/families", json={"code": "N-4712"}).json()["id"]
    no = {"statements": [{"person": AGREED[1]["person"], "purposes": ["shared_review"], "agrees": False}]}
    assert client.post(f"/api/v1/families/{family}/consents", json=no).status_code == 200
    refused = client.post("/api/v1/selections", json=shape(family="N-4712", agreed=AGREED, outputs=["review_pack"]))
    assert refused.json()["detail"].startswith("Child E did not agree to “the shared review”")
    yes = {"statements": [AGREED[1]]}
    assert client.post(f"/api/v1/families/{family}/consents", json=yes).status_code == 200
    begun = client.post("/api/v1/selections", json=shape(family="N-4712", agreed=AGREED, outputs=["review_pack"]))
    assert begun.status_code == 201


def test_a_download_breaks_off_when_somebody_says_no_meanwhile(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    _agree(house, Purpose.SHARED_REVIEW)
    monkeypatch.setattr("api.routes.artifacts._ASK_EVERY_S", 0.0)
    storage = house.app.state.context.storage

    def slowly(_: str, start: int, end: int) -> Iterator[bytes]:
        yield FOOTAGE[start:5]
        _agree(house, Purpose.SHARED_REVIEW, said=Said.WITHDRAWN)
        yield FOOTAGE[5:end]

    monkeypatch.setattr(storage, "read", slowly)
    answer = house.client("owner").get(_of(house, f"/artifacts/{house.ids['artifact_id']}"))
    assert answer.headers["content-length"] == str(len(FOOTAGE))
    assert answer.content == FOOTAGE[:5]


def test_a_preview_that_was_begun_before_a_no_shows_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    _agree(house, Purpose.SHARED_REVIEW)
    client, wanted = house.client("owner"), {"kind": "review_pack"}
    assert client.post(_of(house, "/preview"), json=wanted).status_code == 200

    def pages(*_: object) -> Pages:
        _agree(house, Purpose.SHARED_REVIEW, said=Said.WITHDRAWN)
        return Pages((b"pixels",), 1)

    monkeypatch.setattr("api.routes.preview._pages", pages)
    refused = client.post(_of(house, "/preview"), json=wanted)
    assert (refused.status_code, refused.json()["code"]) == (403, "consent_missing")


def test_a_signed_form_is_kept_for_those_who_work_on_the_family(house: House) -> None:
    owner, family = house.client("owner"), _family(house)
    forms = f"/api/v1/families/{family}/consent-forms"
    form = b"%PDF-1.7\n% marker of a form"
    kept = owner.post(forms, content=form, headers={"Content-Type": "application/pdf"})
    assert kept.status_code == 201
    answer = house.client("colleague").get(f"{forms}/{kept.json()['id']}")
    assert (answer.content, answer.headers["content-type"]) == (form, "application/octet-stream")
    for who in ("supervisor", "other", "governance"):
        assert house.client(who).get(f"{forms}/{kept.json()['id']}").status_code in {403, 404}
    wrong = owner.post(forms, content=b"<script>", headers={"Content-Type": "application/pdf"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "consent_form_wrong")
    statement = {"person": {"role": "mother"}, "purposes": ["training"], "form_id": "0" * 32}
    gone = owner.post(f"/api/v1/families/{family}/consents", json={"statements": [statement]})
    assert (gone.status_code, gone.json()["code"]) == (404, "consent_form_gone")
