"""An answer behind a passphrase: its archive inside a page that asks for it, as packs leave sealed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pipeline.pack.sealed import seal_files
from records.errors import RecordsError

MOST_SEALED_BYTES: Final = 500_000_000
"""A browser puts the archive together in memory when it is opened."""


class AnswerTooLargeToSeal(RecordsError):
    """More than a page that asks for a passphrase can open."""

    code = "answer_too_large_to_seal"
    for_guider = "This answer is too large for a passphrase. Save it plain, and give it over in person."


def seal_answer(blocks: Iterator[bytes], name: str, passphrase: str, folder: Path) -> Path:
    """A ZIP in ``folder`` with the page, from the blocks of the archive that is to be called ``name``.

    While it is made the archive lies plain in the folder, which has to be one that only this account may read.
    Raises: AnswerTooLargeToSeal, PassphraseTooShort, and what the blocks' source raises.
    """
    plain, sealed, total = folder / name, folder / "sealed.zip", 0
    with plain.open("xb") as file:
        for block in blocks:
            total += file.write(block)
            if total > MOST_SEALED_BYTES:
                raise AnswerTooLargeToSeal
    seal_files({name: plain}, "What is held of you", passphrase, sealed)
    plain.unlink()
    return sealed
