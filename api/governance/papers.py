"""Every paper, under the name of its files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

from api.governance.accessibility import accessibility_statement
from api.governance.blocks import Paper
from api.governance.data_flow import data_flow, retention_schedule
from api.governance.disclosure import disclosure_policy
from api.governance.dpia import impact_assessment
from api.governance.packages import packages
from api.governance.record import record_of_processing
from records.inventory.inventory import Inventory

PAPERS: Final[dict[str, Callable[[Inventory, str], Paper]]] = {
    "dpia": impact_assessment,
    "data-flow": data_flow,
    "retention-schedule": retention_schedule,
    "record-of-processing": record_of_processing,
    "accessibility-statement": accessibility_statement,
}
OFFERED: Final = {**PAPERS, "packages": packages, "security-policy": disclosure_policy}
"""What the page offers besides: it follows from what is installed, or is for others than officers."""


def papers_of(found: Inventory, made: str = "") -> list[Paper]:
    """All of them."""
    return [write(found, made) for write in PAPERS.values()]


def made_on(found: Inventory, day: date) -> str:
    """By which program, and when: what stands under a paper's title."""
    return f"Written by vigpack {found.version} from the settings in force on {day.isoformat()}."


def made_for_anybody(day: date) -> str:
    """The same for a page that strangers read: they are not told which version runs."""
    return f"Written from the settings in force on {day.isoformat()}."


AS_SHIPPED: Final = (
    "Written from the settings as vigpack comes with them (vigpack governance writes it for an installation; "
    "make papers writes this file anew, and a test compares it)."
)
