"""A guider and her page: begins selections, sends their films, goes on after whatever happens, until they are ready."""

from __future__ import annotations

import base64
import hashlib
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.chaos.films import LENGTH_MS, DrawnFilm

SELECTIONS = "/api/v1/selections"
UPLOADS = "/api/v1/uploads"
_TUS = {"Tus-Resumable": "1.0.0"}
_FILM_CLOCK_MS = 60_000
_PASSING = {423, 429, 502, 503, 504, 507}
_PAUSE_S = 0.25
_BEGIN_WITHIN_S = 1.5


@dataclass
class Planned:
    """One selection as it will be sent, and what has to become of it."""

    key: str
    shape: dict[str, Any]
    films: list[bytes]
    """One for each awaited upload, in the order of the moments; a single one where the whole film travels."""
    frames: list[list[int]]
    """The numbers that each finished moment must show."""
    begin_after_s: float
    erase_after_s: float | None
    """None: it is wanted; else the guider erases it so long after her bytes were accepted,"""
    erase_while_sending: bool = False
    """or, from another window, so long after it was begun, while this one still sends."""
    id: str = ""
    accepted: dict[str, str] = field(default_factory=dict)
    """Moment (or "film") → sha256 of what the service said it has."""
    erased: bool = False
    ready: bool = False
    retried: int = 0


