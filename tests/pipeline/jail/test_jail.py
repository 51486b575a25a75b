"""What opens films cannot reach anything else, and does not outlive its asker."""

from __future__ import annotations

import dataclasses
import errno
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.errors import Cancelled, JailMissing, MediaCrashed, OutputTooLarge, TooMuchMemory
from pipeline.ffmpeg.devices import Device
from pipeline.ffmpeg.limits import Limits
from pipeline.jail.jail import Jail, Locks, Task, WorkBroke, find_locks
from tests.footage import JAIL
from tests.pipeline.jail.probes import Could, Tries

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has what a jail is made of")
TOGETHER = "jail"
FINDS = "from pipeline.jail.jail import find_locks as f; print(f().kept_by, f().why_not)"
SECRET = "a-secret-of-the-service-4711"
WHOLE = find_locks()
WITHOUT_NAMESPACES = dataclasses.replace(WHOLE, namespaces=False, proc=False)
WAYS = [
    pytest.param(WHOLE, id="namespaces", marks=pytest.mark.skipif(not WHOLE.namespaces, reason=WHOLE.why_not)),
    pytest.param(
        WITHOUT_NAMESPACES,
        id="landlock",
        marks=pytest.mark.skipif(WHOLE.landlock < 6, reason="this kernel's Landlock is older"),
    ),
]


def task(name: str, result: Any = Could) -> Task[Tries, Any]:
    return Task(f"tests.pipeline.jail.probes:{name}", result, timeout_s=100)


def jailed(**given: Any) -> Jail:
    """With bounds of its own, in the one process that forks for all tests."""
    return dataclasses.replace(JAIL, **given)


@pytest.fixture
def tries(tmp_path: Path) -> Iterator[Tries]:
    (tmp_path / "marker").write_text("of another family")
    (tmp_path / "film.mp4").write_text("a film")
    folder = tmp_path / "job"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        ports = (tcp.getsockname()[1], udp.getsockname()[1])
        beside = (tmp_path / "marker", Path("/etc/passwd"))
        yield Tries(folder, tmp_path / "film.mp4", ports, beside, os.getpid(), SECRET, 0)


