"""Sends films through the proxy, waits for their packs and looks whether they are still the same; runs in the image.

``send NAME COUNT [FAMILY]`` · ``wait NAME…`` · ``check NAME…`` · ``gone NAME…``; /trial holds what is known of NAME.
"""

from __future__ import annotations

import hashlib
import json
import ssl
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from cli.demo_client.sample_film import choose_moments, draw_film
from cli.demo_client.sender import Follower, begin, copy_moments, send_all
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.jail.jail import Jail
from pipeline.source.film import probe

FILM = Path("/trial/film.mp4")


def open_client() -> httpx.Client:
    token = Path("/secrets/vigpack_token").read_text().strip()
    known = ssl.create_default_context(cafile="/trial/root.crt")
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url="https://localhost", verify=known, headers=headers, trust_env=False, timeout=60)


def book(name: str) -> Path:
    return Path(f"/trial/{name}.json")


def download(client: httpx.Client, view: dict[str, Any]) -> dict[str, str]:
    """The SHA-256 of each finished file, as it came back; it is the one that the service says."""
    found = {}
    for part in [*view["moments"], *view["outputs"]]:
        for artifact in part["artifacts"]:
            answer = client.get(f"/api/v1/selections/{view['id']}/artifacts/{artifact['id']}").raise_for_status()
            found[artifact["id"]] = hashlib.sha256(answer.content).hexdigest()
            assert found[artifact["id"]] == artifact["sha256"], artifact["name"]
    return found


def send(client: httpx.Client, name: str, count: str, *family: str) -> None:
    if not FILM.exists():
        draw_film(FILM, runner=FfmpegRunner())
    film = probe(FILM)
    known: dict[str, Any] = {}
    for _ in range(int(count)):
        selection = choose_moments(film)
        if family:
            selection = selection.model_copy(update={"family": family[0]})
        with tempfile.TemporaryDirectory() as folder:
            outgoing = copy_moments(Jail(), FILM, selection, Path(folder))
            began = time.monotonic()
            begun = begin(client, film, selection, outgoing)
            sent = send_all(client, begun, outgoing, lambda _done: None)
        known[begun["selection"]["id"]] = {}
        print(f"{name}: {sum(one.bytes for one in sent) / 1e6:.1f} MB sent in {time.monotonic() - began:.1f} s")
    book(name).write_text(json.dumps(known))


def wait(client: httpx.Client, name: str) -> None:
    known: dict[str, Any] = {}
    for selection_id in json.loads(book(name).read_text()):
        follower = Follower(client, selection_id, lambda _view: None)
        follower.start()
        known[selection_id] = download(client, follower.wait().view)
    book(name).write_text(json.dumps(known))
    print(f"{name}: {len(known)} selections ready, {sum(map(len, known.values()))} files")


def check(client: httpx.Client, name: str) -> None:
    known = json.loads(book(name).read_text())
    for selection_id, files in known.items():
        view = client.get(f"/api/v1/selections/{selection_id}").raise_for_status().json()
        assert files
        assert download(client, view) == files
    print(f"{name}: {len(known)} selections, {sum(map(len, known.values()))} files: every SHA-256 as before")


def gone(client: httpx.Client, name: str) -> None:
    for selection_id in json.loads(book(name).read_text()):
        assert client.get(f"/api/v1/selections/{selection_id}").status_code == httpx.codes.NOT_FOUND
    print(f"{name}: gone")


def main(word: str, *words: str) -> None:
    with open_client() as client:
        if word == "send":
            send(client, *words)
            return
        for name in words:
            {"wait": wait, "check": check, "gone": gone}[word](client, name)


if __name__ == "__main__":
    main(*sys.argv[1:])
