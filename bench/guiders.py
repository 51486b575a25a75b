"""A guider under load: an asyncio client that sends as the page does and notes how long each answer took."""

from __future__ import annotations

import asyncio
import base64
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.cutting.ways import run
from pipeline.ffmpeg.runner import FfmpegRunner

LENGTH_MS = 3000
_TUS = {"Tus-Resumable": "1.0.0"}
_ASK_EVERY_S = 1.0
_MOST_TRIES = 60
_FILM_CLOCK_MS = 900_000


def draw_clips(folder: Path, number: int) -> list[bytes]:
    """That many small films of three seconds with sound, 640×360 at 30 frames a second, about 300 kB each."""
    clips = []
    for n in range(number):
        path = folder / f"{n}.mp4"
        picture = f"testsrc2=size=640x360:rate=30,hue=h={60 * n},noise=alls=6:allf=t"
        run([
            FfmpegRunner().executable(), "-loglevel", "error", "-y", "-f", "lavfi", "-i", picture,
            "-f", "lavfi", "-i", f"sine=frequency={220 + 40 * n}", "-t", str(LENGTH_MS / 1000),
            "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "800k", "-maxrate", "900k", "-bufsize", "800k",
            "-g", "30", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart", str(path),
        ])  # fmt: skip
        clips.append(path.read_bytes())
    return clips


@dataclass(frozen=True)
class Asked:
    """One request: what for, how it was answered, how long that took."""

    what: str
    status: int
    seconds: float
    code: str = ""
    """Of an error."""


class Guider:
    """Sends selections one after another."""

    def __init__(self, url: str, token: str, clips: Sequence[bytes], rng: random.Random) -> None:
        self.asked: list[Asked] = []
        self.packs_s: list[float] = []
        """From the last byte sent to the pack being ready, for each selection."""
        self._url, self._token, self._clips, self._rng = url, token, clips, rng

    async def work_until(self, ends_at: float) -> None:
        """Selection after selection until then (monotonic), each to its end."""
        headers = {"Authorization": f"Bearer {self._token}"}
        async with httpx.AsyncClient(base_url=self._url, headers=headers, timeout=60, trust_env=False) as client:
            while time.monotonic() < ends_at:
                await self._one_selection(client)

    async def _one_selection(self, client: httpx.AsyncClient) -> None:
        begun = (await self._ask(client, "begin", "POST", "/api/v1/selections", json=self._shape())).json()
        for awaited, clip in zip(begun["uploads"], self._clips, strict=True):
            await self._send(client, awaited["metadata"], clip)
        sent_at = time.monotonic()
        url = f"/api/v1/selections/{begun['selection']['id']}"
        settled = False
        while not settled:
            await asyncio.sleep(_ASK_EVERY_S * self._rng.uniform(0.8, 1.2))
            settled = (await self._ask(client, "status", "GET", url)).json()["settled"]
        self.packs_s.append(time.monotonic() - sent_at)

    async def _send(self, client: httpx.AsyncClient, metadata: dict[str, str], clip: bytes) -> None:
        words = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())
        headers = _TUS | {"Upload-Length": str(len(clip)), "Upload-Metadata": words}
        place = await self._ask(client, "announce an upload", "POST", "/api/v1/uploads", headers=headers)
        headers = _TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        await self._ask(client, "send a clip", "PATCH", place.headers["Location"], headers=headers, content=clip)

    async def _ask(self, client: httpx.AsyncClient, what: str, method: str, url: str, **more: Any) -> httpx.Response:
        for _ in range(_MOST_TRIES):
            began = time.perf_counter()
            answer = await client.request(method, url, **more)
            took_s = time.perf_counter() - began
            code = answer.json().get("code", "") if answer.is_error else ""
            self.asked.append(Asked(what, answer.status_code, took_s, code))
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            await asyncio.sleep(_ASK_EVERY_S)  # as the page does; it is counted
        return answer.raise_for_status()

    def _shape(self) -> dict[str, Any]:
        clips = []
        for number in range(len(self._clips)):
            start = 100_000 * number
            cut = {"in": 200, "out": LENGTH_MS - 300}
            clips.append({"in": start + 200, "out": start + LENGTH_MS - 300, "caption": "Ella looks up.", "cut": cut})
        return {
            "family": "K-104",
            "helping_question": "How can we enjoy playing together?",
            "clip": clips,
            "film": {"bytes": 2_000_000_000, "duration_ms": _FILM_CLOCK_MS},
            "outputs": ["review_pack"],
            "agreed": [{"person": {"role": "child", "initials": "E"}, "purposes": ["shared_review"]}],
        }
