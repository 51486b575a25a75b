"""A clip's picture taken over packet by packet, where the film already is what the preset asks: not encoded twice.

The page's lighter moments are made so, and so are clips that this program made. What is copied is proved: the packets
are looked at before, a decoder shows every picture of them meanwhile, and the finished file must hold the same slices
and nothing else. Parameter sets and slices are all that travels; an encoder's own messages (SEI) stay behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import ffmpeg
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from pipeline.artifact import EncodingReason
from pipeline.cut.frame_rate import LATE_SLOTS, places
from pipeline.cut.inputs import open_picture
from pipeline.cut.picture_filters import shown_size
from pipeline.cut.runs import Plan, Run, add_span
from pipeline.cut.sound_mix import Hearing, add_hearing
from pipeline.errors import ArtifactWrong, FilmUnreadable
from pipeline.presets import Preset
from pipeline.source.demux import open_container, packets, time_base_of, video_stream
from pipeline.source.film import Film
from pipeline.source.frames import seek_to
from pipeline.source.picture_facts import Orientation, VideoFacts

_SLICE, _IDR, _MESSAGE, _SPS, _PPS, _DELIMITER, _FILLER = 1, 5, 6, 7, 8, 9, 12
"""Types of NAL units: ITU-T H.264, table 7-1."""
_SETS, _LEFT_BEHIND = (_SPS, _PPS), (_MESSAGE, _DELIMITER, _FILLER)
_HIGH, _MAIN, _BASELINE = 100, 77, 66
_CONSTRAINED = 0x40
"""Of a Baseline stream: that it does without what only Baseline has, which browsers do not decode."""
_MOST_LEVEL = 42
_PARTS = 1000
"""Of a slot, in which the film's times are reckoned: setts has whole numbers only."""
_LEAST_TIME_SCALE = 10_000


class NotCopied(Exception):
    """Why a clip's picture cannot be copied: ``reason``, and in a few words for the report."""

    def __init__(self, reason: EncodingReason, words: str) -> None:
        super().__init__(words)
        self.reason = reason


@dataclass(frozen=True)
class PictureCopy:
    """The packets of a film that are a clip's picture as they are."""

    count: int
    ahead: int
    """By how many slots decoding is ahead of showing."""
    slices_sha256: bytes
    """Of all slices, in decoding order."""


@dataclass(frozen=True)
class _Stored:
    """The pictures of a stretch as they lie in the file, in decoding order."""

    pts: tuple[int, ...]
    keys: tuple[int, ...]
    """Which of them can be decoded alone (IDR)."""
    kinds: frozenset[int]
    """Of their NAL units."""
    size_bytes: int
    slices_sha256: bytes


def find_copy(film: Film, plan: Plan, preset: Preset, *, with_sound: bool) -> PictureCopy:
    """The packets that already are the clip's picture.

    Raises: NotCopied, FilmUnreadable.
    """
    if len(plan.runs) != 1 or film.timeline is not None:
        raise NotCopied(EncodingReason.SEVERAL_STRETCHES, "it is put together from several stretches")
    [run] = plan.runs
    span = run.stretch.span
    _check_facts(run.video, preset)
    if span.from_pts is not None:
        raise NotCopied(EncodingReason.STANDING_PICTURE, "it begins while a picture stands")
    slots = places(run.stretch.times, Fraction(1), plan.fps)
    if slots != list(range(plan.count)):
        raise NotCopied(
            EncodingReason.UNEVEN_RATE, f"its pictures do not come at an even {float(plan.fps):.4g} a second"
        )
    with open_container(film.path) as container:
        stream = video_stream(container, run.video.stream_index)
        head = _head(stream.codec_context.extradata)
        seek_to(container, stream, span.pts[0])
        stored = _stored(islice(_from(container, run), plan.count), head)
    _check_stored(stored, run, plan)
    kbit_s = preset.max_kbit_s - (preset.audio_kbit_s if with_sound else 0)
    if preset.max_kbit_s and stored.size_bytes * 8 > kbit_s * 1000 * plan.length:
        raise NotCopied(
            EncodingReason.BIT_RATE, f"its picture takes {float(stored.size_bytes * 8 / plan.length) / 1e6:.1f} Mbit/s"
        )
    slot_of = dict(zip(span.pts, slots, strict=True))
    ahead = max(number - slot_of[pts] for number, pts in enumerate(stored.pts))
    return PictureCopy(plan.count, ahead, stored.slices_sha256)


