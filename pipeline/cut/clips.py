"""Clips: a moment of a film as a small MP4 that every browser plays, exact to the frame."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import av
import av.error
import ffmpeg

from pipeline.artifact import EncodingReason, FinishedMoment, publish
from pipeline.cut.decoded_frames import DAMAGED, SOUND_DAMAGED, TOLD, is_damaged, is_sound_damaged, read_seen
from pipeline.cut.hearing import Hearing, add_hearing, listen
from pipeline.cut.masking import Masks, add_cover
from pipeline.cut.picture_copy import NotCopied, check_copied, copy_argv, find_copy
from pipeline.cut.runs import Plan, add_runs, corrected, make_plan
from pipeline.cut.silencing import check_silent, silences_in
from pipeline.errors import ArtifactWrong, FfmpegFailed
from pipeline.ffmpeg.runner import FfmpegRun, FfmpegRunner
from pipeline.moments import Clip
from pipeline.presets import Preset
from pipeline.source.film import Film
from pipeline.source.pixel_aspect import by_pixel_aspect
from pipeline.source.stretches import find_stretches

MEDIA_TYPE = "video/mp4"
# No budget shorter than this; a 4K HEVC film tone-mapped on one old core takes about 40 s a second.
_LEAST_BUDGET_S = 180.0
_BUDGET_PER_SECOND = 90.0
# VBV: a clip's average may pass the ceiling by what the buffer holds at its start, and MP4 adds its own bytes.
_CEILING_SHARE = 0.8
_MOST_TRIES = 5

Covering = Callable[[Plan], Masks]
"""What to cover on the pictures of a clip, one mask for each slot."""


def budget_s(length_ms: int) -> float:
    """How many seconds making a clip of that length may take before it counts as hung."""
    return _LEAST_BUDGET_S + _BUDGET_PER_SECOND * length_ms / 1000


def clip_argv(
    film: Film,
    plan: Plan,
    preset: Preset,
    hearing: Hearing | None,
    part: Path,
    *,
    threads: int = 1,
    masks: Masks | None = None,
) -> list[str]:
    """The arguments of ffmpeg that make a clip; ``hearing`` None: without sound; ``masks``: what is covered.

    It is cut by whole presentation times of the film's own clock, never by rounded seconds.
    """
    width, height = plan.size(preset.max_lines)
    picture = add_runs(plan, width, height, threads=threads)
    if masks is not None:
        picture = add_cover(picture, masks, width, height, plan.fps)
    streams = [picture]
    options: dict[str, Any] = {
        "format": "mp4", "c:v": "libx264", "preset": preset.speed, "crf": preset.crf, "profile:v": "high",
        "g": max(1, int(plan.fps)), "r": str(plan.fps), "fps_mode": "cfr", "threads": threads,
        "a53cc": 0, "bsf:v": "filter_units=remove_types=6",
    }  # fmt: skip
    if preset.max_kbit_s:
        ceiling = int((preset.max_kbit_s - (preset.audio_kbit_s if hearing else 0)) * _CEILING_SHARE)
        options |= {"maxrate": f"{ceiling}k", "bufsize": f"{ceiling}k", "rc_init_occupancy": f"{ceiling // 4}k"}
    if hearing is not None:
        streams.append(add_hearing(film, hearing, plan.start, plan.length))
        options |= {"c:a": "aac", "b:a": f"{preset.audio_kbit_s}k"}
    options |= {
        "map_metadata": -1, "map_chapters": -1, "sn": None, "dn": None, "fflags": "+bitexact", "flags:v": "+bitexact",
        "flags:a": "+bitexact", "filter_complex_threads": threads, "movflags": "+faststart",
    }  # fmt: skip
    return list(ffmpeg.output(*streams, str(part), **options).get_args())


def plan_clip(film: Film, clip: Clip, preset: Preset) -> Plan:
    """What a clip is made of, as far as the film's index tells. Raises: MomentOutsideFilm, FilmUnreadable."""
    stretches = find_stretches(film, clip.in_ms, clip.out_ms)
    return make_plan([part for stretch in stretches for part in by_pixel_aspect(stretch)], preset)