@pytest.mark.parametrize("locks", WAYS)
def test_nothing_outside_its_folder_can_be_reached(locks: Locks, tries: Tries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGPACK_TOKEN", SECRET)
    jail = Jail(locks=locks, required=True)  # of its own, started with the secret in this environment
    could = jail.do(task("try_all"), tries, tries.folder, reads=[tries.readable])
    assert could.done == ("starts programs",)
    assert (tries.folder / "made.txt").read_text() == "as it must"
    assert not list(tries.folder.parent.rglob("left-behind"))


@pytest.mark.parametrize("locks", WAYS)
def test_a_device_can_be_used_by_what_is_given_it_and_by_nothing_else(locks: Locks, tries: Tries) -> None:
    jail, asked = jailed(locks=locks), dataclasses.replace(tries, readable=Path("/dev/full"))
    given = jail.do(task("write_to_device"), asked, tries.folder, devices=[Device("cuda", "cuda", ("full",))])
    assert given.done == (f"OSError {errno.ENOSPC}",)  # as /dev/full answers
    assert jail.do(task("write_to_device"), asked, tries.folder).done != given.done


def test_out_of_the_jail_the_same_probe_reaches_everything(tries: Tries) -> None:
    """So that none of what it tries fails for another reason."""
    jail = jailed(locks=Locks(namespaces=False))
    could = jail.do(task("try_all"), tries, tries.folder, reads=[tries.readable])
    assert {"tcp", "udp", "reads marker", "writes beside marker", "changes what it may read"} <= set(could.done)


@pytest.mark.skipif(not WHOLE.namespaces, reason=WHOLE.why_not)
def test_no_more_processes_than_are_allowed(tries: Tries) -> None:
    """The kernel refuses them to everybody but root; where it does not, what watches the jail ends it."""
    jail = jailed(most_processes=30)
    with suppress(MediaCrashed):
        could = jail.do(task("start_processes"), dataclasses.replace(tries, processes=4000), tries.folder)
        assert could.processes <= 30


@pytest.mark.parametrize("locks", WAYS)
def test_memory_and_files_are_bounded(locks: Locks, tries: Tries) -> None:
    jail = jailed(limits=Limits(memory_bytes=256 << 20, file_bytes=8 << 20), locks=locks)
    with pytest.raises(TooMuchMemory):
        jail.do(task("take_memory"), tries, tries.folder)
    with pytest.raises(OutputTooLarge):
        jail.do(task("write_much"), tries, tries.folder)
    with pytest.raises(OutputTooLarge):
        jail.do(task("write_many"), tries, tries.folder)


@pytest.mark.parametrize("locks", WAYS)
def test_the_asker_can_end_it_with_all_that_it_started(locks: Locks, tries: Tries) -> None:
    jailed(locks=locks).do(task("lead_nowhere"), tries, tries.folder)  # what forks is there now
    before = set(psutil.Process().children(recursive=True))
    started: set[psutil.Process] = set()

    def stop(_: float) -> None:
        ours = [one for one in psutil.Process().children(recursive=True) if "chrom" not in one.name()]
        started.update(set(ours) - before)
        if len(started) >= 3:  # who watches, what works, and what that started: on a busy machine not all at once
            raise Cancelled

    with pytest.raises(Cancelled):
        jailed(locks=locks).do(task("sleep"), tries, tries.folder, tell=stop)
    _, alive = psutil.wait_procs(started, timeout=60)
    assert alive == []


@pytest.mark.parametrize(
    ("name", "result", "refusal"),
    [
        ("lead_elsewhere", Could, WorkBroke),
        ("name_elsewhere", Tries, WorkBroke),
        ("crash", Could, MediaCrashed),
        ("babble", Could, WorkBroke),
    ],
)
def test_what_comes_out_of_it_is_not_trusted(name: str, result: Any, refusal: type[Exception], tries: Tries) -> None:
    with pytest.raises(refusal):
        JAIL.do(task(name, result), tries, tries.folder)


def test_when_the_process_that_forks_was_killed_another_is_started(tries: Tries) -> None:
    jail = Jail()
    jail.do(task("lead_nowhere"), tries, tries.folder)
    forks = [one for one in psutil.Process().children() if "pipeline.jail.zygote" in one.cmdline()]
    newest = max(forks, key=psutil.Process.create_time)
    newest.kill()
    psutil.wait_procs([newest], timeout=60)
    assert jail.do(task("lead_nowhere"), tries, tries.folder) == Could((), 0)


def test_what_work_used_counts_for_who_asked(tries: Tries) -> None:
    """As `time` and a worker's own figures tell it; the forking process counts once it has ended."""
    before = os.times()
    Jail().do(task("burn"), tries, tries.folder)
    after = os.times()
    assert after.children_user + after.children_system - before.children_user - before.children_system > 1.0


def test_where_no_namespaces_can_be_made_the_other_locks_are_found() -> None:
    """As in containers whose system does not let them make any."""
    closed = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    argv = ["unshare", "--user", "--map-root-user", "sh", "-c", closed, "sh", sys.executable, "-c", FINDS]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0 and re.search(r"unshare|max_user_namespaces", done.stderr):
        pytest.skip("not even a place without namespaces can be made here")
    kept, why = done.stdout.strip().split(maxsplit=1)
    assert kept == ("landlock" if WHOLE.landlock and WHOLE.filter else "none")
    assert "namespace" in why


def test_where_nothing_holds_it_in_nothing_is_done_if_settings_say_so(tries: Tries) -> None:
    with pytest.raises(JailMissing):
        jailed(locks=Locks(namespaces=False, landlock=7), required=True).do(task("try_all"), tries, tries.folder)
    assert not (tries.folder / "made.txt").exists()


def test_as_somebody_without_rights_it_holds_as_well() -> None:
    """The service is nobody's; and the kernel counts the processes of everybody but root."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    python = shutil.which(f"python3.{sys.version_info.minor}", path="/usr/bin:/usr/local/bin")
    if python is None:
        pytest.skip("the Python of these tests may be read by root alone, and there is no other like it")
    home = os.pathsep.join([sysconfig.get_path("purelib"), str(Path(__file__).parents[3])])
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are for root alone
        Path(folder).chmod(0o777)
        done = subprocess.run(
            [python, "-P", "-m", "tests.pipeline.jail.as_nobody", folder],
            env={**os.environ, "PYTHONPATH": home}, capture_output=True, text=True, check=False,
            user=65534, group=65534, extra_groups=[],
        )  # fmt: skip
    assert (done.returncode, done.stdout.split()) == (0, ["starts", "programs", "bounded"]), done.stderr
