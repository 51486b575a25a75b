"""The papers: those in docs/ are of the shipped settings, nothing in them is markup or secret, and they print."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import chain
from pathlib import Path

import pytest

from api.governance.accessibility import AXE, MAKERS, Status, conformance
from api.governance.blocks import Bullets, Heading, Paper, Paragraph, Table, as_markdown, as_page, drawings_of
from api.governance.dpia import RISKS
from api.governance.papers import OFFERED, made_on, papers_of
from api.governance.printed import as_pdf
from docs.papers import DOCS, as_shipped
from records.inventory.inventory import inventory_of
from records.settings import Settings
from tests.pipeline.outputs.printed_pages import accessibility_errors, text_of
from tests.records.inventory.test_inventory import HOUSE, MARK, plain, with_marks


@pytest.mark.parametrize("name", as_shipped())
def test_what_stands_in_docs_is_of_the_settings_as_they_are_shipped(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == as_shipped()[name], "make papers writes it anew"


def every_form(settings: Settings) -> str:
    found = inventory_of(settings)
    papers = [write(found, "") for write in OFFERED.values()]
    drawn = (drawing.svg for paper in papers for drawing in drawings_of(paper))
    return "".join(chain(map(as_markdown, papers), map(as_page, papers), drawn))


def test_another_setting_is_another_paper() -> None:
    before, after = (every_form(plain(**given)) for given in ({}, {"storage_url": "s3://x", "s3_region": "eu-west-2"}))
    assert "eu-west-2" not in before
    assert after.count("Amazon Web Services, region eu-west-2") > 4
    assert "Anytown Council" in every_form(plain(controller="Anytown Council"))
    assert "[to be written by the controller, or set VIGPACK_CONTROLLER]" in before


def test_no_secret_server_or_path_stands_in_any_paper() -> None:
    settings = with_marks()
    found = every_form(settings)
    assert len(found) > 50_000
    assert MARK not in found


HOSTILE = "<script>alert(1)</script> | [x](javascript:1) *bold* `code` \\ # 1. \n# heading"


def hostile() -> Paper:
    blocks = (
        Heading(HOSTILE),
        Paragraph(HOSTILE),
        Bullets((HOSTILE,)),
        Table((HOSTILE, "b"), ((HOSTILE, ""),), HOSTILE),
    )
    return Paper("hostile", HOSTILE, "", blocks, HOSTILE)


def test_what_a_council_writes_into_its_policies_is_never_markup() -> None:
    page, markdown = as_page(hostile()), as_markdown(hostile())
    assert "<script" not in page
    assert 'aria-label="&lt;script&gt;' in page
    assert "<script" not in markdown.replace("\\<script", "")
    table = [line for line in markdown.splitlines() if line.startswith("| \\<script")]
    assert [line.replace("\\|", "").count("|") for line in table] == [3, 3]
    assert "\n# heading" not in markdown


def test_the_assessment_can_be_read_aloud_and_says_what_is_drawn(tmp_path: Path) -> None:
    found = inventory_of(plain(controller="Anytown Council", key_dir=Path("/keys")))
    [paper] = [one for one in papers_of(found, "Written today.") if one.name == "dpia"]
    pdf = tmp_path / "dpia.pdf"
    pdf.write_bytes(as_pdf(paper))
    assert accessibility_errors(pdf) == []
    text = " ".join(text_of(pdf).split())
    for words in (
        "Anytown Council",
        "Written today.",
        "Step 7: Sign-off",
        "A link, for phones and tablets",
        "consent (Art. 6 (1) (a))",
    ):
        assert words in text


def test_the_drawing_is_whole_and_has_its_words() -> None:
    found = inventory_of(
        plain(storage_url="s3://x", oidc_issuer="https://x", database_url="postgresql://x", broker_url="redis://x")
    )
    [paper] = [one for one in papers_of(found) if one.name == "data-flow"]
    [drawing] = drawings_of(paper)
    root = ET.fromstring(drawing.svg)  # noqa: S314 our own
    _, _, width, height = map(int, root.attrib["viewBox"].split())
    boxes = [
        {name: float(box.attrib[name]) for name in ("x", "y", "width", "height")}
        for box in root.findall(".//{*}rect")
        if "x" in box.attrib
    ]
    assert len(boxes) > 12
    assert all(box["x"] + box["width"] <= width and box["y"] + box["height"] <= height for box in boxes)
    drawn = " ".join("".join(text.itertext()) for text in root.findall(".//{*}text"))
    assert "S3 bucket of Amazon Web" in drawn
    assert "A PostgreSQL server that the" in drawn
    for one in found.leaving:
        assert one.id in {"bucket", "database"} or one.what.split()[0] in drawn
    assert drawing.says in (root.findtext("{*}desc") or "")


def test_every_measure_that_a_risk_names_is_there() -> None:
    known = {one.id for one in inventory_of(plain()).measures}
    assert {one for risk in RISKS for one in risk.measures} <= known


LEVELS = {"A": 31, "AA": 24}
"""Success criteria of WCAG 2.2 (W3C Recommendation of 12 December 2024), without 4.1.1, which it took out."""


def test_of_every_criterion_it_is_said_how_far_it_is_met() -> None:
    known = conformance()
    assert {level: sum(one.level == level for one in known.criterion) for level in LEVELS} == LEVELS
    ids = [one.id for one in known.criterion]
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids, key=lambda one: [int(part) for part in one.split(".")])


def test_nothing_is_claimed_without_what_shows_it() -> None:
    known = conformance()
    for one in (*known.criterion, *known.clause):
        if one.status == Status.SUPPORTS:
            assert one.shown_by, one.id
        if one.status in {Status.NOT, Status.PARTLY}:
            assert one.remark, one.id
        shown = [word for word in one.shown_by if word not in {AXE, MAKERS}]
        assert [path for path in shown if not (HOUSE / path).is_file()] == []
    assert all("complaints" in (HOUSE / path).read_text() for path in known.axe)


def test_a_paper_says_when_and_by_what_it_was_written() -> None:
    from datetime import date

    found = inventory_of(plain())
    made = made_on(found, date(2026, 11, 28))
    assert all(made in as_markdown(paper) and made in as_page(paper) for paper in papers_of(found, made))
