"""Words as a picture on nothing, set in the house's letters inside what every television shows."""

from __future__ import annotations

import json
from importlib.resources import files

import cv2
import numpy as np
import typst
from numpy.typing import NDArray

from pipeline.outputs.reel.plan import Screen
from pipeline.print.letters import fonts, shipped_families

INK = "#f6f1e7"
SAFE = 0.1
"""Of each side: older televisions hide up to 5 % of the picture; words keep twice as far away (EBU R 95)."""
_LARGEST, _SMALLEST = 0.085, 0.036
"""Of the screen's height: the letters' sizes. 0.036 is 26 px of 720, read from across a room."""
_FOOT_SHARE, _WHOLE_SHARE = 0.4, 1.0


def draw_words(words: str, screen: Screen, *, foot: bool = False) -> NDArray[np.uint8]:
    """The words in the middle of the screen, or at its foot: uint8, (height, width, 4), RGB and opacity."""
    largest, smallest = (round(share * screen.height_px) for share in (_LARGEST, _SMALLEST))
    card = {
        "words": words,
        "width": screen.width_px,
        "height": screen.height_px,
        "margin_x": round(SAFE * screen.width_px),
        "margin_y": round(SAFE * screen.height_px),
        "sizes": list(range(largest if not foot else (largest + smallest) // 2, smallest - 1, -2)),
        "share": _FOOT_SHARE if foot else _WHOLE_SHARE,
        "foot": foot,
        "ink": INK,
        "fonts": list(shipped_families()),
    }
    png = typst.compile(
        files(__package__).joinpath("cards.typ").read_bytes(),
        font_paths=fonts(),
        sys_inputs={"card": json.dumps(card)},
        format="png",
        ppi=72.0,
    )
    if not isinstance(png, bytes):
        raise TypeError(f"typst gave {type(png).__name__} instead of one page")
    return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)[:, :, [2, 1, 0, 3]]
