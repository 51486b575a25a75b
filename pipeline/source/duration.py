"""How fast a film's pictures follow one another and when the last one ends, as found in the packets."""

from __future__ import annotations

import math
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise

import av
import av.container
import av.error
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from pipeline.source.demux import packets, time_base_of
from pipeline.source.picture_facts import VideoFacts

_SAMPLE_PACKETS = 240
_TAIL_PACKETS = 32
_LONGEST_PICTURE_S = 10
STANDS_MS = 500
"""A picture that is seen for longer stands still; what is heard meanwhile is a moment too."""


def sample_rates(container: av.container.InputContainer, stream: VideoStream) -> tuple[float, float, float]:
    """Lowest, average and highest rate, in frames per second, over the first seconds; 0 where there is one frame."""
    times: list[int] = []
    for packet in packets(container, stream):
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None and not packet.is_discard:
            times.append(stamp)
        if len(times) >= _SAMPLE_PACKETS:
            break
    times = sorted(set(times))
    gaps = [float((b - a) * time_base_of(stream)) for a, b in pairwise(times)]
    if not gaps:
        return 0.0, 0.0, 0.0
    return 1 / max(gaps), len(gaps) / sum(gaps), 1 / min(gaps)


def find_end_pts(container: av.container.InputContainer, stream: VideoStream, video: VideoFacts) -> int:
    """Where the last picture ends, read from the packets: those of the tail, or all where it has no index."""
    indexed = container.format.name.startswith("mov") and stream.frames > 0
    cued = container.format.name.startswith("matroska") and container.duration
    if indexed or cued:
        end = stream.start_time or 0
        end += math.floor(Fraction(container.duration or 0, av.time_base) / time_base_of(stream))
        try:
            # The last one stored need not be the last one shown, and without a list of key pictures each is sought.
            container.seek(end - math.ceil(1 / time_base_of(stream)), stream=stream, backward=True)
        except av.error.FFmpegError:
            pass
        else:
            tail = _last_end(container, stream, video)
            if tail is not None:
                return tail
        with suppress(av.error.FFmpegError):  # an MP4's reader stays at its start
            container.seek(0)
    return _last_end(container, stream, video) or video.first_pts + 1


def _last_end(container: av.container.InputContainer, stream: VideoStream, video: VideoFacts) -> int | None:
    """When the last picture ends; a stated length of it that cannot be true is replaced by the usual one."""
    times: list[int] = []
    stated = 0
    for packet in packets(container, stream):
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None or packet.is_discard or not packet.size:
            continue
        if not times or stamp >= times[-1]:
            stated = packet.duration or 0
        times = sorted({*times[-_TAIL_PACKETS:], stamp})
    if not times:
        return None
    gaps = sorted(b - a for a, b in pairwise(times))
    usual = gaps[len(gaps) // 2] if gaps else math.ceil(Fraction(1, round(video.fps_avg) or 25) / video.time_base)
    believable = usual / 2 <= stated <= _LONGEST_PICTURE_S / video.time_base
    return times[-1] + (stated if believable else usual)


def find_sound_end(container: av.container.InputContainer, stream: AudioStream) -> Fraction | None:
    """When a track's last packet ends, in seconds; None where no packet says when it begins."""
    with suppress(av.error.FFmpegError):
        container.seek(container.duration or 0, backward=True)
    ends = [p.pts + (p.duration or 0) for p in packets(container, stream) if p.pts is not None and p.size]
    return max(ends) * time_base_of(stream) if ends else None