def copy_argv(
    film: Film, plan: Plan, copy: PictureCopy, preset: Preset, hearing: Hearing | None, part: Path
) -> list[str]:
    """The arguments of ffmpeg that copy those packets, make the sound, and show every picture to a decoder."""
    [run] = plan.runs
    # Nobody looks at what is decoded, so it need not be made smooth; faults are found all the same.
    source = open_picture(film, run.stretch.span.pts[0], skip_loop_filter="all")
    fps, first = plan.fps, round(run.stretch.span.pts[0] * run.video.time_base * plan.fps * _PARTS)
    slot = f"ceil((PTS-{first})/{_PARTS}-{float(LATE_SLOTS)})"
    filters = (
        f"setts=prescale=1:time_base={fps.denominator}/{fps.numerator * _PARTS}"
        f":pts={_PARTS}*{slot}:dts={_PARTS}*(N-{copy.ahead}):duration={_PARTS}",
        f"filter_units=pass_types={_SLICE}|{_IDR}|{_SPS}|{_PPS}",
        "h264_metadata=video_full_range_flag=0:colour_primaries=1:transfer_characteristics=1:matrix_coefficients=1"
        ":sample_aspect_ratio=1/1",
    )
    streams = [source]
    options: dict[str, Any] = {
        "format": "mp4", "c:v": "copy", "frames:v": copy.count, "copypriorss": 1, "bsf:v": ",".join(filters),
        "map_metadata": -1, "map_chapters": -1, "sn": None, "dn": None, "fflags": "+bitexact", "flags:a": "+bitexact",
        "filter_complex_threads": 1, "movflags": "+faststart", "video_track_timescale": _time_scale(fps),
    }  # fmt: skip
    if hearing is not None:
        streams.append(add_hearing(film, hearing, plan.start, plan.length))
        options |= {"c:a": "aac", "b:a": f"{preset.audio_kbit_s}k"}
    copied = ffmpeg.output(*streams, str(part), **options)
    shown = ffmpeg.output(add_span(source, run, 0), "-", format="null", fps_mode="passthrough")
    return list(ffmpeg.merge_outputs(copied, shown).get_args())


def _time_scale(fps: Fraction) -> int:
    """As ffmpeg chooses it for a clip that it encodes."""
    scale = fps.numerator
    while scale < _LEAST_TIME_SCALE:
        scale *= 2
    return scale


def check_copied(part: Path, plan: Plan, copy: PictureCopy) -> None:
    """Make sure that a finished file holds the same slices, one picture a slot, and none that an edit list hides.

    Raises: ArtifactWrong.
    """
    try:
        with open_container(part, as_stored=True) as container:
            stream = container.streams.video[0]
            found = (packet for packet in packets(container, stream) if packet.size)
            stored = _stored(found, _head(stream.codec_context.extradata))
            slots = [pts * time_base_of(stream) * plan.fps for pts in sorted(stored.pts)]
    except (NotCopied, FilmUnreadable, IndexError) as error:
        raise ArtifactWrong(f"the copy cannot be read back: {error!r}") from None
    wrong = {
        "slices": stored.slices_sha256 != copy.slices_sha256,
        "units": not stored.kinds <= {_SLICE, _IDR, *_SETS},
        "times": [slot - slots[0] for slot in slots] != list(range(copy.count)),
    }
    if any(wrong.values()):
        raise ArtifactWrong(f"the copy is wrong in: {', '.join(name for name, is_wrong in wrong.items() if is_wrong)}")


