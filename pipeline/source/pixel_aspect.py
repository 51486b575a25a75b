"""The shape of the pixels where the pictures themselves say it, and may change it, as in broadcasts.

FFmpeg's command line gives every frame the shape that the stream began with; the decoder's own context, asked at each
key frame, tells the true one. Only films that were copied out of a transport or program stream are asked: in MP4 and
Matroska the file says it once for all, and players heed that.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import av.error

from pipeline.source.demux import open_container, packets, video_stream
from pipeline.source.film import Film
from pipeline.source.frames import find_between
from pipeline.source.picture_facts import VideoFacts, with_pixel_aspect
from pipeline.source.segments import Stretch

_CODECS = ("h264", "hevc", "mpeg2video", "mpeg1video")


def aspect_at(film: Film, pts: int) -> VideoFacts:
    """What the picture shown at ``pts`` is like."""
    return _at(_aspects(film, pts, pts), film.video, pts)


def by_pixel_aspect(stretch: Stretch) -> list[tuple[Stretch, VideoFacts]]:
    """The stretch, or where the shape of its pixels changes, the parts it falls into, each with what it is like."""
    film, pts = stretch.film, stretch.span.pts
    aspects = _aspects(film, pts[0], pts[-1])
    looks = [_at(aspects, film.video, one) for one in pts]
    begins = [0, *(n for n, (one, other) in enumerate(pairwise(looks), 1) if one != other)]
    if len(begins) == 1:
        return [(stretch, looks[0])]
    parts: list[tuple[Stretch, VideoFacts]] = []
    for begin, end in zip(begins, [*begins[1:], len(pts)], strict=True):
        part = stretch.only(pts[begin:end])
        if begin:
            found = find_between(film, pts[begin], pts[end - 1] + 1)
            part = replace(part, span=replace(part.span, key_pts=found.key_pts if found else None))
        until = stretch.end if end == len(pts) else film.seconds_at(pts[end])
        parts.append((replace(part, end=until), looks[begin]))
    return parts


def _at(aspects: list[tuple[int, Fraction]], video: VideoFacts, pts: int) -> VideoFacts:
    before = [aspect for begin, aspect in aspects if begin <= pts]
    return with_pixel_aspect(video, before[-1]) if before else video


def _aspects(film: Film, first_pts: int, last_pts: int) -> list[tuple[int, Fraction]]:
    """The shape of the pixels from each key frame on, up to ``last_pts``."""
    if not film.is_copy or film.video.codec not in _CODECS:
        return []
    found: list[tuple[int, Fraction]] = []
    with open_container(film.path) as container:
        stream = video_stream(container, film.video.stream_index)
        with suppress(av.error.FFmpegError):
            container.seek(first_pts, stream=stream, backward=True)
        for packet in packets(container, stream):
            if packet.pts is None or not packet.is_keyframe:
                continue
            if packet.pts > last_pts:
                break
            with suppress(av.error.FFmpegError):
                packet.decode()
            if aspect := stream.codec_context.sample_aspect_ratio:
                found.append((packet.pts, aspect))
    return sorted(found)
