"""ffmpeg is started in one place, which bounds it, hears it out and never leaves it behind."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.errors import FfmpegFailed, FfmpegMissing, FfmpegTimedOut, NoSpace, OutputTooLarge, TooMuchMemory
from pipeline.ffmpeg import runner as ffmpeg_cli
from pipeline.ffmpeg.limits import Limits
from pipeline.ffmpeg.runner import TAIL_LINES, FfmpegRunner
from tests.footage import RUNNER

NARROW = FfmpegRunner(limits=Limits(memory_bytes=300_000_000, file_bytes=1_000_000))
FOR_EVER = ["-f", "lavfi", "-re", "-i", "testsrc2=size=64x64:rate=5", "-f", "null", "-"]
SHORT = ["-f", "lavfi", "-i", "testsrc2=duration=2:rate=25", "-f", "null", "-"]


def children() -> list[psutil.Process]:
    """Every ffmpeg below this process, which may have servers and a browser of other tests beside it."""
    return [child for child in psutil.Process().children(recursive=True) if "ffmpeg" in child.name()]


def test_progress_rises_to_the_whole_length() -> None:
    told: list[float] = []
    run = RUNNER.run(SHORT, timeout_s=60, on_progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(2.0, abs=0.05)
    assert run.cpu_s > 0


def test_a_failure_carries_status_command_and_a_bounded_tail(tmp_path: Path) -> None:
    film = tmp_path / "Ella at home.mp4"
    film.write_text("no film")
    with pytest.raises(FfmpegFailed) as failed:
        RUNNER.run(["-i", str(film), "-f", "null", "-"], timeout_s=60, hide=film)
    text = str(failed.value)
    assert "exit status" in text
    assert "-f null" in text
    assert "Ella" not in text
    assert len(text.splitlines()) <= TAIL_LINES + 2


RAW = ["-f", "rawvideo", "-s", "8x8", "-pix_fmt", "gray", "-protocol_whitelist", "pipe", "-i", "pipe:0"]


def test_what_it_is_fed_it_reads_a_block_at_a_time() -> None:
    frames = (bytes([number]) * 64 for number in range(50))
    run = RUNNER.run([*RAW, "-f", "rawvideo", "-"], timeout_s=60, feed=frames, most_output_bytes=50 * 64 + 1)
    assert run.output == b"".join(bytes([number]) * 64 for number in range(50))


def test_a_feed_that_fails_ends_it_and_is_passed_on() -> None:
    def frames() -> Iterator[bytes]:
        yield bytes(64)
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        RUNNER.run([*RAW, "-f", "null", "-"], timeout_s=60, feed=frames())
    assert not children()


def test_a_feed_that_is_longer_than_what_is_wanted_is_left() -> None:
    endless = (bytes(64) for _ in itertools.count())
    RUNNER.run([*RAW, "-frames:v", "3", "-f", "null", "-"], timeout_s=60, feed=endless)
    assert not children()


def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(FfmpegTimedOut):
        RUNNER.run(FOR_EVER, timeout_s=1.5)
    assert not children()


def test_what_makes_no_progress_is_ended(tmp_path: Path) -> None:
    pipe = tmp_path / "never"
    os.mkfifo(pipe)
    with pytest.raises(FfmpegTimedOut) as ended:
        RUNNER.run(["-f", "rawvideo", "-s", "2x2", "-i", str(pipe), "-f", "null", "-"], timeout_s=60, stall_s=1)
    assert "silent" in str(ended.value)
    assert not children()


def test_an_error_while_reporting_progress_ends_ffmpeg_and_is_passed_on() -> None:
    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RUNNER.run(FOR_EVER, timeout_s=60, on_progress=stop)
    assert not children()


def test_output_is_bounded() -> None:
    argv = ["-f", "lavfi", "-i", "testsrc2=duration=5:size=320x240", "-f", "rawvideo", "-"]
    with pytest.raises(FfmpegFailed):
        RUNNER.run(argv, timeout_s=60, most_output_bytes=100_000)


def test_a_full_disk_is_told_as_such() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(NoSpace):
        RUNNER.run([*SHORT[:-3], "-c:v", "rawvideo", "-f", "rawvideo", "/dev/full"], timeout_s=60)


def test_a_file_may_not_grow_without_bound(tmp_path: Path) -> None:
    part = tmp_path / "big.raw"
    argv = ["-f", "lavfi", "-i", "testsrc2=duration=9", "-f", "rawvideo", str(part)]
    with pytest.raises(OutputTooLarge):
        NARROW.run(argv, timeout_s=60)
    assert part.stat().st_size <= 1_000_000
    NARROW.run(argv, timeout_s=60, most_file_bytes=100_000_000)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds memory")
def test_memory_is_bounded_and_said_to_be_too_little() -> None:
    with pytest.raises(TooMuchMemory):
        NARROW.run(["-f", "lavfi", "-i", "color=size=4096x4096", "-c:v", "libx264", "-f", "null", "-"], timeout_s=60)


@pytest.mark.skipif(sys.platform != "linux", reason="a time limit in the kernel")
def test_processor_time_is_bounded_even_where_the_parent_does_not_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.ffmpeg.runner.os.cpu_count", lambda: 1)
    busy = ["-f", "lavfi", "-i", "mandelbrot=size=640x480", "-f", "null", "-"]
    process = ffmpeg_cli._start([RUNNER.executable(), *busy], Limits(), timeout_s=1)
    _, said = process.communicate(timeout=60)
    failure = ffmpeg_cli._failure(process.returncode, said.decode())
    assert isinstance(failure, FfmpegTimedOut), said


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can bind a child to its parent")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_ffmpeg_dies_with_its_parent(how: signal.Signals) -> None:
    code = f"from pipeline.ffmpeg.runner import FfmpegRunner; FfmpegRunner().run({FOR_EVER!r}, timeout_s=600)"
    parent = subprocess.Popen([sys.executable, "-c", code])
    child = None
    deadline = time.monotonic() + 30
    while child is None and time.monotonic() < deadline:
        found = [c for c in psutil.Process(parent.pid).children() if "ffmpeg" in c.name()]
        child = found[0] if found else None
        time.sleep(0.05)
    assert child is not None
    parent.send_signal(how)
    parent.wait(10)
    gone, _ = psutil.wait_procs([child], timeout=60)
    assert gone


def test_another_ffmpeg_can_be_named(tmp_path: Path) -> None:
    other = tmp_path / "my-ffmpeg"
    other.symlink_to(RUNNER.executable())
    assert FfmpegRunner(str(other)).executable() == str(other)
    assert "imageio_ffmpeg" in RUNNER.executable()
    with pytest.raises(FfmpegMissing):
        FfmpegRunner(str(tmp_path / "missing")).run(SHORT, timeout_s=60)


def test_finding_ffmpeg_starts_no_program_that_could_be_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """imageio_ffmpeg tries the program once in a process, and a try that is killed would leave it without for ever."""
    ffmpeg_cli._packaged.cache_clear()
    with monkeypatch.context() as killed:
        killed.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a program was started"))
        assert Path(RUNNER.executable()).is_file()
