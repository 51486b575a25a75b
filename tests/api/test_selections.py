"""A selection over HTTP, from its first word to its erasure."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from api.app import create_app
from api.artifacts import Span, parse_range
from api.errors import STATUS_OF, RangeOutside
from pipeline.errors import PipelineError
from pipeline.outputs import KINDS
from records import storage, upload_errors
from records.database import open_database
from records.models import ArtifactRow, JobRow, JobState, MomentRow, MomentState, SelectionRow, SelectionState
from records.settings import Settings
from records.storage import open_storage
from tests.api.conftest import client_of
from tests.api.service import SELECTIONS, TUS, Service, announce, begin, send, shape
from tests.servers import PostgresServer


def test_a_new_selection_says_where_to_send_what(client: TestClient) -> None:
    answer = client.post(SELECTIONS, json=shape())
    begun = answer.json()
    view = begun["selection"]
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{SELECTIONS}/{view['id']}"
    assert [(one["kind"], one["position"], one["url"]) for one in begun["uploads"]] == [
        ("clip", 0, "/api/v1/uploads"),
        ("still", 1, "/api/v1/uploads"),
    ]
    assert [one["metadata"]["moment"] for one in begun["uploads"]] == [moment["id"] for moment in view["moments"]]
    assert view["state"] == "receiving"
    assert view["moments"][0]["moment"] == {"in": 70_200, "out": 84_000, "caption": "Ella looks up.", "principle": None}
    assert view["moments"][0]["cut"] == {"in": 1200, "out": 15_000}
    assert view["bytes_expected"] is None
    assert [output["kind"] for output in view["outputs"]] == ["review_pack", "picture_notes"]


def test_the_guiders_code_and_the_day_of_the_review_decide_whose_turn_it_is(
    client: TestClient, app_settings: Settings
) -> None:
    begun = begin(client, guider="Q2v7tYB0mS1xq4Kd", review_on="2026-12-01")
    assert begun["selection"]["review_on"] == "2026-12-01"
    assert "Q2v7tYB0mS1xq4Kd" not in json.dumps(begun)
    send(client, announce(client, 4, begun), 0, b"film")
    with open_database(app_settings).reading() as session:
        job = session.scalars(select(JobRow)).one()
    assert (job.guider, str(job.review_on)) == ("Q2v7tYB0mS1xq4Kd", "2026-12-01")


def test_hints_come_along_and_forbid_nothing(client: TestClient) -> None:
    long_clip = {"in": 0, "out": 31_000}
    begun = begin(client, clip=[long_clip])
    assert begun["hints"] == ["Clip 1 is 31 s long; shorter ones are easier to look at."]


@pytest.mark.parametrize(
    ("changes", "code", "sentence"),
    [
        (
            {"clip": [{"in": 0, "out": 900_001}]},
            "moment_outside_film",
            "Clip 1 ends (00:15:00.001) after the film does (00:15:00.000).",
        ),
        (
            {"still": [{"at": "00:16:10"}]},
            "moment_outside_film",
            "Still 1 lies at 00:16:10.000, after the film does (00:15:00.000).",
        ),
        ({"review_on": 5}, "selection_invalid", "“review_on” must be a day, written like 2026-12-01."),
        (
            {"guider": "Ada Lovelace"},
            "selection_invalid",
            "“guider” must be a code of letters, digits and dashes, without spaces.",
        ),
        (
            {"clip": [{"in": 2000, "out": 1000}]},
            "selection_invalid",
            "Clip 1 ends (00:00:01.000) before it begins (00:00:02.000).",
        ),
        (
            {"clip": [{"in": 0, "out": 5000, "cut": {"in": 0, "out": 4000}}]},
            "selection_invalid",
            "Clip 1 is not as long as its cut; cut it again.",
        ),
        ({"clip": [], "still": []}, "selection_invalid", "No moment is chosen; mark at least one clip or still."),
        ({"colour": "red"}, "selection_invalid", "“colour” is not a word this program knows."),
        (
            {"family": "Ella Smith"},
            "selection_invalid",
            "“family” must be a code of letters, digits and dashes, without spaces.",
        ),
        ({"film": {"bytes": 1}}, "selection_invalid", "“film”, “duration_ms” is missing."),
        ({"preset": "huge"}, "preset_unknown", "There is no such preset. Choose review, light or full."),
        ({"outputs": ["poster"]}, "output_unknown", f"“poster” cannot be made. Choose {' or '.join(KINDS)}."),
        (
            {"whole_film": True},
            "selection_invalid",
            "The moments are cut from the whole film, so none of them can have a cut of its own.",
        ),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_sentence(
    client: TestClient, changes: dict[str, Any], code: str, sentence: str
) -> None:
    answer = client.post(SELECTIONS, json=shape(**changes))
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["detail"]) == (422, code, sentence)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (problem["status"], problem["title"], problem["instance"]) == (422, "Unprocessable Entity", SELECTIONS)
    assert problem["type"] == f"urn:vigpack:problem:{code}"
    assert client.get(SELECTIONS).json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        *[
            b"",
            b"{",
            b"[1]",
            b"null",
            b'"x"',
            b"\xff",
            b"[" * 100_000,
            b'{"cycle": NaN}',
            b'{"cycle": ' + b"9" * 5000 + b"}",
        ],
        json.dumps(shape(outputs=["\ud800"])).encode(),  # half a character
        json.dumps(shape(family="\ud800")).encode(),
    ],
)
def test_a_body_that_is_no_selection_is_refused_in_words(client: TestClient, body: bytes) -> None:
    answer = client.post(SELECTIONS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.json()["detail"].endswith(".")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_body_that_is_not_declared_as_json_is_refused_in_words(client: TestClient, media_type: str) -> None:
    answer = client.post(SELECTIONS, content=json.dumps(shape()), headers={"Content-Type": media_type})
    assert answer.status_code == 422
    assert answer.json()["detail"] == "The request holds no list of moments written as JSON."


KEY = {"Idempotency-Key": "5f0c2a4e-7f0e-4f4b-9a53-1d1f3c1f9c55"}


def test_asking_again_with_the_same_key_begins_no_second_selection(client: TestClient) -> None:
    first, again = (client.post(SELECTIONS, json=shape(), headers=KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.json() == first.json()
    assert len(client.get(SELECTIONS).json()["items"]) == 1


def test_asking_again_tells_only_what_is_still_to_be_sent(client: TestClient) -> None:
    begun = client.post(SELECTIONS, json=shape(), headers=KEY).json()
    send(client, announce(client, 10, begun), 0, b"0123456789")
    again = client.post(SELECTIONS, json=shape(), headers=KEY).json()
    assert again["uploads"] == begun["uploads"][1:]


def test_other_keys_and_no_key_begin_further_selections(client: TestClient) -> None:
    for headers in ({}, {}, KEY, {"Idempotency-Key": "x" * 16}):
        assert client.post(SELECTIONS, json=shape(), headers=headers).status_code == 201
    assert len(client.get(SELECTIONS).json()["items"]) == 4


@pytest.mark.parametrize(
    "changes",
    [{"family": "K-207"}, {"preset": "light"}, {"outputs": []}, {"film": {"bytes": 1, "duration_ms": 900_000}}],
)
def test_a_key_stands_for_one_list_of_moments(client: TestClient, changes: dict[str, Any]) -> None:
    client.post(SELECTIONS, json=shape(), headers=KEY)
    answer = client.post(SELECTIONS, json=shape(**changes), headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")


@pytest.mark.parametrize("key", ["short", "x" * 129, "with a space in it", "é" * 20])
def test_a_key_that_could_be_met_by_chance_is_refused(client: TestClient, key: str) -> None:
    answer = client.post(SELECTIONS, json=shape(), headers={"Idempotency-Key": key.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (400, "header_wrong")


def test_eight_who_ask_with_one_key_at_once_begin_one_selection(any_service: Service) -> None:
    app = create_app(any_service.settings())
    with client_of(app) as client, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(SELECTIONS, json=shape(), headers=KEY), range(8)))
        assert [answer.status_code for answer in answers] == [201] * 8
        assert len({answer.headers["Location"] for answer in answers}) == 1
        assert len(client.get(SELECTIONS).json()["items"]) == 1


def test_a_body_of_more_than_a_mebibyte_is_refused(client: TestClient) -> None:
    large = b'{"family": "' + b"x" * (1 << 20) + b'"}'
    assert client.post(SELECTIONS, content=large).json()["code"] == "body_too_large"
    unannounced = client.post(SELECTIONS, content=iter([large]), headers={"Content-Type": "application/json"})
    assert (unannounced.status_code, unannounced.json()["code"]) == (413, "body_too_large")


def test_selections_are_listed_newest_first_in_pages(client: TestClient) -> None:
    ids = [begin(client, cycle=number)["selection"]["id"] for number in (1, 2, 3)]
    page = client.get(f"{SELECTIONS}?limit=2").json()
    assert [item["id"] for item in page["items"]] == [ids[2], ids[1]]
    rest = client.get(page["next"]).json()
    assert ([item["id"] for item in rest["items"]], rest["next"]) == ([ids[0]], None)
    assert client.get(f"{SELECTIONS}?limit=0").status_code == 422


def test_an_unknown_selection_is_not_found(client: TestClient) -> None:
    for method, path in [("GET", ""), ("DELETE", ""), ("POST", "/retry"), ("GET", "/events"), ("GET", "/artifacts/x")]:
        answer = client.request(method, f"{SELECTIONS}/{'0' * 32}{path}")
        assert answer.status_code == 404, path
        assert answer.json()["detail"].endswith(".")
    for path in (
        f"{SELECTIONS}/%00",
        f"{SELECTIONS}/K-104",
        f"{SELECTIONS}/{'0' * 32}/artifacts/..%2f",
        "/api/v1/uploads/%00",
    ):
        assert client.get(path).status_code in {404, 405}, path
    wrong_method = client.put(SELECTIONS)
    assert (wrong_method.status_code, wrong_method.json()["code"]) == (405, "method_not_allowed")


def test_erasing_leaves_no_byte_and_no_row(client: TestClient, app_settings: Settings) -> None:
    begun = begin(client)
    half, whole = announce(client, 4000, begun), announce(client, 10, {"uploads": begun["uploads"][1:]})
    send(client, half, 0, b"Ella" * 500)
    send(client, whole, 0, b"0123456789")
    path = f"{SELECTIONS}/{begun['selection']['id']}"
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 404
    assert client.get(path).status_code == 404
    assert client.head(half, headers=TUS).status_code == 404
    assert [file for file in (app_settings.data_dir / "store").rglob("*") if file.is_file()] == []
    assert list((app_settings.data_dir / "incoming").iterdir()) == []
    db = open_database(app_settings)
    with db.reading() as session:
        assert (session.query(SelectionRow).count(), session.query(JobRow).count()) == (0, 0)
    db.dispose()


def finish(settings: Settings, selection_id: str, data: bytes = b"", state: str = SelectionState.READY) -> str:
    """Make a selection ready (or failed) as workers would, with one artifact; the artifact's id."""
    import hashlib

    source = settings.data_dir / "pack"
    source.write_bytes(data)
    key = f"selections/{selection_id}/jobs/1/1/review-pack.zip"
    open_storage(settings).put(source, key)
    artifact = ArtifactRow(
        selection_id=selection_id,
        kind="review_pack",
        name="review-pack.zip",
        storage_key=key,
        media_type="application/zip",
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    db = open_database(settings)
    with db.session() as session:
        session.add(artifact)
        session.query(MomentRow).filter_by(selection_id=selection_id).update({"state": MomentState.READY})
        for kind in ("review_pack", "picture_notes"):
            failed = state == SelectionState.FAILED and kind == "picture_notes"
            job = JobRow(kind=kind, selection_id=selection_id, state=JobState.FAILED if failed else JobState.DONE)
            session.add(job)
        session.get_one(SelectionRow, selection_id).state = state
        session.flush()
        made = artifact.id
    db.dispose()
    return made


def test_what_failed_is_queued_again_on_request(client: TestClient, app_settings: Settings) -> None:
    selection_id = begin(client)["selection"]["id"]
    finish(app_settings, selection_id, state=SelectionState.FAILED)
    answer = client.post(f"{SELECTIONS}/{selection_id}/retry")
    assert answer.status_code == 202
    assert [output["state"] for output in answer.json()["outputs"]] == ["ready", "queued"]


PACK = bytes(range(256)) * 9000


@pytest.fixture
def pack(client: TestClient, app_settings: Settings) -> str:
    """The address of a finished pack."""
    selection_id = begin(client)["selection"]["id"]
    return f"{SELECTIONS}/{selection_id}/artifacts/{finish(app_settings, selection_id, PACK)}"


def test_a_pack_is_downloaded_whole_with_its_name_and_sum(client: TestClient, pack: str) -> None:
    answer = client.get(pack)
    assert (answer.status_code, answer.content) == (200, PACK)
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="review-pack.zip"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Accept-Ranges"] == "bytes"
    head = client.head(pack, headers={"Range": "bytes=0-4"})
    assert (head.headers["Content-Length"], head.headers["ETag"]) == (str(len(PACK)), answer.headers["ETag"])


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=1048570-1048580", 1048570, 1048581),
        ("bytes=100-", 100, len(PACK)),
        ("bytes=-5", len(PACK) - 5, len(PACK)),
        ("bytes=5-99999999999", 5, len(PACK)),
    ],
)
def test_a_range_is_answered_as_such(client: TestClient, pack: str, asked: str, start: int, end: int) -> None:
    answer = client.get(pack, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, PACK[start:end])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(PACK)}"


