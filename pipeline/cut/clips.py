"""Clips: a moment of a film as a small MP4 that every browser plays, exact to the frame."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import av.error
import ffmpeg

from pipeline.artifact import Artifact, publish
from pipeline.cut.frame_rate import LATE_SLOTS, Slots, clip_rate, fill_slots
from pipeline.cut.loudness import Level, add_sound_filters, level_for, measure
from pipeline.cut.masking import Masks, add_cover
from pipeline.cut.picture_filters import add_picture_filters, shown_size
from pipeline.errors import ArtifactWrong
from pipeline.ffmpeg.runner import run_ffmpeg
from pipeline.moments import Clip
from pipeline.presets import Preset
from pipeline.source.demux import DEMUXERS, MOST_PIXELS, film_url
from pipeline.source.film import AudioFacts, Film
from pipeline.source.frames import Span, find_span

MEDIA_TYPE = "video/mp4"
_SHOWN = re.compile(r"showinfo.*\bn: *\d+ pts: *(-?\d+) ")
_MICROSECONDS = 1_000_000
_PAST_ROUNDING_S = 0.0004
_RUN_UP_S = 0.25
# No budget shorter than this; a 4K HEVC film tone-mapped on one old core takes about 40 s a second.
_LEAST_BUDGET_S = 180.0
_BUDGET_PER_SECOND = 90.0
# VBV: a clip's average may pass the ceiling by what the buffer holds at its start, and MP4 adds its own bytes.
_CEILING_SHARE = 0.8
# ffmpeg makes all repetitions of a picture before it passes on the first; scaled before, they are one picture.
_MOST_SCALED_REPEATS = 30


Covering = Callable[[Span, Slots], Masks]
"""What to cover on the pictures of a span, one mask for each slot."""


@dataclass(frozen=True)
class FinishedClip:
    """A clip that is there, and its facts."""

    artifact: Artifact
    width_px: int
    height_px: int
    fps: float
    duration_ms: int
    cpu_s: float
    level: Level
    warnings: tuple[str, ...] = ()


def budget_s(length_ms: int) -> float:
    """How many seconds making a clip of that length may take before it counts as hung."""
    return _LEAST_BUDGET_S + _BUDGET_PER_SECOND * length_ms / 1000


def open_picture(film: Film, key_pts: int | None, *, threads: int = 1) -> Any:
    """The film's picture as an ffmpeg-python stream that begins at the key frame and keeps the film's own times."""
    start_s = None
    if key_pts is not None and key_pts > film.video.first_pts:
        start_s = float(key_pts * film.video.time_base) + _PAST_ROUNDING_S
    # reinit_filter: a film may change its size or colours on the way; a new graph would count its frames from 0 again.
    options = {
        "threads": threads, "noautorotate": None, "reinit_filter": 0, "max_pixels": MOST_PIXELS,
        # Only what the codec itself crops: a container's own aperture is left alone here as PyAV and browsers do.
        "apply_cropping": "codec",
    }  # fmt: skip
    return _open(film, start_s, **options)[str(film.video.stream_index)]


def open_sound(film: Film, audio: AudioFacts, start: Fraction) -> Any:
    """The film's sound as an ffmpeg-python stream that begins a little before ``start``, on the file's own clock.

    A sound decoder's first frames after a jump are incomplete (AAC 21 ms, Opus 80 ms), so it gets a run-up.
    """
    start_s = float(start) - _RUN_UP_S
    return _open(film, start_s if start_s > film.video.first_pts * film.video.time_base else None)[
        str(audio.stream_index)
    ]


def _open(film: Film, start_s: float | None, **options: Any) -> Any:
    """The film as an ffmpeg-python input; each gets its own, so that a jump suits the stream it is for."""
    options |= {
        "protocol_whitelist": "file", "format_whitelist": DEMUXERS, "copyts": None, "noaccurate_seek": None,
    }  # fmt: skip
    if start_s is not None:
        options |= {"seek_timestamp": 1, "ss": f"{start_s:.6f}"}
    return ffmpeg.input(film_url(film.path), **options)


def clip_argv(
    film: Film,
    span: Span,
    slots: Slots,
    preset: Preset,
    level: Level | None,
    part: Path,
    *,
    threads: int = 1,
    masks: Masks | None = None,
) -> list[str]:
    """The arguments of ffmpeg that make a clip of a span; ``level`` None: without sound; ``masks``: what is covered.

    The span is cut by whole presentation times of the film's own clock, never by rounded seconds.
    """
    width, height = shown_size(film.video, preset.max_lines)
    picture = add_slots(open_picture(film, span.key_pts, threads=threads), film, span, slots, width, height)
    if masks is not None:
        picture = add_cover(picture, masks, width, height, slots.fps)
    streams = [picture]
    options: dict[str, Any] = {
        "format": "mp4", "c:v": "libx264", "preset": preset.speed, "crf": preset.crf, "profile:v": "high",
        "g": max(1, int(slots.fps)), "r": str(slots.fps), "fps_mode": "cfr", "threads": threads,
        "a53cc": 0, "bsf:v": "filter_units=remove_types=6",
    }  # fmt: skip
    if preset.max_kbit_s:
        ceiling = int((preset.max_kbit_s - (preset.audio_kbit_s if level else 0)) * _CEILING_SHARE)
        options |= {"maxrate": f"{ceiling}k", "bufsize": f"{ceiling}k", "rc_init_occupancy": f"{ceiling // 4}k"}
    if level is not None and film.audio is not None:
        start = span.pts[0] * film.video.time_base
        streams.append(add_sound_filters(open_sound(film, film.audio, start), start, slots.count / slots.fps, level))
        options |= {"c:a": "aac", "b:a": f"{preset.audio_kbit_s}k"}
    options |= {
        "map_metadata": -1, "map_chapters": -1, "sn": None, "dn": None, "fflags": "+bitexact", "flags:v": "+bitexact",
        "flags:a": "+bitexact", "filter_complex_threads": threads, "movflags": "+faststart",
    }  # fmt: skip
    return list(ffmpeg.output(*streams, str(part), **options).get_args())


def add_slots(stream: Any, film: Film, span: Span, slots: Slots, width: int, height: int) -> Any:
    """The pictures of a span as a person should see them, of that size, one in each slot."""
    stream = _add_span(stream, film, span)
    if _most_repeats(film, span, slots) > _MOST_SCALED_REPEATS:
        return _add_rate(add_picture_filters(stream, film, width, height), slots)
    return add_picture_filters(_add_rate(stream, slots), film, width, height)  # what is left out is not scaled in vain


def _most_repeats(film: Film, span: Span, slots: Slots) -> float:
    """How many slots the picture that stands longest fills."""
    longest = max(after - pts for pts, after in pairwise((*span.pts, span.end_pts)))
    return float(longest * film.video.time_base * slots.fps)


def _add_span(stream: Any, film: Film, span: Span) -> Any:
    """Just the frames of the span, whole ones."""
    stream = stream.filter("trim", start_pts=span.pts[0], end_pts=span.pts[-1] + 1)
    stream = stream.filter("showinfo", checksum=0)
    if film.video.interlaced:
        stream = stream.filter("bwdif", mode="send_frame", deint="interlaced")
    return stream


def _add_rate(stream: Any, slots: Slots) -> Any:
    """A constant rate by the rule of pipeline/cut/frame_rate.py."""
    if slots.left_out:
        runs = "+".join(f"between(n,{begin},{to})" for begin, to in slots.left_out)
        stream = stream.filter("select", f"not({runs})")
    slot_us = _MICROSECONDS / slots.fps
    times = f"PTS-STARTPTS-{round(LATE_SLOTS * slot_us)}"
    if slots.last_slot is not None:
        times = f"if(eq(N,{slots.last_frame}),{round((slots.last_slot - LATE_SLOTS) * slot_us)},{times})"
    stream = stream.filter("settb", f"1/{_MICROSECONDS}").filter("setpts", times)
    stream = stream.filter("fps", fps=str(slots.fps), round="up", start_time=0)
    return stream.filter("tpad", stop=-1, stop_mode="clone").filter("trim", end_frame=slots.count)


def cut_clip(
    film: Film,
    clip: Clip,
    preset: Preset,
    destination: Path,
    *,
    threads: int = 1,
    cover: Covering | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> FinishedClip:
    """The clip as an MP4 at ``destination``: made under another name, verified, then renamed into place.

    cover: gives what to cover on the pictures of a span; asked again where other frames can be shown than promised.
    on_progress: called with 0 to 1; what it raises stops the work.
    Raises: MomentOutsideFilm, FilmUnreadable, FfmpegFailed, FfmpegTimedOut, ArtifactWrong, NoSpace.
    """
    span = find_span(film, clip.in_ms, clip.out_ms)
    slots = slots_of(film, span, preset)
    part = destination.with_name(f".{destination.name}.part")
    timeout_s = budget_s(clip.length_ms)
    length_s = float(slots.count / slots.fps)
    report = on_progress and (lambda written_s: on_progress(min(1.0, max(0.0, written_s / length_s))))
    try:
        level = _measure_level(film, span, slots, timeout_s)
        cpu_s = 0.0
        for _ in range(3):
            run = run_ffmpeg(
                clip_argv(film, span, slots, preset, level, part, threads=threads, masks=cover and cover(span, slots)),
                timeout_s=timeout_s,
                on_progress=report,
                keep=_SHOWN,
                hide=film.path,
            )
            cpu_s += run.cpu_s
            shown = sorted({int(found[1]) for line in run.lines if (found := _SHOWN.search(line))})
            if shown and (shown[0], shown[-1]) == (span.pts[0], span.pts[-1]):
                break
            # The decoder showed other frames than the packets promised: begin earlier, and take what it can show.
            span = _what_can_be_shown(span, shown)
            slots = slots_of(film, span, preset)
        else:
            raise ArtifactWrong(f"asked for frames {span.pts[0]} to {span.pts[-1]}, got {shown[:1]} to {shown[-1:]}")
        verify_clip(part, slots, with_sound=level is not None)
        artifact = publish(part, destination, MEDIA_TYPE)
    finally:
        part.unlink(missing_ok=True)
    width, height = shown_size(film.video, preset.max_lines)
    missing = len(span.pts) - len(shown)
    warnings = (f"{missing} frames of this moment are damaged; the frame before stands in for each.",) * (missing > 0)
    return FinishedClip(
        artifact, width, height, float(slots.fps), round(1000 * length_s), cpu_s, level or Level(), warnings
    )


def slots_of(film: Film, span: Span, preset: Preset) -> Slots:
    """How the frames of a span fall into the slots of a clip's constant rate."""
    fps = clip_rate(span.pts, span.end_pts, film.video.time_base, preset.max_fps)
    return fill_slots(span.pts, span.end_pts, film.video.time_base, fps)


