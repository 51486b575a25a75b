"""Films whose container cannot be sought exactly (camcorder transport streams, old AVI), made seekable.

Measured: in MPEG-TS ffmpeg, PyAV and OpenCV land 33 to 206 frames off. Copied into MP4 without re-encoding, or into
Matroska where MP4 has no place for their codecs, the same pictures are found exactly. AVI keeps no presentation
times, which matters as soon as frames are stored out of order; H.264 in it is encoded anew, frame for frame, since
nothing but decoding tells the order.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import ffmpeg

from pipeline.errors import CopyTooLarge, FfmpegFailed, FilmUnreadable, NoSpace
from pipeline.ffmpeg.limits import room_for_copy
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.source.demux import DEMUXERS, film_url, open_container, video_stream
from pipeline.source.film import Film, probe

_SEEKABLE = ("mov", "matroska")
_KEY_FRAMES_ONLY = ("mjpeg", "dvvideo", "rawvideo", "huffyuv", "ffv1")
_ORDER_UNKNOWN = ("h264", "hevc")
_SHAPE_IN_PICTURES = ("mpegts", "mpeg")
_SLOWEST_DISK_BYTES_S = 1 << 20
_OVERLAPS = re.compile(r"^\[vost#.*Non-monotonic DTS")
"""Said where a picture would be decoded before the one that is stored before it."""
OVERLAPS = (
    "This film was joined from recordings whose clocks overlap: where they meet, some pictures may be missing or "
    "stand at another time. Look at each moment there before you hand it on."
)


def make_seekable(film: Film, scratch: Path, *, runner: FfmpegRunner) -> Film:
    """The film itself where its container can be sought, else a copy in ``scratch`` with the same pictures and sound.

    Raises: FilmUnreadable, NoSpace and CopyTooLarge (both before anything is written), OutputTooLarge.
    """
    whole_frames = film.container == "avi" and film.video.codec in _KEY_FRAMES_ONLY
    if film.container.startswith(_SEEKABLE) or whole_frames:
        return film
    _check_room(film, scratch)
    for name in ("film.mp4", "film.mkv"):
        copy = scratch / name
        try:
            run = runner.run(
                rewrap_argv(film, copy),
                timeout_s=60 + film.bytes / _SLOWEST_DISK_BYTES_S,
                most_file_bytes=room_for_copy(film.bytes),
                keep=_OVERLAPS,
                hide=film.path,
            )
            found = probe(copy)
            told = (OVERLAPS,) if run.lines and film.container == "mpegts" else ()
            shape_in_pictures = film.container.startswith(_SHAPE_IN_PICTURES)
            return replace(
                found,
                is_copy=shape_in_pictures,
                warnings=tuple(dict.fromkeys((*film.warnings, *found.warnings, *told))),
            )
        except FfmpegFailed as error:
            copy.unlink(missing_ok=True)
            failure = error
    raise FilmUnreadable(str(failure)) from None


def _check_room(film: Film, scratch: Path) -> None:
    disk = shutil.disk_usage(scratch)
    needed_bytes = room_for_copy(film.bytes, anew=_is_encoded_anew(film))
    detail = f"a copy needs {needed_bytes} bytes; {disk.free} of {disk.total} are free"
    if needed_bytes > disk.total:
        raise CopyTooLarge(detail)
    if needed_bytes > disk.free:
        needed, free = (f"{size / 1e9:.1f} GB" for size in (needed_bytes, disk.free))
        sentence = f"To cut this film {needed} of free disk space are needed for a while, and there are {free}."
        raise NoSpace(detail, for_guider=f"{sentence} Free some space and try again.")


def _is_encoded_anew(film: Film) -> bool:
    return film.container == "avi" and film.video.codec in _ORDER_UNKNOWN


def _is_reordered(film: Film) -> bool:
    """Whether pictures are stored in another order than they are shown; else each stands in its place of the AVI."""
    with open_container(film.path) as container:
        return bool(video_stream(container, film.video.stream_index).codec_context.has_b_frames)


def rewrap_argv(film: Film, copy: Path) -> list[str]:
    """The arguments of ffmpeg that copy a film's picture and sound into another container."""
    source = ffmpeg.input(film_url(film.path), protocol_whitelist="file", format_whitelist=DEMUXERS, fflags="+genpts")
    streams = [source[str(film.video.stream_index)]]
    streams += [source[str(audio.stream_index)] for audio in film.sounds]
    options: dict[str, str | int] = {"c": "copy", "map_metadata": -1}
    if copy.suffix == ".mp4":
        options["video_track_timescale"] = film.video.time_base.denominator
    else:
        options["c:a"] = "flac"  # what MP4 does not hold, Matroska may not hold either: camcorders' own PCM, for one
    if film.video.codec == "mpeg4":
        options["bsf:v"] = "mpeg4_unpack_bframes"
    if _is_encoded_anew(film):
        if _is_reordered(film):
            streams[0] = streams[0].filter("setpts", "N/FRAME_RATE/TB")
        options |= {"c:v": "libx264", "preset": "ultrafast", "crf": 12, "bf": 0, "g": 30, "fps_mode": "passthrough"}
    return list(ffmpeg.output(*streams, str(copy), **options).get_args())