def test_a_range_past_the_end_is_refused_with_the_size(client: TestClient, pack: str) -> None:
    answer = client.get(pack, headers={"Range": f"bytes={len(PACK)}-"})
    assert (answer.status_code, answer.json()["code"]) == (416, "range_outside")
    assert answer.headers["Content-Range"] == f"bytes */{len(PACK)}"


def test_a_range_of_another_version_gets_the_whole_file(client: TestClient, pack: str) -> None:
    etag = client.head(pack).headers["ETag"]
    assert client.get(pack, headers={"Range": "bytes=0-3", "If-Range": etag}).status_code == 206
    assert client.get(pack, headers={"Range": "bytes=0-3", "If-Range": '"older"'}).content == PACK
    assert client.get(pack, headers={"Range": "bytes=0-3", "If-Range": f"W/{etag}"}).status_code == 200


def test_a_known_version_is_not_sent_again(client: TestClient, pack: str) -> None:
    etag = client.head(pack).headers["ETag"]
    answer = client.get(pack, headers={"If-None-Match": f'"x", {etag}'})
    assert (answer.status_code, answer.content) == (304, b"")


def test_a_pack_is_found_only_under_its_own_selection(client: TestClient, pack: str) -> None:
    other = begin(client)["selection"]["id"]
    assert client.get(f"{SELECTIONS}/{other}/artifacts/{pack.rsplit('/', 1)[1]}").status_code == 404


