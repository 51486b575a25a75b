"""What it is made of: the packages that run, with versions and licences, as they say themselves."""

from __future__ import annotations

import sys
from email.message import Message
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final, cast

from api.governance.blocks import Heading, Paper, Paragraph, Table
from records.inventory.inventory import Inventory

_CLASSIFIER: Final = "License :: OSI Approved :: "
SBOMS: Final = ("sbom.cdx.json", "page-sbom.cdx.json")
"""The files that `make sbom`, and the image, put beside the packages: of the service, and of its page."""


def licence(package: Distribution) -> str:
    """What a distribution says of itself, in a few words."""
    said = cast("Message", package.metadata)  # what it is; typeshed tells of fewer of its methods
    if expression := said.get("License-Expression"):
        return str(expression)
    classifiers = [
        one.removeprefix(_CLASSIFIER) for one in said.get_all("Classifier") or () if one.startswith(_CLASSIFIER)
    ]
    if classifiers:
        return ", ".join(classifiers)
    first = str(said.get("License") or "").strip().split("\n")[0]
    return first[:60] or "see its licence file"


def sboms() -> tuple[Path, ...]:
    """The software bills of material (CycloneDX) that are here."""
    return tuple(path for name in SBOMS if (path := Path(sys.prefix) / name).is_file())


def packages(_found: Inventory, made: str) -> Paper:
    """The list of packages; what is inside them is told in THIRD_PARTY.md."""
    return Paper(
        name="packages",
        title="What vigpack is made of",
        about="The packages that run here, with versions and licences.",
        made=made,
        blocks=(
            Heading("Python packages"),
            Paragraph(
                "Inside some of them are programs of others: ffmpeg in imageio-ffmpeg (GPL 3), FFmpeg’s libraries in"
                " av, the typesetter in typst. THIRD_PARTY.md of the program tells them all, and what is built into the"
                " page."
            ),
            Table(("Package", "Version", "Licence"), _installed(), "Packages and their licences"),
        ),
    )


@cache
def _installed() -> tuple[tuple[str, str, str], ...]:
    found = {one.name.lower(): (one.name, one.version, licence(one)) for one in distributions() if one.name}
    return tuple(found[name] for name in sorted(found))
