"""The tracks of sound of a film or recording that really decode."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import av
import av.container
import av.error
import av.stream
from av.audio.stream import AudioStream

from pipeline.errors import FilmProtected
from pipeline.source.demux import packets

_TRIED_PACKETS = 52


@dataclass(frozen=True)
class AudioFacts:
    """One track of sound."""

    stream_index: int
    codec: str
    channels: int
    layout: str


def find_sounds(container: av.container.InputContainer) -> tuple[tuple[AudioFacts, ...], list[str]]:
    """Every track of sound that really decodes, default tracks before others; what none can be heard of is told.

    container: at its start.
    Raises: FilmProtected where there is nothing but encrypted sound in the file.
    """
    default = av.stream.Disposition.default
    streams = sorted(container.streams.audio, key=lambda s: (not s.disposition & default, s.index))
    found: list[AudioFacts] = []
    refusal: FilmProtected | None = None
    is_at_start = True
    for stream in streams:
        if stream.codec_context is None or not stream.codec_context.sample_rate:
            continue
        if not is_at_start:
            with suppress(
                av.error.FFmpegError
            ):  # some cannot be sought (Flash, no key picture), and then stand anywhere
                container.seek(0)
        is_at_start = False
        stream.discard = av.stream.Discard.default
        try:
            decodes = _decodes(container, stream)
        except FilmProtected as error:
            refusal, decodes = error, False
        if decodes:
            context = stream.codec_context
            found.append(AudioFacts(stream.index, context.codec.name, context.channels, context.layout.name))
    if found or not streams:
        return tuple(found), []
    if refusal and not container.streams.video:
        raise refusal
    why = "is protected against copying" if refusal else "cannot be decoded"
    return (), [f"The sound of this film {why}; its clips are silent."]


def _decodes(container: av.container.InputContainer, stream: AudioStream) -> bool:
    """Whether anything comes out of one of a stream's first packets."""
    for packet in islice(packets(container, stream), _TRIED_PACKETS):
        with suppress(av.error.FFmpegError):
            if packet.decode():
                return True
    return False