def test_a_pack_in_s3_is_downloaded_in_ranges_too(app_settings: Settings, s3_settings: Settings) -> None:
    given = s3_settings.model_copy(update={"data_dir": app_settings.data_dir, "min_free_bytes": 0})
    with client_of(create_app(given)) as client:
        selection_id = begin(client)["selection"]["id"]
        path = f"{SELECTIONS}/{selection_id}/artifacts/{finish(given, selection_id, PACK)}"
        assert client.get(path).content == PACK
        answer = client.get(path, headers={"Range": "bytes=1000-1999999"})
    assert (answer.status_code, answer.content) == (206, PACK[1000:2_000_000])


@given(st.integers(0, 50), st.integers(0, 60), st.one_of(st.none(), st.integers(0, 60)))
def test_a_range_is_never_wider_than_asked_nor_than_the_file(size: int, first: int, last: int | None) -> None:
    header = f"bytes={first}-{'' if last is None else last}"
    try:
        span = parse_range(header, size)
    except RangeOutside:
        assert first >= size
        return
    if last is not None and last < first:
        assert span is None
    else:
        assert span == Span(first, min(size, size if last is None else last + 1))


@given(st.text(max_size=30))
def test_a_range_that_is_not_understood_means_the_whole_file(header: str) -> None:
    try:
        span = parse_range(header, 10)
    except RangeOutside:
        return
    assert span is None or 0 <= span.start < span.end <= 10


