"""Whether a film says when each of its pictures is shown, where they are stored in another order.

MP4 keeps that in a table of its own (`ctts`, ISO/IEC 14496-12, 8.6.1.3). Where it is missing, every program guesses,
and each otherwise.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import islice

import av.container
import av.error
from av.video.stream import VideoStream

_CODECS = ("h264", "hevc")
_LOOKED_AT = 48
"""Pictures: encoders that store them in another order do so within the first second or two."""


def lacks_order(container: av.container.InputContainer, stream: VideoStream) -> bool:
    """Whether decoding shows the film's first pictures in another order than its times say. Moves the container on."""
    if stream.codec_context.name not in _CODECS or not stream.codec_context.has_b_frames:
        return False
    container.seek(0)
    packets = [packet for packet in islice(container.demux(stream), _LOOKED_AT) if packet.size]
    if any(packet.pts != packet.dts for packet in packets):
        return False
    latest: int | None = None
    for packet in packets:
        with suppress(av.error.FFmpegError):
            for frame in packet.decode():
                if frame.pts is not None and latest is not None and frame.pts < latest:
                    return True
                latest = frame.pts if frame.pts is not None else latest
    return False
