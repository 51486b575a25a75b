"""Which letters can be printed: the notes' own font first, then any other at hand.

What the own font holds is read from its file (OpenType, table cmap, formats 4 and 12).
"""

from __future__ import annotations

import struct
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

import typst

FAMILY = "Atkinson Hyperlegible"


def font_folder() -> Path:
    """The folder with the font's files, shipped in a package of its own."""
    return Path(str(files("fontpkg_atkinson_hyperlegible").joinpath("files")))


@cache
def fonts() -> typst.Fonts:
    """The notes' own font, those built into typst and those of this machine."""
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True, font_paths=[font_folder()])


@lru_cache(maxsize=1 << 16)
def printable(letter: str) -> bool:
    """Whether any font at hand holds the letter; PDF/UA refuses a page with a letter that none does."""
    page = b'#set document(title: "A letter")\n#set text(font: "Atkinson Hyperlegible")\n#sys.inputs.letter'
    try:
        typst.compile(page, font_paths=fonts(), sys_inputs={"letter": letter}, format="pdf", pdf_standards="ua-1")
    except typst.TypstError:
        return False
    return True


def foreign_letters(text: str) -> list[str]:
    """The characters of ``text`` that the notes' own font lacks, each once, in their order."""
    return [letter for letter in dict.fromkeys(text) if not _is_unseen(letter) and ord(letter) not in _own_letters()]


def _is_unseen(letter: str) -> bool:
    """Spaces, joiners and marks of direction need no picture of their own."""
    return unicodedata.category(letter) in {"Zs", "Cf", "Cc"} or 0xFE00 <= ord(letter) <= 0xFE0F


@cache
def _own_letters() -> frozenset[int]:
    return read_cmap((font_folder() / "AtkinsonHyperlegible-Bold.ttf").read_bytes())


def read_cmap(font: bytes) -> frozenset[int]:
    """Every code point for which an OpenType font has a picture."""
    count = struct.unpack_from(">H", font, 4)[0]
    tables = {font[12 + 16 * n : 16 + 16 * n]: struct.unpack_from(">I", font, 20 + 16 * n)[0] for n in range(count)}
    cmap = tables[b"cmap"]
    found: set[int] = set()
    for n in range(struct.unpack_from(">H", font, cmap + 2)[0]):
        platform, _, offset = struct.unpack_from(">HHI", font, cmap + 4 + 8 * n)
        table = cmap + offset
        kind = struct.unpack_from(">H", font, table)[0]
        if platform in (0, 3) and kind == 4:
            found |= _read_segments(font, table)
        elif platform in (0, 3) and kind == 12:
            for group in range(struct.unpack_from(">I", font, table + 12)[0]):
                first, last, _ = struct.unpack_from(">III", font, table + 16 + 12 * group)
                found.update(range(first, last + 1))
    return frozenset(found)


def _read_segments(font: bytes, table: int) -> set[int]:
    """Format 4: four parallel lists of last code, first code, delta and offset of each run."""
    size = struct.unpack_from(">H", font, table + 6)[0]
    found = set()
    for n in range(0, size, 2):
        last, first, delta, offset = (
            struct.unpack_from(">H", font, table + start + n)[0]
            for start in (14, 16 + size, 16 + 2 * size, 16 + 3 * size)
        )
        for code in range(first, min(last, 0xFFFE) + 1):
            place = table + 16 + 3 * size + n + offset + 2 * (code - first)
            glyph = struct.unpack_from(">H", font, place)[0] if offset else code
            if (glyph + delta) % 0x10000 if glyph or not offset else 0:
                found.add(code)
    return found