def events_of(
    client: httpx.Client, path: str, *, after_first: Callable[[], object] | None = None, seen: str = ""
) -> list[tuple[str, str]]:
    """The (name, id) of each event until the stream ends; ``after_first`` is done once the first is here."""
    found: list[tuple[str, str]] = []
    fields: dict[str, str] = {}
    with client.stream("GET", f"{path}/events", headers={"Last-Event-ID": seen} if seen else {}) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                found.append((fields["event"], fields.get("id", "")))
                fields = {}
                if after_first and len(found) == 1:
                    after_first()
    return found


def test_events_tell_each_change_and_end_when_all_is_ready(api: httpx.Client, running: Service) -> None:
    selection_id = begin(api)["selection"]["id"]
    path = f"{SELECTIONS}/{selection_id}"
    events = events_of(api, path, after_first=lambda: finish(running.settings(), selection_id))
    assert [name for name, _ in events] == ["selection", "selection"]
    assert len({number for _, number in events}) == 2
    last = events[-1][1]
    assert api.get(f"{path}/events", headers={"Last-Event-ID": last}).status_code == 204
    assert [number for _, number in events_of(api, path, seen=events[0][1])] == [last]


def test_events_end_when_the_selection_is_erased(api: httpx.Client) -> None:
    path = f"{SELECTIONS}/{begin(api)['selection']['id']}"
    names = [name for name, _ in events_of(api, path, after_first=lambda: api.delete(path))]
    assert names == ["selection", "erased"]


