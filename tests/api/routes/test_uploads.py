"""What tus says to requests that are right and to those that are wrong."""

from __future__ import annotations

import base64
import hashlib
import shutil
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from api.app import create_app
from records.models import UploadRow, utcnow
from records.retention_policy.policy import policy_of
from records.settings import Settings
from records.storage.open import open_storage
from records.uploads.cleanup import expire_uploads
from tests.api.conftest import client_of
from tests.api.service import (
    CHUNK,
    SELECTIONS,
    TUS,
    UPLOADS,
    RawPatch,
    announce,
    begin,
    metadata,
    offset_of,
    send,
    shape,
)
from tests.effects import open_alone

FILM = bytes(range(256)) * 40


def sum_of(data: bytes, algorithm: str) -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


def test_options_tell_version_extensions_and_largest_upload(client: TestClient, app_settings: Settings) -> None:
    answer = client.options(UPLOADS)
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation",
        "creation-with-upload",
        "termination",
        "expiration",
        "checksum",
    }
    assert answer.headers["Tus-Max-Size"] == str(app_settings.max_upload_bytes)
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"


def test_an_upload_grows_patch_by_patch_and_its_moment_is_queued(client: TestClient) -> None:
    begun = begin(client)
    upload = announce(client, len(FILM), begun)
    assert offset_of(client, upload) == 0
    assert send(client, upload, 0, FILM[:1000]).headers["Upload-Offset"] == "1000"
    assert offset_of(client, upload) == 1000
    last = send(client, upload, 1000, FILM[1000:])
    assert (last.status_code, last.headers["Tus-Resumable"]) == (204, "1.0.0")
    assert "Upload-Expires" not in last.headers
    view = client.get(f"/api/v1/selections/{begun['selection']['id']}").json()
    assert [moment["state"] for moment in view["moments"]] == ["queued", "awaiting_upload"]
    assert view["bytes_received"] == len(FILM)


def test_bytes_may_come_with_the_announcement(client: TestClient) -> None:
    target = metadata(**begin(client)["uploads"][0]["metadata"], filename="Ella birthday.mp4")
    headers = {**CHUNK, "Upload-Length": str(len(FILM)), "Upload-Metadata": target}
    answer = client.post(UPLOADS, headers=headers, content=FILM[:500])
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "500")
    assert offset_of(client, answer.headers["Location"]) == 500


def test_a_whole_film_queues_every_moment(client: TestClient) -> None:
    clip = {"in": 1000, "out": 2000}
    begun = begin(client, whole_film=True, clip=[clip, clip], still=[])
    assert [upload["kind"] for upload in begun["uploads"]] == ["film"]
    send(client, announce(client, len(FILM), begun), 0, FILM)
    view = client.get(f"/api/v1/selections/{begun['selection']['id']}").json()
    assert [moment["state"] for moment in view["moments"]] == ["queued", "queued"]


def test_a_second_upload_of_the_same_moment_is_refused_and_leaves_nothing(
    client: TestClient, app_settings: Settings
) -> None:
    begun = begin(client)
    slow = announce(client, len(FILM), begun)
    send(client, announce(client, len(FILM), begun), 0, FILM)
    answer = send(client, slow, 0, FILM)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_uploaded")
    assert client.head(slow, headers=TUS).status_code == 404
    assert len(list((app_settings.data_dir / "store").rglob("uploads/*"))) == 1
    assert list((app_settings.data_dir / "incoming").iterdir()) == []


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_right_checksum_is_accepted(client: TestClient, algorithm: str) -> None:
    upload = announce(client, len(FILM))
    answer = send(client, upload, 0, FILM[:700], **{"Upload-Checksum": sum_of(FILM[:700], algorithm)})
    assert (answer.status_code, offset_of(client, upload)) == (204, 700)


