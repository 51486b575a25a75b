"""One selection through the API, as the page does it: begin, send the moments, follow events, fetch what is ready."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from cli.demo_client.tus import Sent, send_file
from pipeline.errors import PipelineError
from pipeline.jail.jail import Jail
from pipeline.moments import Selection
from pipeline.purposes import Purpose
from pipeline.run.orders import COPY_MOMENTS, CopiesOrder, FilmMeasured, MomentCopy

_SETTLE_WITHIN_S = 900.0


class WorkFailed(PipelineError):
    """What was sent did not become what was asked for."""

    code = "work_failed"


@dataclass(frozen=True)
class Outgoing:
    """What is sent: a film for each moment, or the whole film where it cannot be taken apart."""

    files: tuple[Path, ...]
    spans: tuple[MomentCopy, ...]

    @property
    def whole_film(self) -> bool:
        """Whether one upload holds everything."""
        return not self.spans


@dataclass
class Progress:
    """What the events told: the newest view, and when each part was first seen ready (monotonic seconds)."""

    view: dict[str, Any] = field(default_factory=dict)
    ready_at: dict[str, float] = field(default_factory=dict)
    sending_began_at: float = field(default_factory=time.monotonic)

    def take(self, view: dict[str, Any]) -> None:
        """Note a newer view."""
        self.view = view
        for part in (*view["moments"], *view["outputs"]):
            if part["state"] == "ready":
                self.ready_at.setdefault(part.get("id") or part["kind"], time.monotonic())


def copy_moments(jail: Jail, film: Path, selection: Selection, folder: Path) -> Outgoing:
    """The span of each moment in ``folder``; the whole film where its kind cannot be taken apart."""
    order = CopiesOrder(film.resolve(), selection, folder.resolve())
    spans = jail.do(COPY_MOMENTS, order, folder, reads=[film])
    return Outgoing(tuple(span.path for span in spans) or (film,), spans)


AGREED: Final = [
    {"person": {"role": role, "initials": initials}, "purposes": [purpose.value for purpose in Purpose], **given}
    for role, initials, given in (("mother", "M", {}), ("child", "E", {"given_by": "mother M"}))
]
"""What the sample's family agreed to."""


def begin(client: httpx.Client, film: FilmMeasured, selection: Selection, outgoing: Outgoing) -> dict[str, Any]:
    """The API's answer to a new selection of a family that agreed: its view, and which uploads it awaits."""
    shape = selection.model_dump(mode="json", exclude_none=True)
    moments = [*shape["clip"], *shape["still"]]
    for moment, span in zip(moments, outgoing.spans, strict=False):
        cut = span.moment.model_dump(mode="json")
        moment["cut"] = {key: cut[key] for key in ("in", "out", "at") if key in cut}
    shape |= {
        "film": {"bytes": film.bytes, "duration_ms": film.duration_ms},
        "whole_film": outgoing.whole_film,
        "agreed": AGREED,
    }
    answer: dict[str, Any] = ask(client, "POST", "/api/v1/selections", json=shape).json()
    return answer


def send_all(
    client: httpx.Client, begun: dict[str, Any], outgoing: Outgoing, on_progress: Callable[[float], None]
) -> list[Sent]:
    """Send every awaited upload; the largest is cut off in its middle and goes on where the server stood."""
    largest = max(outgoing.files, key=lambda path: path.stat().st_size)
    total = sum(path.stat().st_size for path in outgoing.files)
    sent: list[Sent] = []
    for awaited, path in zip(begun["uploads"], outgoing.files, strict=True):
        before = sum(one.bytes for one in sent)

        def tell(offset: int, before: int = before) -> None:
            on_progress((before + offset) / total)

        cut_off_at = path.stat().st_size // 2 if path == largest else None
        one = send_file(client, awaited["url"], path, awaited["metadata"], cut_off_at=cut_off_at, on_progress=tell)
        sent.append(one)
    return sent


class Follower(threading.Thread):
    """Follows a selection's events until nothing more will happen."""

    def __init__(self, client: httpx.Client, selection_id: str, on_view: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(daemon=True)
        self.progress = Progress()
        self._client, self._url = client, f"/api/v1/events?selection={selection_id}"
        self._on_view = on_view
        self._failure: Exception | None = None

    def run(self) -> None:
        """Read events; a stream that breaks is asked for again."""
        give_up_at = time.monotonic() + _SETTLE_WITHIN_S
        try:
            while not self.progress.view.get("settled"):
                if time.monotonic() > give_up_at:
                    raise WorkFailed(for_guider="The moments were not ready in time. Look at the worker's log.")
                for view in self._views():
                    self.progress.take(view)
                    self._on_view(view)
                    if view["settled"]:
                        break
        except Exception as error:  # noqa: BLE001 a thread's error is raised where it is waited for
            self._failure = error

    def wait(self) -> Progress:
        """What the events told, when all has settled. Raises: WorkFailed, with the first sentence of what failed."""
        self.join()
        if self._failure:
            raise self._failure
        view = self.progress.view
        for part in (*view["moments"], *view["outputs"]):
            if part["state"] != "ready":
                error = part["error"] or {}
                raise WorkFailed(
                    f"{part['kind']}: {error.get('code')}",
                    for_guider=error.get("sentence") or f"The {part['kind']} did not become ready.",
                )
        return self.progress

    def _views(self) -> Iterator[dict[str, Any]]:
        try:
            with self._client.stream("GET", self._url, timeout=httpx.Timeout(10, read=60)) as stream:
                _raise_for(stream)
                name = ""
                for line in stream.iter_lines():
                    if line.startswith("event:"):
                        name = line.removeprefix("event:").strip()
                    elif line.startswith("data:") and name == "selection":
                        yield json.loads(line.removeprefix("data:"))
        except httpx.TransportError:
            time.sleep(1)


def fetch(client: httpx.Client, artifact: dict[str, Any], selection_id: str, destination: Path) -> Path:
    """A finished file, its hash checked. Raises: WorkFailed."""
    url = f"/api/v1/selections/{selection_id}/artifacts/{artifact['id']}"
    digest = hashlib.sha256()
    with client.stream("GET", url) as stream, destination.open("wb") as file:
        _raise_for(stream)
        for block in stream.iter_bytes():
            digest.update(block)
            file.write(block)
    if digest.hexdigest() != artifact["sha256"]:
        raise WorkFailed(for_guider=f"{artifact['name']} came back damaged.")
    return destination


def ask(client: httpx.Client, method: str, url: str, **more: Any) -> httpx.Response:
    """The answer to a request. Raises: WorkFailed with the server's own sentence."""
    answer = client.request(method, url, **more)
    _raise_for(answer)
    return answer


def _raise_for(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    answer.read()
    said = answer.json().get("detail") if "json" in answer.headers.get("Content-Type", "") else None
    raise WorkFailed(
        f"{answer.request.method} {answer.request.url.path}: {answer.status_code}",
        for_guider=said or f"The server answered {answer.status_code}.",
    )
