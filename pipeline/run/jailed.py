"""The media work as the service and the command line have it done: in a jail. No media library is loaded here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pipeline.ffmpeg.limits import room_for_copy
from pipeline.jail.jail import Jail, Tell
from pipeline.prepared import Prepared
from pipeline.run.orders import PREPARE, SelectionOrder
from pipeline.run.report import Report
from pipeline.run.workspace import filled_whole


def prepare_in_jail(jail: Jail, order: SelectionOrder, out: Path, on_progress: Tell | None = None) -> Report:
    """What pipeline.run.prepare makes of a film, in the folder ``out``: filled only when everything succeeded.

    Raises: PipelineError and its kin; WorkBroke.
    """
    with filled_whole(out) as work:
        artwork = tuple(path.resolve() for path in order.artwork)
        found = replace(order, film=order.film.resolve(), artwork=artwork)
        others = [order.companion, *order.earlier] if order.companion else order.earlier
        reads = [order.film, *order.artwork, *(path for one in others for path in files_of(one))]
        limits = replace(jail.limits, file_bytes=max(jail.limits.file_bytes, room_for_copy(_size(order.film))))
        return jail.do(
            PREPARE, (found, work.resolve()), work, reads=reads, devices=order.ffmpeg.devices(), limits=limits,
            tell=on_progress,
        )  # fmt: skip


def files_of(prepared: Prepared) -> Iterator[Path]:
    """Every file that an output may be made from."""
    yield from (moment.path for moment in prepared.moments)
    yield from (one.path for one in prepared.artwork)
    for other in (*(one.prepared for one in prepared.earlier), *([prepared.companion] if prepared.companion else [])):
        yield from files_of(other)


def _size(film: Path) -> int:
    try:
        return film.stat().st_size
    except OSError:
        return 0  # told when it is opened
