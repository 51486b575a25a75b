"""A moment's file as it lies in a pack, whatever kind of pack it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from pipeline.drawings import Drawing
from pipeline.player.review import ShownMoment, shown_drawings, shown_principle

if TYPE_CHECKING:  # the kinds import this module, and importing what they are made from imports the kinds
    from pipeline.artifact import PreparedMoment

_SUFFIXES = {
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "audio/mp4": ".m4a",
    "image/jpeg": ".jpg",
    "image/png": ".png",
}


class PackedFile(BaseModel):
    """One file of the pack. ``fps`` and ``duration_ms`` are null for a still, size and ``fps`` for a sound."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["clip", "still", "sound"]
    """A sound is a clip of a recording without a picture."""
    file: str
    """Relative to pack.json, with forward slashes."""
    sha256: str
    bytes: int
    width: int | None
    height: int | None
    fps: float | None
    duration_ms: int | None
    caption: str
    principle: str | None
    """The tag, as in configs/principles.toml."""
    peaks: tuple[int, ...] | None = None
    """Of a sound: how loud each of its equal parts is at most, 0 to 100."""
    drawings: tuple[Drawing, ...] = ()
    """What is drawn on it; of a clip with times from its start."""

    def to_show(self) -> ShownMoment:
        """What the player shows of it."""
        return ShownMoment(
            kind=self.kind,
            file=self.file,
            width=self.width,
            height=self.height,
            fps=self.fps,
            duration_ms=self.duration_ms,
            caption=self.caption,
            principle=shown_principle(self.principle),
            peaks=self.peaks,
            drawings=shown_drawings(self.drawings, self.width, self.height),
        )


def pack_moment(moment: PreparedMoment, name: str) -> PackedFile:
    """The moment as a file of that name, which gets the suffix of its media type."""
    return PackedFile(
        kind=moment.kind,
        file=name + _SUFFIXES[moment.media_type],
        sha256=moment.sha256,
        bytes=moment.bytes,
        width=moment.width_px,
        height=moment.height_px,
        fps=moment.fps,
        duration_ms=moment.duration_ms,
        caption=moment.caption,
        principle=moment.principle,
        peaks=moment.peaks,
        drawings=moment.drawings,
    )
