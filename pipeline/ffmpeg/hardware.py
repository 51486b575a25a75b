"""Whether this machine's devices decode as the processor does: proved on drawn films, picture by picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import FfmpegMissing, PipelineError
from pipeline.ffmpeg.devices import DEVICES, KINDS, Device, Kind, Proof
from pipeline.ffmpeg.runner import FfmpegRunner

_TIMEOUT_S = 30.0
_MOST_BYTES = 1 << 20
_PICTURES = 24
_FAULT = re.compile(r"fail|cannot|could not|not |error|signal", re.IGNORECASE)
_MOST_TEXT = 200
# 180 lines are no whole number of blocks: what a codec crops must be cropped by the device, too.
_DRAWN = f"testsrc2=size=320x180:rate=24:duration={_PICTURES // 24},noise=alls=8:allf=t"


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
        decoding = [word for name, value in device.decoding().items() for word in (f"-{name}", str(value))]
        got = _pictures(runner, decoding, film, f"hwdownload,format={kind.on_device},{same}")
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
