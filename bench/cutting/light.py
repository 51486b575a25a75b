"""What lighter moments cost beside the same as filmed, as far as it has been measured."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.cutting.summary import Run

MEASURED = Path(__file__).parents[1] / "results" / "light.json"
_FIGURES = ("cpu_against_filmed", "ready_p95_s", "first_look_p95_s")


def light_figures(runs: Mapping[str, Sequence[Run]], measured: Path = MEASURED) -> dict[str, Any]:
    """The CPU for lighter moments over that for the same as filmed; p95 of last byte to ready and to playing.

    What was measured with a browser, which cuts the lighter moments, stands in ``measured``; None where nothing does.
    The first is otherwise that of `vigpack prepare` on a film that x264 made as the page has it made.
    """
    found = json.loads(measured.read_text()) if measured.exists() else {}
    told = {name: found.get(name) for name in _FIGURES}
    if told["cpu_against_filmed"] is None and {"light", "vigpack"} <= set(runs):
        pairs = zip(runs["light"], runs["vigpack"], strict=True)
        share = statistics.median(light.of_review("cpu_s") / filmed.of_review("cpu_s") for light, filmed in pairs)
        told["cpu_against_filmed"] = round(share, 3)
    return told
