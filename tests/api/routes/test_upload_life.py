"""Uploads over real API processes: killed, hung, taken over, fought for."""

from __future__ import annotations

import contextlib
import hashlib
import random
import threading
import time

import httpx
import psutil
import pytest

from api.app import create_app
from records.models import UploadRow
from records.storage.open import open_storage
from tests.api.conftest import client_of
from tests.api.service import RawPatch, Service, announce, begin, offset_of, send, send_all
from tests.effects import open_alone
from tests.servers import NO_TLS, wait_until

MIB = 1 << 20


def film_bytes(length: int) -> bytes:
    """Bytes in which no piece looks like another."""
    return random.Random(length).randbytes(length)


def stored_film(service: Service, upload: str) -> tuple[bytes, str | None]:
    """What came to lie in storage, and the sum recorded for it."""
    db = open_alone(service.settings())
    with db.reading() as session:
        row = session.get_one(UploadRow, upload.rsplit("/", 1)[1])
    db.dispose()
    assert row.storage_key is not None
    storage = open_storage(service.settings())
    return b"".join(storage.read(row.storage_key, 0, storage.size(row.storage_key))), row.sha256


def is_handed_on(service: Service, upload: str) -> bool:
    db = open_alone(service.settings())
    with db.reading() as session:
        row = session.get_one(UploadRow, upload.rsplit("/", 1)[1])
    db.dispose()
    return row.storage_key is not None


def assert_whole(service: Service, upload: str, film: bytes) -> None:
    # Its last byte is told before it is sealed: another request, or the API's own round, may be at it just now.
    wait_until(lambda: is_handed_on(service, upload), "it is handed on")
    stored, sha256 = stored_film(service, upload)
    assert stored == film
    assert sha256 == hashlib.sha256(film).hexdigest()
    partial = service.data_dir / "incoming" / upload.rsplit("/", 1)[1]
    # A request that still waited for the file makes it anew for an instant, before it sees that all is done.
    wait_until(lambda: not partial.exists(), f"{partial} is gone")


def wait_for_offset(client: httpx.Client, upload: str, at_least: int) -> int:
    wait_until(lambda: offset_of(client, upload) >= at_least, f"{at_least} bytes are there")
    return offset_of(client, upload)


def wait_for_holder(service: Service, upload: str) -> None:
    """Until a request may write the upload's bytes."""
    db = open_alone(service.settings())

    def is_held() -> bool:
        with db.reading() as session:
            return session.get_one(UploadRow, upload.rsplit("/", 1)[1]).holder is not None

    wait_until(is_held, "a request holds the upload")
    db.dispose()


def test_a_film_is_whole_after_the_api_was_killed_in_the_middle_of_a_patch(service: Service) -> None:
    film = film_bytes(30 * MIB)
    process, client = service.start()
    upload = announce(client, len(film))
    assert send(client, upload, 0, film[: 8 * MIB]).status_code == 204
    patch = RawPatch(client, upload, 8 * MIB, 22 * MIB)
    patch.send(film[8 * MIB : 19 * MIB + 333])
    wait_for_offset(client, upload, 16 * MIB)
    process.kill()
    process.wait()

    _, client = service.start()
    offset = offset_of(client, upload)
    assert 16 * MIB <= offset <= 19 * MIB + 333
    answer = send(client, upload, offset, film[offset:])

    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(len(film)))
    assert_whole(service, upload, film)


def test_what_came_before_the_sender_went_away_is_kept(running: Service, api: httpx.Client) -> None:
    film = film_bytes(3 * MIB)
    upload = announce(api, len(film))
    patch = RawPatch(api, upload, 0, len(film))
    patch.send(film[:MIB])
    patch.go_away()
    offset = wait_for_offset(api, upload, 1)
    send_all(api, upload, film, MIB)
    assert 0 < offset <= MIB
    assert_whole(running, upload, film)


def test_a_newer_request_takes_over_from_one_that_hangs(running: Service, api: httpx.Client) -> None:
    film = film_bytes(4 * MIB)
    upload = announce(api, len(film))
    hung = RawPatch(api, upload, 0, len(film))
    hung.send(film[:MIB])
    offset = wait_for_offset(api, upload, MIB)
    answer = send(api, upload, offset, film[offset:])
    assert answer.status_code == 204
    assert hung.answer().startswith("HTTP/1.1 423")
    assert_whole(running, upload, film)


