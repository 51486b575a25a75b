"""Which of this machine's devices decode which films exactly as the processor does.

A device is believed nothing: one that cannot decode a codec may answer other pictures with exit status 0 (measured on
an H100: MPEG-2, MPEG-4 part 2, Motion-JPEG), or none (AV1). So kinds of films are listed by codec, profile and format
of pixels, and each is proved on the device itself, picture by picture, before it is used. Nothing decodes by a device
yet: docs/decisions/pipeline.md tells what is left.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import FfmpegMissing, PipelineError
from pipeline.ffmpeg.runner import FfmpegRunner

_TIMEOUT_S = 60.0
_MOST_BYTES = 1 << 20
_PICTURES = 24
_FAULT = re.compile(r"fail|cannot|could not|not |error|signal", re.IGNORECASE)
_MOST_TEXT = 200
# 180 lines are no whole number of blocks: what a codec crops must be cropped by the device, too.
_DRAWN = f"testsrc2=size=320x180:rate=24:duration={_PICTURES // 24},noise=alls=8:allf=t"
# A start costs 0.6 s of wall and 0.4 of processor (H100): less than decoding five seconds of 1080p30 in software.
_LEAST_PIXELS = 1920 * 1080 * 30 * 5


@dataclass(frozen=True)
class Device:
    """A way of ffmpeg to decode by hardware: its name there, and the format of pictures that stay on the device."""

    name: str
    format: str

    def decoding(self) -> list[str]:
        """What stands before the film. With the format ffmpeg fails where the device cannot, and does not fall back."""
        return ["-hwaccel", self.name, "-hwaccel_output_format", self.format]


@dataclass(frozen=True)
class Coded:
    """How a film's pictures are coded, as FFmpeg names it; of what ``Kind`` lists, any profile is one of several."""

    codec: str
    profile: str
    pixel_format: str


@dataclass(frozen=True)
class Kind:
    """Films that a device may be used for, once it has shown that it can, and how one of them is drawn."""

    codec: str
    profiles: frozenset[str]
    pixel_format: str
    on_device: str
    """The same format as devices hand it over."""
    drawn_by: tuple[str, ...]
    suffix: str = ".mkv"

    def __str__(self) -> str:
        depth = "10 bit" if "10" in self.pixel_format else "8 bit"
        return f"{self.codec} of {depth}"

    def holds(self, coded: Coded) -> bool:
        """Whether such a film is one of these."""
        return (coded.codec, coded.pixel_format) == (self.codec, self.pixel_format) and coded.profile in self.profiles


@dataclass(frozen=True)
class Proof:
    """What a device made of a kind of film: the very same pictures where ``refused`` is empty."""

    device: Device
    kind: Kind
    refused: str

    @property
    def holds(self) -> bool:
        """Whether it may be used for such films."""
        return not self.refused


DEVICES = (
    Device("cuda", "cuda"),
    Device("qsv", "qsv"),
    Device("vaapi", "vaapi"),
    Device("videotoolbox", "videotoolbox_vld"),
    Device("d3d11va", "d3d11"),
)
"""In the order in which they are asked: the makers' own ways first."""

_OPEN_GROUPS = "open-gop=1:keyint=12:bframes=3:b-pyramid=1"
_VP9 = ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-g", "12", "-b:v", "400k")
KINDS = (
    Kind(
        "h264",
        frozenset({"Constrained Baseline", "Main", "High"}),
        "yuv420p",
        "nv12",
        ("-c:v", "libx264", "-preset", "medium", "-x264-params", "open-gop=1:keyint=12:bframes=3:b-pyramid=normal"),
    ),
    Kind(
        "hevc",
        frozenset({"Main"}),
        "yuv420p",
        "nv12",
        ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", f"{_OPEN_GROUPS}:log-level=error"),
    ),
    Kind(
        "hevc",
        frozenset({"Main 10"}),
        "yuv420p10le",
        "p010le",
        ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", f"{_OPEN_GROUPS}:log-level=error"),
    ),
    Kind("vp9", frozenset({"Profile 0"}), "yuv420p", "nv12", _VP9),
)
"""Each was bit-equal on an H100. Not MPEG-2, MPEG-4, Motion-JPEG (other pictures), AV1 (none), nor H.264 of 10 bit or
4:2:2, which that chip does not decode."""


