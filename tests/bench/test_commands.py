"""Each command of bench/ finds what it needs of the product and of its own folder, which change."""

from __future__ import annotations

from importlib import import_module
from pkgutil import walk_packages

import bench


def test_every_module_of_the_bench_can_be_imported() -> None:
    found = [module.name for module in walk_packages(bench.__path__, "bench.")]
    assert {"bench.load", "bench.against", "bench.cutting.__main__"} <= set(found)
    for name in found:
        import_module(name)
