"""The page's own tests, which need no browser: the cutter's rules on real films, and what the page reckons."""

from __future__ import annotations

from tests.footage import ffmpeg
from tests.web.engine import run_npm


def test_the_pages_own_tests_are_green() -> None:
    done = run_npm("test", VIGPACK_FFMPEG=ffmpeg(), NO_COLOR="1")
    assert done.returncode == 0, done.stdout + done.stderr
