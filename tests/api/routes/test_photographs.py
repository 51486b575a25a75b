"""What a photograph of a child's work costs the API: a small file may hold very many pixels."""

from __future__ import annotations

import struct
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from tests.api.service import SELECTIONS, Service, begin

MOST_BYTES = 550_000_000
"""Below the 768 MB that compose gives the API and what reads photographs for it."""


def flat_png(width_px: int, height_px: int) -> bytes:
    """A PNG of one colour, made row by row: its pixels are never in memory here."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packed = zlib.compressobj(1)
    row = b"\0" + b"\xc8\x96\x64" * width_px
    pixels = b"".join([*(packed.compress(row) for _ in range(height_px)), packed.flush()])
    head = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def highest_bytes(process: psutil.Process) -> int:
    """The most memory that it had so far, as the kernel kept it."""
    with open(f"/proc/{process.pid}/status") as status:  # noqa: PTH123 one line of it
        return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")), 0)


@contextmanager
def peak_of(process: psutil.Process) -> Iterator[list[int]]:
    """At the end of the block: the most that it had, and the most of what it started meanwhile."""
    children: dict[int, int] = {}
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            for child in process.children(recursive=True):
                try:
                    children[child.pid] = max(children.get(child.pid, 0), highest_bytes(child))
                except (OSError, psutil.Error):
                    continue
            time.sleep(0.005)

    looking = threading.Thread(target=look)
    looking.start()
    found: list[int] = []
    try:
        yield found
    finally:
        ended.set()
        looking.join()
        found += [highest_bytes(process), max(children.values(), default=0)]


def test_neither_a_bomb_nor_a_scan_takes_more_memory_than_the_api_has(service: Service) -> None:
    process, api = service.start()
    selection = begin(api)["selection"]["id"]
    path, kind = f"{SELECTIONS}/{selection}/artwork", {"Content-Type": "image/png"}
    bomb, scan = flat_png(8000, 8000), flat_png(4960, 7016)  # the scan: A4 at 600 dpi
    with peak_of(psutil.Process(process.pid)) as found:
        refused = api.post(path, content=bomb, headers=kind)
        taken = api.post(path, content=scan, headers=kind)
    assert (refused.status_code, refused.json()["code"]) == (413, "photograph_too_large")
    assert (taken.status_code, len(taken.json()["artwork"])) == (201, 1)
    of_the_api, of_its_child = found
    assert of_its_child > 0
    assert of_the_api + of_its_child < MOST_BYTES, found
