"""What prepare() tells of its work: report.json."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from pipeline.artifact import COPIED, FinishedMoment

_T = TypeVar("_T")


@dataclass
class Report:
    """What was made of a film, and what it cost."""

    film: dict[str, Any]
    preset: dict[str, Any]
    steps: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    """The files to hand out, among all that were written."""
    warnings: list[str] = field(default_factory=list)

    def step(self, name: str, bytes_in: int, work: Callable[[], _T]) -> _T:
        """Do a piece of work in this process and note what it took."""
        wall, cpu = time.monotonic(), time.process_time()
        result = work()
        self.steps.append(
            {
                "step": name,
                "wall_s": round(time.monotonic() - wall, 3),
                "cpu_s": round(time.process_time() - cpu, 3),
                "bytes_in": bytes_in,
            }
        )
        return result

    def add_moment(self, number: int, moment: FinishedMoment, wall_s: float) -> None:
        """Note what a moment took and what is to be known of it."""
        step: dict[str, Any] = {
            "step": f"{moment.kind} (moment {number})",
            "wall_s": round(wall_s, 3),
            "cpu_s": round(moment.cpu_s, 3),
            "bytes_out": moment.bytes,
            "gain_db": moment.gain_db,
        }
        if moment.kind == "clip":
            made = {"because": moment.encoded_because, "reason": moment.encoding_reason}
            step |= {"picture": "encoded" if moment.encoding_reason else COPIED, **made}
            step |= {"decoded_by": moment.decoded_by, "not_by_device": moment.processor_reason}
        self.steps.append(step)
        self.warnings += [f"Moment {number}: {warning}" for warning in moment.warnings]

    def to_json(self) -> str:
        """The report as it stands in report.json."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"
