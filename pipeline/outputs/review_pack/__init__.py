"""The review pack: clips and stills with a player that works offline, as a folder and as a ZIP."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pipeline.artifact import Artifact
from pipeline.contents import Part
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.outputs.review_pack.manifest import describe
from pipeline.pack.contents import parts_of_moments
from pipeline.pack.write import write_pack
from pipeline.player.page import render_offline
from pipeline.player.review import shown_words
from pipeline.prepared import Prepared

FOLDER = "review-pack"


class Recipe(BaseModel):
    """What can be chosen for a review pack: nothing yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def make(prepared: Prepared, _: Recipe, folder: Path, _runner: FfmpegRunner) -> list[Artifact]:
    """The ZIP of a review pack; the same files lie unpacked beside it, in ``review-pack/``.

    A selection without clips gives a pack of stills, one without stills a pack of clips.
    Raises: ArtifactWrong when a moment's file is no longer what was prepared.
    """
    manifest = describe(prepared)
    files = {
        packed.file: (moment.path, packed.sha256)
        for moment, packed in zip(prepared.moments, manifest.moments, strict=True)
    }
    return [write_pack(FOLDER, render_offline(manifest.review_to_play()), manifest.to_json(), files, folder)]


def contents(prepared: Prepared, _: Recipe) -> list[Part]:
    """What the pack will show, in the order of the review."""
    question, written = prepared.selection.helping_question, shown_words(prepared.notes)
    lines = () if written is None else (*written.strengths, *written.working_points, *written.plan)
    closing = Part("Closing cards", " · ".join(lines))
    return [Part("Opening card", question), *parts_of_moments(prepared.moments), closing]
