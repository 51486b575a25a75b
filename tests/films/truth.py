"""What is right of a film: when its pictures are shown, how they look, what is heard; drawn, or plainly decoded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.codec.context import Flags
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.stream import VideoStream
from numpy.typing import NDArray

from tests.footage import read_number

Grey = NDArray[np.uint8]
Sound = NDArray[np.float32]
_CELLS = 16
_NEIGHBOURS = 3
_NOISE, _NOT_IT = 1.5, 14.0
"""Of 255, on average over the cells: what coding may change, and from where on it is another picture in any case."""
_STANDS_S = Fraction(1, 2)
_LONGEST_PICTURE_S = 10
_CLOCK_STARTS_ANEW_S = Fraction(1, 2)
_SOUND_NEAR_MS = 40
"""Sound that comes 45 ms early is noticed (ITU-R BT.1359); readers differ by half a picture where an edit cuts one."""
_FULL_RANGE = 2
_SMALL = (80, 64)
_PLANES, _UNSTATED, _HD_LINES = 3, 2, 720
_KR_KB = {1: (0.2126, 0.0722), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
_BT601 = (0.299, 0.114)
LUMA = np.array([0.299, 0.587, 0.114])
RATE = 8000


@dataclass
class Truth(ABC):
    """Pictures ``0 … n-1`` in the order shown, on the film's clock in seconds; sizes as a person sees them."""

    times: list[Fraction]
    end: Fraction
    sizes: list[tuple[int, int]]
    has_sound: bool
    cut_off: bool = field(default=False, kw_only=True)
    """Whether an edit ends within its last picture, which players then show to its end, or not."""

    def on_screen(self, seconds: float) -> int:
        """The picture that is on the screen then."""
        return max(0, bisect_right(self.times, seconds) - 1)

    def steady(self) -> bool:
        """Whether each picture stands equally long."""
        gaps = [b - a for a, b in pairwise(self.times)]
        return bool(gaps) and max(gaps) - min(gaps) <= Fraction(2, 1000)

    @abstractmethod
    def differs(self, index: int, picture: Grey) -> str | None:
        """What is wrong with an upright picture that should be the one at ``index``; None: nothing."""

    @abstractmethod
    def sound_differs(self, heard: Sound, in_s: float, out_s: float) -> str | None:
        """What is wrong with the sound of a moment; None: nothing."""


