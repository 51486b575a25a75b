"""Whether a device decodes a clip's pictures, and when the processor must do so after all."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.artifact import ProcessorReason
from pipeline.cut.runs import Plan
from pipeline.ffmpeg.devices import Coded, Proof, proved


class NotByDevice(Exception):
    """Why the processor decodes a clip's pictures; ``reason`` None: there is no device for any."""

    def __init__(self, reason: ProcessorReason | None) -> None:
        super().__init__(reason)
        self.reason = reason


def find_device(plan: Plan, proofs: Sequence[Proof]) -> Proof:
    """The device to decode a clip with, and the kind of films that it was proved for. Raises: NotByDevice."""
    if not any(proof.holds for proof in proofs):
        raise NotByDevice(None)
    if len(plan.runs) != 1:
        raise NotByDevice(ProcessorReason.SEVERAL_RUNS)
    [run] = plan.runs
    video = run.video
    if video.interlaced:  # what takes the lines apart is on none of the devices
        raise NotByDevice(ProcessorReason.INTERLACED)
    found = proved(proofs, Coded(video.codec, video.profile, video.pixel_format.replace("yuvj", "yuv")))
    if found is None:
        raise NotByDevice(ProcessorReason.NOT_PROVED)
    if len(run.stretch.span.pts) * video.stored_width_px * video.stored_height_px < found.device.least_pixels:
        raise NotByDevice(ProcessorReason.SMALL)
    return found
