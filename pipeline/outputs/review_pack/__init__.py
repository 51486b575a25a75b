"""The review pack: clips and stills with a player that works offline, as a folder and as a ZIP."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, ConfigDict

from pipeline.artifact import Artifact, publish, sha256_of
from pipeline.errors import ArtifactWrong
from pipeline.outputs.prepared import Prepared
from pipeline.outputs.review_pack.archive import store
from pipeline.outputs.review_pack.manifest import describe
from pipeline.outputs.review_pack.page import render_page

FOLDER = "review-pack"


class Recipe(BaseModel):
    """What can be chosen for a review pack: nothing yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def make(prepared: Prepared, _: Recipe, folder: Path) -> list[Artifact]:
    """The ZIP of a review pack; the same files lie unpacked beside it, in ``review-pack/``.

    A selection without clips gives a pack of stills, one without stills a pack of clips. The finished moments are
    linked where the disk allows it and copied where not.

    Raises: ArtifactWrong when a moment's file is no longer what was prepared.
    """
    manifest = describe(prepared)
    with TemporaryDirectory(prefix=f".{FOLDER}-", dir=folder) as scratch:
        unpacked = Path(scratch, FOLDER)  # the archive takes its top folder's name from here
        unpacked.mkdir()
        for moment, packed in zip(prepared.moments, manifest.moments, strict=True):
            target = unpacked / packed.file
            target.parent.mkdir(exist_ok=True)
            _link_or_copy(moment.path, target)
            if sha256_of(target) != packed.sha256:
                raise ArtifactWrong(f"{packed.file} has changed since it was prepared")
        (unpacked / "index.html").write_text(render_page(manifest), encoding="utf-8", newline="\n")
        (unpacked / "pack.json").write_text(manifest.to_json(), encoding="utf-8", newline="\n")
        part = Path(scratch, f"{FOLDER}.zip")
        store(unpacked, ["index.html", "pack.json", *(packed.file for packed in manifest.moments)], part)
        unpacked.rename(folder / FOLDER)
        return [publish(part, folder / f"{FOLDER}.zip", "application/zip")]


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one that knows no links
        shutil.copyfile(source, target)
