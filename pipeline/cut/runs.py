"""A clip's pictures as runs: frames that follow one another in the file and are stored alike, and the slots they fill.

Most clips are one run. There are more where an edit list joins stretches in the clip, and where the pictures change
their size, shape, direction or colours on the way: each run is then made by itself, fitted with bars into the shape
that is seen longest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import ffmpeg

from pipeline.cut.decoded_frames import Seen, alike
from pipeline.cut.frame_rate import LATE_SLOTS, Slots, clip_rate, fill_slots
from pipeline.cut.inputs import open_picture
from pipeline.cut.picture_filters import add_bars, add_picture_filters, fitted_size, shown_size
from pipeline.errors import ArtifactWrong
from pipeline.ffmpeg.devices import Proof
from pipeline.presets import Preset
from pipeline.source.frames import find_between
from pipeline.source.picture_facts import VideoFacts
from pipeline.source.segments import Stretch

_MICROSECONDS = 1_000_000
_MOST_RUNS = 60
# ffmpeg makes all repetitions of a picture before it passes on the first; scaled before, they are one picture.
_MOST_SCALED_REPEATS = 30
_SECONDS = Fraction(1)


@dataclass(frozen=True)
class Run:
    """Frames that are stored alike, what they are like, and how they fall into their slots of the clip."""

    stretch: Stretch
    video: VideoFacts
    slots: Slots


@dataclass(frozen=True)
class Plan:
    """What a clip is made of; together its runs fill ``count`` slots of a constant rate."""

    runs: tuple[Run, ...]
    fps: Fraction
    count: int
    shape: VideoFacts
    """What is seen longest is like; the others are fitted into its shape."""
    start: Fraction
    """Of the clip, in seconds on the film's clock."""

    @property
    def length(self) -> Fraction:
        """Of the clip, in seconds."""
        return self.count / self.fps

    def size(self, max_lines: int) -> tuple[int, int]:
        """Width and height of the clip in px."""
        return shown_size(self.shape, max_lines)


def make_plan(stretches: Sequence[tuple[Stretch, VideoFacts]], preset: Preset) -> Plan:
    """How stretches, each of pictures that are alike, become one clip."""
    times = [time for stretch, _ in stretches for time in stretch.times]
    start, end = times[0], stretches[-1][0].end
    fps = clip_rate(times, end, _SECONDS, preset.max_fps)
    if len(stretches) == 1:
        [(stretch, video)] = stretches
        slots = fill_slots(stretch.times, end, _SECONDS, fps)
        return Plan((Run(stretch, video, slots),), fps, slots.count, video, start)
    begins = [round((stretch.start - start) * fps) for stretch, _ in stretches]
    for number in range(1, len(begins)):  # each has a slot at least
        begins[number] = max(begins[number], begins[number - 1] + 1)
    begins.append(max(round((end - start) * fps), begins[-1] + 1))
    runs = tuple(
        Run(stretch, video, fill_slots(stretch.times, stretch.end, _SECONDS, fps, until - begin))
        for (stretch, video), (begin, until) in zip(stretches, pairwise(begins), strict=True)
    )
    seen: dict[tuple[int, int], int] = {}
    for run in runs:
        size = run.video.width_px, run.video.height_px
        seen[size] = seen.get(size, 0) + run.slots.count
    longest = max(seen, key=lambda size: seen[size])
    shape = next(run.video for run in runs if (run.video.width_px, run.video.height_px) == longest)
    return Plan(runs, fps, begins[-1], shape, start)


def corrected(plan: Plan, seen: Sequence[Sequence[Seen]], preset: Preset) -> Plan | None:
    """The plan for what the decoder showed; None where that is what was planned.

    Raises: ArtifactWrong where nothing of a run can be decoded.
    """
    stretches: list[tuple[Stretch, VideoFacts]] = []
    for run, shown in zip(plan.runs, seen, strict=True):
        span, times = run.stretch.span, sorted({one.pts for one in shown})
        if times and (times[0], times[-1]) == (span.pts[0], span.pts[-1]):
            stretches += _by_look(run, shown)
        elif span.key_pts is not None:  # the packets promised other frames than came: begin at the film's start
            stretches.append((replace(run.stretch, span=replace(span, key_pts=None)), run.video))
        else:
            inside = tuple(pts for pts in times if span.pts[0] <= pts <= span.pts[-1])
            if not inside:
                raise ArtifactWrong("no frame of this moment can be decoded")
            stretches.append((run.stretch.only(inside), run.video))
    planned = [(run.stretch, run.video) for run in plan.runs]
    return None if stretches == planned else make_plan(stretches, preset)


def _by_look(run: Run, shown: Sequence[Seen]) -> list[tuple[Stretch, VideoFacts]]:
    """The run, or where its pictures are not all as was thought, a run for each kind that follows."""
    by_pts = {one.pts: one for one in shown}
    pictures = [by_pts[pts] for pts in sorted(by_pts)]
    woven = any(one.video.interlaced for one in pictures)
    kinds = {id(one.video): one.video for one in pictures}
    if all(alike(video, run.video) for video in kinds.values()):
        video = run.video if run.video.interlaced or not woven else replace(run.video, interlaced=True)
        return [(run.stretch, video)]
    groups: list[list[Seen]] = []
    for one in pictures:
        if groups and alike(groups[-1][-1].video, one.video):
            groups[-1].append(one)
        else:
            groups.append([one])
    if len(groups) > _MOST_RUNS:
        raise ArtifactWrong(f"the pictures change {len(groups)} times")
    found: list[tuple[Stretch, VideoFacts]] = []
    for number, group in enumerate(groups):
        stretch = run.stretch.only(tuple(one.pts for one in group))
        if number:
            key = find_between(stretch.film, group[0].pts, group[-1].pts + 1)
            stretch = replace(stretch, span=replace(stretch.span, key_pts=key.key_pts if key else None))
        if number + 1 < len(groups):
            stretch = replace(stretch, end=run.stretch.film.seconds_at(groups[number + 1][0].pts))
        found.append((stretch, replace(group[0].video, interlaced=any(one.video.interlaced for one in group))))
    return found


