"""Plays years: python -m tests.records.year YEARS STEPS; otherwise each time."""

from __future__ import annotations

import os
import sys

from tests.records.year.machine import play

if __name__ == "__main__":
    os.environ.pop("VIGPACK_CONSENT_POLICY", None)
    years, steps = (int(given) for given in sys.argv[1:3])
    play(years, steps, derandomize=False)
    print(f"{years} years of up to {steps} steps: rows, files and keys agreed at every one")
