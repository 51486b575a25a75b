#!/usr/bin/env bash
# A PDF that typst 0.15.2 writes as PDF/UA-1 and PDF/A-2a, with a typeface of Noto, should give back its text, since
# both standards ask for it. Hebrew and Hindi do; Arabic comes out doubled and out of order, in pdfium (Chrome, Edge): Noto
# Sans Arabic draws dots as glyphs of their own, each of which is written with the letter's code, on a line of its own.
# A typeface without such glyphs (Amiri) gives back the same words as written. So read the text back, per script.
source "$(dirname "$0")/common.sh"
packages typst==0.15.2 pypdfium2==5.15.2 manimgx-fonts==2026.9.26.post1 fontpkg-amiri==1.2
cat > "$work/read.py" <<'PY'
import sys, unicodedata
from importlib.resources import files
import pypdfium2, typst
family, lang, direction, text = sys.argv[1:]
source = f'#set document(title: "x")\n#set text(font: "{family}", fallback: false, lang: "{lang}", dir: {direction})\n{text}'
fonts = typst.Fonts(font_paths=[str(files("manimgx_fonts")), str(files("fontpkg_amiri") / "files")])
pdf = typst.compile(source.encode(), font_paths=fonts, format="pdf", pdf_standards=["ua-1", "a-2a"], timestamp=0)
read = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))
letters = lambda words: "".join(c for c in words if unicodedata.category(c) not in ("Zs", "Cc", "Cf"))
print("as written" if letters(read) == letters(text) else f"{len(letters(read))} letters for {len(letters(text))}")
PY
out_of() { "$python" "$work/read.py" "$@"; }
expect "Hebrew, Noto" "as written" "$(out_of "Noto Sans Hebrew" he rtl "אמא מחכה והילד מסתכל אליה")"
expect "Hindi, Noto" "as written" "$(out_of "Noto Sans Devanagari" hi ltr "माँ रुकती है और बच्चा मुस्कुराता है।")"
expect "Arabic, Noto (right: 25 letters)" "35 letters for 25" "$(out_of "Noto Sans Arabic" ar rtl "تنتظر الأم وينظر الطفل إليها.")"
expect "Arabic, Amiri" "as written" "$(out_of "Amiri" ar rtl "تنتظر الأم وينظر الطفل إليها.")"
end
