"""What runs add up to: medians, their spread, and the ratios that the product is held to."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.cutting.watch import Cost

FILM_S = 900
CLIPS_S = 120
"""Of a film of 15 minutes, six clips of 20 s: for these every ratio is told."""
START_S = 1.0
GOALS = {
    "floor_cpu": 1.04,
    "loudnorm_cpu": 0.95,
    "moviepy_cpu": 0.36,
    "pyscenedetect_cpu": 0.55,
    "stills_cpu": 1.06,
    "transcode_then_cut_wall": 0.12,
}
LIGHT_GOALS = {"cpu_against_filmed": 0.12, "ready_p95_s": 1.5, "first_look_p95_s": 1.0}
"""Of lighter moments: processor over that of the same as filmed, and seconds."""


@dataclass(frozen=True)
class Run:
    """One way, once. ``clips_s``: the seconds of clips that it made; ``whole_s``: of film that it transcoded."""

    cost: Cost
    clips_s: float
    whole_s: float
    parts_s: dict[str, float]
    clips: int = 1
    start: Cost | None = None
    """What as many clips of ``START_S`` cost, where fewer seconds of clips were made than six clips of 20 s have."""

    def of_review(self, figure: str) -> float:
        """The seconds (``cpu_s``, ``wall_s``) for six clips of 20 s: a start, and the rest by the length of clips."""
        took = float(getattr(self.cost, figure))
        if self.start is None:
            return took / self.clips_s * CLIPS_S
        started = float(getattr(self.start, figure))
        short_s = START_S * self.clips
        return started + max(0.0, took - started) / (self.clips_s - short_s) * (CLIPS_S - short_s)

    @property
    def wall_of_film_s(self) -> float:
        """The seconds from the film of 15 minutes to all clips, by what its parts took for what they did here."""
        if not self.parts_s:
            return self.of_review("wall_s")
        transcoding = self.parts_s["transcode"] / self.whole_s * FILM_S
        return transcoding + self.parts_s["cut"] / self.clips_s * CLIPS_S


def spread(values: Sequence[float]) -> dict[str, float]:
    """The median of values, the lowest and the highest."""
    found = {"median": statistics.median(values), "low": min(values), "high": max(values)}
    return {name: round(value, 3) for name, value in found.items()}


def costs(runs: Sequence[Run]) -> dict[str, Any]:
    """What a way took, and how much of it a second of clip is."""
    told: dict[str, Any] = {name: spread([asdict(run.cost)[name] for run in runs]) for name in ("wall_s", "cpu_s")}
    told["peak_mb"] = spread([run.cost.peak_mb for run in runs])
    told["clips_s"] = runs[0].clips_s
    told["cpu_s_per_clip_s"] = round(statistics.median(run.cost.cpu_s / run.clips_s for run in runs), 3)
    return told


_OTHER_WORK = {"vigpack", "stills", "light", "release", "transcode_then_cut", "smartcut"}
"""Ratios of processor time with these would compare different work, or are told apart."""


def ratios(runs: dict[str, list[Run]]) -> dict[str, dict[str, float]]:
    """The product's cost over another's for six clips of 20 s, round by round; ``release_…``: over the last release's.

    Twelve stills cost what they cost, however long the clips are.
    """
    told = {
        f"{other}_cpu": _spread_of(runs["vigpack"], runs[other], "cpu_s") for other in runs if other not in _OTHER_WORK
    }
    if {"stills", "floor"} <= set(runs):
        three = zip(runs["stills"], runs["vigpack"], runs["floor"], strict=True)
        told["stills_cpu"] = spread(
            [
                (own.of_review("cpu_s") + both.cost.cpu_s - own.cost.cpu_s) / floor.of_review("cpu_s")
                for both, own, floor in three
            ]
        )
    if "transcode_then_cut" in runs:
        pairs = zip(runs["vigpack"], runs["transcode_then_cut"], strict=True)
        told["transcode_then_cut_wall"] = spread([own.wall_of_film_s / other.wall_of_film_s for own, other in pairs])
    for figure in ("cpu_s", "wall_s", "peak_mb") if "release" in runs else ():
        both = zip(runs["vigpack"], runs["release"], strict=True)
        told[f"release_{figure.rpartition('_')[0]}"] = spread(
            [getattr(now.cost, figure) / getattr(before.cost, figure) for now, before in both]
        )
    return told


def _spread_of(ours: Sequence[Run], theirs: Sequence[Run], figure: str) -> dict[str, float]:
    return spread([own.of_review(figure) / other.of_review(figure) for own, other in zip(ours, theirs, strict=True)])
