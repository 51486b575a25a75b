"""From the last byte to ready, and the processor time, of lighter moments beside the same moments as filmed.

Run: make bench-light. An idle service as deployed (PostgreSQL, Redis, one worker of two processes and one more for
what is short); six clips of 20 s, once as a phone films them (1080p30, 17 Mbit/s) and once as the page makes them
lighter, in turn. Bytes are handed over as the API hands over a complete upload: one clip after another as a line of
20 Mbit/s brings them, which is four times what a guider's has, and (``at_once``) all in one instant. Then the first
looks of bench/first_look.py. Writes bench/results/light.json.

On a machine that others use, `chrt -r 1` before it puts it first: processor seconds and times are then nearly those of
a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import select, update

from bench.first_look import first_looks
from bench.pickup import deployed
from pipeline.moments import FilmOf
from pipeline.outputs.kinds import usual_kinds
from records.documents import ClipTimes
from records.ledger.scheduling import Priority
from records.migrations.migrate import migrate
from records.models import JobRow, MomentRow, SelectionRow, UploadRow, UploadState, new_id, utcnow
from tests.databases import CONSENT_NOTED
from tests.footage import run
from tests.records.cast import K_207, add_selection, complete_upload
from tests.servers import wait_until
from tests.worker.service import Service, running_service
from worker.broker import enqueue

RESULTS = Path(__file__).parent / "results" / "light.json"
CLIPS, LONG_S = 6, 20
OUTPUTS = usual_kinds(FilmOf.FAMILY_FILM)
"""A review is ready when they are."""
LINE_BYTES_PER_S = 20_000_000 // 8
BEGINS_MS = 1000
"""Where each clip begins in its upload; a second before it and behind it come along."""
_BT709 = ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"]
_RATES = {"filmed": ("17M", "17M", "17M"), "light": ("1200k", "1800k", "2400k")}
_KINDS = {"filmed": (1920, ["-g", "60"]), "light": (1280, ["-profile:v", "high", "-bf", "0", "-g", "30"])}


def draw(path: Path, kind: str) -> Path:
    """A cut of one kind: moving, grained pictures with a tone, as hard to code as a film of a room."""
    width, coding = _KINDS[kind]
    size, seconds = f"{width}x{width * 9 // 16}", LONG_S + 2
    picture = f"testsrc2=size={size}:rate=30,noise=alls=12:allf=t,format=yuv420p"
    rates = [word for option in zip(("-b:v", "-maxrate", "-bufsize"), _RATES[kind], strict=True) for word in option]
    codec = [
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        *rates,
        "-keyint_min",
        "30",
        "-sc_threshold",
        "0",
        *coding,
        *_BT709,
    ]
    sound = ["-f", "lavfi", "-i", "sine=frequency=330:sample_rate=48000", "-c:a", "aac", "-b:a", "96k"]
    inputs = ["-f", "lavfi", "-i", picture, *sound[:4]]
    run(*inputs, "-t", str(seconds), *codec, *sound[4:], "-movflags", "+faststart", str(path))
    return path


def send(service: Service, film: Path, *, at_once: bool) -> tuple[str, list[str]]:
    """A selection of six clips, each with an upload of its own, and its jobs; when all are complete."""
    clip = {"in": BEGINS_MS, "out": BEGINS_MS + 1000 * LONG_S}
    moments = [{"in": n * 60_000 + clip["in"], "out": n * 60_000 + clip["out"]} for n in range(CLIPS)]
    selection_id = add_selection(service.db, {**K_207, "clip": moments}, outputs=OUTPUTS, whole_film=False)
    with service.db.session() as session:
        of_it = MomentRow.selection_id == selection_id
        session.execute(update(MomentRow).where(of_it).values(cut=ClipTimes.model_validate(clip)))
        ids = list(session.scalars(select(MomentRow.id).where(of_it).order_by(MomentRow.position)))
    size, jobs, began = film.stat().st_size, [], time.monotonic()
    for number, moment_id in enumerate(ids, 1):
        if not at_once:
            time.sleep(max(0.0, began + number * size / LINE_BYTES_PER_S - time.monotonic()))
        upload_id = new_id()
        with service.db.session() as session:
            row = UploadRow(id=upload_id, selection_id=selection_id, state=UploadState.RECEIVING, length_bytes=size)
            row.offset_bytes, row.expires_at = 0, utcnow() + timedelta(hours=1)
            session.add(row)
        stored = service.storage.put(film, f"selections/{selection_id}/uploads/{upload_id}")
        of_it = {"upload_id": upload_id, "moment_id": moment_id, "length_bytes": size}
        jobs += complete_upload(service.db, selection_id, storage_key=stored.key, sha256=stored.sha256, **of_it)
        enqueue(jobs[-1], service.settings, service.db)
    return selection_id, jobs


def cpu_s(worker: psutil.Process) -> float:
    """Of the worker, its processes and all whom they waited for."""
    used = 0.0
    for one in [worker, *worker.children(recursive=True)]:
        try:
            used += sum(one.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return used


def measure(service: Service, worker: psutil.Process, film: Path, *, at_once: bool = True) -> dict[str, Any]:
    """One selection: seconds from its last byte to all ready, processor seconds, and how many clips were short."""
    before = cpu_s(worker)
    selection_id, jobs = send(service, film, at_once=at_once)
    service.wait_until_settled(selection_id, within_s=900)
    with service.db.reading() as session:
        rows = session.scalars(select(JobRow).where(JobRow.id.in_(jobs))).all()
        ready_at = session.get_one(SelectionRow, selection_id).ready_at
    last = max(rows, key=lambda row: row.queued_at)
    assert ready_at is not None, [row.error_detail for row in rows]
    assert last.started_at is not None, [row.error_detail for row in rows]
    return {
        "at_once": at_once,
        "picked_up_s": round((last.started_at - last.queued_at).total_seconds(), 3),
        "ready_s": round((ready_at - last.queued_at).total_seconds(), 3),
        "cpu_s": round(cpu_s(worker) - before, 2),
        "short": sum(row.priority == Priority.SHORT for row in rows),
    }


def main() -> None:
    """Print each selection's figures and keep all."""
    parser = argparse.ArgumentParser(prog="python -m bench.light", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="of lighter moments; at once a third, as filmed a tenth")
    parser.add_argument("--looks", type=int, default=20, help="first looks; they need the built page and Chromium")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    found: dict[str, list[dict[str, Any]]] = {"filmed": [], "light": []}
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        films = {kind: draw(folder / f"{kind}.mp4", kind) for kind in _KINDS}
        with deployed(folder) as deployed_settings:
            settings = deployed_settings.model_copy(update={"consent_policy": CONSENT_NOTED})
            migrate(settings)
            with running_service(settings) as service:
                worker = psutil.Process(service.start_worker(2, for_short=1).pid)
                wait_until(lambda: len(worker.children()) >= 3, "the worker's processes are there")
                measure(service, worker, films["light"])  # pays for what is loaded once
                for number in range(given.runs):
                    more = [("light", True)] * (number % 3 == 0) + [("filmed", True)] * (number % 10 == 0)
                    for kind, at_once in [("light", False), *more]:
                        found[kind].append(measure(service, worker, films[kind], at_once=at_once))
                        print(json.dumps({"kind": kind, **found[kind][-1]}), flush=True)
        looks = first_looks(folder, given.looks) if given.looks else {}
    cpu = {kind: statistics.median(one["cpu_s"] for one in ones) for kind, ones in found.items()}
    ready, together = (sorted(one["ready_s"] for one in found["light"] if one["at_once"] is so) for so in (False, True))
    told = {
        "machine": {
            "processors": os.cpu_count(),
            "python": platform.python_version(),
            "load_before": round(load, 1),
            "goes_first": os.sched_getscheduler(0) != os.SCHED_OTHER,
        },
        "clips": CLIPS,
        "seconds_each": LONG_S,
        "cpu_s": cpu,
        "cpu_against_filmed": round(cpu["light"] / cpu["filmed"], 3),
        "ready_p50_s": round(statistics.median(ready), 2),
        "ready_p95_s": ready[round(0.95 * (len(ready) - 1))],
        "ready_at_once_p50_s": round(statistics.median(together), 2),
        "ready_at_once_p95_s": together[round(0.95 * (len(together) - 1))],
        **looks,
        "runs": found,
    }
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text(json.dumps(told, indent=2) + "\n")
    print(json.dumps({name: value for name, value in told.items() if name not in {"runs", "first_looks"}}, indent=2))


if __name__ == "__main__":
    main()
