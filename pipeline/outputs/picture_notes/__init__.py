"""Picture notes: an A4 page for each still, as large as it goes, with its caption below; made to hang on a wall."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, ConfigDict

from pipeline.artifact import Artifact, publish
from pipeline.moments import Selection
from pipeline.outputs.picture_notes.letters import foreign_letters, printable
from pipeline.outputs.picture_notes.typeset import Note, typeset
from pipeline.outputs.prepared import Prepared

NAME = "picture-notes.pdf"


class Recipe(BaseModel):
    """What can be chosen for picture notes: nothing yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def make(prepared: Prepared, _: Recipe, folder: Path) -> list[Artifact]:
    """The picture notes of a selection as one tagged PDF; an empty list where it holds no still.

    A page holds the still and its caption, nothing else: no code, no date, no score, no logo. The JPEGs are embedded as
    they are. Letters that no font at hand can print are left out; ``remarks`` names them beforehand.
    """
    stills = [moment for moment in prepared.moments if moment.kind == "still"]
    if not stills:
        return []
    with TemporaryDirectory(prefix=".picture-notes-", dir=folder) as scratch:
        desk = Path(scratch)
        notes = []
        for number, still in enumerate(stills, 1):
            picture = desk / f"{number:02}.jpg"
            shutil.copyfile(still.path, picture)
            notes.append(Note(picture.name, still.width_px, still.height_px, _printable_words(still.caption)))
        part = desk / NAME
        part.write_bytes(typeset(notes, desk))
        return [publish(part, folder / NAME, "application/pdf")]


def remarks(selection: Selection, _: Recipe) -> list[str]:
    """What will not be printed as it was written, in plain words."""
    if not selection.stills:
        return ["No still is chosen, so there are no picture notes."]
    said = []
    for number, still in enumerate(selection.stills, 1):
        foreign = foreign_letters(still.caption)
        lost = [letter for letter in foreign if not printable(letter)]
        if lost:
            said.append(f"The caption of still {number} holds signs that cannot be printed here: {' '.join(lost)}")
        if len(foreign) > len(lost):
            said.append(f"Some letters in the caption of still {number} are printed in another typeface.")
    return said


def _printable_words(caption: str) -> str:
    """The caption on one line, without the signs that no font can print."""
    lost = {letter for letter in foreign_letters(caption) if not printable(letter)}
    return " ".join("".join(letter for letter in caption if letter not in lost).split())
