"""Finished files over HTTP: whole, in ranges, from a folder and from S3."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from api.app import create_app
from api.errors import RangeOutside
from api.routes.artifacts import Span, parse_range
from records.settings import Settings
from tests.api.conftest import client_of
from tests.api.service import SELECTIONS, begin, finish

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


LATIN_1 = "".join(map(chr, range(256)))
"""What a header can hold. Of all characters Hypothesis would first make a list, in 0.9 s."""


@given(st.text(LATIN_1, max_size=30))
def test_a_range_that_is_not_understood_means_the_whole_file(header: str) -> None:
    try:
        span = parse_range(header, 10)
    except RangeOutside:
        return
    assert span is None or 0 <= span.start < span.end <= 10
