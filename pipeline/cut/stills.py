"""Stills: one frame of a film as a JPEG in full resolution, the very one asked for or the sharpest near it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import ffmpeg
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from pipeline.artifact import FinishedMoment, publish
from pipeline.cut.decoded_frames import DAMAGED, TOLD, is_damaged, planned_right, read_seen
from pipeline.cut.inputs import open_picture
from pipeline.cut.picture_filters import add_picture_filters, shown_size
from pipeline.errors import ArtifactWrong
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.limits import LIMITS
from pipeline.moments import Still
from pipeline.source.film import Film
from pipeline.source.frames import Span, find_between, find_shown, frames_between
from pipeline.source.picture_facts import VideoFacts
from pipeline.source.pixel_aspect import aspect_at
from pipeline.source.segments import find_on_screen

MEDIA_TYPE = "image/jpeg"
JPEG_QUALITY = 92
_BUDGET_S = 180.0
_NEAR_S = Fraction(1, 10)


@dataclass(frozen=True)
class Frame:
    """A picture and when it was shown, in ms on the film's clock (rounded down).

    pixels: uint8, (height, width, 3), BGR, upright, square pixels, SDR.
    """

    pixels: NDArray[np.uint8]
    ms: int
    cpu_s: float
    warnings: tuple[str, ...] = ()


def grab_still(
    film: Film, at_ms: int, *, runner: FfmpegRunner, exact: bool = True, search_ms: int = LIMITS.still_search_ms
) -> Frame:
    """The frame on screen at ``at_ms``, or the sharpest within ±search_ms of it where ``exact`` is false.

    Sharpness: variance of the Laplacian over the central half; Pech-Pacheco et al. 2000.
    Raises: MomentOutsideFilm, FilmUnreadable, FfmpegFailed, FfmpegTimedOut, ArtifactWrong.
    """
    film, span = find_on_screen(film, at_ms)
    if not exact:
        span = find_shown(film, _sharpest_ms(film, span, at_ms, search_ms))
    nearest = find_between(film, span.pts[0], span.pts[0] + 1)
    if nearest and nearest.pts == span.pts:  # what lies before its own key frame need not be decoded
        span = nearest
    video = aspect_at(film, span.pts[0])
    for place in _places(film, span):
        for _ in range(2):
            width, height = shown_size(video, 0)
            run = runner.run(
                still_argv(film, place, video),
                timeout_s=_BUDGET_S,
                keep=TOLD,
                most_output_bytes=width * height * 3 + 1,
                hide=film.path,
            )
            if len(run.output) != width * height * 3:
                break
            [seen] = read_seen(run.lines, [video])
            wrong = [one.video for one in seen if one.pts == place.pts[0] and not planned_right(one.video, video)]
            if not wrong:
                pixels = np.frombuffer(run.output, np.uint8).reshape(height, width, 3)
                damaged = (DAMAGED,) if is_damaged(run.lines, video) or place.pts != span.pts else ()
                return Frame(pixels, film.ms_at(place.pts[0]), run.cpu_s, damaged)
            video = wrong[0]
    raise ArtifactWrong(f"no picture can be decoded at {at_ms} ms")


def _places(film: Film, span: Span) -> Iterator[Span]:
    """Where to look for the frame: from its key frame, from the film's start, else the last frame that decodes."""
    yield span
    yield replace(span, key_pts=None)
    asked_ms = film.ms_at(span.pts[0])
    for back_ms in (1_000, 10_000):
        decoded = [f.pts for f in frames_between(film, max(0, asked_ms - back_ms), asked_ms + 1) if f.pts is not None]
        if decoded:
            yield Span((max(decoded),), span.end_pts, None)
            return


def still_argv(film: Film, span: Span, video: VideoFacts) -> list[str]:
    """The arguments of ffmpeg that write the one frame of ``span`` to standard output, as raw BGR.

    video: what the frame is like.
    """
    only = {"start_pts": span.pts[0], "end_pts": span.pts[0] + 1}
    picture = open_picture(film, span.key_pts)
    if video.interlaced:  # alone it would stay woven: how it moves is told by those before and after it
        near = math.ceil(_NEAR_S / video.time_base)
        picture = picture.filter("trim", start_pts=span.pts[0] - near, end_pts=span.pts[0] + near)
        picture = picture.filter("showinfo@0", checksum=0)
        picture = picture.filter("bwdif", mode="send_frame", deint="interlaced").filter("settb", str(video.time_base))
        picture = picture.filter("trim", **only)
    else:
        picture = picture.filter("trim", **only).filter("showinfo@0", checksum=0)
    picture = add_picture_filters(picture, video, *shown_size(video, 0))
    picture = picture.filter("scale", flags="accurate_rnd+full_chroma_int+full_chroma_inp", in_color_matrix="bt709")
    output = ffmpeg.output(
        picture, "-", format="rawvideo", pix_fmt="bgr24", **{"frames:v": 1, "filter_complex_threads": 1}
    )
    return list(output.get_args())


def save_still(film: Film, still: Still, destination: Path, *, runner: FfmpegRunner) -> FinishedMoment:
    """The still as a JPEG at ``destination``, with nothing in it but the picture.

    Raises: what grab_still raises, and NoSpace.
    """
    return save_frame(grab_still(film, still.at_ms, runner=runner, exact=still.exact), still, destination)


def save_frame(frame: Frame, still: Still, destination: Path) -> FinishedMoment:
    """The picture of a still as a JPEG at ``destination``. Raises: ArtifactWrong, NoSpace."""
    height, width = frame.pixels.shape[:2]
    encoded, jpeg = cv2.imencode(".jpg", frame.pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not encoded:
        raise ArtifactWrong("the picture could not be written as a JPEG")
    part = destination.with_name(f".{destination.name}.part")
    try:
        part.write_bytes(jpeg.tobytes())
        artifact = publish(part, destination, MEDIA_TYPE)
    finally:
        part.unlink(missing_ok=True)
    return FinishedMoment(
        **vars(artifact),
        kind="still",
        in_ms=frame.ms,
        out_ms=None,
        width_px=width,
        height_px=height,
        caption=still.caption,
        principle=still.principle,
        drawings=still.drawn(),
        cpu_s=frame.cpu_s,
        warnings=frame.warnings,
    )


def _sharpest_ms(film: Film, span: Span, at_ms: int, search_ms: int) -> int:
    """When the sharpest frame near ``at_ms`` is shown; the asked one where no other is sharper."""
    asked_ms = film.ms_at(span.pts[0])
    best_ms, best = asked_ms, -1.0
    for frame in frames_between(film, max(0, at_ms - search_ms), at_ms + search_ms + 1):
        assert frame.pts is not None  # noqa: S101  frames_between yields none without a time
        ms = film.ms_at(frame.pts)
        sharpness = _sharpness(frame)
        if sharpness > best or (sharpness == best and ms == asked_ms):
            best_ms, best = ms, sharpness
    return best_ms


def _sharpness(frame: VideoFrame) -> float:
    grey = frame.to_ndarray(format="gray")
    height, width = grey.shape
    centre = grey[height // 4 : height - height // 4, width // 4 : width - width // 4]
    if min(centre.shape) > 2 * 240:
        half = cv2.resize(centre, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        return float(cv2.Laplacian(half, cv2.CV_64F).var())
    return float(cv2.Laplacian(centre, cv2.CV_64F).var())
