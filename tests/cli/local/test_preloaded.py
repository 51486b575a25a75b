from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest

from cli.local.preloaded import preloaded_parts

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands a forked part over to us")


def test_a_part_is_started_anew_where_nothing_is_left_to_fork_it_from(tmp_path: Path) -> None:
    before = psutil.Process().children()
    with preloaded_parts(tmp_path) as preloaded:
        assert preloaded is not None
        [loading] = set(psutil.Process().children()) - set(before)
        loading.kill()
        assert preloaded.start([sys.executable, "-P", "-m", "cli", "api"], os.environ, tmp_path / "api.log") is None
    assert psutil.Process().children() == before
