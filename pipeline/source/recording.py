"""A recording: sound without a picture, such as a diary that a carer speaks into a phone between two visits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.container
import av.error
import av.stream
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

from pipeline.errors import FilmUnreadable, NoPicture, NotAFilm
from pipeline.source.demux import audio_stream, open_container, packets, time_base_of
from pipeline.source.film import Film, probe
from pipeline.source.sound_tracks import AudioFacts, find_sounds

_CONTAINERS = ("mov", "matroska", "ogg", "mp3", "aac", "wav", "amr", "flac")
_GUESSED = ("mp3", "aac")
"""Told by a few bits that any file may hold by chance, so these must begin as recorders write them."""


@dataclass(frozen=True)
class Recording:
    """A sound recording on this machine and its facts; the file itself is never altered."""

    path: Path
    bytes: int
    container: str
    duration_ms: int
    """From the first sample heard to the end of the last packet."""
    audio: AudioFacts
    zero: Fraction
    """When the first sample is heard on the file's own clock, in seconds: the recording's 0."""
    warnings: tuple[str, ...] = ()
    """In plain words, for the guider."""
    more_audio: tuple[AudioFacts, ...] = ()
    """The other tracks of sound that decode, in the order in which they are tried."""

    @property
    def sounds(self) -> tuple[AudioFacts, ...]:
        """Every track of sound that decodes, in the order in which they are tried."""
        return (self.audio, *self.more_audio)


def probe_source(path: Path) -> Film | Recording:
    """The facts of a film, or of a recording without a picture.

    Raises: FilmMissing, NotAFilm, FilmUnreadable, FilmProtected, PictureTooSmall, PictureTooLarge; NoPicture where
    there is a picture that nothing here decodes, or sound in a container that no recorder uses.
    """
    try:
        return probe(path)
    except NoPicture as refusal:
        return _probe_recording(path, refusal)


def _probe_recording(path: Path, refusal: NoPicture) -> Recording:
    with open_container(path) as container:
        name = container.format.name
        if any(not stream.disposition & av.stream.Disposition.attached_pic for stream in container.streams.video):
            raise refusal
        if not name.startswith(_CONTAINERS):
            raise refusal
        if name.startswith(_GUESSED) and not _begins_as_sound(path):
            raise NotAFilm(f"taken for {name} by chance")
        sounds, _ = find_sounds(container)
    if not sounds:
        raise FilmUnreadable("the sound cannot be decoded")
    audio = sounds[0]
    with open_container(path) as container:
        zero = _first_heard(container, audio_stream(container, audio.stream_index))
    with open_container(path) as container:
        end = _end(container, audio_stream(container, audio.stream_index))
    if end is None or end <= zero:
        raise FilmUnreadable("there is no sound in it")
    return Recording(
        path, path.stat().st_size, name, max(1, math.floor((end - zero) * 1000)), audio, zero, (), sounds[1:]
    )


def _begins_as_sound(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(3)
    return head == b"ID3" or (len(head) == 3 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)


def _first_heard(container: av.container.InputContainer, stream: AudioStream) -> Fraction:
    """The time of the first sample that is not an encoder's run-up."""
    for packet in packets(container, stream):
        try:
            frames = [frame for frame in packet.decode() if isinstance(frame, AudioFrame) and frame.samples]
        except av.error.FFmpegError:
            continue
        if frames and frames[0].pts is not None and frames[0].time_base is not None:
            return Fraction(frames[0].pts * frames[0].time_base)
    return Fraction(0)


def _end(container: av.container.InputContainer, stream: AudioStream) -> Fraction | None:
    """The end of the last packet; every packet is read, since headers of recordings cut short claim too much."""
    end: int | None = None
    for packet in packets(container, stream):
        if packet.pts is not None and packet.size and not packet.is_corrupt:
            end = max(end or 0, packet.pts + (packet.duration or 0))
    return None if end is None else end * time_base_of(stream)
