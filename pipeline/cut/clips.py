"""Clips: a moment of a film as a small MP4 that every browser plays, exact to the frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import av
import av.error
import ffmpeg

from pipeline.artifact import PROCESSOR, DeviceName, EncodingReason, FinishedMoment, ProcessorReason, publish
from pipeline.cut.by_device import NotByDevice, find_device
from pipeline.cut.decoded_frames import (
    DAMAGED,
    SOUND_DAMAGED,
    TOLD,
    Seen,
    is_damaged,
    is_sound_damaged,
    planned_right,
    read_seen,
)
from pipeline.cut.masking import Masks, add_cover
from pipeline.cut.picture_copy import NotCopied, check_copied, copy_argv, find_copy
from pipeline.cut.runs import Plan, add_runs, corrected, make_plan
from pipeline.cut.silencing import check_silent, silences_in
from pipeline.cut.sound_mix import Hearing, add_hearing, listen
from pipeline.errors import ArtifactWrong, FfmpegFailed, FfmpegTimedOut, TooMuchMemory
from pipeline.ffmpeg.devices import Proof
from pipeline.ffmpeg.runner import FfmpegRun, FfmpegRunner
from pipeline.moments import Clip
from pipeline.presets import Preset
from pipeline.source.film import Film
from pipeline.source.pixel_aspect import by_pixel_aspect
from pipeline.source.segments import find_stretches

MEDIA_TYPE = "video/mp4"
# No budget shorter than this; a 4K HEVC film tone-mapped on one old core takes about 40 s a second.
_LEAST_BUDGET_S = 180.0
_BUDGET_PER_SECOND = 90.0
# VBV: a clip's average may pass the ceiling by what the buffer holds at its start, and MP4 adds its own bytes.
_CEILING_SHARE = 0.8
_MOST_TRIES = 5
_DEVICE_STALL_S = 30.0
"""A device that is silent for so long hangs."""

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
    proof: Proof | None = None,
) -> list[str]:
    """The arguments of ffmpeg that make a clip; ``hearing`` None: without sound; ``masks``: what is covered.

    proof: of the device that decodes; None: the processor does.

    It is cut by whole presentation times of the film's own clock, never by rounded seconds.
    """
    width, height = plan.size(preset.max_lines)
    picture = add_runs(plan, width, height, threads=threads, proof=proof)
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
        because = NotCopied(EncodingReason.HIDDEN, "somebody is hidden in it") if cover else None
        made = None
        if because is None:
            try:
                made = _copy(film, plan, preset, hearing, part, ffmpeg_run)
            except NotCopied as told:
                because = told
        if made is None:

            def argv(plan: Plan, proof: Proof | None = None) -> list[str]:
                masks = cover and cover(plan)
                return clip_argv(film, plan, preset, hearing, part, threads=threads, masks=masks, proof=proof)

            verify = partial(verify_clip, part, plan, with_sound=hearing is not None)
            try:
                made = _encode_by_device(argv, ffmpeg_run, plan, runner.proofs, verify)
            except NotByDevice as told:
                made = replace(_encode(argv, ffmpeg_run, plan, preset), processor_reason=told.reason)
        plan = made.plan
        verify_clip(part, plan, with_sound=hearing is not None)
        if hearing is not None:
            check_silent(part, hearing.silences)
        artifact = publish(part, destination, MEDIA_TYPE)
    finally:
        part.unlink(missing_ok=True)
    width, height = plan.size(preset.max_lines)
    missing = sum(len(run.stretch.span.pts) - len(shown) for run, shown in zip(plan.runs, made.seen, strict=True))
    damaged = (f"{missing} frames of this moment are damaged; the frame before stands in for each.",) * (missing > 0)
    if is_damaged(made.lines, film.video):
        damaged = (*damaged, DAMAGED)
    if is_sound_damaged(made.lines):
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
        cpu_s=made.cpu_s,
        gain_db=hearing.level.gain_db if hearing else 0.0,
        warnings=damaged + (hearing.warnings if hearing else ()),
        encoded_because=str(because) if because else None,
        encoding_reason=because.reason if because else None,
        decoded_by=made.decoded_by,
        processor_reason=made.processor_reason,
    )


@dataclass(frozen=True)
class _Made:
    """A clip that was made: of what, and what was seen on the way."""

    plan: Plan
    seen: Sequence[Sequence[Seen]]
    lines: tuple[str, ...]
    cpu_s: float
    decoded_by: DeviceName | Literal["processor"] = PROCESSOR
    processor_reason: ProcessorReason | None = None


def _encode(argv: Callable[..., list[str]], run: Callable[..., FfmpegRun], plan: Plan, preset: Preset) -> _Made:
    """The clip, its picture decoded by the processor and encoded.

    argv: the arguments that make a plan. Raises: ArtifactWrong, and what ``run`` does.
    """
    cpu_s = 0.0
    for _ in range(_MOST_TRIES):
        told = run(argv(plan))
        cpu_s += told.cpu_s
        seen = read_seen(told.lines, [run.video for run in plan.runs])
        better = corrected(plan, seen, preset)
        if better is None:
            return _Made(plan, seen, told.lines, cpu_s)
        plan = better
    raise ArtifactWrong("what the decoder shows changes with each try")


def _encode_by_device(
    argv: Callable[..., list[str]],
    run: Callable[..., FfmpegRun],
    plan: Plan,
    proofs: Sequence[Proof],
    verify: Callable[[], None],
) -> _Made:
    """The same by the first device that was proved for such a film.

    Raises: NotByDevice where there is none, or anything at all turns out otherwise.
    """
    proof = find_device(plan, proofs)
    [planned] = plan.runs
    try:
        told = run(argv(plan, proof=proof), stall_s=_DEVICE_STALL_S)
    except (FfmpegFailed, FfmpegTimedOut, TooMuchMemory) as error:
        raise NotByDevice(ProcessorReason.DEVICE_FAILED) from error
    [seen] = read_seen(told.lines, [planned.video], proof.device.format)
    if is_damaged(told.lines, planned.video):
        raise NotByDevice(ProcessorReason.DAMAGED)
    same = all(planned_right(one.video, planned.video) for one in seen)
    if not same or tuple(one.pts for one in seen) != planned.stretch.span.pts:
        raise NotByDevice(ProcessorReason.DEVICE_DIFFERS)
    try:
        verify()
    except ArtifactWrong as error:
        raise NotByDevice(ProcessorReason.DEVICE_DIFFERS) from error
    return _Made(plan, [seen], told.lines, told.cpu_s, proof.device.name)


def _copy(
    film: Film, plan: Plan, preset: Preset, hearing: Hearing | None, part: Path, run: Callable[[list[str]], FfmpegRun]
) -> _Made:
    """The clip with its film's own picture, copied to ``part``, which was then looked at.

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
    return _Made(plan, [seen], told.lines, told.cpu_s)


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