def test_events_outlive_an_outage_of_the_database(
    postgres_server: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    name = postgres_url.rsplit("/", 1)[1]
    given = Settings(data_dir=tmp_path, database_url=postgres_url, min_free_bytes=0)
    with client_of(create_app(given)) as client:
        selection_id = begin(client)["selection"]["id"]

        def go_away_and_come_back() -> None:
            time.sleep(1)
            with postgres_server.away(name):
                assert client.get(SELECTIONS).status_code == 503
                time.sleep(1)
            finish(given, selection_id)

        with ThreadPoolExecutor() as pool:
            outage = pool.submit(go_away_and_come_back)
            events = events_of(client, f"{SELECTIONS}/{selection_id}")
            outage.result()
    assert {name for name, _ in events} == {"selection"}
    assert len(events) >= 2  # before and after; how many steps between are seen is a matter of time


def test_an_open_stream_does_not_keep_a_stopped_service_alive(service: Service) -> None:
    process, client = service.start()
    path = f"{SELECTIONS}/{begin(client)['selection']['id']}"
    with client.stream("GET", f"{path}/events") as stream:
        next(stream.iter_lines())
        process.terminate()
        assert process.wait(15) is not None


def test_every_error_of_uploads_and_storage_has_a_status_of_its_own() -> None:
    kinds = [kind for module in (storage, upload_errors) for kind in vars(module).values() if isinstance(kind, type)]
    own = {storage.__name__, upload_errors.__name__}
    errors = [kind for kind in kinds if issubclass(kind, PipelineError) and kind.__module__ in own]
    assert [kind.__name__ for kind in errors if kind not in STATUS_OF] == []
    assert all(400 <= status < 600 for status in STATUS_OF.values())
    assert len({kind.code for kind in STATUS_OF}) == len(STATUS_OF)


def test_the_description_names_every_route_and_has_examples(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()
    assert {"/healthz", SELECTIONS, f"{SELECTIONS}/{{selection_id}}/events"} <= set(described["paths"])
    assert described["components"]["schemas"]["NewSelection"]["examples"]
    assert described["components"]["schemas"]["Problem"]["properties"]["code"]
    for path in described["paths"].values():
        assert all(operation["summary"] and operation["description"] for operation in path.values())


def test_the_example_in_the_description_is_accepted(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()
    example = described["components"]["schemas"]["NewSelection"]["examples"][0]
    assert client.post(SELECTIONS, json=example).status_code == 201


def test_readiness_says_what_is_wrong_in_words(client: TestClient, app_settings: Settings) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["problems"] == ["No worker is running; moments wait until one is."]
    (app_settings.data_dir / "store" / ".parts").rmdir()
    broken = client.get("/readyz")
    assert broken.status_code == 503
    assert any("films and packs are kept" in problem for problem in broken.json()["problems"])
