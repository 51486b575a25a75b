"""Devices that decode films: which there may be, what each may be used for once it was proved, and when that pays.

A device is believed nothing: one that cannot decode a codec may answer other pictures with exit status 0 (measured on
an H100: MPEG-2, MPEG-4 part 2, Motion-JPEG), or none (AV1). So kinds of films are listed by codec, profile and format
of pixels, and each is proved on the device itself (pipeline.ffmpeg.hardware) before it is used.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

from pipeline.artifact import DeviceName

DecodeBy = DeviceName | Literal["auto", "off"]
"""By which device: this one alone, any that there is, or none."""

# A start costs 0.64 s of wall and 0.4 of processor (one H100), as much as decoding 1.4 s of 1080p30 saves (0.28 of
# processor a second) and 2.3 s take (of wall): twice that, so that it pays on slower devices, too.
LEAST_PIXELS = 1920 * 1080 * 30 * 5
"""Fewer than five seconds of 1080p30 are decoded by the processor."""

_RENDERERS, _NVIDIA = "dri/renderD*", ("nvidiactl", "nvidia-uvm", "nvidia[0-9]*")
_FACTS = (
    "/sys/dev/char", "/sys/devices", "/sys/bus/pci", "/sys/class/drm", "/sys/module/nvidia", "/proc/driver/nvidia",
)  # fmt: skip
"""What drivers read of the machine to find their device."""


@dataclass(frozen=True)
class Device:
    """A way of ffmpeg to decode by hardware: its name there, and the format of pictures that stay on the device."""

    name: DeviceName
    format: str
    files: tuple[str, ...] = ()
    """Under /dev, the files of which Linux has one where there is such a device."""
    least_pixels: int = LEAST_PIXELS
    """Of a moment's pictures together, for which it is worth its start."""

    def decoding(self) -> dict[str, str | int]:
        """Options before the film. With the format ffmpeg fails where the device cannot, and does not fall back."""
        return {"hwaccel": self.name, "hwaccel_output_format": self.format, "extra_hw_frames": 8}

    def found(self) -> tuple[Path, ...]:
        """Its files on this machine."""
        return tuple(sorted(chain.from_iterable(Path("/dev").glob(name) for name in self.files)))


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
    Device("cuda", "cuda", _NVIDIA),
    Device("qsv", "qsv", (_RENDERERS,)),
    Device("vaapi", "vaapi", (_RENDERERS,)),
    Device("videotoolbox", "videotoolbox_vld"),
    Device("d3d11va", "d3d11"),
    Device("vulkan", "vulkan", (_RENDERERS, *_NVIDIA)),
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


def candidates(wanted: DecodeBy) -> tuple[Device, ...]:
    """The devices to be tried: the one that is named, or each of which this machine has the files (Linux alone has)."""
    if wanted == "off":
        return ()
    if wanted != "auto":
        return tuple(device for device in DEVICES if device.name == wanted)
    return tuple(device for device in DEVICES if sys.platform != "linux" or device.found())


def device_files(devices: Iterable[Device]) -> tuple[Path, ...]:
    """What must be opened to use them, each once."""
    return tuple(dict.fromkeys(chain.from_iterable(device.found() for device in devices)))


def device_facts() -> tuple[Path, ...]:
    """What must be read of the machine, beside, to use any."""
    return tuple(path for path in map(Path, _FACTS) if path.exists())


def proved(proofs: Sequence[Proof], coded: Coded) -> Proof | None:
    """The first proof that holds for such a film."""
    return next((proof for proof in proofs if proof.holds and proof.kind.holds(coded)), None)


def proofs_told(wanted: DecodeBy, proofs: Sequence[Proof]) -> str:
    """What films are decoded by, in words for IT."""
    if wanted == "off":
        return "by the processor: VIGPACK_DECODE_BY is off"
    if not proofs:
        return "by the processor: there is no device" + ("" if wanted == "auto" else f" that ffmpeg calls {wanted}")
    held: dict[str, list[str]] = {}
    for proof in proofs:
        if proof.holds:
            held.setdefault(proof.device.name, []).append(str(proof.kind))
    if held:
        by = "; ".join(f"by {name}: {', '.join(kinds)}" for name, kinds in held.items())
        return f"{by}; all else by the processor"
    refused = {proof.device.name: proof for proof in reversed(proofs)}
    why = "; ".join(f"{name} is not used, {one.refused} ({one.kind})" for name, one in reversed(refused.items()))
    return f"by the processor: {why}"