def prove(
    runner: FfmpegRunner, folder: Path, devices: Sequence[Device] = DEVICES, kinds: Sequence[Kind] = KINDS
) -> list[Proof]:
    """What each device that this ffmpeg knows of makes of each kind. Films are drawn in ``folder``, and left there.

    Raises: FfmpegMissing.
    """
    known = set(_lines(runner, ["-hwaccels"]))
    proofs: list[Proof] = []
    for device in devices:
        if device.name not in known:
            continue
        if why := _closed(runner, device):
            proofs += [Proof(device, kind, why) for kind in kinds]
        else:
            proofs += [Proof(device, kind, _differs(runner, device, kind, folder)) for kind in kinds]
    return proofs


def draw(runner: FfmpegRunner, kind: Kind, folder: Path) -> Path:
    """A film of that kind: one second with all that its codec has to offer. One that is there already is taken.

    Raises: FfmpegFailed and its kin.
    """
    film = folder / f"{kind.codec}-{kind.pixel_format}{kind.suffix}"
    if not film.exists():
        argv = ["-f", "lavfi", "-i", _DRAWN, "-vf", f"format={kind.pixel_format}", *kind.drawn_by, str(film)]
        runner.run(argv, timeout_s=_TIMEOUT_S)
    return film


def choose(proofs: Sequence[Proof], coded: Coded, pixels: int, *, interlaced: bool) -> Device | None:
    """The device to decode a moment with, whose pictures have so many pixels together; None: the processor.

    Interlaced films stay with it: what takes the lines apart is on none of the devices.
    """
    if interlaced or pixels < _LEAST_PIXELS:
        return None
    return next((proof.device for proof in proofs if proof.holds and proof.kind.holds(coded)), None)


def _closed(runner: FfmpegRunner, device: Device) -> str:
    """Why the device cannot be opened here; empty where it can."""
    nothing = ["-f", "lavfi", "-i", "nullsrc=s=16x16:d=0.04", "-f", "null", "-"]
    try:
        runner.run(["-init_hw_device", device.name, *nothing], timeout_s=_TIMEOUT_S)
    except FfmpegMissing:
        raise
    except PipelineError as error:
        return _why("cannot be opened here", error)
    return ""


def _differs(runner: FfmpegRunner, device: Device, kind: Kind, folder: Path) -> str:
    """Why the device is not to be used for such films; empty where all its pictures and their times are the same."""
    same = f"format={kind.pixel_format}"
    try:
        film = draw(runner, kind, folder)
        wanted = _pictures(runner, [], film, same)
    except FfmpegMissing:
        raise
    except PipelineError as error:
        return _why("no film of this kind could be drawn", error)
    try:
        got = _pictures(runner, device.decoding(), film, f"hwdownload,format={kind.on_device},{same}")
    except PipelineError as error:
        return _why("cannot be decoded by it", error)
    if len(wanted) != _PICTURES:
        return f"the drawn film has {len(wanted)} pictures"
    if got != wanted:
        equal = sum(one == other for one, other in zip(got, wanted, strict=False))
        return f"{equal} of {len(wanted)} pictures are the same"
    return ""


def _pictures(runner: FfmpegRunner, decoding: Sequence[str], film: Path, filters: str) -> list[str]:
    """The time and the sum of each picture."""
    argv = [*decoding, "-i", str(film), "-vf", filters, "-fps_mode", "passthrough", "-f", "framemd5", "pipe:1"]
    return [line for line in _lines(runner, argv) if not line.startswith("#")]


def _lines(runner: FfmpegRunner, argv: Sequence[str]) -> list[str]:
    said = runner.run(argv, timeout_s=_TIMEOUT_S, most_output_bytes=_MOST_BYTES).output
    return [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]


def _why(what: str, error: PipelineError) -> str:
    """That, and what ffmpeg or its driver said first of it."""
    said = next((line.strip() for line in str(error).splitlines() if _FAULT.search(line)), "")
    return f"{what}: {said[:_MOST_TEXT]}" if said else what
