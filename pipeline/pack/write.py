"""Writing a pack: its moments, its page and its description in a folder, and the same as a ZIP."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.artifact import Artifact, publish, sha256_of
from pipeline.errors import ArtifactWrong
from pipeline.pack.archive import store


def write_pack(name: str, page: str, description: str, files: Mapping[str, tuple[Path, str]], folder: Path) -> Artifact:
    """The ZIP of a pack; the same files lie unpacked beside it, in the folder ``name``.

    ``page`` becomes index.html, ``description`` pack.json. ``files`` holds, by its place in the pack, each finished
    file and the SHA-256 it must have; they are linked where the disk allows it and copied where not.
    Raises: ArtifactWrong when a file is no longer what was prepared; then nothing is left in ``folder``.
    """
    with TemporaryDirectory(prefix=f".{name}-", dir=folder) as scratch:
        unpacked = Path(scratch, name)  # the archive takes its top folder's name from here
        unpacked.mkdir()
        for place, (source, sha256) in files.items():
            target = unpacked / place
            target.parent.mkdir(exist_ok=True)
            _link_or_copy(source, target)
            if sha256_of(target) != sha256:
                raise ArtifactWrong(f"{place} has changed since it was prepared")
        (unpacked / "index.html").write_text(page, encoding="utf-8", newline="\n")
        (unpacked / "pack.json").write_text(description, encoding="utf-8", newline="\n")
        part = Path(scratch, f"{name}.zip")
        store(unpacked, ["index.html", "pack.json", *files], part)
        unpacked.rename(folder / name)
        return publish(part, folder / f"{name}.zip", "application/zip")


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one that knows no links
        shutil.copyfile(source, target)