def _what_can_be_shown(span: Span, shown: list[int]) -> Span:
    """The span to try next: from the start of the film where the first frame was missed, else what was shown."""
    if span.key_pts is not None:
        return Span(span.pts, span.end_pts, None)
    if not shown:
        raise ArtifactWrong("no frame of this moment can be decoded")
    inside = tuple(p for p in shown if span.pts[0] <= p <= span.pts[-1])
    return Span(inside, span.end_pts, None)


def _measure_level(film: Film, span: Span, slots: Slots, timeout_s: float) -> Level | None:
    if film.audio is None:
        return None
    start = span.pts[0] * film.video.time_base
    length = slots.count / slots.fps
    return level_for(measure(open_sound(film, film.audio, start), start, length, timeout_s=timeout_s))


def verify_clip(path: Path, slots: Slots, *, with_sound: bool) -> None:
    """Make sure a finished clip is what was asked for: its frames, size, sound, order on disk and silence about itself.

    Raises: ArtifactWrong.
    """
    try:
        with av.open(f"file:{path.resolve()}", options={"protocol_whitelist": "file"}) as container:
            video = container.streams.video[0]
            first = next(container.decode(video))
            wrong = {
                "codec": video.codec_context.name != "h264",
                "pixels": first.format.name != "yuv420p",
                "frames": video.frames != slots.count,
                "sound": bool(container.streams.audio) != with_sound,
                "streams": len(container.streams) != 1 + with_sound,
                "metadata": bool(set(container.metadata) - {"major_brand", "minor_version", "compatible_brands"}),
            }
            length = float(slots.count / slots.fps)
            wrong["duration"] = abs((container.duration or 0) / av.time_base - length) > max(0.05, 1 / float(slots.fps))
    except (av.error.FFmpegError, StopIteration, IndexError, OSError) as error:
        raise ArtifactWrong(f"the clip cannot be read back: {error!r}") from None
    if any(wrong.values()):
        raise ArtifactWrong(f"the clip is wrong in: {', '.join(name for name, is_wrong in wrong.items() if is_wrong)}")