def cut_clip(
    film: Film,
    clip: Clip,
    preset: Preset,
    destination: Path,
    *,
    runner: FfmpegRunner,
    threads: int = 1,
    cover: Covering | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> FinishedMoment:
    """The clip as an MP4 at ``destination``: made under another name, verified, then renamed into place.

    cover: gives what to cover on the pictures of a plan; asked again where other frames can be shown than promised.
    on_progress: called with 0 to 1; what it raises stops the work.
    Raises: MomentOutsideFilm, FilmUnreadable, FfmpegFailed, FfmpegTimedOut, ArtifactWrong, NoSpace.
    """
    plan = plan_clip(film, clip, preset)
    part = destination.with_name(f".{destination.name}.part")
    timeout_s = budget_s(clip.length_ms)
    length_s = float(plan.length)
    report = on_progress and (lambda written_s: on_progress(min(1.0, max(0.0, written_s / length_s))))
    try:
        silences = silences_in(clip, plan.start, plan.length)
        hearing = listen(film, plan.start, plan.length, silences=silences, runner=runner, timeout_s=timeout_s)
        ffmpeg_run = partial(runner.run, timeout_s=timeout_s, on_progress=report, keep=TOLD, hide=film.path)
        cpu_s = 0.0
        because = NotCopied(EncodingReason.HIDDEN, "somebody is hidden in it") if cover else None
        if because is None:
            try:
                run = _copy(film, plan, preset, hearing, part, ffmpeg_run)
                cpu_s, seen = run.cpu_s, read_seen(run.lines, [plan.runs[0].video])
            except NotCopied as told:
                because = told
        for _ in range(_MOST_TRIES if because else 0):
            masks = cover and cover(plan)
            run = ffmpeg_run(clip_argv(film, plan, preset, hearing, part, threads=threads, masks=masks))
            cpu_s += run.cpu_s
            seen = read_seen(run.lines, [run.video for run in plan.runs])
            better = corrected(plan, seen, preset)
            if better is None:
                break
            plan = better
        else:
            if because:
                raise ArtifactWrong("what the decoder shows changes with each try")
        verify_clip(part, plan, with_sound=hearing is not None)
        if hearing is not None:
            check_silent(part, hearing.silences)
        artifact = publish(part, destination, MEDIA_TYPE)
    finally:
        part.unlink(missing_ok=True)
    width, height = plan.size(preset.max_lines)
    missing = sum(len(run.stretch.span.pts) - len(shown) for run, shown in zip(plan.runs, seen, strict=True))
    damaged = (f"{missing} frames of this moment are damaged; the frame before stands in for each.",) * (missing > 0)
    if is_damaged(run.lines, film.video):
        damaged = (*damaged, DAMAGED)
    if is_sound_damaged(run.lines):
        damaged = (*damaged, SOUND_DAMAGED)
    return FinishedMoment(
        **vars(artifact),
        kind="clip",
        in_ms=clip.in_ms,
        out_ms=clip.out_ms,
        begins_ms=int(1000 * plan.start),
        width_px=width,
        height_px=height,
        fps=float(plan.fps),
        duration_ms=round(1000 * plan.length),
        caption=clip.caption,
        principle=clip.principle,
        drawings=clip.drawn(),
        cpu_s=cpu_s,
        gain_db=hearing.level.gain_db if hearing else 0.0,
        warnings=damaged + (hearing.warnings if hearing else ()),
        encoded_because=str(because) if because else None,
        encoding_reason=because.reason if because else None,
    )


def _copy(
    film: Film, plan: Plan, preset: Preset, hearing: Hearing | None, part: Path, run: Callable[[list[str]], FfmpegRun]
) -> FfmpegRun:
    """What ffmpeg told while it copied the clip's picture to ``part``, which was then looked at.

    Raises: NotCopied where the film is not what the preset asks, or anything at all turns out otherwise.
    """
    copy = find_copy(film, plan, preset, with_sound=hearing is not None)
    try:
        told = run(copy_argv(film, plan, copy, preset, hearing, part))
        check_copied(part, plan, copy)
    except (FfmpegFailed, ArtifactWrong) as error:
        raise NotCopied(EncodingReason.COPY_FAILED, "its packets could not be copied as they are") from error
    [seen] = read_seen(told.lines, [plan.runs[0].video])
    shown = tuple(one.pts for one in seen)
    if shown != plan.runs[0].stretch.span.pts or corrected(plan, [seen], preset) or is_damaged(told.lines, film.video):
        raise NotCopied(EncodingReason.DECODER_DIFFERS, "a decoder shows other pictures than its packets tell of")
    return told


def verify_clip(path: Path, plan: Plan, *, with_sound: bool) -> None:
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
                "frames": video.frames != plan.count,
                "sound": bool(container.streams.audio) != with_sound,
                "streams": len(container.streams) != 1 + with_sound,
                "metadata": bool(set(container.metadata) - {"major_brand", "minor_version", "compatible_brands"}),
            }
            length = float(plan.length)
            wrong["duration"] = abs((container.duration or 0) / av.time_base - length) > max(0.05, 1 / float(plan.fps))
    except (av.error.FFmpegError, StopIteration, IndexError, OSError) as error:
        raise ArtifactWrong(f"the clip cannot be read back: {error!r}") from None
    if any(wrong.values()):
        raise ArtifactWrong(f"the clip is wrong in: {', '.join(name for name, is_wrong in wrong.items() if is_wrong)}")
