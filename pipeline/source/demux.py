"""Reading a film's packets and pictures with PyAV: only containers of films, and no other file, are ever opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import av.container
import av.error
import av.stream
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pipeline.errors import FilmMissing, FilmProtected, FilmRaw, FilmUnreadable, NoPicture, NotAFilm, TooMuchMemory

DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,asf,flv,ogg,mxf,dv,mp3,aac,wav,amr,flac"
"""What films and recordings come in. Playlists and anything that names other files are not among them."""
_TRANSPORT_PACKET_BYTES = 188
_RAW_STARTS = (b"\x00\x00\x00\x01", b"\x00\x00\x01", b"DHAV", b"IMKH")
"""Start codes of H.264, HEVC and MPEG without a container; the files of two makers of surveillance recorders."""
PROTECTED = ("drmi", "drms", "encv", "enca")
"""Sample descriptions of films and songs from shops."""
MOST_PIXELS = 8192 * 8192
READING_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": DEMUXERS, "max_pixels": str(MOST_PIXELS)}
"""The pixels count already here: to open a film is to decode its first picture, and 0.8 MB of PNG took 768 MB."""


def film_url(path: Path) -> str:
    """The film's path in a form that no demuxer takes for an option, a protocol or a pattern."""
    return f"file:{path.resolve()}"


@contextmanager
def open_container(
    path: Path, *, as_stored: bool = False, unparsed: bool = False
) -> Iterator[av.container.InputContainer]:
    """The film opened for reading its packets; only containers of films, and no file but this one, are ever opened.

    as_stored: without the edit lists of MP4 and MOV. unparsed: packets as the container has them, with its own lengths.
    Raises: FilmMissing, NotAFilm, FilmRaw, FilmUnreadable, TooMuchMemory.
    """
    if not path.exists():
        raise FilmMissing(f"{path.name} does not exist")
    if not path.is_file():
        raise NotAFilm(f"{path.name} is not a file")
    try:
        edits = {"ignore_editlist": "1"} if as_stored else {}
        parsing = {"fflags": "noparse"} if unparsed else {}
        container = av.open(film_url(path), options={**READING_OPTIONS, **edits, **parsing})
    except PermissionError as error:
        raise FilmUnreadable(str(error)) from None
    except MemoryError as error:
        raise TooMuchMemory(str(error)) from None
    except (av.error.FFmpegError, ValueError) as error:
        raise _what_it_is(path)(str(error)) from None
    try:
        with container:
            yield container
    except MemoryError as error:
        raise TooMuchMemory(str(error)) from None
    except av.error.FFmpegError as error:  # to seek in a damaged film may fail with any of the system's errors
        raise FilmUnreadable(str(error)) from None


def video_stream(container: av.container.InputContainer, index: int) -> VideoStream:
    """The stream of that index, which must be a video stream.

    Raises: NoPicture.
    """
    stream = container.streams[index]
    if not isinstance(stream, VideoStream):
        raise NoPicture(f"stream {index} is no video stream")
    return stream


def audio_stream(container: av.container.InputContainer, index: int) -> AudioStream:
    """The stream of that index, which must be one of sound.

    Raises: FilmUnreadable.
    """
    stream = container.streams[index]
    if not isinstance(stream, AudioStream):
        raise FilmUnreadable(f"stream {index} is no sound")
    return stream


def time_base_of(stream: VideoStream | AudioStream) -> Fraction:
    """The stream's unit of time in seconds."""
    return stream.time_base or Fraction(1, av.time_base)


def decode(container: av.container.InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """The frames of a stream from where the container stands; damaged packets are passed over as players do.

    Cropped at the left to the pixel, as the command line does it: unasked, FFmpeg leaves what is not a multiple of 32.
    """
    stream.codec_context.flags |= Flags.unaligned
    for packet in packets(container, stream):
        try:
            yield from (frame for frame in packet.decode() if isinstance(frame, VideoFrame))
        except av.error.InvalidDataError:
            continue


def packets(container: av.container.InputContainer, stream: VideoStream | AudioStream) -> Iterator[Packet[Stream]]:
    """The packets of a stream from where the container stands until it ends or cannot be read on.

    Raises: FilmProtected at the first that is encrypted.
    """
    if stream.metadata.get("enc_key_id") or _tag(stream) in PROTECTED:
        raise FilmProtected(f"stream {stream.index} is encrypted")
    for other in container.streams:
        if other.index != stream.index:
            other.discard = av.stream.Discard.all
    demuxed = container.demux(stream)
    while True:
        try:
            packet = next(demuxed)
        except IndexError:  # a stream that turned up only now; PyAV keeps the list it made when it opened the film
            demuxed = container.demux(stream)
            continue
        except (StopIteration, av.error.FFmpegError):
            return
        if packet.has_sidedata("encryption_info"):
            raise FilmProtected(f"stream {stream.index} is encrypted")
        yield packet


def _tag(stream: VideoStream | AudioStream) -> str:
    """The four letters by which the container names the codec; empty where they are none."""
    try:
        return stream.codec_context.codec_tag
    except UnicodeDecodeError:  # PyAV reads them as ASCII, and an AVI may say anything
        return ""


def _what_it_is(path: Path) -> type[FilmUnreadable | FilmRaw | NotAFilm]:
    """The error for what FFmpeg does not open, by its first bytes."""
    with path.open("rb") as file:
        head = file.read(_TRANSPORT_PACKET_BYTES + 1)
    if (
        head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
        or head.startswith((b"\x1a\x45\xdf\xa3", b"FLV", b"OggS", b"\x30\x26\xb2\x75", b"\x00\x00\x01\xba"))
        or (head.startswith(b"RIFF") and head[8:12] == b"AVI ")
        or head[:1] == head[_TRANSPORT_PACKET_BYTES:] == b"\x47"
    ):
        return FilmUnreadable
    return FilmRaw if head.startswith(_RAW_STARTS) else NotAFilm
