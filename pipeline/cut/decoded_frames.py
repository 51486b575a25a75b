"""What ffmpeg's decoder really showed, frame by frame, as ``showinfo`` tells it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.source.picture_facts import MOST_INTERLACED_LINES, Orientation, StoredPicture, VideoFacts, see

_DAMAGED = (
    r"^\[(vist#|\w+ @) ?.*(?:corrupt decoded frame|concealing|damaged|error while decoding|error count|[Ii]nvalid|"
    r"[Ii]llegal|overread|too large|Error at MB|out of range|not available|CABAC_MAX_BIN)"
)
_SOUND_DAMAGED = r"^\[aist#.*(?:Error submitting packet|Decoding error|corrupt decoded frame)"
TOLD = re.compile(rf"showinfo@\d+ @ .*(?:\bn: *\d+ pts:|displaymatrix:|color_range:)|{_DAMAGED}|{_SOUND_DAMAGED}")
"""The lines of stderr to keep."""
DAMAGED = "The film is damaged here: look at every picture of this moment before you hand it on."
SOUND_DAMAGED = "The sound is damaged in this moment or shortly before it: listen to all of it before you hand it on."
_FRAME = re.compile(r"showinfo@(\d+) @ .*\bn: *\d+ pts: *(-?\d+) .* fmt:(\S+) .* s:(\d+)x(\d+) i:(.)")
_TURNED = re.compile(r"displaymatrix: rotation of (-?[\d.]+) degrees")
_COLOURS = re.compile(r"color_range:(\S+) color_space:(\S+) color_primaries:(\S+) color_trc:(\S+)")
_QUARTERS = {0: 0, 90: 90, 180: 180, 270: 270}


@dataclass(frozen=True)
class Seen:
    """A frame that was decoded, and the facts of the stream if all were like it."""

    pts: int
    video: VideoFacts


def read_seen(lines: Sequence[str], videos: Sequence[VideoFacts], on_device: str = "") -> list[list[Seen]]:
    """The frames of each run, in the order told; ``videos``: what is known of each run's stream, one for each run.

    on_device: the format of pictures that lie on a device, where they have the stream's own.
    """
    seen: list[list[Seen]] = [[] for _ in videos]
    known: dict[tuple[object, ...], VideoFacts] = {}  # hundreds of pictures are told in the same words
    frame: re.Match[str] | None = None
    turned = 0.0
    for line in lines:
        if found := _FRAME.search(line):
            frame, turned = found, 0.0
        elif found := _TURNED.search(line):
            turned = float(found[1])
        elif frame and (found := _COLOURS.search(line)):
            run = int(frame[1])
            told = (run, turned, *frame.groups()[2:], *found.groups())
            if told not in known:
                known[told] = _facts(frame, turned, found, videos[run], on_device)
            seen[run].append(Seen(int(frame[2]), known[told]))
            frame = None
    return seen


def alike(one: VideoFacts, other: VideoFacts) -> bool:
    """Whether pictures of both are made upright, square and of the right colours in the same way."""
    return one is other or _told(one) == _told(other)


def planned_right(seen: VideoFacts, planned: VideoFacts) -> bool:
    """Whether what was planned for other facts is right for a picture that was seen; nothing woven stays woven."""
    return alike(seen, planned) and (planned.interlaced or not seen.interlaced)


def _told(video: VideoFacts) -> VideoFacts:
    # A full-range format has a name of its own in some versions of FFmpeg, and none in others.
    return replace(video, interlaced=False, pixel_format=video.pixel_format.replace("yuvj", "yuv"))


def _facts(
    frame: re.Match[str], turned: float, colours: re.Match[str], video: VideoFacts, on_device: str
) -> VideoFacts:
    fmt, width, height, fields = frame.groups()[2:]
    fmt = video.pixel_format if fmt == on_device else fmt
    mirrored = video.orientation.mirrored
    clockwise = round((180 - turned if mirrored else -turned) / 90) * 90 % 360
    full_range, matrix, primaries, transfer = colours.groups()
    stored = StoredPicture(
        int(width),
        int(height),
        fmt,
        video.pixel_aspect,  # ffmpeg tells that of the stream's beginning; see pipeline/source/pixel_aspect.py
        Orientation(_QUARTERS[clockwise], mirrored),  # type: ignore[arg-type]
        full_range == "pc" or fmt.startswith("yuvj"),
        matrix,
        primaries,
        transfer if transfer != "unknown" else None,
    )
    woven = fields in "TB" and int(height) <= MOST_INTERLACED_LINES
    return replace(see(video, stored), interlaced=woven)


def is_damaged(lines: Sequence[str], video: VideoFacts) -> bool:
    """Whether the picture's decoder spoke of errors: in the moment, or before it in what it is decoded from.

    References that are missing after a jump into an open group are none: those pictures come before the moment.
    """
    found = (re.match(_DAMAGED, line) for line in lines)
    return any(one and one[1] in ("vist#", f"{video.codec} @") for one in found)


def is_sound_damaged(lines: Sequence[str]) -> bool:
    """Whether a decoder of sound refused a packet or spoke of errors in it; those of Opus, MP3 and MP2 never do."""
    return any(re.match(_SOUND_DAMAGED, line) for line in lines)