def plan_selection(rng: random.Random, films: list[DrawnFilm]) -> Planned:
    """One or two clips and perhaps a still of one film, cut by the page or sent whole."""
    film = rng.choice(films)
    whole_film = rng.random() < 0.25
    clips, stills, frames = [], [], []
    before_ms = 0 if whole_film else rng.randint(0, 50_000)
    for number in range(rng.randint(1, 2)):
        in_ms = rng.randint(0, LENGTH_MS // 2)
        out_ms = in_ms + rng.randint(300, LENGTH_MS - in_ms)
        clip = {"in": in_ms + before_ms, "out": out_ms + before_ms, "caption": f"Ella looks up, {number}."}
        clips.append(clip if whole_film else clip | {"cut": {"in": in_ms, "out": out_ms}})
        frames.append(film.frames(in_ms, out_ms))
    if rng.random() < 0.7:
        at_ms = rng.randint(0, LENGTH_MS - 1)
        still = {"at": at_ms + before_ms, "caption": "Ella shows Mum the card."}
        stills.append(still if whole_film else still | {"cut": {"at": at_ms}})
        frames.append([film.frame_at(at_ms)])
    outputs = rng.choice([["review_pack"], ["picture_notes"], ["review_pack", "picture_notes"]])
    if not stills:
        outputs = ["review_pack"]
    shape = {
        "family": rng.choice(["K-104", "K-207"]),
        "cycle": rng.randint(1, 4),
        "helping_question": "How can we enjoy playing together?",
        "clip": clips,
        "still": stills,
        "film": {"bytes": 100_000_000, "duration_ms": LENGTH_MS if whole_film else _FILM_CLOCK_MS},
        "outputs": outputs,
        "whole_film": whole_film,
    }
    sent = [film.unique(rng, 250_000) for _ in range(1 if whole_film else len(frames))]
    erase_after_s = rng.uniform(0, 1.5) if rng.random() < 0.15 else None
    key = f"{rng.getrandbits(128):032x}"
    begin_after_s = rng.uniform(0, _BEGIN_WITHIN_S)
    return Planned(key, shape, sent, frames, begin_after_s, erase_after_s, erase_while_sending=rng.random() < 0.4)


class Guider(threading.Thread):
    """Sends her selections one after another. What the service may never do is noted in ``violations``."""

    def __init__(self, base_url: str, token: str, planned: list[Planned], rng: random.Random) -> None:
        super().__init__(daemon=True)
        self.planned = planned
        self.violations: list[str] = []
        self.refusals: list[str] = []
        """Answers that made her try again later."""
        self.stop = threading.Event()
        self._rng = rng
        self._client = httpx.Client(
            base_url=base_url, headers={"Authorization": f"Bearer {token}"}, timeout=4, trust_env=False
        )

    def run(self) -> None:
        """Until all is ready, erased, or she is told to stop."""
        with self._client:
            for planned in self.planned:
                if self.stop.wait(planned.begin_after_s):
                    return
                self._go_through(planned)

    def _go_through(self, planned: Planned) -> None:
        begun = self._begin(planned)
        if begun is None:
            return
        planned.id = begun["selection"]["id"]
        if planned.erase_after_s is not None and planned.erase_while_sending:
            self._erase_while_sending(planned, begun)
            return
        for awaited, film in zip(begun["uploads"], planned.films, strict=False):
            if not self._send(planned, awaited["metadata"], film):
                return
        if planned.erase_after_s is not None:
            self.stop.wait(planned.erase_after_s)
            planned.erased = self.erase(planned.id)
        else:
            self._follow(planned)

    def _erase_while_sending(self, planned: Planned, begun: dict[str, Any]) -> None:
        """Two windows at once; the one that sends is told that its target is gone, or came just in time."""
        other = threading.Timer((planned.erase_after_s or 0) / 5, lambda: self.erase(planned.id))
        other.start()
        for awaited, film in zip(begun["uploads"], planned.films, strict=False):
            if not self._send(planned, awaited["metadata"], film):
                break
        other.join()
        planned.erased = self.erase(planned.id)

    def _begin(self, planned: Planned) -> dict[str, Any] | None:
        while not self.stop.is_set():
            answer = self._ask("POST", SELECTIONS, json=planned.shape, headers={"Idempotency-Key": planned.key})
            if answer is not None and answer.status_code == 201:
                begun: dict[str, Any] = answer.json()
                if len(begun["uploads"]) != len(planned.films):
                    self.violations.append(f"{len(planned.films)} uploads expected, {begun['uploads']} awaited")
                return begun
            self._wrong(answer, "begin")
            self.stop.wait(_PAUSE_S)
        return None

    def _send(self, planned: Planned, metadata: dict[str, str], film: bytes) -> bool:
        """True once the service has said that it has everything."""
        where = metadata.get("moment", "film")
        while not self.stop.is_set():
            answer = self._announce(metadata, len(film))
            if answer is not None and answer.status_code == 201:
                if self._send_to(answer.headers["Location"], film):
                    planned.accepted[where] = hashlib.sha256(film).hexdigest()
                    return True
                continue  # this upload is gone: begin it again
            if answer is not None and answer.status_code == 409:  # already here: an earlier answer was lost
                planned.accepted[where] = hashlib.sha256(film).hexdigest()
                return True
            if answer is not None and answer.status_code == 404 and planned.erase_after_s is not None:
                return False
            self._wrong(answer, "announce")
            self.stop.wait(_PAUSE_S)
        return False

    def _announce(self, metadata: dict[str, str], length: int) -> httpx.Response | None:
        words = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())
        return self._ask("POST", UPLOADS, headers=_TUS | {"Upload-Length": str(length), "Upload-Metadata": words})

    def _send_to(self, url: str, film: bytes) -> bool:
        """True when all of it is there, False when this upload is no more."""
        offset = 0
        while not self.stop.is_set():
            chunk = film[offset : offset + self._rng.randint(1 << 12, 1 << 17)]
            headers = _TUS | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
            answer = self._ask("PATCH", url, headers=headers, content=chunk)
            while answer is None or answer.status_code not in {200, 204}:
                if self.stop.is_set():
                    return False
                if answer is not None and answer.status_code in {404, 410}:
                    return False
                if answer is None or answer.status_code != 409:
                    self._wrong(answer, "send")
                    self.stop.wait(_PAUSE_S)
                answer = self._ask("HEAD", url, headers=_TUS)
                if answer is not None and answer.status_code == 409:  # another upload of the same was faster
                    return True
            offset = int(answer.headers["Upload-Offset"])
            if offset == len(film):  # for a tus client that is the service's word
                return True
            self.stop.wait(self._rng.uniform(0, 0.05))
        return False

    def _follow(self, planned: Planned) -> None:
        while not self.stop.is_set():
            answer = self._ask("GET", f"{SELECTIONS}/{planned.id}")
            if answer is None or answer.status_code != 200:
                self._wrong(answer, "follow")
            elif (view := answer.json())["settled"]:
                if view["state"] == "ready":
                    planned.ready = True
                    return
                self._try_again(planned, view)
            self.stop.wait(_PAUSE_S)

    def _try_again(self, planned: Planned, view: dict[str, Any]) -> None:
        """As she would with the button; only what lost its worker three times may need it."""
        failed = [part["error"] for part in (*view["moments"], *view["outputs"]) if part["error"]]
        for error in failed:
            if error["code"] != "worker_lost":
                self.violations.append(f"selection {planned.id} failed with {error['code']}: {error['sentence']}")
        planned.retried += 1
        self._ask("POST", f"{SELECTIONS}/{planned.id}/retry")

    def erase(self, selection_id: str) -> bool:
        """True once it is erased."""
        while not self.stop.is_set():
            answer = self._ask("DELETE", f"{SELECTIONS}/{selection_id}")
            if answer is not None and answer.status_code in {204, 404}:
                return True
            self._wrong(answer, "erase")
            self.stop.wait(_PAUSE_S)
        return False

    def _ask(self, method: str, url: str, **more: Any) -> httpx.Response | None:
        """The answer; None where there was none."""
        try:
            answer = self._client.request(method, url, **more)
        except httpx.TransportError as error:
            self.refusals.append(type(error).__name__)
            return None
        if answer.status_code in _PASSING:
            self.refusals.append(str(answer.status_code))
        return answer

    def _wrong(self, answer: httpx.Response | None, what: str) -> None:
        """Note an answer that no outage explains."""
        if answer is not None and answer.status_code not in _PASSING:
            said = answer.text[:300]
            self.violations.append(
                f"{what}: {answer.request.method} {answer.request.url.path}: {answer.status_code} {said}"
            )
            time.sleep(_PAUSE_S)
