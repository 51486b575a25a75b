"""The accessibility statement: WCAG 2.2 AA and EN 301 549, in the form that public bodies of the UK and the EU publish.

Forms: the UK government's sample statement for the Public Sector Bodies Accessibility Regulations 2018, and Commission
Implementing Decision (EU) 2018/1523. What conforms and what does not is configs/accessibility.toml's to say.
"""

from __future__ import annotations

import tomllib
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from api.governance.blocks import Block, Bullets, Heading, Paper, Paragraph, Table
from api.governance.wording import asked_of, open_question
from records.inventory.inventory import Inventory

AXE, MAKERS = "axe", "makers"


class Status(StrEnum):
    """How far something conforms."""

    SUPPORTS = "supports"
    PARTLY = "partly"
    NOT = "not"
    NOT_APPLICABLE = "not_applicable"
    NOT_EVALUATED = "not_evaluated"


STATUS_WORDS: Final = {
    Status.SUPPORTS: "supports",
    Status.PARTLY: "partly supports",
    Status.NOT: "does not support",
    Status.NOT_APPLICABLE: "not applicable",
    Status.NOT_EVALUATED: "not evaluated",
}


class Clause(BaseModel):
    """A clause of EN 301 549 beside chapter 9."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    status: Status
    shown_by: tuple[str, ...] = ()
    remark: str = ""


class Criterion(Clause):
    """A success criterion of WCAG 2.2."""

    level: Literal["A", "AA"]


class Conformance(BaseModel):
    """What is known of how far vigpack conforms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prepared_on: date
    axe: tuple[str, ...]
    """The tests that try each view with axe-core."""
    not_tried: tuple[str, ...]
    criterion: tuple[Criterion, ...]
    clause: tuple[Clause, ...]

    def of(self, *statuses: Status) -> tuple[Clause, ...]:
        """Criteria, then clauses, of these statuses."""
        return tuple(one for one in (*self.criterion, *self.clause) if one.status in statuses)


@cache
def conformance() -> Conformance:
    """As configs/accessibility.toml has it, read once."""
    return Conformance.model_validate(
        tomllib.loads(files("configs").joinpath("accessibility.toml").read_text(encoding="utf-8"))
    )


def accessibility_statement(found: Inventory, made: str) -> Paper:
    """The statement, with everything that is known not to conform."""
    known = conformance()
    return Paper(
        name="accessibility-statement",
        title="Accessibility statement for vigpack",
        about="How far it conforms to WCAG 2.2 AA and EN 301 549, and what does not.",
        made=made,
        blocks=(
            Paragraph(
                "This statement applies to this service’s page, its review player and what it prints. It is run by"
                f" {_whose(found)}. We want as many people as possible to be able to use it: by keyboard or switches"
                " alone, zoomed in to 200 %, on a phone, with colours and motion as they set them."
            ),
            Heading("Compliance status"),
            Paragraph(
                "It is partially compliant with the Web Content Accessibility Guidelines version 2.2, level AA, and"
                " with EN 301 549 V3.2.1, due to the non-compliances below."
            ),
            Heading("Content that is not accessible"),
            Heading("Non-compliance", 3),
            Bullets(tuple(_complaint(one) for one in known.of(Status.NOT, Status.PARTLY))),
            Heading("Not evaluated, so nothing is claimed", 3),
            Bullets((*(_complaint(one) for one in known.of(Status.NOT_EVALUATED)), *known.not_tried)),
            Heading("Disproportionate burden", 3),
            Paragraph(open_question("whether you claim any, for which of the above, and on what assessment")),
            Heading("Outside the scope of the regulations", 3),
            Paragraph(open_question("whether films that only a family and its guider see are within it, in your view")),
            Heading("Feedback, and other forms"),
            Paragraph(
                "If something here keeps you out, or you need it in another form (large print, read to you, on paper),"
                " ask: " + asked_of(found.accessibility_contact, "VIGPACK_ACCESSIBILITY_CONTACT")
            ),
            Heading("Enforcement procedure"),
            Paragraph(
                "In Great Britain the Equality and Human Rights Commission enforces the Public Sector Bodies (Websites"
                " and Mobile Applications) (No. 2) Accessibility Regulations 2018; somebody who is not content with an"
                " answer can turn to the Equality Advisory and Support Service. In Northern Ireland it is the Equality"
                " Commission for Northern Ireland. In the European Union: "
                + open_question("the enforcement body of your country")
            ),
            *_technical(known),
        ),
    )


def _technical(known: Conformance) -> tuple[Block, ...]:
    return (
        Heading("How this was tested"),
        Paragraph(
            f"Prepared on {known.prepared_on.isoformat()} from a self-assessment by those who build it. Views are tried"
            " with axe-core in a real browser, in the light and dark look, with each change of the program; further"
            " tests are named below. “Makers” means: looked at by those who built it, and by no test."
        ),
        Heading("WCAG 2.2, level A and AA (EN 301 549, chapter 9)"),
        Table(
            ("Criterion", "Level", "Conformance", "Remarks", "Shown by"),
            tuple(
                (f"{one.id} {one.name}", one.level, STATUS_WORDS[one.status], one.remark, ", ".join(one.shown_by))
                for one in known.criterion
            ),
            "Conformance to WCAG 2.2",
        ),
        Paragraph(f"Axe: {', '.join(known.axe)}."),
        Heading("Other chapters of EN 301 549"),
        Table(
            ("Clause", "Conformance", "Remarks", "Shown by"),
            tuple(
                (f"{one.id} {one.name}", STATUS_WORDS[one.status], one.remark, ", ".join(one.shown_by))
                for one in known.clause
            ),
            "Conformance to other chapters of EN 301 549",
        ),
        Paragraph("Chapters 6 (two-way voice), 8 (hardware) and 13 (relay services) do not apply."),
    )


def _complaint(one: Clause) -> str:
    return f"{one.id} {one.name}: {one.remark or STATUS_WORDS[one.status] + '.'}"


def _whose(found: Inventory) -> str:
    return asked_of(found.controller, "VIGPACK_CONTROLLER")
