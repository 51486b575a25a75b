"""The data protection impact assessment (UK GDPR Art. 35), in the seven steps of the ICO's template.

What the program knows is written; what only the organisation can know is asked. Nobody is told how likely or severe
something is: that is for those who sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from api.governance.blocks import Block, Bullets, Heading, Paper, Paragraph, Table
from api.governance.diagram import draw_data_flow
from api.governance.wording import BLANK, asked_of, open_question
from records.inventory.inventory import Inventory
from records.inventory.measures import Measure


@dataclass(frozen=True)
class Risk:
    """What could happen to somebody, which measures stand against it, and what they leave."""

    what: str
    measures: tuple[str, ...]
    """The ids of measures; a test looks whether each is there."""
    left: str


RISKS: Final = (
    Risk(
        "A stranger, or a violent former partner, sees a child at home",
        ("minimised", "stripped", "sealed", "persons", "tls"),
        "Who holds a plain copy, or knows the passphrase of a sealed one, can watch it and film the screen.",
    ),
    Risk(
        "A colleague, manager or IT looks out of curiosity",
        ("own", "persons", "audited"),
        "IT with a shell on the server can read what it holds. What somebody was shown stays in their memory.",
    ),
    Risk(
        "Something is used for what the family did not agree to",
        ("agreed", "audited"),
        "A guider who says that somebody cannot be seen in a moment is believed. What already left has to be brought"
        " back.",
    ),
    Risk(
        "A film is kept longer than it may be, or comes back out of a backup",
        ("ends", "backups"),
        "Copies outside; blocks of a disk that were freed; backups that are kept too long (their keys are gone).",
    ),
    Risk(
        "A disk, database or backup is taken",
        ("sealed", "master", "key-store", "backups"),
        "Work in progress is plain, and so is the film on the guider’s laptop: encrypt the"
        " disks. What her browser keeps is sealed by a key of each film, which the service destroys with what was"
        " sent of it.",
    ),
    Risk(
        "A film made for it takes over what reads it",
        ("jail",),
        "A hole in the kernel; a machine that has no jail, where none is required.",
    ),
    Risk(
        "What was promised to a family is lost: a disk fails before a backup",
        ("backups", "key-store"),
        "Backups are IT’s to make. Films stay on the guider’s device as long as she keeps them.",
    ),
    Risk(
        "Somebody can be known by what is written: a first name in a caption",
        ("codes", "sealed", "own"),
        "Nothing keeps a guider from writing a name.",
    ),
    Risk(
        "What was done cannot be told afterwards",
        ("audited", "checkpoints", "persons"),
        "Lines younger than the last checkpoint that left the machine can be cut off unseen.",
    ),
)


def impact_assessment(found: Inventory, made: str) -> Paper:
    """The assessment, ready to be completed and signed."""
    return Paper(
        name="dpia",
        title="Data protection impact assessment: Video Interaction Guidance with vigpack",
        about="A DPIA in the ICO’s seven steps, filled in as far as the program knows the answers.",
        made=made,
        blocks=(
            Paragraph(
                "What stands here follows from the settings in force and from the program; each statement names the"
                f" file that holds it, or stands in the data flow with it. Where it says {BLANK} only the organisation"
                " can know. How likely and how severe a risk is, and whether what is left of it is acceptable, is"
                " judged by who signs."
            ),
            *_need(found),
            *_description(found),
            *_consultation(),
            *_necessity(found),
            *_risks(found),
            *_sign_off(found),
        ),
    )


def _need(found: Inventory) -> tuple[Block, ...]:
    return (
        Heading("Step 1: Why an assessment is needed"),
        Paragraph(
            "A guider films a carer and a child at home, finds the few seconds where things go well, and shows them to"
            " the carer in a shared review. vigpack cuts those seconds on the guider’s device and makes a review pack,"
            " picture notes and material for supervision of them. Children and people in difficulty are filmed at home:"
            " that asks for an assessment (Art. 35 (1); ICO: vulnerable people, sensitive data)."
        ),
        Table(
            ("Asked", "Answer"),
            (
                ("Controller", asked_of(found.controller, "VIGPACK_CONTROLLER")),
                (
                    "Data protection officer, or whom to ask",
                    asked_of(found.data_protection_contact, "VIGPACK_DATA_PROTECTION_CONTACT"),
                ),
                ("What the service is for in the organisation", open_question("team, families, since when")),
            ),
            "Who is responsible",
        ),
    )


def _description(found: Inventory) -> tuple[Block, ...]:
    return (
        Heading("Step 2: What is done"),
        Heading("Nature: how data is collected, stored, used and erased", 3),
        draw_data_flow(found),
        Table(
            ("What", "Whose data", "Until", "Seen by"),
            tuple((one.what, one.about, one.until, one.seen_by) for one in found.kept),
            "What is kept",
        ),
        Heading("What leaves", 3),
        Table(
            ("What", "To", "Protected by"),
            tuple((one.what, one.to, one.protected_by) for one in found.leaving),
            "What leaves the service",
        ),
        Paragraph(found.nothing_else),
        Heading("Scope: how much, how often, of whom", 3),
        Paragraph(
            "Of each film a few clips, usually 3 to 6, of some seconds each, and stills. Nothing is scored, ranked or"
            " decided by the program; no faces are recognised; moments are chosen by the guider. "
            + open_question("how many families a year, their ages, the area")
        ),
        Heading("Context: who they are to you", 3),
        Paragraph(
            open_question(
                "how families come to the service, whether they can say no without losing help, earlier concerns"
            )
        ),
        Heading("Purposes", 3),
        Table(
            ("Purpose", "What it means", "Lawful basis", "Agreement"),
            tuple((one.title, one.about, one.basis, one.agreement) for one in found.purposes),
            "Purposes and lawful bases",
        ),
        Heading("Who may see and do what", 3),
        Bullets(
            (*found.sign_in, *(f"{one.title}: may {'; '.join(one.may)}." for one in found.roles), *found.exceptions)
        ),
    )


def _consultation() -> tuple[Block, ...]:
    return (
        Heading("Step 3: Consultation"),
        Paragraph(
            open_question(
                "families, children, guiders, IT, the data protection officer: who was asked, and what they said"
            )
        ),
    )


def _necessity(found: Inventory) -> tuple[Block, ...]:
    return (
        Heading("Step 4: Necessity and proportionality"),
        Bullets(
            (
                "Less data: the film does not travel; only the chosen seconds do (Art. 5 (1) (c)).",
                (
                    "Limited in purpose: each output states what it is made for, and each purpose is agreed to by"
                    " itself, unless its lawful basis is another (Art. 5 (1) (b))."
                ),
                "Limited in time: see the retention schedule (Art. 5 (1) (e)).",
                (
                    "Rights: who asks to see what is held gets all of it as one archive, within a month, and nothing is"
                    " erased meanwhile (Art. 15); a family is erased as a whole on the page, with a certificate (Art."
                    " 17); a no is heeded at once (Art. 7 (3), Art. 21); what was written can be changed (Art. 16)."
                ),
                "No decision is made by automated means, and nobody is profiled (Art. 22).",
            )
        ),
        Table(
            ("What", "Until"),
            tuple((one.what, one.until) for one in found.retention),
            "Retention",
        ),
        Paragraph(
            open_question(
                "why the same cannot be reached with less, how families are informed (Art. 13), which processors there"
                " are and on what contracts (Art. 28)"
            )
        ),
    )


def _risks(found: Inventory) -> tuple[Block, ...]:
    measures = {one.id: one for one in found.measures}
    return (
        Heading("Step 5: Risks"),
        Table(
            ("Risk", "What is left", "Likelihood", "Severity", "Overall"),
            tuple((risk.what, risk.left, BLANK, BLANK, BLANK) for risk in RISKS),
            "Risks, to be judged",
        ),
        Heading("Step 6: Measures"),
        Table(
            ("Risk", "In force", "Not, or by the machine"),
            tuple(
                (
                    risk.what,
                    _named(risk, measures, "yes"),
                    _named(risk, measures, "depends", "no"),
                )
                for risk in RISKS
            ),
            "Which measures stand against each risk",
        ),
        Table(
            ("Measure", "In force", "In words", "Held by"),
            tuple((one.title, one.in_force, one.says, one.code) for one in found.measures),
            "Measures",
        ),
    )


def _named(risk: Risk, measures: dict[str, Measure], *in_force: str) -> str:
    found = [measures[one].title for one in risk.measures if measures[one].in_force in in_force]
    return "; ".join(found) or "none"


def _sign_off(found: Inventory) -> tuple[Block, ...]:
    return (
        Heading("Step 7: Sign-off"),
        Table(
            ("Asked", "Answer"),
            (
                ("Measures approved by", BLANK),
                ("What is left of the risks approved by", BLANK),
                ("Advice of the data protection officer", BLANK),
                ("Advice followed, or why not", BLANK),
                (
                    "Looked at again",
                    open_question("the day; and whenever the settings change: this paper then says something else"),
                ),
                ("Program", f"vigpack {found.version}"),
            ),
            "Who approves",
        ),
    )
