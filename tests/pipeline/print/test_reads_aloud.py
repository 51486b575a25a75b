"""What a program reads or copies out of a printed page is what was written, or the language says that it is not."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pypdfium2
import pytest

from pipeline.outputs.kinds import KINDS, parse_recipe
from pipeline.print.languages import languages
from pipeline.print.press import press_pdf
from pipeline.print.recipes import PrintedRecipe
from tests.pipeline.outputs.prepared_by_hand import drawn_still, prepared_from
from tests.pipeline.outputs.printed_pages import said

TEMPLATE = b"""#import "/pieces.typ": *
#show: styled
#text(size: 30pt, weight: "bold", sheet.title)
"""
SENTENCES = {
    "ar": "تنتظر الأم وينظر الطفل إليها.",
    "bn": "মা অপেক্ষা করে এবং শিশু হাসে।",
    "fa": "مادر صبر می‌کند و کودک می‌خندد.",
    "he": "אמא מחכה והילד מסתכל אליה.",
    "hi": "माँ रुकती है और बच्चा मुस्कुराता है।",
    "pa": "ਮਾਂ ਉਡੀਕ ਕਰਦੀ ਹੈ ਅਤੇ ਬੱਚਾ ਮੁਸਕਰਾਉਂਦਾ ਹੈ।",
    "ta": "அம்மா காத்திருக்கிறார், குழந்தை சிரிக்கிறது.",
    "ur": "ماں انتظار کرتی ہے اور بچہ مسکراتا ہے۔",
}


def read_back(pdf: bytes) -> str:
    """All text, as the viewer of Chrome and Edge copies it and hands it to a screen reader."""
    with pypdfium2.PdfDocument(pdf) as pages:
        return "".join(page.get_textpage().get_text_range() for page in pages)


def letters(text: str) -> str:
    """The text without what is not seen: spaces, line ends, marks of direction."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(letter for letter in composed if unicodedata.category(letter) not in {"Zs", "Cc", "Cf"})


@pytest.mark.parametrize("code", languages())
def test_words_are_read_out_as_written_or_the_language_is_marked(tmp_path: Path, code: str) -> None:
    language = languages()[code]
    written = SENTENCES.get(code, f"{language.draw} {language.picture} {language.made}")
    recipe = parse_recipe(KINDS["picture_notes"], {"language": code})
    assert isinstance(recipe, PrintedRecipe)
    read = read_back(press_pdf(TEMPLATE, recipe, {"title": written}, tmp_path))
    assert (letters(read) == letters(written)) == language.reads_aloud, read
    assert language.label.endswith("on paper only") != language.reads_aloud


def test_whoever_chooses_a_language_that_is_on_paper_only_is_told(tmp_path: Path) -> None:
    prepared = prepared_from(drawn_still(tmp_path / "a.jpg", caption="Ella"))
    assert said("picture_notes", prepared, language="he") == []
    [remark] = said("picture_notes", prepared, language="ar")
    assert "Arabic" in remark
    assert "screen reader" in remark