def test_a_wrong_checksum_leaves_the_offset_where_it_was(client: TestClient) -> None:
    upload = announce(client, len(FILM))
    send(client, upload, 0, FILM[:100])
    answer = send(client, upload, 100, FILM[100:700], **{"Upload-Checksum": sum_of(b"else", "sha1")})
    assert (answer.status_code, answer.json()["code"]) == (460, "checksum_wrong")
    assert offset_of(client, upload) == 100


def test_with_a_checksum_half_a_body_counts_for_nothing(api: httpx.Client) -> None:
    upload = announce(api, len(FILM))
    patch = RawPatch(api, upload, 0, len(FILM), **{"Upload-Checksum": sum_of(FILM, "sha256")})
    patch.send(FILM[:5000])
    patch.go_away()
    assert send(api, upload, 0, FILM, **{"Upload-Checksum": sum_of(FILM, "sha256")}).status_code in {204, 423}
    assert offset_of(api, upload) in {0, len(FILM)}


def test_patches_are_refused_with_the_status_that_tus_names(client: TestClient) -> None:
    upload = announce(client, len(FILM))
    right = {**CHUNK, "Upload-Offset": "0"}
    unknown = f"{UPLOADS}/{'0' * 32}"
    for path, headers, body, status, code in [
        (upload, {**right, "Tus-Resumable": "0.2.2"}, b"x", 412, "tus_version_wrong"),
        (upload, {**right, "Content-Type": "video/mp4"}, b"x", 415, "media_type_wrong"),
        (upload, {**right, "Upload-Offset": "-1"}, b"x", 400, "header_wrong"),
        (upload, {**right, "Upload-Offset": "７"}, b"x", 400, "header_wrong"),
        (upload, {**right, "Upload-Offset": "17"}, b"x", 409, "offset_wrong"),
        (upload, {**right, "Upload-Checksum": "md5 eHg="}, b"x", 400, "header_wrong"),
        (upload, {**right, "Upload-Checksum": "sha1 *"}, b"x", 400, "header_wrong"),
        (upload, right, FILM + b"x", 413, "upload_too_large"),
        (unknown, right, b"x", 404, "upload_missing"),
    ]:
        answer = client.patch(path, headers={k: v.encode() for k, v in headers.items()}, content=body)
        assert answer.status_code == status, (headers, answer.text)
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        assert answer.json()["code"] == code
    assert client.patch(f"{UPLOADS}/..%2f..", headers=right, content=b"x").status_code in (404, 405)
    assert offset_of(client, upload) == 0


def test_more_bytes_than_announced_are_not_kept_even_without_a_declared_length(client: TestClient) -> None:
    upload = announce(client, 1000)
    answer = client.patch(upload, headers={**CHUNK, "Upload-Offset": "0"}, content=iter([FILM[:900], FILM[:900]]))
    assert answer.status_code == 413
    assert offset_of(client, upload) < 1000


def test_announcements_are_refused_in_words(client: TestClient, app_settings: Settings) -> None:
    begun, whole = begin(client), begin(client, whole_film=True, clip=[{"in": 0, "out": 9}], still=[])
    moment = metadata(**begun["uploads"][0]["metadata"])
    for length, target, status, code in [
        ("0", moment, 400, "upload_empty"),
        (str(app_settings.max_upload_bytes + 1), moment, 413, "upload_too_large"),
        ("many", moment, 400, "header_wrong"),
        ("9", "", 400, "header_wrong"),
        ("9", "moment *", 400, "header_wrong"),
        ("9", f"{moment},{metadata(selection='0' * 32)}", 400, "header_wrong"),
        ("9", metadata(moment="0" * 32), 404, "upload_target_missing"),
        ("9", metadata(selection=begun["selection"]["id"]), 409, "upload_target_wrong"),
        ("9", metadata(moment=whole["selection"]["moments"][0]["id"]), 409, "upload_target_wrong"),
    ]:
        answer = client.post(UPLOADS, headers={**TUS, "Upload-Length": length, "Upload-Metadata": target})
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert answer.json()["detail"].endswith(".")
    deferred = client.post(UPLOADS, headers={**TUS, "Upload-Defer-Length": "1", "Upload-Metadata": moment})
    assert deferred.status_code == 400


