"""By what an output can leave: what fits its files."""

from __future__ import annotations

from collections.abc import Iterable

from records.copies.register import Carrier

REVIEW_PACK = "review_pack"
"""What a link shows of it is the review as the service plays it."""
_PACKS = frozenset({REVIEW_PACK, "supervision_pack", "intervision_pack"})
"""Those with a player, which asks for the passphrase where one is sealed."""
_SHOWN_IN_PLACE = ("video/", "audio/", "image/", "application/pdf")


def carriers_of(kind: str, media_types: Iterable[str]) -> list[Carrier]:
    """The ways in which an output of these files can leave, the best first; none where there is no file.

    A phone or tablet shows a page from its disk without scripts, so for those there is the link.
    """
    files = list(media_types)
    if not files:
        return []
    sealed = [Carrier.SEALED] if kind in _PACKS else []
    shown = kind == REVIEW_PACK or all(one.startswith(_SHOWN_IN_PLACE) for one in files)
    return [*sealed, *([Carrier.LINK] if shown else []), Carrier.PLAIN]
