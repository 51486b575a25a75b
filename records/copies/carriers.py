"""By what an output can leave: what fits its files."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.outputs.kinds import KINDS
from records.copies.register import Carrier

REVIEW_PACK = "review_pack"
"""What a link shows of it is the review as the service plays it."""
_PACKS = frozenset({REVIEW_PACK, "supervision_pack", "intervision_pack"})
"""Those with a player. Where one is sealed, what asks for the passphrase plays it too."""
_SHOWN_IN_PLACE = ("video/", "audio/", "image/", "application/pdf")


def has_player(kind: str) -> bool:
    """Whether it is a pack that plays."""
    return kind in _PACKS


def carriers_of(kind: str, media_types: Iterable[str]) -> list[Carrier]:
    """The ways in which an output of these files can leave, the best first; none where there is no file.

    Of a form that nobody is in there is nothing to seal. A phone or tablet shows a page from its disk without scripts,
    so for those there is the link.
    """
    files = list(media_types)
    if not files:
        return []
    sealed = [Carrier.SEALED] if kind not in KINDS or KINDS[kind].shows_people else []
    shown = kind == REVIEW_PACK or all(one.startswith(_SHOWN_IN_PLACE) for one in files)
    return [*sealed, *([Carrier.LINK] if shown else []), Carrier.PLAIN]