def _check_facts(video: VideoFacts, preset: Preset) -> None:
    size = video.stored_width_px, video.stored_height_px
    if video.codec != "h264" or video.pixel_format != "yuv420p":
        raise NotCopied(EncodingReason.CODEC, f"it is {video.codec}, {video.pixel_format}")
    if video.orientation != Orientation():
        raise NotCopied(EncodingReason.TURNED, "its pictures must be turned")
    if shown_size(video, preset.max_lines) != size:
        raise NotCopied(EncodingReason.SIZE, f"its pictures have {size[0]} × {size[1]} px")
    if (video.matrix, video.primaries, video.hdr, video.full_range) != ("bt709", "bt709", None, False):
        raise NotCopied(
            EncodingReason.COLOURS,
            f"its colours are {video.matrix}, {video.primaries}{', full range' * video.full_range}",
        )
    if video.interlaced:
        raise NotCopied(EncodingReason.INTERLACED, "it is interlaced")


def _check_stored(stored: _Stored, run: Run, plan: Plan) -> None:
    if not stored.kinds <= {_SLICE, _IDR, *_SETS, *_LEFT_BEHIND}:
        raise NotCopied(EncodingReason.UNITS, f"it holds units of the types {sorted(stored.kinds)}")
    if tuple(sorted(stored.pts)) != run.stretch.span.pts:
        raise NotCopied(EncodingReason.REFERENCES, "its pictures lean on others")
    if stored.keys[:1] != (0,):
        raise NotCopied(EncodingReason.BEGINNING, "it does not begin with a key picture that stands for itself")
    if max(after - key for key, after in pairwise((*stored.keys, plan.count))) > plan.fps + 1:
        raise NotCopied(EncodingReason.KEY_PICTURES, "its key pictures are more than a second apart")


def _head(extradata: bytes | None) -> bytes:
    """The decoder's configuration record of a stream (ISO/IEC 14496-15, 5.3.3.1). Raises: NotCopied."""
    if not extradata or len(extradata) < 8 or extradata[0] != 1:
        raise NotCopied(EncodingReason.PARAMETER_SETS, "its parameter sets do not stand in its head")
    profile, compatible, level = extradata[1:4]
    if profile not in (_HIGH, _MAIN) and not (profile == _BASELINE and compatible & _CONSTRAINED):
        raise NotCopied(EncodingReason.PROFILE, f"its profile is {profile}")
    if level > _MOST_LEVEL:
        raise NotCopied(EncodingReason.PROFILE, f"its level is {level / 10}")
    return extradata


def _from(container: InputContainer, run: Run) -> Iterator[Packet[Stream]]:
    """The packets of the run's picture in decoding order, if the first is a key picture. Raises: NotCopied."""
    begun = False
    for packet in packets(container, video_stream(container, run.video.stream_index)):
        if not begun and packet.pts == run.stretch.span.pts[0]:
            if not packet.is_keyframe:
                raise NotCopied(EncodingReason.BEGINNING, "it does not begin with a key picture")
            begun = True
        if begun and packet.size:
            yield packet


def _stored(found: Iterable[Packet[Stream]], head: bytes) -> _Stored:
    """Looked at one by one, since a clip of full size may be larger than the memory. Raises: NotCopied."""
    pts: list[int] = []
    keys: list[int] = []
    kinds: set[int] = set()
    size, digest = 0, hashlib.sha256()
    for number, packet in enumerate(found):
        if packet.pts is None or packet.is_corrupt or packet.is_discard or packet.has_sidedata("new_extradata"):
            raise NotCopied(EncodingReason.DAMAGED, "its packets are damaged, or not of one kind")
        inside = set[int]()
        for unit in _units(memoryview(packet), head[4] % 4 + 1):
            kind = unit[0] & 0x1F
            inside.add(kind)
            if kind in _SETS and bytes(unit) not in head:
                raise NotCopied(EncodingReason.PARAMETER_SETS, "its parameter sets change on the way")
            if kind in (_SLICE, _IDR):
                digest.update(unit)
        keys += [number] if _IDR in inside else []
        kinds |= inside
        pts.append(packet.pts)
        size += packet.size
    return _Stored(tuple(pts), tuple(keys), frozenset(kinds), size, digest.digest())


def _units(data: memoryview, length_bytes: int) -> Iterator[memoryview]:
    """The NAL units of a packet. Raises: NotCopied where their lengths do not add up."""
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + length_bytes], "big")
        at += length_bytes
        if not 0 < length <= len(data) - at:
            raise NotCopied(EncodingReason.DAMAGED, "its packets are damaged")
        yield data[at : at + length]
        at += length