@pytest.mark.parametrize("twice", ["Upload-Offset", "Tus-Resumable", "Upload-Checksum"])
def test_a_header_that_says_two_things_is_refused(client: TestClient, twice: str) -> None:
    upload = announce(client, len(FILM))
    right = {**CHUNK, "Upload-Offset": "0", "Upload-Checksum": sum_of(b"x", "sha1")}
    answer = client.patch(upload, headers=[*right.items(), (twice, right[twice])], content=b"x")
    assert (answer.status_code, answer.json()["code"]) == (400, "header_wrong")
    assert offset_of(client, upload) == 0


def test_metadata_that_name_two_moments_are_refused(client: TestClient) -> None:
    one, other = (metadata(**upload["metadata"]) for upload in begin(client)["uploads"])
    headers = {**TUS, "Upload-Length": "9", "Upload-Metadata": f"{one},{other}"}
    assert client.post(UPLOADS, headers=headers).json()["code"] == "header_wrong"


@pytest.mark.parametrize("headers", [{"Upload-Checksum": "sha1 AAAA"}, {"Upload-Length": "3"}])
def test_an_announcement_whose_bytes_are_refused_leaves_no_upload(client: TestClient, headers: dict[str, str]) -> None:
    begun = begin(client)
    right = {**CHUNK, "Upload-Length": "10", "Upload-Metadata": metadata(**begun["uploads"][0]["metadata"])}
    answer = client.post(UPLOADS, headers=right | headers, content=iter([b"12345"]))
    assert answer.status_code in {413, 460}
    assert client.get(f"/api/v1/selections/{begun['selection']['id']}").json()["uploads"] == []


def test_an_upload_announced_twice_is_expected_once(client: TestClient) -> None:
    """The answer to the first was lost on the way."""
    begun = begin(client, still=[])
    announce(client, len(FILM), begun)
    send(client, announce(client, len(FILM), begun), 0, FILM[:100])
    view = client.get(f"/api/v1/selections/{begun['selection']['id']}").json()
    assert (view["bytes_received"], view["bytes_expected"]) == (100, len(FILM))


def test_a_full_disk_is_said_before_any_byte_is_taken(app_settings: Settings) -> None:
    full = app_settings.model_copy(update={"min_free_bytes": 1 << 62})
    with client_of(create_app(app_settings)) as client:
        target = metadata(**begin(client)["uploads"][0]["metadata"])
    with client_of(create_app(full)) as client:
        answer = client.post(UPLOADS, headers={**TUS, "Upload-Length": "9", "Upload-Metadata": target})
        new = client.post(SELECTIONS, json=shape())
    assert (answer.status_code, new.status_code) == (507, 507)
    assert answer.json()["detail"].startswith("The service has no room for more films just now.")
    assert answer.headers["Retry-After"] == new.headers["Retry-After"] == "60"


def test_a_full_queue_takes_nothing_new_and_ends_what_was_begun(app_settings: Settings) -> None:
    narrow = app_settings.model_copy(update={"most_waiting_jobs": 1})
    with client_of(create_app(narrow)) as client:
        first, second = begin(client), begin(client)
        begun = announce(client, len(FILM), second)
        send(client, announce(client, len(FILM), first), 0, FILM)  # now one job waits
        new = client.post(SELECTIONS, json=shape())
        target = metadata(**second["uploads"][1]["metadata"])
        upload = client.post(UPLOADS, headers={**TUS, "Upload-Length": "9", "Upload-Metadata": target})
        going_on = send(client, begun, 0, FILM)
    assert (new.status_code, upload.status_code, going_on.status_code) == (503, 503, 204)
    assert new.json()["code"] == upload.json()["code"] == "queue_full"
    assert int(new.headers["Retry-After"]) > 0


