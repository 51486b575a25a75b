"""Films drawn for the tests: every frame carries its own number, the sound a beep at each whole second.

The picture is a grid of five by four blocks. The four corners tell which way up it is (white at the top left, the
others black); the sixteen blocks between them are the frame's number, most significant bit first, white for 1. The
sound is silence with a 1 kHz beep of 40 ms at each whole second of the film's own clock.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.jail.jail import Jail
from pipeline.run.decoders import Decoders
from pipeline.run.orders import Ffmpeg
from tests.made_once import is_run, made_once

COLUMNS, ROWS = 5, 4
CORNERS = {0: 1, COLUMNS - 1: 0, COLUMNS * (ROWS - 1): 0, COLUMNS * ROWS - 1: 0}
NUMBER_CELLS = [cell for cell in range(COLUMNS * ROWS) if cell not in CORNERS]
BEEP = "aevalsrc=exprs='if(lt(mod(t,1),0.04),0.5*sin(2*PI*1000*t),0)':sample_rate=48000:channel_layout=stereo"
DARK, LIGHT = 40, 215
ONE_THREAD = ("-threads", "1")
"""For VP8: libvpx's threads turn in circles while they wait, and six seconds of VP8 took 2 s instead of 0.2."""
RUNNER = FfmpegRunner()
FFMPEG = Ffmpeg.of(RUNNER)
"""The packaged ffmpeg, bounded as it is where nobody sets a limit."""
JAIL = Jail()
"""Where films are opened, as this machine has it: one for all tests of a process, since it costs a second to start."""
DECODERS = Decoders(JAIL, RUNNER, "off", None)
"""The processor."""


def ffmpeg() -> str:
    """The packaged ffmpeg."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def run(*argv: str, stdin: Iterator[bytes] | None = None) -> None:
    """Run ffmpeg; a failure fails the test with what it said."""
    process = subprocess.Popen(
        [ffmpeg(), "-hide_banner", "-loglevel", "error", "-y", *argv], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    try:
        for block in stdin or ():
            process.stdin.write(block)
    except BrokenPipeError:
        pass
    _, said = process.communicate()
    assert process.returncode == 0, said.decode()


def draw_number(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """The picture of one number: uint8, (height, width), grey."""
    cells = np.full(COLUMNS * ROWS, DARK, np.uint8)
    cells[[cell for cell, white in CORNERS.items() if white]] = LIGHT
    for bit, cell in enumerate(NUMBER_CELLS):
        if number >> (len(NUMBER_CELLS) - 1 - bit) & 1:
            cells[cell] = LIGHT
    rows = np.arange(height) * ROWS // height
    columns = np.arange(width) * COLUMNS // width
    return cells.reshape(ROWS, COLUMNS)[rows][:, columns]


def read_number(grey: NDArray[np.uint8]) -> int:
    """The number in an upright picture: uint8, (height, width). Raises ValueError where the picture is not upright."""
    rows, columns = _middles(*grey.shape[:2])
    white = (grey[rows, columns].reshape(ROWS, 3, COLUMNS, 3).mean(axis=(1, 3)) > 127).ravel().tolist()
    for cell, is_white in CORNERS.items():
        if white[cell] != is_white:
            raise ValueError(
                f"corner {cell} is {'white' if white[cell] else 'black'}: not upright, or not a numbered picture"
            )
    return int("".join("01"[white[cell]] for cell in NUMBER_CELLS), 2)


@cache
def _middles(height: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Three rows and three columns in the middle of each cell, as indices."""
    rows = ((np.arange(ROWS) + 0.5) * height / ROWS).astype(int)[:, None] + np.arange(-1, 2)
    columns = ((np.arange(COLUMNS) + 0.5) * width / COLUMNS).astype(int)[:, None] + np.arange(-1, 2)
    return rows.clip(0, height - 1).reshape(-1, 1), columns.clip(0, width - 1).reshape(1, -1)


