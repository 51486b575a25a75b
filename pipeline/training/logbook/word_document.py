"""A logbook as a Word document, which LibreOffice opens as well."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

from pipeline.training.logbook.sheet import Sheet, Table

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

_FONT = "Calibri"


def to_docx(sheet: Sheet) -> bytes:
    """The document's bytes: real headings, tables whose first line repeats on every page, and nobody's name in it."""
    from docx import Document

    document = Document()
    _style(document, sheet)
    document.add_heading(sheet.title, level=0)
    for line in sheet.lines:
        document.add_paragraph(line)
    for table in sheet.tables:
        document.add_heading(table.title, level=1)
        if table.rows:
            _add_table(document, table)
        else:
            document.add_paragraph("Nothing yet.")
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def _style(document: WordDocument, sheet: Sheet) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = Mm(20)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = _FONT, Pt(11)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-GB")
    normal.element.get_or_add_rPr().append(language)
    about = document.core_properties
    about.title, about.author, about.comments, about.language = sheet.title, "", "", "en-GB"
    about.created = about.modified = datetime(2000, 1, 1, tzinfo=UTC)


def _add_table(document: WordDocument, table: Table) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made = document.add_table(rows=1, cols=len(table.columns), style="Light Grid Accent 1")
    repeated = OxmlElement("w:tblHeader")
    repeated.set(qn("w:val"), "true")
    made.rows[0]._tr.get_or_add_trPr().append(repeated)
    for cell, column in zip(made.rows[0].cells, table.columns, strict=True):
        cell.text = column
    for row in table.rows:
        for cell, words in zip(made.add_row().cells, row, strict=True):
            cell.text = words
