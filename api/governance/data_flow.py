"""What is stored, where, how long, who can see it, and what leaves: the page beside the drawing."""

from __future__ import annotations

from api.governance.blocks import Bullets, Heading, Paper, Paragraph, Table
from api.governance.diagram import draw_data_flow
from records.inventory.inventory import Inventory


def data_flow(found: Inventory, made: str) -> Paper:
    """The drawing, then each part of it as a table."""
    names = {place.id: place.name for place in found.places}
    return Paper(
        name="data-flow",
        title="Where data goes",
        about="What is stored, where, how long, who can see it, and what leaves, with a drawing.",
        made=made,
        blocks=(
            draw_data_flow(found),
            Heading("What is kept"),
            Table(
                ("What", "Where", "Until", "Seen by", "Held by"),
                tuple((one.what, names[one.place], one.until, one.seen_by, one.code) for one in found.kept),
                "What is kept, where, until when, and who sees it",
            ),
            Paragraph(
                "Films, clips, pictures and other files are sealed whole. Of the database these columns are sealed: "
                + ", ".join(column for one in found.kept for column in one.sealed)
                + "."
            ),
            Heading("Where that is"),
            Table(
                ("Place", "In this installation", "Set by"),
                tuple((one.name, one.where, one.setting or "the program") for one in found.places),
                "Places in which something is kept",
            ),
            Heading("Who may see and do what"),
            Bullets(found.sign_in),
            Table(
                ("Role", "Sees films, pictures, captions and codes", "May"),
                tuple(
                    (
                        one.title,
                        "of families that are theirs or shared with them" if one.sees_films else "no",
                        _may(one.may),
                    )
                    for one in found.roles
                ),
                "Roles and what they may do",
            ),
            Bullets(found.exceptions),
            Paragraph(
                "What each address of the service asks for stands in api/middleware/access.py, in one place; what"
                " nothing there names is a guider’s. Which families somebody sees is decided by one condition in"
                " records/families/access.py."
            ),
            Heading("What is made, and for what"),
            Table(
                ("What", "Usually for", "Also for", "Waits for agreement"),
                tuple(
                    (
                        one.title,
                        one.purposes[0],
                        ", ".join(one.purposes[1:]) or "nothing else",
                        "yes" if one.shows_people else "no: nobody is in it",
                    )
                    for one in found.made
                ),
                "Kinds of output and their purposes",
            ),
            Paragraph(
                "A recording of the review itself is kept, and what is made of it is made, for supervision where"
                " nothing else stands here. Whether a purpose waits for agreement follows from its lawful basis (see"
                " the DPIA)."
            ),
            Heading("What leaves"),
            Table(
                ("What", "To", "Protected by", "Of families", "Held by"),
                tuple(
                    (one.what, one.to, one.protected_by, "yes" if one.of_families else "no", one.code)
                    for one in found.leaving
                ),
                "What leaves the service",
            ),
            Paragraph(found.nothing_else),
        ),
    )


def retention_schedule(found: Inventory, made: str) -> Paper:
    """Until when each thing is kept, and the lines of the policy's file that say so."""
    return Paper(
        name="retention-schedule",
        title="Retention schedule",
        about="How long each thing is kept, and from when.",
        made=made,
        blocks=(
            Heading("The policy"),
            Table(
                ("What", "Until", "In the policy’s file"),
                tuple((one.what, one.until, one.written) for one in found.retention),
                "The retention policy in force",
            ),
            Paragraph(
                "The file is configs/retention.toml, or the service’s own, which VIGPACK_RETENTION_FILE names. A family"
                " that is on hold is kept until the hold is released. What was handed out is not reached by erasing:"
                " the register of copies, and the certificate of an erasure, list it."
            ),
            Heading("Everything that is kept"),
            Table(
                ("What", "Whose data", "Until", "Held by"),
                tuple((one.what, one.about, one.until, one.code) for one in found.kept),
                "Until when each thing is kept",
            ),
        ),
    )


def _may(may: tuple[str, ...]) -> str:
    return "; ".join(may)
