"""How much a film that was cut out of a longer one holds: up to where no picture is missing."""

from __future__ import annotations

from itertools import pairwise

from pipeline.source.demux import open_container, packets, video_stream
from pipeline.source.film import Film
from pipeline.source.frames import one_frame_ms, stands_longer


def last_complete_ms(film: Film) -> int:
    """The latest ``out`` of a clip, on the film's own clock, before which every picture is there.

    A cut ends in the order stored, so pictures that are shown before its last ones may have been stored after them and
    be missing. Each is decoded no later than it is shown: up to when the last one stored is decoded, none is missing.
    """
    if film.timeline:
        return film.duration_ms
    with open_container(film.path) as container:
        stream = video_stream(container, film.video.stream_index)
        container.seek(film.pts_at(film.duration_ms), stream=stream, backward=True)
        stored = [
            (p.pts, p.dts) for p in packets(container, stream) if p.size and p.pts is not None and not p.is_discard
        ]
    if not stored:
        return 0
    shown = sorted({pts for pts, _ in stored})
    decoded = max(pts if dts is None else dts for pts, dts in stored)
    last = max((pts for pts in shown if pts <= decoded), default=shown[0])
    gaps = sorted(b - a for a, b in pairwise(shown))
    usual = gaps[len(gaps) // 2] if gaps else 0
    if last == shown[-1] and stands_longer(last, film.end_pts, usual):
        return film.duration_ms
    end_ms = film.ms_at(last + usual) if gaps else film.ms_at(last) + one_frame_ms(film)
    following = next((film.ms_at(pts) for pts in shown if pts > last), film.duration_ms)
    return min(end_ms, following)
