"""The entry in the record of processing activities: UK GDPR and GDPR, Art. 30 (1)."""

from __future__ import annotations

from api.governance.blocks import Bullets, Heading, Paper, Paragraph, Table
from api.governance.wording import IN_FORCE, asked_of, open_question
from records.inventory.inventory import Inventory
from records.inventory.kept import FAMILIES, STAFF


def record_of_processing(found: Inventory, made: str) -> Paper:
    """What Art. 30 asks for, as far as the program knows it; what it cannot know is asked."""
    recipients = tuple(f"{one.what}, to: {one.to}." for one in found.leaving if one.of_families)
    return Paper(
        name="record-of-processing",
        title="Record of processing: Video Interaction Guidance with vigpack",
        about="The entry that Art. 30 UK GDPR asks for.",
        made=made,
        blocks=(
            Heading("(a) Who"),
            Table(
                ("Asked", "Answer"),
                (
                    ("Controller", asked_of(found.controller, "VIGPACK_CONTROLLER")),
                    (
                        "Data protection officer, or whom to ask",
                        asked_of(found.data_protection_contact, "VIGPACK_DATA_PROTECTION_CONTACT"),
                    ),
                    ("Joint controllers, representative", open_question("none, or who")),
                ),
                "Who is responsible",
            ),
            Heading("(b) Purposes"),
            Table(
                ("Purpose", "What it means", "Lawful basis", "Agreement"),
                tuple((one.title, one.about, one.basis, one.agreement) for one in found.purposes),
                "Purposes and lawful bases",
            ),
            Paragraph(
                "A film of a family can show health or other special categories (Art. 9) without anybody having asked"
                " for it. "
                + open_question(
                    "on which condition of Art. 9 (2) you rely, and Schedule 1 of the Data Protection Act 2018"
                )
            ),
            Heading("(c) People and data"),
            Table(
                ("Whose", "What"),
                (
                    *((_capital(FAMILIES), one.what) for one in found.kept if one.about == FAMILIES),
                    *((_capital(STAFF), one.what) for one in found.kept if one.about == STAFF),
                ),
                "Categories of people and of data",
            ),
            Heading("(d) Recipients"),
            Bullets(
                (
                    *recipients,
                    *(f"Within the service: {one.title}, who may {'; '.join(one.may)}." for one in found.roles),
                )
            ),
            Heading("(e) Other countries"),
            Paragraph(_transfers(found)),
            Heading("(f) When it is erased"),
            Table(
                ("What", "Until", "In the policy’s file"),
                tuple((one.what, one.until, one.written) for one in found.retention),
                "Retention",
            ),
            Heading("(g) Technical and organisational measures"),
            Bullets(tuple(f"{one.title}: {IN_FORCE[one.in_force]}. {one.says}" for one in found.measures)),
        ),
    )


def _transfers(found: Inventory) -> str:
    if found.is_one_machine:
        return (
            "By its settings the service uses no other service: database, store and queue are its own machine’s. "
            + open_question(
                "where that machine stands, and whether a copy is handed out to somebody in another country"
            )
        )
    return (
        "By its settings the service uses other servers: "
        + "; ".join(one.to for one in found.leaving if one.id in {"bucket", "database", "queue", "sign-in"})
        + ". "
        + open_question("in which country each stands, and the safeguard where it is another one (Art. 44 to 49)")
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
