"""What will be made, before it is made: the first pages as pictures, or what a film or a pack will hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.errors import ArtifactWrong
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.print.pictures import to_jpeg
from pipeline.print.press import Document, press_pictures

if TYPE_CHECKING:  # packs import this module, and importing what they are made from imports the kinds
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.artifact import PreparedMoment
    from pipeline.prepared import Prepared, PreparedArtwork

MOST_PAGES = 3
MOST_STILLS = 12
MOST_EARLIER = 1
"""Only the cover and the first pages are seen, and the first pages are those of the earliest review."""
PX_PER_INCH = 96
MEDIA_TYPE = "image/jpeg"
_STILL_PX = 1000
"""Of a still's longer side: as many as a page of that many px an inch can show."""
_SMALL_QUALITY = 85

_Picture = TypeVar("_Picture", "PreparedMoment", "PreparedArtwork")
Layout = Callable[["Prepared", Any, Path, FfmpegRunner], Document | None]


@dataclass(frozen=True)
class Pages:
    """The first pages as JPEGs, and how many there will be; None where only some were laid out."""

    shown: tuple[bytes, ...]
    of: int | None


def first_pages(layout: Layout, prepared: Prepared, recipe: Any, workdir: Path, *, runner: FfmpegRunner) -> Pages:
    """How the first pages will look, from small copies of the stills; ``workdir`` is an empty folder.

    Raises: what ``layout`` raises.
    """
    document = layout(_with_small_pictures(prepared, workdir, "small"), recipe, workdir, runner)
    if document is None:
        return Pages((), 0)
    pages = press_pictures(*document, workdir, px_per_inch=PX_PER_INCH)
    stills = [moment for moment in prepared.moments if moment.kind == "still"]
    whole = not prepared.earlier and max(len(stills), len(prepared.artwork)) <= MOST_STILLS
    return Pages(tuple(to_jpeg(page) for page in pages[:MOST_PAGES]), len(pages) if whole else None)


def _with_small_pictures(prepared: Prepared, workdir: Path, name: str) -> Prepared:
    stills = [moment for moment in prepared.moments if moment.kind == "still"]
    small = [_small(still, workdir / f"{name}-{n}.jpg") for n, still in enumerate(stills[:MOST_STILLS])]
    drawn = [_small(one, workdir / f"{name}-artwork-{n}.jpg") for n, one in enumerate(prepared.artwork[:MOST_STILLS])]
    others = [moment for moment in prepared.moments if moment.kind != "still"]
    earlier = [
        replace(one, prepared=_with_small_pictures(one.prepared, workdir, f"{name}-before-{n}"))
        for n, one in enumerate(prepared.earlier[:MOST_EARLIER])
    ]
    return replace(prepared, moments=(*others, *small), artwork=tuple(drawn), earlier=tuple(earlier))


def _small(still: _Picture, copy: Path) -> _Picture:
    """A copy of the picture that is no larger than a preview shows."""
    import cv2
    import numpy as np

    halves = max(still.width_px or 0, still.height_px or 0) // _STILL_PX
    flag = cv2.IMREAD_REDUCED_COLOR_4 if halves >= 4 else cv2.IMREAD_REDUCED_COLOR_2 if halves >= 2 else None
    pixels = cv2.imread(str(still.path), cv2.IMREAD_COLOR if flag is None else flag)
    if pixels is None:
        raise ArtifactWrong(f"{still.path.name} cannot be read as a picture")
    pixels = _no_larger(pixels.astype(np.uint8, copy=False))
    if not cv2.imwrite(str(copy), pixels, [cv2.IMWRITE_JPEG_QUALITY, _SMALL_QUALITY]):
        raise ArtifactWrong(f"{copy.name} could not be written")
    height, width = pixels.shape[:2]
    return replace(still, path=copy, width_px=width, height_px=height)


def _no_larger(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2
    import numpy as np

    height, width = pixels.shape[:2]
    share = _STILL_PX / max(height, width)
    if share >= 1:
        return pixels
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
