"""The film that everything is cut from, drawn once, and what its pictures say of a cut.

1080p30 H.264 at 17 Mbit/s with AAC sound, as a phone writes it: a moving, textured picture that costs a decoder and an
encoder what a phone's film costs them. Along its upper edge stand twenty blocks: white, black, and the picture's number
in eighteen bits, white for 1.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.presets import preset

FOOTAGE = Path(__file__).parents[1] / "footage"
FPS = 30
_BLOCKS = 20
_BLOCK_PX = 60
_COLOURS = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]
_BITS = f"mod(floor(N/pow(2,{_BLOCKS - 1}-X)),2)"


@dataclass(frozen=True)
class Shape:
    """How large a film is drawn; tests draw a tiny one."""

    width: int = 1920
    height: int = 1080
    bits: str = "17M"


_PHONE = Shape()


def draw_film(seconds: int, shape: Shape = _PHONE, folder: Path = FOOTAGE) -> Path:
    """The film of that length. What was drawn by the same recipe before is taken as it is."""
    picture = f"testsrc2=size={shape.width}x{shape.height}:rate={FPS},noise=alls=12:allf=t,gblur=sigma=0.8"
    block = _BLOCK_PX * shape.width // 1920
    number = (
        f"color=c=black:s={_BLOCKS}x2:r={FPS},format=gray,"
        f"geq=lum='if(eq(X,0),235,if(eq(X,1),16,if({_BITS},235,16)))',"
        f"scale={_BLOCKS * block}:{block}:flags=neighbor"
    )
    return _drawn(
        [
            "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", number,
            "-f", "lavfi", "-i", "anoisesrc=color=pink:seed=7:amplitude=0.3,tremolo=f=4:d=0.7",
            "-filter_complex", "[0][1]overlay=0:0,format=yuv420p[v]", "-map", "[v]", "-map", "2", "-t", str(seconds),
            "-c:v", "libx264", "-preset", "ultrafast", "-b:v", shape.bits, "-maxrate", shape.bits,
            "-bufsize", shape.bits, "-g", str(FPS), *_COLOURS, "-c:a", "aac",
        ],
        folder,
    )  # fmt: skip


def lighten_film(film: Path, folder: Path = FOOTAGE) -> Path:
    """The film as the page makes lighter moments: of the preset's size and rate, with a key picture each second.

    At 1.2 Mbit/s as browsers encode (web/src/film/cut/light.ts): no picture leans on a later one.
    """
    wanted = preset()
    size = ["-vf", f"scale=-2:{wanted.max_lines}:flags=bicubic"]
    keys = ["-g", str(FPS), "-keyint_min", str(FPS), "-sc_threshold", "0", "-bf", "0"]
    bits = ["-b:v", "1200k", "-maxrate", "1800k", "-bufsize", "2400k"]
    coded = ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", *keys, *bits, *_COLOURS, "-c:a", "aac"]
    return _drawn(["-i", str(film), *size, *coded], folder)


def repeat_film(film: Path, times: int, folder: Path = FOOTAGE) -> Path:
    """The film again and again, copied; its numbers begin anew with each."""
    return _drawn(["-stream_loop", str(times - 1), "-i", str(film), "-map", "0", "-c", "copy"], folder)


def _drawn(recipe: Sequence[str], folder: Path) -> Path:
    name = hashlib.sha256("\0".join(recipe).encode()).hexdigest()[:12]
    path = folder / f"{name}.mp4"
    if not path.exists():
        folder.mkdir(exist_ok=True)
        part = folder / f".{name}.part.mp4"
        subprocess.run(
            [FfmpegRunner().executable(), "-loglevel", "error", "-nostdin", "-y", *recipe, str(part)], check=True
        )
        part.rename(path)
    return path


def numbers_in(path: Path) -> list[int]:
    """The number on each picture, in the order shown. Raises: ValueError where a picture bears none."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        return [_number(frame) for frame in container.decode(video=0)]


def _number(frame: av.VideoFrame) -> int:
    plane = frame.planes[0]
    grey = np.frombuffer(plane, np.uint8).reshape(frame.height, plane.line_size)
    block = _BLOCK_PX * frame.width / 1920
    row = int(block / 2)
    bits = [int(grey[row, int((n + 0.5) * block)] > 127) for n in range(_BLOCKS)]
    if bits[:2] != [1, 0]:
        raise ValueError("no number on this picture")
    return int("".join(map(str, bits[2:])), 2)