@dataclass
class Drawn(Truth):
    """A film whose pictures carry numbers, and whose sound beeps at known times."""

    numbers: list[int] = field(default_factory=list)
    beeps_s: list[float] = field(default_factory=list)
    near_s: float = 0.004
    sound_known: bool = True
    joins_s: list[float] = field(default_factory=list)
    """Around these a beep may be missing, or begin within: sound is stored in packets of some hundredths."""

    def differs(self, index: int, picture: Grey) -> str | None:
        try:
            number = read_number(picture)
        except ValueError as error:
            return str(error)
        return None if number == self.numbers[index] else f"picture {number} instead of {self.numbers[index]}"

    def sound_differs(self, heard: Sound, in_s: float, out_s: float) -> str | None:
        if not self.sound_known:
            return None
        loud = np.abs(heard) > 0.2 * max(0.02, float(np.abs(heard).max(initial=0)))
        at = np.flatnonzero(loud)
        begins = at[np.diff(at, prepend=-RATE) > RATE // 8] / RATE + in_s
        edges = [in_s, out_s, *self.joins_s]
        sure = [b for b in self.beeps_s if in_s + 0.06 < b < out_s - 0.06 and not _is_near(b, self.joins_s, 0.08)]
        for beep in sure:
            if not _is_near(beep, begins, self.near_s):
                nearest = min(begins, key=lambda one: abs(one - beep), default=None)
                return f"no beep at {beep:.3f} s" + ("" if nearest is None else f", the nearest at {nearest:.3f} s")
        for begun in begins:
            if not _is_near(begun, self.beeps_s, max(self.near_s, 0.045)) and not _is_near(begun, edges, 0.09):
                return f"a beep at {begun:.3f} s that is not in the film"
        return None


def _is_near(value: float, others: Sequence[float] | NDArray[Any], within: float) -> bool:
    return any(abs(value - other) <= within for other in others)


@dataclass
class Decoded(Truth):
    """A film as PyAV decodes it from its beginning to its end, nothing sought and nothing known beforehand."""

    path: Path = Path()
    cells: list[NDArray[np.uint8]] = field(default_factory=list)
    sound_index: int | None = None
    zero: Fraction = Fraction(0)

    def differs(self, index: int, picture: Grey) -> str | None:
        """As much like the one wanted as like any around it; where these are all alike, none is another."""
        seen = fingerprint(picture)
        around = range(max(0, index - _NEIGHBOURS), min(len(self.cells), index + _NEIGHBOURS + 1))
        distances = {n: _distance(seen, self.cells[n]) for n in around}
        best = min(around, key=lambda n: distances[n])
        if distances[index] > distances[best] + _NOISE or distances[index] > _NOT_IT:
            return f"picture {index} differs by {distances[index]:.1f} of 255, {best} by {distances[best]:.1f}"
        return None

    def sound_differs(self, heard: Sound, in_s: float, out_s: float) -> str | None:
        """Where both can be laid over each other, they lie at the same time."""
        film = sound_between(self.path, self.sound_index, self.zero, in_s, out_s)
        length = min(len(film), len(heard))
        a, b = film[:length] - film[:length].mean(), heard[:length] - heard[:length].mean()
        norm = float(np.linalg.norm(a) * np.linalg.norm(b))
        if length < RATE // 4 or norm < 1e-6 * length:
            return None
        size = 1 << (2 * length).bit_length()
        alike = np.abs(np.fft.irfft(np.fft.rfft(a, size).conj() * np.fft.rfft(b, size), size)) / norm
        alike[RATE // 2 : -RATE // 2] = 0  # what repeats each second is not a second off
        lag = int(alike.argmax())
        lag_ms = 1000 * (lag if lag < size // 2 else lag - size) / RATE
        if alike[lag] > max(0.5, alike[0] + 0.1) and abs(lag_ms) > _SOUND_NEAR_MS:
            return f"its sound is {lag_ms:+.0f} ms off"
        return None


def sound_between(path: Path, stream_index: int | None, zero: Fraction, in_s: float, out_s: float) -> Sound:
    """What is heard meanwhile, each sample at its own time: mono, 8000 a second, silence where there is nothing.

    zero: where the clock of ``in_s`` and ``out_s`` begins in the file; stream_index None: the first track of sound.
    """
    heard = np.zeros(max(0, round((out_s - in_s) * RATE)), np.float32)
    with av.open(str(path)) as container:
        stream = container.streams[stream_index] if stream_index is not None else container.streams.audio[0]
        resampler = av.AudioResampler("flt", "mono", RATE)
        at: int | None = None
        for frame in decode_all(container, stream):
            if frame.pts is None:
                continue
            begins = frame.pts * frame.time_base - zero - Fraction(in_s)
            if begins > out_s - in_s:
                break
            if begins + Fraction(frame.samples, frame.sample_rate) < -1:
                continue
            if at is None or abs(at - begins * RATE) > RATE // 500:
                at = round(begins * RATE)
            for part in resampler.resample(frame):
                samples = part.to_ndarray().reshape(-1)
                low, high = max(0, at), min(len(heard), at + len(samples))
                if low < high:
                    heard[low:high] = samples[low - at : high - at]
                at += len(samples)
    return heard


def luma(frame: VideoFrame) -> Grey:
    """The brightness of a stored picture as a screen shows it, 80 × 64 pixels whatever its size."""
    colours = rgb(frame)
    if colours is None:
        return cv2.resize(frame.to_ndarray(format="gray"), _SMALL, interpolation=cv2.INTER_AREA)
    return (colours @ LUMA).astype(np.uint8)


def rgb(frame: VideoFrame, *, whole: bool = False) -> NDArray[np.float64] | None:
    """(64, 80, 3), 0 to 255, by the picture's own word on its colours; None where it is not of 8 bit and three planes.

    whole: every pixel, (height, width, 3). Only so are saturated colours right to the level: each pixel is limited to
    0 … 255, and the mean of what was limited is another than the mean limited.
    What says nothing is BT.601 below 720 lines, BT.709 from there on.
    """
    if not frame.format.name.startswith("yuv") or len(frame.planes) < _PLANES or frame.format.components[0].bits != 8:
        return None
    matrix = int(frame.colorspace)
    if matrix == _UNSTATED:
        matrix = 1 if min(frame.width, frame.height) >= _HD_LINES else 6
    kr, kb = _KR_KB.get(matrix, _BT601)
    size = (frame.width, frame.height) if whole else None
    y, u, v = (_plane(plane, size) for plane in frame.planes[:_PLANES])
    if is_full_range(frame):
        u, v = u - 128, v - 128
    else:
        y, u, v = (y - 16) * (255 / 219), (u - 128) * (255 / 224), (v - 128) * (255 / 224)
    red, blue = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    return np.clip(np.stack([red, green, blue], axis=2), 0, 255)


def _plane(plane: VideoPlane, size: tuple[int, int] | None) -> NDArray[np.float64]:
    stored = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
    if size:
        return cv2.resize(stored.astype(float), size, interpolation=cv2.INTER_CUBIC)
    return cv2.resize(stored, _SMALL, interpolation=cv2.INTER_AREA).astype(float)


def is_full_range(frame: VideoFrame) -> bool:
    return int(frame.color_range) == _FULL_RANGE or frame.format.name.startswith("yuvj")


def _distance(seen: Grey, right: Grey) -> float:
    """How far two pictures are apart, of 255, whatever their brightness and contrast."""
    a, b = seen.astype(float) - seen.mean(), right.astype(float) - right.mean()
    gain = float(np.clip((a * b).sum() / max(1.0, (b * b).sum()), 0.6, 1.6))
    return float(np.abs(a - gain * b).mean())


def fingerprint(picture: Grey) -> NDArray[np.uint8]:
    """A picture in 16 × 16 cells, each of their mean brightness."""
    return cv2.resize(picture, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA).astype(np.uint8)


def upright(picture: NDArray[Any], rotate_cw_deg: int, *, mirrored: bool = False) -> NDArray[Any]:
    """A stored picture as it is to be seen."""
    return np.rot90(picture[:, ::-1] if mirrored else picture, -rotate_cw_deg // 90)


def as_displayed(picture: NDArray[Any], frame: VideoFrame) -> NDArray[Any]:
    """A stored picture turned and mirrored as the matrix says that the file gives with it (ISO/IEC 14496-12, 6.2.2)."""
    stated = frame.side_data.get("DISPLAYMATRIX")
    if stated is None:
        return picture
    a, b, _, c, d = np.frombuffer(stated, np.int32)[:5]
    across, down = (c, b) if b else (a, d)
    turned = np.swapaxes(picture, 0, 1) if b else picture
    turned = turned[:, ::-1] if across < 0 else turned
    return np.ascontiguousarray(turned[::-1] if down < 0 else turned)


def track_shown(container: av.container.InputContainer) -> VideoStream:
    """The first track of pictures that is on and no cover. Raises: IndexError where there is none."""
    moving = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    return next((s for s in moving if s.disposition & av.stream.Disposition.default), moving[0])


def decode_plainly(path: Path) -> Decoded | None:
    """The first track that is on, from its first packet to its last; None where nothing of it can be decoded.

    One picture is held at a time, and 256 bytes of each remembered.
    """
    try:
        with av.open(str(path), options=_as_stated(path)) as container:
            stream = track_shown(container)
            sounds = [s for s in container.streams.audio if s.codec_context is not None]
            stream.thread_type = "AUTO"
            stream.codec_context.flags |= Flags.unaligned
            decoded = _read(path, container, stream, sounds[0].index if sounds else None)
        return decoded and _while_heard(decoded)
    except (av.error.FFmpegError, IndexError, OSError):
        return None


def _while_heard(film: Decoded) -> Decoded:
    """Matroska seldom says how long the last picture stands: then it does while the sound goes on."""
    with av.open(str(film.path)) as container:
        if not container.format.name.startswith("matroska") or film.sound_index is None:
            return film
        stream = container.streams[film.sound_index]
        ends = [(p.pts + (p.duration or 0)) * p.time_base for p in container.demux(stream) if p.pts is not None]
    heard = max(ends, default=Fraction(0)) - film.zero
    return replace(film, end=heard) if heard - film.end > _STANDS_S else film


def _as_stated(path: Path) -> dict[str, str]:
    """FFmpeg's parser of VP9 replaces the length that an MP4 states of a picture by the usual one."""
    with av.open(str(path)) as container:
        is_mp4 = container.format.name.startswith("mov")
        return {"fflags": "noparse"} if is_mp4 and "vp9" in track_shown(container).codec_context.name else {}


def _read(path: Path, container: Any, stream: Any, sound_index: int | None) -> Decoded | None:
    seen: dict[Fraction, tuple[Grey, tuple[int, int]]] = {}
    last, stands, later = Fraction(0), Fraction(0), Fraction(0)
    for frame in decode_all(container, stream):
        if frame.pts is None:
            continue
        at = frame.pts * frame.time_base + later
        if seen and at < last - _CLOCK_STARTS_ANEW_S:  # streams joined by bytes, which go on where the first one ended
            later += last + stands - at
            at = last + stands
        stored = luma(frame)
        shown = as_displayed(stored, frame)
        turned = 90 if shown.shape != stored.shape else 0
        seen[at] = fingerprint(shown), _size(frame, stream, turned)
        last, stands = at, Fraction(frame.duration or 0) * frame.time_base
    if not seen:
        return None
    zero = min(seen)
    pictures = [seen[at] for at in sorted(seen)]
    times = sorted(at - zero for at in seen)
    gaps = sorted(b - a for a, b in pairwise(times[-30:])) or [Fraction(1, 25)]
    usual = gaps[len(gaps) // 2]
    end = times[-1] + (stands if usual / 2 <= stands <= _LONGEST_PICTURE_S else usual)
    sound_index = None if later else sound_index
    cells, sizes = [cell for cell, _ in pictures], [size for _, size in pictures]
    return Decoded(times, end, sizes, sound_index is not None, path, cells, sound_index, zero)


def _size(frame: VideoFrame, stream: Any, turned: int) -> tuple[int, int]:
    """As a person sees it: upright, in square pixels."""
    aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
    wide = round(frame.width * aspect), frame.height
    width, height = wide if aspect >= 1 else (frame.width, round(frame.height / aspect))
    return (height, width) if turned % 180 else (width, height)


def decode_all(container: Any, stream: Any) -> Any:
    """Its pictures; packets that the decoder takes for damaged are passed over."""
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue
