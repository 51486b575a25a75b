from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from cli.local.data_dir_lock import DataInUse, hold_data_dir
from cli.local.supervisor import END_WITH_PARENT, Part, PartFailed, Pulse, Supervisor
from tests.servers import wait_until

SLEEPS = [sys.executable, "-c", "import time; time.sleep(600)"]
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
SLEEPS_DEAF = [sys.executable, "-c", DEAF]
WITH_GRANDCHILD = [sys.executable, "-c", f"import subprocess; subprocess.run({SLEEPS!r})"]


class Told:
    """What the supervisor told, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def __call__(self, event: str, part: str, sentence: str, url: str = "") -> None:
        assert sentence
        assert not url
        self.events.append((event, part))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def supervisor(tmp_path: Path, told: Told) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path, told)
    yield supervisor
    supervisor.stop()


def make_part(argv: list[str], **more: float) -> Part:
    return Part("worker", argv, os.environ, lambda: True, **more)  # type: ignore[arg-type]


def family_of(supervisor: Supervisor) -> list[psutil.Process]:
    """The part that runs and all that it started."""
    [part] = (psutil.Process(run.process.pid) for run in supervisor.runs)
    return [part, *part.children(recursive=True)]


def gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


def test_a_part_that_dies_is_started_again(supervisor: Supervisor, told: Told) -> None:
    supervisor.start(make_part(SLEEPS))
    [first] = family_of(supervisor)
    first.kill()
    run = supervisor.runs[0]
    events = [("died", "worker"), ("restarted", "worker")]
    wait_until(lambda: (supervisor._keep_alive(run), told.events)[1] == events, "it is started again")
    [second] = family_of(supervisor)
    assert second.pid != first.pid


def test_a_part_that_keeps_dying_is_given_longer_pauses(supervisor: Supervisor) -> None:
    supervisor.start(make_part(SLEEPS))
    run = supervisor.runs[0]
    for pause_s in (0.5, 1.0, 2.0):
        os.kill(run.process.pid, signal.SIGKILL)
        run.process.wait(60)
        before = time.monotonic()
        supervisor._keep_alive(run)
        assert run.restart_at is not None
        assert run.restart_at - time.monotonic() <= pause_s <= run.restart_at - before
        run.restart_at = 0
        supervisor._keep_alive(run)


BEATS_AND_HANGS = """
import time
from records.pulse import beat_pulse
for _ in range(5):
    beat_pulse()
    time.sleep(0.1)
time.sleep(600)
"""


def test_a_part_that_gets_on_no_more_is_ended_and_started_again(supervisor: Supervisor, told: Told) -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    argv = [sys.executable, "-c", BEATS_AND_HANGS]
    supervisor.start(Part("worker", argv, env, lambda: True, hung_after_s=3.0))
    hung = family_of(supervisor)
    [run] = supervisor.runs
    began = time.monotonic()
    events = [("hung", "worker"), ("died", "worker"), ("restarted", "worker")]
    wait_until(lambda: (supervisor._keep_alive(run), told.events)[1] == events, "it is started again")
    assert time.monotonic() - began > 3
    assert gone(hung)
    assert not gone(family_of(supervisor))


def test_the_time_in_which_a_machine_slept_counts_for_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    pulse = Pulse()
    pulse.begin()
    os.utime(pulse._fd, (0, 0))  # long ago, by the wall's clock
    assert pulse.silent_s() < 60
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 100)
    assert pulse.silent_s() > 99


def test_a_part_that_never_starts_fails_with_the_end_of_its_log(supervisor: Supervisor) -> None:
    broken = Part("worker", [sys.executable, "-c", "raise SystemExit('no such queue')"], os.environ, lambda: False)
    with pytest.raises(PartFailed, match="no such queue") as failure:
        supervisor.start(broken)
    assert "worker.log" in failure.value.for_guider


def test_a_part_that_ends_before_it_is_ready_is_repaired_once(
    supervisor: Supervisor, told: Told, tmp_path: Path
) -> None:
    fault = tmp_path / "fault"
    fault.touch()
    repairs: list[str] = []

    def repair() -> str:
        fault.unlink(missing_ok=True)
        repairs.append("done")
        return "What kept it from starting was taken away."

    program = (
        "import os, pathlib, sys, time\n"
        "fault, up = map(pathlib.Path, sys.argv[1:])\n"
        "sys.exit('no') if fault.exists() else (up.touch(), time.sleep(600))"
    )
    up = tmp_path / "up"
    argv = [sys.executable, "-c", program, str(fault), str(up)]
    supervisor.start(Part("queue", argv, os.environ, up.exists, repair=repair))
    assert told.events == [("died", "queue"), ("repaired", "queue"), ("restarted", "queue")]
    assert repairs == ["done"]


def test_a_part_that_no_repair_helps_is_repaired_once_and_given_up(supervisor: Supervisor, told: Told) -> None:
    part = Part(
        "queue", [sys.executable, "-c", "raise SystemExit(1)"], os.environ, lambda: False, repair=lambda: "Done."
    )
    with pytest.raises(PartFailed):
        supervisor.start(part)
    assert [event for event, _ in told.events].count("repaired") == 1


def test_a_part_that_was_ready_is_not_repaired_when_it_dies(supervisor: Supervisor, told: Told) -> None:
    supervisor.start(Part("queue", SLEEPS, os.environ, lambda: True, repair=lambda: "Done."))
    [run] = supervisor.runs
    os.kill(run.process.pid, signal.SIGKILL)
    run.process.wait(10)
    supervisor._keep_alive(run)
    assert told.events == [("died", "queue")]


def test_stop_ends_a_part_and_all_that_it_started(supervisor: Supervisor) -> None:
    supervisor.start(make_part(WITH_GRANDCHILD))
    wait_until(lambda: len(family_of(supervisor)) == 2, "it has started another")
    family = family_of(supervisor)
    supervisor.stop()
    wait_until(lambda: gone(family), "both have ended")


def test_stop_kills_a_part_that_does_not_listen(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(make_part(SLEEPS_DEAF, stop_within_s=0.3))
    wait_until(lambda: "deaf" in (tmp_path / "worker.log").read_text(), "it runs")
    family = family_of(supervisor)
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 60  # the part itself would go on for ten minutes
    assert gone(family)


def test_a_large_log_keeps_two_generations(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.local.supervisor.LOG_LIMIT_BYTES", 10)
    (tmp_path / "api.log").write_text("much that was said")
    supervisor._trim_logs()
    assert (tmp_path / "api.log").read_text() == ""
    assert (tmp_path / "api.log.1").read_text() == "much that was said"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent was killed")
def test_a_child_on_the_leash_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, subprocess, sys, time\n"
            f"ends_with_us = [sys.executable, '-I', '-S', {str(END_WITH_PARENT)!r}, str(os.getpid()), '/']\n"
            f"child = subprocess.Popen([*ends_with_us, *{SLEEPS!r}])\n"
            "print(child.pid, flush=True); time.sleep(600)",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    wait_until(lambda: "-I" not in child.cmdline(), "it is the program itself")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_until(lambda: not child.is_running() or child.status() == "zombie", "the child ends")


def test_a_data_folder_is_held_by_one_only(tmp_path: Path) -> None:
    held = hold_data_dir(tmp_path / "data")
    with pytest.raises(DataInUse, match=f"process {os.getpid()}"):
        hold_data_dir(tmp_path / "data")
    os.close(held)
    os.close(hold_data_dir(tmp_path / "data"))


def test_a_data_folder_stays_held_until_the_parts_of_a_killed_up_have_ended(tmp_path: Path) -> None:
    held = hold_data_dir(tmp_path)
    part = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, pass_fds=[held]
    )
    assert part.stdin is not None
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    os.pwrite(held, f'{{"pid": {gone.pid}}}    '.encode(), 0)
    os.close(held)
    with ThreadPoolExecutor(1) as pool:
        next_one = pool.submit(hold_data_dir, tmp_path)
        with pytest.raises(TimeoutError):
            next_one.result(0.5)
        part.stdin.close()
        os.close(next_one.result(60))
    assert part.wait() == 0