def add_runs(plan: Plan, width: int, height: int, *, threads: int = 1, proof: Proof | None = None) -> Any:
    """The clip's pictures as a person should see them, of that size, one in each slot, as an ffmpeg-python stream.

    proof: of the device that decodes them; None: the processor does.
    """
    parts = [_add_run(plan, number, width, height, threads, proof) for number in range(len(plan.runs))]
    if len(parts) == 1:
        return parts[0]
    joined = ffmpeg.concat(*parts, v=1, a=0).filter("settb", f"{1 / plan.fps}")
    return joined.filter("setpts", "N")


def _add_run(plan: Plan, number: int, width: int, height: int, threads: int, proof: Proof | None) -> Any:
    run = plan.runs[number]
    fitted = fitted_size(run.video, plan.shape, width, height)
    decoding = proof.device.decoding() if proof else {}
    stream = open_picture(run.stretch.film, run.stretch.span.key_pts, threads=threads, number=number, **decoding)
    stream = add_span(stream, run, number)
    repeated = _most_repeats(run) > _MOST_SCALED_REPEATS
    stream = stream if repeated else _add_rate(stream, run)  # what is left out is neither fetched nor scaled in vain
    if proof:
        stream = stream.filter("hwdownload").filter("format", proof.kind.on_device)
        stream = stream.filter("format", proof.kind.pixel_format)
    stream = add_picture_filters(stream, run.video, *fitted)
    stream = _add_rate(stream, run) if repeated else stream
    return stream if fitted == (width, height) else add_bars(stream, fitted, width, height)


def _most_repeats(run: Run) -> float:
    """How many slots the picture that stands longest fills."""
    longest = max(after - begin for begin, after in pairwise((*run.stretch.times, run.stretch.end)))
    return float(longest * run.slots.fps)


def add_span(stream: Any, run: Run, number: int) -> Any:
    """Just the frames of the run, whole ones; each is told, for read_seen."""
    span = run.stretch.span
    stream = stream.filter("trim", start_pts=span.pts[0], end_pts=span.pts[-1] + 1)
    stream = stream.filter(f"showinfo@{number}", checksum=0)
    if run.video.interlaced:
        stream = stream.filter("bwdif", mode="send_frame", deint="interlaced")
    return stream


def _add_rate(stream: Any, run: Run) -> Any:
    """A constant rate by the rule of pipeline/cut/frame_rate.py."""
    slots, stretch, pts = run.slots, run.stretch, run.stretch.span.pts
    if slots.left_out:
        runs = "+".join(f"between(t,{_before(run, begin)},{_before(run, to + 1)})" for begin, to in slots.left_out)
        stream = stream.filter("select", f"not({runs})")
    slot_us = _MICROSECONDS / slots.fps
    late_us = round(LATE_SLOTS * slot_us)
    slower = "" if stretch.rate == 1 else f"/{float(stretch.rate)}"
    times = f"PTS-STARTPTS-{late_us}"
    if stretch.span.from_pts is not None:  # the first picture stands there already
        from_us = round(stretch.span.from_pts * run.video.time_base * _MICROSECONDS)
        times = f"if(gt(PTS,{_after_us(run, pts[0])}),(PTS-{from_us}){slower}-{late_us},0)"
    elif slower:
        times = f"(PTS-STARTPTS){slower}-{late_us}"
    if len(pts) == 1:  # a picture shorter than it may be late would be left out
        times = "PTS-STARTPTS"
    if slots.last_slot is not None:
        last_us = round((slots.last_slot - LATE_SLOTS) * slot_us)
        times = f"if(gt(PTS,{_after_us(run, pts[-1] - 1)}),{last_us},{times})"
    # At the end setpts is asked for its time as well: fps drops a last picture that says it stands for an instant.
    times = f"if(gt(PTS,{_after_us(run, pts[-1])}),{round(slots.count * slot_us)},{times})"
    stream = stream.filter("settb", f"1/{_MICROSECONDS}").filter("setpts", times)
    stream = stream.filter("fps", fps=str(slots.fps), round="up", start_time=0)
    return stream.filter("tpad", stop=-1, stop_mode="clone").filter("trim", end_frame=slots.count)


# Pictures are told by their times: several may share a stamp, as browsers record them, and be more than were counted.


def _after_us(run: Run, pts: int) -> int:
    """Half a tick after that time, in microseconds."""
    return round((pts + Fraction(1, 2)) * run.video.time_base * _MICROSECONDS)


def _before(run: Run, index: int) -> str:
    """Half a tick before the picture at that index of the run, in seconds."""
    return f"{float((run.stretch.span.pts[index] - Fraction(1, 2)) * run.video.time_base):.6f}"
