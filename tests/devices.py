"""Devices that need no chip: Mesa's llvmpipe decodes DPX by Vulkan, and a program that plays a device."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.ffmpeg.devices import Device, Kind
from tests.footage import ffmpeg

LLVMPIPE = sorted(Path("/usr/share/vulkan/icd.d").glob("lvp_icd*.json"))
VULKAN = Device("vulkan", "vulkan", least_pixels=1)
NONE = frozenset({""})
DPX = Kind("dpx", NONE, "gbrp10le", "x2bgr10le", ("-c:v", "dpx"))
_PLAYS = """#!{python}
import subprocess, sys
words = [word.replace("hwdownload", "null") for word in sys.argv[1:]]
by_device = "-hwaccel" in words
for name in ("-hwaccel", "-hwaccel_output_format", "-extra_hw_frames"):
    if name in words:
        at = words.index(name)
        words[at : at + 2] = {instead!r} if name == "-hwaccel" else []
status = subprocess.run([{ffmpeg!r}, *words]).returncode
sys.exit({status} if by_device and {status} else status)
"""


def playing_a_device(program: Path, instead: tuple[str, ...] = (), status: int = 0) -> str:
    """An ffmpeg that decodes by the processor, and with those options, where it is told to take a device.

    status: with which it ends then, having written everything.
    """
    said = _PLAYS.format(python=sys.executable, ffmpeg=ffmpeg(), instead=list(instead), status=status)
    program.write_text(said)
    program.chmod(0o700)
    return str(program)