def grey_of(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """The brightness of a decoded picture as it is stored: uint8, (height, width).

    Where it has a plane of its own nothing is converted, which takes 0.5 ms a picture.
    """
    plane = frame.planes[0]
    if frame.format.name.startswith(("yuv", "gray", "nv12")) and frame.format.components[0].bits == 8:
        return np.frombuffer(plane, np.uint8).reshape(frame.height, plane.line_size)[:, : frame.width]
    return frame.to_ndarray(format="gray")


def numbered_film(
    path: Path,
    *,
    frames: int = 90,
    fps: str = "30",
    width: int = 320,
    height: int = 240,
    codec: Sequence[str] = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "30", "-crf", "18"),
    pixel_format: str = "yuv420p",
    filters: str = "null",
    sound: str | None = BEEP,
    sound_codec: Sequence[str] = ("-c:a", "aac", "-b:a", "128k"),
    container: Sequence[str] = (),
    first: int = 0,
    passes: int = 1,
) -> Path:
    """A film whose frame n, counted from ``first``, shows the number n; ``filters`` may change its times or turn it.

    One that was drawn before in this run is copied.

    passes: 2 for frames of VP8 that are stored and never shown; in one pass libvpx makes none.
    """
    drawn = (
        frames,
        fps,
        width,
        height,
        [*codec],
        pixel_format,
        filters,
        sound,
        [*sound_codec],
        [*container],
        first,
        passes,
    )

    threads = ONE_THREAD if "libvpx" in codec else ()

    def draw(path: Path) -> None:
        seconds = frames / float(eval_rate(fps))
        argv = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{width}x{height}", "-r", fps, "-i", "pipe:0"]
        if sound:
            argv += ["-f", "lavfi", "-t", f"{seconds:.6f}", "-i", sound]
        argv += ["-vf", f"{filters},format={pixel_format}", "-fps_mode", "passthrough", *threads, *codec]
        written = [*(sound_codec if sound else ()), *container, str(path)]
        for turn in range(1, passes + 1):
            of_passes = ["-pass", str(turn), "-passlogfile", str(path)] if passes > 1 else []
            to = written if turn == passes else ["-an", "-f", "null", "-"]
            run(
                *argv,
                *of_passes,
                *to,
                stdin=(draw_number(n, width, height).tobytes() for n in range(first, first + frames)),
            )

    if not is_run():
        draw(path)
    else:
        key = hashlib.sha256(repr((drawn, ffmpeg())).encode()).hexdigest()[:20]
        shutil.copyfile(made_once(f"{key}{path.suffix}", draw), path)
    return path


def eval_rate(fps: str) -> float:
    """A rate such as 30000/1001 as a number."""
    over, _, under = fps.partition("/")
    return float(over) / float(under or 1)


def numbers_in(path: Path) -> list[int]:
    """The number on each frame of a film that is upright as stored, in the order shown."""
    with av.open(str(path)) as container:
        return [read_number(grey_of(frame)) for frame in container.decode(video=0)]


def beeps_ms_in(path: Path) -> list[float]:
    """When each beep begins, in ms on the clock of the first picture shown."""
    with av.open(str(path)) as container:
        first = next(container.decode(video=0))
        zero = float(first.pts * first.time_base) if first.pts is not None else 0.0
    sound: list[NDArray[np.float32]] = []
    start: float | None = None
    rate = 48000
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        for frame in container.decode(audio=0):
            if start is None:
                start = float(frame.pts * frame.time_base)
            sound += [part.to_ndarray().reshape(-1) for part in resampler.resample(frame)]
    samples = np.abs(np.concatenate(sound))
    loud = samples > 0.25 * samples.max()
    onsets = [i for i in np.flatnonzero(loud) if not loud[max(0, i - rate // 4) : i].any()]
    return [(i / rate + (start or 0.0) - zero) * 1000 for i in onsets]


def spoken_recording(path: Path, *options: str, seconds: float = 8, sound: str = BEEP) -> Path:
    """A recording without a picture, with the beep of the films; its suffix and ``options`` choose how it is kept."""
    run("-f", "lavfi", "-t", str(seconds), "-i", sound, *options, str(path))
    return path


def sound_in(path: Path) -> NDArray[np.float32]:
    """The amplitude of each sample of a finished moment's sound, over all channels, at its own rate."""
    with av.open(str(path)) as container:
        parts = [np.abs(frame.to_ndarray()).max(axis=0) for frame in container.decode(audio=0)]
    return np.concatenate(parts)


def onsets_ms(path: Path) -> list[float]:
    """When each beep begins in a finished moment's sound, which is of 48 kHz."""
    loud = sound_in(path) > 0.1
    return [float(at / 48) for at in np.flatnonzero(loud) if not loud[max(0, at - 4800) : at].any()]


def without_sound_packets(source: Path, copy: Path, lost: range) -> Path:
    """The same film with some packets of its sound left out, as a recorder under load loses them."""
    with av.open(str(source)) as film, av.open(str(copy), "w") as target:
        streams = {s.index: target.add_stream_from_template(s, opaque=True) for s in film.streams}
        count = 0
        for packet in film.demux():
            if not packet.size:
                continue
            is_sound = packet.stream.type == "audio"
            count += is_sound
            if is_sound and count in lost:
                continue
            packet.stream = streams[packet.stream.index]
            target.mux(packet)
    return copy
