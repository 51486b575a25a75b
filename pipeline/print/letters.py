"""Which letters can be printed: the readers' font first, then the fonts for other scripts, then any other at hand."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typst

FAMILY = "Atkinson Hyperlegible"
SIGNS = "Noto Emoji"
_SHIPPED = {"fontpkg_atkinson_hyperlegible": "files", "manimgx_fonts": "", "manimgx_fonts_cjk": ""}


def font_folders() -> list[Path]:
    """The folders with the fonts' files, each shipped in a package of its own."""
    return [Path(str(files(package).joinpath(inside))) for package, inside in _SHIPPED.items()]


@cache
def fonts() -> typst.Fonts:
    """The shipped fonts, those built into typst and those of this machine."""
    import typst

    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True, font_paths=font_folders())


@cache
def shipped_families() -> tuple[str, ...]:
    """The families that come with the packages, the same on every machine: the readers' font first, signs last."""
    import typst

    shipped = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=font_folders())
    return tuple(sorted(shipped.families(), key=lambda family: (family != FAMILY, family == SIGNS, family)))


@lru_cache(maxsize=1 << 16)
def printable(letter: str) -> bool:
    """Whether any font at hand holds the letter; PDF/UA refuses a page with a letter that none does.

    What each font may draw as it likes (private use) says nothing to a reading program: PDF/A-2a refuses it.
    """
    import typst

    if _is_private(letter):
        return False
    page = b'#set document(title: "A letter")\n#set text(font: "Atkinson Hyperlegible")\n#sys.inputs.letter'
    try:
        typst.compile(page, font_paths=fonts(), sys_inputs={"letter": letter}, format="pdf", pdf_standards="ua-1")
    except typst.TypstError:
        return False
    return True


def foreign_letters(text: str) -> list[str]:
    """The characters of ``text`` that no shipped font holds, each once, in their order."""
    strange = [letter for letter in dict.fromkeys(text) if not _is_unseen(letter) and ord(letter) not in _own_letters()]
    return [letter for letter in strange if _is_private(letter) or ord(letter) not in _shipped_letters()]


def unprintable_letters(text: str) -> list[str]:
    """The characters of ``text`` that cannot be printed on this machine at all."""
    return [letter for letter in foreign_letters(text) if not printable(letter)]


def printable_words(text: str) -> str:
    """The text on one line, without the signs that no font can print."""
    lost = set(unprintable_letters(text))
    return " ".join("".join(letter for letter in text if letter not in lost).split())


def _is_private(letter: str) -> bool:
    return unicodedata.category(letter) == "Co"


def _is_unseen(letter: str) -> bool:
    """Spaces, joiners and marks of direction need no picture of their own."""
    return unicodedata.category(letter) in {"Zs", "Cf", "Cc"} or 0xFE00 <= ord(letter) <= 0xFE0F


@cache
def _own_letters() -> frozenset[int]:
    return read_cmap(font_folders()[0] / "AtkinsonHyperlegible-Bold.ttf")


@cache
def _shipped_letters() -> frozenset[int]:
    found: set[int] = set()
    for path in (path for folder in font_folders() for path in sorted(folder.iterdir())):
        if path.suffix in {".ttf", ".ttc"}:
            found |= read_cmap(path)
    return frozenset(found)


def read_cmap(font: Path) -> frozenset[int]:
    """Every code point for which an OpenType font has a picture; of a collection, the first font's."""
    from fontTools.ttLib import TTFont

    with TTFont(font, fontNumber=0, lazy=True) as opened:
        return frozenset(opened.getBestCmap() or ())
