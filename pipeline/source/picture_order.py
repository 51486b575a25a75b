"""Whether a film says when each of its pictures is shown, where they are stored in another order.

MP4 keeps that in a table of its own (`ctts`, ISO/IEC 14496-12, 8.6.1.3). Where it is missing, every program guesses,
and each otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from itertools import islice

import av.container
import av.error
from av.packet import Packet
from av.video.stream import VideoStream

from pipeline.source.demux import time_base_of

_CODECS = ("h264", "hevc")
_LOOKED_AT = 48
"""Pictures: encoders that store them in another order do so within the first second or two."""
_MOST_PLACES = 8


def lacks_order(container: av.container.InputContainer, stream: VideoStream) -> bool:
    """Whether decoding shows the film's first pictures in another order than its times say. Moves the container on."""
    if stream.codec_context.name not in _CODECS or not stream.codec_context.has_b_frames:
        return False
    container.seek(0)
    packets = [packet for packet in islice(container.demux(stream), _LOOKED_AT) if packet.size]
    if any(packet.pts != packet.dts for packet in packets):
        return False
    return _goes_back(packets)


def contradicts_order(
    container: av.container.InputContainer, stream: VideoStream, places_s: Sequence[Fraction]
) -> bool:
    """Whether decoding shows pictures around some places in another order than their times say, or two share a time.

    FFmpeg 9 writes fragments of one picture each (``frag_every_frame``) with sound beside them so that from somewhere
    on a picture lasts for no time and is shown when it is decoded. Moves the container on.
    """
    if stream.codec_context.name not in _CODECS:
        return False
    looked = places_s[:: -(-len(places_s) // _MOST_PLACES) or 1]
    for place_s in looked:
        place = int(place_s / time_base_of(stream))
        with suppress(av.error.FFmpegError):
            container.seek(max(0, place), stream=stream, backward=True)
            stream.codec_context.flush_buffers()
        packets = list(_from_key(container, stream, place))
        stamps = [[packet.dts for packet in packets], [packet.pts for packet in packets]]
        twice = stream.codec_context.has_b_frames and any(len(set(one)) < len(one) for one in stamps)
        if twice or _goes_back(packets):
            return True
    return False


def _from_key(container: av.container.InputContainer, stream: VideoStream, place: int) -> Iterator[Packet[VideoStream]]:
    """The packets from where the container stands to some behind a time."""
    behind = 0
    for packet in container.demux(stream):
        if packet.size:
            yield packet
        behind += packet.dts is not None and packet.dts > place
        if behind == _LOOKED_AT:
            return


def _goes_back(packets: Iterable[Packet[VideoStream]]) -> bool:
    latest: int | None = None
    for packet in packets:
        with suppress(av.error.FFmpegError):
            for frame in packet.decode():
                if frame.pts is not None and latest is not None and frame.pts < latest:
                    return True
                latest = frame.pts if frame.pts is not None else latest
    return False
