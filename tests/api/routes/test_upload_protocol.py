"""Corners of tus and HTTP that clients other than our page run into."""

from __future__ import annotations

import httpx

from tests.api.service import SELECTIONS, TUS, UPLOADS, announce, begin, metadata


def test_another_version_is_refused_with_the_one_that_is_spoken(api: httpx.Client) -> None:
    upload = announce(api, 9)
    for headers in ({}, {"Tus-Resumable": "0.2.2"}):
        answer = api.head(upload, headers=headers)
        assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")


def test_an_upload_tells_what_was_announced_of_it(api: httpx.Client) -> None:
    begun = begin(api)
    upload = announce(api, 9, begun)
    assert api.head(upload, headers=TUS).headers["Upload-Metadata"] == metadata(**begun["uploads"][0]["metadata"])


def test_the_address_of_uploads_may_end_with_a_slash(api: httpx.Client) -> None:
    assert api.options(f"{UPLOADS}/").headers["Tus-Version"] == "1.0.0"
    begun = begin(api)
    named = {"Upload-Length": "9", "Upload-Metadata": metadata(**begun["uploads"][0]["metadata"])}
    answer = api.post(f"{UPLOADS}/", headers={**TUS, **named})
    assert answer.status_code == 201
    assert answer.headers["Location"].startswith(f"{UPLOADS}/")
    assert "//" not in answer.headers["Location"]


def test_a_wrong_method_is_told_every_right_one(api: httpx.Client) -> None:
    asked = {
        f"{UPLOADS}/{'0' * 32}": {"HEAD", "PATCH", "DELETE"},
        UPLOADS: {"OPTIONS", "POST"},
        SELECTIONS: {"GET", "POST"},
        "/healthz": {"GET"},
    }
    for path, right in asked.items():
        answer = api.put(path)
        assert answer.status_code == 405, path
        assert set(answer.headers["Allow"].split(", ")) == right, path