def with_room_for(app_settings: Settings, count: int) -> Settings:
    """The same service on a disk that holds so many bytes more."""
    free = shutil.disk_usage(app_settings.data_dir).free
    return app_settings.model_copy(update={"min_free_bytes": max(free - count, 0)})


def test_what_others_began_to_send_counts_as_taken(app_settings: Settings) -> None:
    with client_of(create_app(app_settings)) as client:
        send(client, announce(client, 10_000_000_000), 0, b"1")
        begun = announce(client, 9, begin(client))
        target = metadata(**begin(client)["uploads"][0]["metadata"])
    with client_of(create_app(with_room_for(app_settings, 5_000_000_000))) as client:
        announced = client.post(UPLOADS, headers={**TUS, "Upload-Length": "9", "Upload-Metadata": target})
        first_byte = send(client, begun, 0, b"1")
    assert (announced.status_code, first_byte.status_code) == (507, 507)


def test_what_is_only_announced_keeps_nobody_from_sending(app_settings: Settings) -> None:
    with client_of(create_app(with_room_for(app_settings, 12_000_000_000))) as client:
        for _ in range(4):
            announce(client, 10_000_000_000, begin(client))
        small = announce(client, 9, begin(client))
        assert send(client, small, 0, b"1").status_code == 204


def test_an_upload_left_alone_expires_and_its_bytes_go(client: TestClient, app_settings: Settings) -> None:
    upload = announce(client, len(FILM))
    answer = send(client, upload, 0, FILM[:1000])
    expiry = parsedate_to_datetime(answer.headers["Upload-Expires"])
    assert abs(expiry - policy_of(app_settings).sources.receiving.after(utcnow())) < timedelta(minutes=1)
    db = open_alone(app_settings)
    with db.session() as session:
        session.execute(update(UploadRow).values(expires_at=utcnow() - timedelta(seconds=1)))
    assert client.head(upload, headers=TUS).status_code == 410
    assert send(client, upload, 1000, FILM[1000:]).json()["code"] == "upload_expired"
    expire_uploads(db, open_storage(app_settings), app_settings)
    db.dispose()
    assert client.head(upload, headers=TUS).status_code == 404
    assert list((app_settings.data_dir / "incoming").iterdir()) == []


def test_a_terminated_upload_is_gone_with_its_bytes(client: TestClient, app_settings: Settings) -> None:
    upload = announce(client, len(FILM))
    send(client, upload, 0, FILM[:1000])
    assert client.delete(upload, headers=TUS).status_code == 204
    assert client.head(upload, headers=TUS).status_code == 404
    assert client.delete(upload, headers=TUS).status_code == 404
    assert list((app_settings.data_dir / "incoming").iterdir()) == []


def test_a_finished_upload_can_only_be_erased_with_its_selection(client: TestClient) -> None:
    upload = announce(client, len(FILM))
    send(client, upload, 0, FILM)
    answer = client.delete(upload, headers=TUS)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_uploaded")


def test_an_upload_whose_file_was_lost_begins_again(client: TestClient, app_settings: Settings) -> None:
    upload = announce(client, len(FILM))
    send(client, upload, 0, FILM[:1000])
    (app_settings.data_dir / "incoming" / upload.rsplit("/", 1)[1]).unlink()
    assert send(client, upload, 1000, FILM[1000:]).status_code == 409
    assert offset_of(client, upload) == 0
    assert send(client, upload, 0, FILM).status_code == 204


def test_an_old_client_may_name_the_method_in_a_header(client: TestClient) -> None:
    upload = announce(client, len(FILM))
    headers = {**CHUNK, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert client.post(upload, headers=headers, content=FILM[:10]).status_code == 204
    assert offset_of(client, upload) == 10
