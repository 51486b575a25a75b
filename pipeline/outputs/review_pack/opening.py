"""Opening a review pack again: its moments, for a pack that shows them beside others."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from pipeline.artifact import PreparedMoment, sha256_of
from pipeline.errors import PipelineError
from pipeline.moments import Clip, Selection, Still
from pipeline.outputs.review_pack.manifest import Manifest, PackedMoment
from pipeline.prepared import Prepared

_MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".m4a": "audio/mp4",
    ".jpg": "image/jpeg",
    ".png": "image/png",
}


class PackUnreadable(PipelineError):
    """A folder holds no review pack, or not the whole of one."""

    code = "pack_unreadable"


def open_pack(folder: Path) -> Prepared:
    """The selection and finished moments of a review pack: its own folder, or the one that ``prepare`` wrote it into.

    Raises: PackUnreadable.
    """
    inner = folder / "review-pack"
    pack = inner if inner.is_dir() else folder
    try:
        manifest = Manifest.model_validate_json((pack / "pack.json").read_text(encoding="utf-8"))
        moments = tuple(_moment(pack, packed) for packed in manifest.moments)
    except (OSError, UnicodeDecodeError):
        sentence = f"There is no whole review pack in the folder {folder.name}."
    except (ValidationError, KeyError):
        sentence = f"The review pack in the folder {folder.name} was not made by this version. Make it again."
    else:
        return Prepared(_selection(manifest), moments, review=manifest.review)
    raise PackUnreadable(sentence, for_guider=sentence)


def _moment(pack: Path, packed: PackedMoment) -> PreparedMoment:
    path = pack / packed.file
    if pack.resolve() not in path.resolve().parents or sha256_of(path) != packed.sha256:
        sentence = f"{path.name} in the review pack is not what it was made with. Make the pack again."
        raise PackUnreadable(sentence, for_guider=sentence)
    return PreparedMoment(
        kind=packed.kind,
        path=path,
        media_type=_MEDIA_TYPES[path.suffix],
        bytes=packed.bytes,
        sha256=packed.sha256,
        in_ms=packed.source_in_ms,
        out_ms=packed.source_out_ms,
        width_px=packed.width,
        height_px=packed.height,
        fps=packed.fps,
        duration_ms=packed.duration_ms,
        caption=packed.caption,
        principle=packed.principle,
        peaks=packed.peaks,
        drawings=packed.drawings,
    )


def _selection(manifest: Manifest) -> Selection:
    return Selection(
        family=manifest.family,
        cycle=manifest.cycle,
        of=manifest.of,
        helping_question=manifest.helping_question,
        working_points=manifest.working_points,
        clips=tuple(
            Clip(
                in_ms=one.source_in_ms,
                out_ms=one.source_out_ms or one.source_in_ms + 1,
                caption=one.caption,
                principle=one.principle,
            )
            for one in manifest.moments
            if one.kind != "still"
        ),
        stills=tuple(
            Still(at_ms=one.source_in_ms, caption=one.caption, principle=one.principle)
            for one in manifest.moments
            if one.kind == "still"
        ),
    )