@pytest.mark.parametrize("checksum", [{}, {"Upload-Checksum": "sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk="}])
def test_a_newer_request_takes_over_from_one_that_trickles(
    running: Service, api: httpx.Client, checksum: dict[str, str]
) -> None:
    film = film_bytes(4 * MIB)
    upload = announce(api, len(film))
    trickling = RawPatch(api, upload, 0, len(film), **checksum)
    ended = threading.Event()

    def trickle() -> None:
        with contextlib.suppress(OSError):
            for byte in film:
                trickling.send(bytes([byte]))
                if ended.wait(0.2):
                    return

    thread = threading.Thread(target=trickle)
    thread.start()
    wait_for_holder(running, upload)
    send_all(api, upload, film, 4 * MIB)
    ended.set()
    thread.join()
    assert trickling.answer().startswith("HTTP/1.1 423")
    assert_whole(running, upload, film)


def test_a_hung_request_of_another_process_is_taken_over_too(service: Service) -> None:
    """On PostgreSQL the eight below hang and are taken over."""
    film = film_bytes(4 * MIB)
    (_, one), (_, other) = service.start_two()
    upload = announce(one, len(film))
    hung = RawPatch(one, upload, 0, len(film))
    hung.send(film[:MIB])
    offset = wait_for_offset(other, upload, MIB)
    assert send(other, upload, offset, film[offset:]).status_code == 204
    assert hung.answer().startswith("HTTP/1.1 423")
    assert_whole(service, upload, film)


def test_eight_clients_of_two_processes_send_one_film_and_it_is_whole_although_one_is_killed(
    any_service: Service,
) -> None:
    film = film_bytes(6 * MIB)
    (doomed, first), (_, second) = any_service.start_two()
    addresses = [first.base_url, second.base_url]
    upload = announce(second, len(film))
    failures: list[BaseException] = []

    def fight(number: int) -> None:
        chance = random.Random(number)
        try:
            while True:
                try:
                    address, headers = addresses[number % 2], second.headers
                    with httpx.Client(
                        base_url=address, headers=headers, verify=NO_TLS, timeout=60, trust_env=False
                    ) as mine:
                        send_or_hang(mine, chance)
                        return
                except (httpx.TransportError, OSError):
                    time.sleep(0.1)
        except BaseException as failure:  # noqa: BLE001 told to the test's own thread
            failures.append(failure)

    def send_or_hang(mine: httpx.Client, chance: random.Random) -> None:
        while (offset := offset_of(mine, upload)) < len(film):
            if chance.random() < 0.3:  # hang for a while with a part of a body, then go
                patch = RawPatch(mine, upload, offset, len(film) - offset)
                patch.send(film[offset : offset + chance.randrange(MIB)])
                time.sleep(chance.random() / 10)
                patch.go_away()
                continue
            answer = send(mine, upload, offset, film[offset : offset + chance.randrange(1, MIB)])
            assert answer.status_code in {204, 409, 423}, answer.text

    threads = [threading.Thread(target=fight, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    wait_for_offset(second, upload, MIB)
    doomed.kill()
    doomed.wait()
    addresses[0] = any_service.start()[1].base_url
    for thread in threads:
        thread.join(100)
    assert failures == []
    assert not any(thread.is_alive() for thread in threads)
    assert_whole(any_service, upload, film)


def test_a_film_that_was_all_here_when_the_api_was_killed_is_handed_on_by_the_next_head(service: Service) -> None:
    film = film_bytes(MIB)
    with client_of(
        create_app(service.settings().model_copy(update={"recovery_s": 3600, "min_free_bytes": 0}))
    ) as client:
        begun = begin(client)
        upload = announce(client, len(film), begun)
        # The state a crash leaves between the last save and the hand-over.
        upload_id = upload.rsplit("/", 1)[1]
        (service.data_dir / "incoming" / upload_id).write_bytes(film)
        db = open_alone(service.settings())
        with db.session() as session:
            session.get_one(UploadRow, upload_id).offset_bytes = len(film)
        db.dispose()

        assert offset_of(client, upload) == len(film)
        assert_whole(service, upload, film)
        view = client.get(f"/api/v1/selections/{begun['selection']['id']}").json()
    assert view["moments"][0]["state"] == "queued"


def test_memory_stays_bounded_while_a_large_film_comes_in(running: Service, api: httpx.Client) -> None:
    """300 MB, of which nothing is kept in memory: the process holds less than 300 MB, most of it the program itself."""
    process = running.processes[0]
    before_bytes = psutil.Process(process.pid).memory_info().rss
    length = 300_000_000
    upload = announce(api, length)
    block = film_bytes(MIB)
    peak_bytes = [before_bytes]

    def body() -> object:
        left = length
        while left:
            piece = block[: min(left, MIB)]
            left -= len(piece)
            peak_bytes[0] = max(peak_bytes[0], psutil.Process(process.pid).memory_info().rss)
            yield piece

    assert send(api, upload, 0, body()).status_code == 204  # type: ignore[arg-type]  # httpx sends iterables in chunks
    assert peak_bytes[0] < 300_000_000
    assert peak_bytes[0] - before_bytes < 60_000_000
