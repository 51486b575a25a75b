"""Chaos: the real stack under load, broken at seeded instants, then asked whether anything was lost, doubled or left.

``python -m tests.chaos --runs 50 --seed 1`` (``make chaos RUNS=50 SEED=1``). docs/reliability.md tells what it found.
"""
