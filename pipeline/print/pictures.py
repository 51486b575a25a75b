"""Pages as pictures for a phone: sRGB, without metadata, as PNG or JPEG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from pipeline.artifact import Artifact, publish
from pipeline.errors import ArtifactWrong

JPEG_QUALITY = 90
PictureFormat = Annotated[
    Literal["jpeg", "png"],
    Field(
        title="Kind of picture",
        description="JPEG is a third of the size; PNG keeps letters a little sharper.",
        json_schema_extra={"enum_titles": {"jpeg": "JPEG", "png": "PNG"}},
    ),
]


def publish_pictures(pages: Sequence[bytes], stem: str, wanted: Literal["jpeg", "png"], folder: Path) -> list[Artifact]:
    """The pages (PNG) as ``stem-01.jpg`` or ``stem-01.png`` and so on in ``folder``, with nothing but the picture."""
    made = []
    for number, png in enumerate(pages, 1):
        if wanted == "jpeg":
            made.append(_publish(to_jpeg(png), folder / f"{stem}-{number:02}.jpg", "image/jpeg"))
        else:
            made.append(_publish(png, folder / f"{stem}-{number:02}.png", "image/png"))
    return made


def to_jpeg(png: bytes) -> bytes:
    """The picture as a JPEG. Raises: ArtifactWrong."""
    import cv2
    import numpy as np

    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ArtifactWrong("a page could not be read as a PNG")
    encoded, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not encoded:
        raise ArtifactWrong("a page could not be written as a JPEG")
    return jpeg.tobytes()


def _publish(content: bytes, destination: Path, media_type: str) -> Artifact:
    part = destination.with_name(f".{destination.name}.part")
    try:
        part.write_bytes(content)
        return publish(part, destination, media_type)
    finally:
        part.unlink(missing_ok=True)
