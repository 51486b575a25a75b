"""A film's picture and sound as inputs of ffmpeg, each beginning where it suits it best."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import ffmpeg

from pipeline.source.demux import DEMUXERS, MOST_PIXELS, film_url
from pipeline.source.film import Film
from pipeline.source.sound_tracks import AudioFacts

_PAST_ROUNDING_S = 0.0004
_RUN_UP_S = 0.25
_QUEUED_PACKETS = 8


def open_picture(film: Film, key_pts: int | None, *, threads: int = 1, number: int = 0, **decoding: str | int) -> Any:
    """The film's picture as an ffmpeg-python stream that begins at the key frame and keeps the film's own times.

    number: another one for each stream of one command; decoding: more options of ffmpeg's decoder.
    """
    start_s = None
    if key_pts is not None and key_pts > film.video.first_pts:
        start_s = float(key_pts * film.video.time_base) + _PAST_ROUNDING_S
    # reinit_filter: a film may change its size or colours on the way; a new graph would count its frames from 0 again.
    options = {
        "threads": threads, "noautorotate": None, "reinit_filter": 0, "max_pixels": MOST_PIXELS,
        # Only what the codec itself crops: a container's own aperture is left alone here as PyAV and browsers do.
        "apply_cropping": "codec", **decoding,
    }  # fmt: skip
    return _open(film, start_s, number, **options)[str(film.video.stream_index)]


def open_sound(film: Film, audio: AudioFacts, start: Fraction, *, number: int = 0) -> Any:
    """The film's sound as an ffmpeg-python stream that begins a little before ``start``, on the file's own clock.

    A sound decoder's first frames after a jump are incomplete (AAC 21 ms, Opus 80 ms), so it gets a run-up.
    number: another one for each stream of one command.
    """
    start_s = float(start) - _RUN_UP_S
    begins_later = start_s > film.video.first_pts * film.video.time_base
    return _open(film, start_s if begins_later else None, number)[str(audio.stream_index)]


def _open(film: Film, start_s: float | None, number: int, **options: Any) -> Any:
    """The film as an ffmpeg-python input; each gets its own, so that a jump suits the stream it is for."""
    options |= {
        "protocol_whitelist": "file", "format_whitelist": DEMUXERS, "copyts": None, "noaccurate_seek": None,
    }  # fmt: skip
    if film.as_stored:
        options["ignore_editlist"] = 1
    if number:  # ffmpeg-python takes two inputs with the same options for one, and then their filters too
        options["thread_queue_size"] = _QUEUED_PACKETS + number
    if start_s is not None:
        options |= {"seek_timestamp": 1, "ss": f"{start_s:.6f}"}
    return ffmpeg.input(film_url(film.path), **options)
