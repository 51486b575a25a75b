"""How weaknesses are told: the policy that /.well-known/security.txt names, and that file itself (RFC 9116)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from api.governance.blocks import Bullets, Heading, Paper, Paragraph
from api.governance.wording import asked_of
from records.inventory.inventory import Inventory

POLICY_PATH: Final = "/security-policy"
_GOOD_FOR: Final = timedelta(days=90)
"""RFC 9116 asks for less than a year. Written at each request, the file ends so long after it was last served."""


def security_txt(found: Inventory, public_url: str, now: datetime) -> str:
    """The file, where there is a contact. ``public_url``: empty where it is not set; then no address is named."""
    ends = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + _GOOD_FOR
    lines = [f"Contact: {one}" for one in found.security_contacts]
    lines += [f"Expires: {ends.isoformat().replace('+00:00', 'Z')}", "Preferred-Languages: en"]
    if public_url:
        lines += [f"Canonical: {public_url}/.well-known/security.txt", f"Policy: {public_url}{POLICY_PATH}"]
    return "".join(f"{line}\r\n" for line in lines)


def disclosure_policy(found: Inventory, made: str) -> Paper:
    """What somebody who found a weakness may do and can expect."""
    return Paper(
        name="security-policy",
        title="How to report a weakness",
        about="For somebody who found a way past what protects families here.",
        made=made,
        blocks=(
            Paragraph(
                "This service keeps films of children. Somebody who finds a way past its protection helps most by"
                " telling those who run it first, and nobody else until it is closed."
            ),
            Heading("Whom to tell"),
            Bullets(found.security_contacts or (asked_of("", "VIGPACK_SECURITY_CONTACT"),)),
            Heading("What to tell"),
            Paragraph(
                "The version, if you know it, what you did and what you saw. Never send footage, a"
                " caption or a family’s code. A weakness of the program itself, and not of this installation, is"
                " reported to its maintainers as well: SECURITY.md of the program says how."
            ),
            Heading("What is welcome, and what is not"),
            Bullets(
                (
                    "Looking at an installation of your own, in good faith, is welcome.",
                    (
                        "Looking into somebody else’s films, words or accounts is not, also where nothing stopped you:"
                        " stop there and tell."
                    ),
                    "No load until it fails, no tricks on the people who work here, and nothing changed or erased.",
                )
            ),
        ),
    )
