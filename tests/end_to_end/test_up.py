from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from records.accounts.machine_secret import FILE_NAME, machine_secret
from records.models import SelectionState
from records.settings import Settings
from tests.databases import NOTED
from tests.footage import numbered_film
from tests.log_lines import watch_log
from tests.records.cast import K_104
from tests.servers import NO_TLS, free_port, redis_program, start, wait_until
from tests.worker.service import running_service

TOGETHER = "up"


@dataclass
class Up:
    """A running ``vigpack up`` and what it has told so far."""

    process: subprocess.Popen[str]
    data: Path
    events: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def hear(self, event: str, part: str) -> dict[str, str]:
        """The next such event; fails where up ends before."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            if (self.events[-1]["event"], self.events[-1]["part"]) == (event, part):
                return self.events[-1]
        raise AssertionError(f"{self.events} {self.process.stderr.read() if self.process.stderr else ''}")

    def family(self) -> list[psutil.Process]:
        """Every process it started, and theirs."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def part(self, word: str) -> psutil.Process:
        """The direct child whose command line holds this word."""
        [found] = [p for p in psutil.Process(self.process.pid).children() if word in " ".join(p.cmdline())]
        return found


def gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


@contextmanager
def running(data: Path, **environment: str) -> Iterator[Up]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("VIGPACK_")}
    clean["PATH"] = (
        f"{Path(redis_program()).parent}{os.pathsep}{clean['PATH']}"  # the wheel's, where the machine has none
    )
    options = ["--data", str(data), "--port", "0", "--concurrency", "1", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "up", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**clean, **NOTED, "VIGPACK_MIN_FREE_BYTES": "0", **environment},
        start_new_session=True,
    )
    for part in ("worker", "api"):
        watch_log(data / "logs" / f"{part}.log", process)
    up = Up(process, data)
    try:
        yield up
    finally:
        family = up.family() if process.poll() is None else []
        process.terminate()
        process.communicate(timeout=60)
        wait_until(lambda: gone(family), "the parts end")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of ``up``."""
    return tmp_path_factory.mktemp("up") / "data"


@pytest.fixture(scope="module")
def up(data: Path) -> Iterator[Up]:
    """One for all tests that leave it running."""
    with running(data) as up:
        up.url = up.hear("ready", "api")["url"]
        yield up


def ask(up: Up, path: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {machine_secret(up.data)}"}
    return httpx.get(f"{up.url}{path}", headers=headers, verify=NO_TLS, trust_env=False, timeout=60)


def answers(up: Up) -> bool:
    try:
        return ask(up, "/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_every_part_is_ready_when_up_says_so(up: Up) -> None:
    assert [(one["event"], one["part"]) for one in up.events[:3]] == [("ready", p) for p in ("queue", "worker", "api")]
    assert ask(up, "/readyz").json()["problems"] == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands a forked part over to us")
def test_api_and_worker_share_what_one_process_loaded_and_nothing_is_left_of_it(up: Up) -> None:
    """A program that is started has its heap elsewhere each time; forks have it where the forked one had it."""

    def heap(process: psutil.Process) -> str:
        maps = Path(f"/proc/{process.pid}/maps").read_text().splitlines()
        return next(line for line in maps if line.endswith("[heap]")).split("-")[0]

    watching = psutil.Process(up.process.pid)
    wait_until(lambda: len(watching.children()) == 3, "queue, worker and API are all that is left")
    assert heap(up.part("cli api")) == heap(up.part("-m worker"))


def test_nothing_outlives_an_up_that_is_killed_and_the_next_is_stopped_while_watching_is_handed_over(
    tmp_path: Path,
) -> None:
    with running(tmp_path / "data") as up:
        up.hear("ready", "api")
        family = up.family()
        up.process.kill()
        up.process.wait()
        wait_until(lambda: gone(family), "the parts end")
    with running(tmp_path / "data") as again:
        again.hear("ready", "api")
        time.sleep(0.03)  # the new program is being loaded, and has no handlers yet
        again.process.terminate()
        again.hear("stopped", "up")
        assert again.process.wait(60) == 0


def test_worker_and_api_show_that_they_get_on(up: Up) -> None:
    """What the supervisor does about one that does not: tests/cli/local/test_supervisor.py."""
    held = Path(f"/proc/{up.process.pid}/fd")

    def touched() -> dict[Path, int]:
        found = {}
        for path in held.iterdir():
            with suppress(FileNotFoundError):
                found[path] = path.stat().st_mtime_ns if str(path.readlink()).endswith("(deleted)") else 0
        return found

    before = touched()
    wait_until(lambda: sum(when > before.get(path, when) for path, when in touched().items()) == 2, "both beat")


@pytest.mark.parametrize(("part", "word"), [("worker", "worker"), ("api", "cli api"), ("queue", "redis")])
def test_a_killed_part_comes_back(up: Up, part: str, word: str) -> None:
    up.part(word).kill()
    up.hear("died", part)
    up.hear("restarted", part)
    wait_until(lambda: answers(up), f"the {part} is back")


def test_jobs_that_waited_are_done_although_the_queue_s_file_was_torn_and_sigterm_ends_everything(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    with running(data) as up:
        up.hear("ready", "api")
    with running_service(Settings(data_dir=data)) as service:
        selection_id, _ = service.send_film(numbered_film(tmp_path / "film.mp4", frames=150, fps="25"), K_104)
        with max((data / "queue").rglob("*.aof")).open("ab") as torn:  # the last of them
            torn.write(bytes(512))
        with running(data, VIGPACK_RECOVERY_S="1") as again:
            sentence = again.hear("repaired", "queue")["sentence"]
            [aside] = data.glob("queue-set-aside-*")
            assert str(aside) in sentence
            assert list(aside.rglob("*.aof"))
            assert not list(aside.rglob("redis.conf"))
            again.hear("ready", "api")
            assert service.wait_until_settled(selection_id).state == SelectionState.READY
    with running(data) as third:
        third.hear("ready", "api")
        assert [event for event in third.events if event["event"] != "ready"] == []
        wait_until(lambda: len(third.family()) >= 4, "queue, worker, its pool process and API run")
        family = third.family()
        third.process.terminate()
        third.hear("stopped", "up")
        assert third.process.wait(60) == 0
        assert gone(family)


def test_a_second_up_in_the_same_folder_is_refused_with_one_sentence(up: Up, data: Path) -> None:
    argv = [sys.executable, "-m", "cli", "up", "--data", str(data), "--port", "0"]
    second = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert f"in use by another vigpack up (process {up.process.pid})" in second.stderr
    assert second.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_named(up: Up, tmp_path: Path) -> None:
    port = str(httpx.URL(up.url).port)
    argv = [sys.executable, "-m", "cli", "up", "--data", str(tmp_path / "other"), "--port", port]
    second = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert f"Port {port} is taken" in second.stderr


def test_the_queue_is_a_folder_where_no_redis_is_installed(tmp_path: Path) -> None:
    with running(tmp_path / "data", PATH=str(tmp_path)) as up:
        assert "folder" in up.hear("ready", "queue")["sentence"]
        up.url = up.hear("ready", "api")["url"]
        assert ask(up, "/readyz").status_code == 200


def test_only_this_machine_can_reach_it(up: Up) -> None:
    listening = [
        connection.laddr.ip
        for process in [psutil.Process(up.process.pid), *up.family()]
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 2
    assert set(listening) == {"127.0.0.1"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a process has mapped")
def test_what_watches_the_parts_has_no_library_loaded(up: Up) -> None:
    assert "site-packages" in Path(f"/proc/{up.part('cli api').pid}/maps").read_text()
    maps = Path(f"/proc/{up.process.pid}/maps")
    wait_until(lambda: "site-packages" not in maps.read_text(), "watching has been handed over")


def test_the_queue_s_password_can_be_read_by_nobody_else(up: Up, data: Path) -> None:
    config = data / "queue" / "redis.conf"
    assert config.stat().st_mode & 0o077 == 0
    assert "requirepass" in config.read_text()
    assert not [p for p in up.family() if "requirepass" in " ".join(p.cmdline())]


def test_another_account_of_this_machine_lists_and_erases_nothing(up: Up) -> None:
    """Asked as ``nobody`` where the tests run as root; elsewhere as somebody without a secret."""
    program = (
        "import sys, urllib.request, urllib.error\n"
        "for method, path in (('GET', ''), ('DELETE', '/' + '0' * 32)):\n"
        "    try:\n"
        "        urllib.request.urlopen(urllib.request.Request(sys.argv[1] + path, method=method))\n"
        "    except urllib.error.HTTPError as refused:\n"
        "        print(refused.code)\n"
        "try:\n"
        "    print(open(sys.argv[2]).read())\n"
        "except OSError:\n"
        "    print('closed')\n"
    )
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable  # one that others may read
    argv = [*user, python, "-c", program, f"{up.url}/api/v1/selections", str(up.data / FILE_NAME)]
    asked = subprocess.run(argv, capture_output=True, text=True, check=True, cwd="/", env={})
    assert asked.stdout.split()[:2] == ["401", "401"]
    assert machine_secret(up.data) not in asked.stdout or not user
    assert ask(up, "/api/v1/selections").status_code == 200


def test_a_plain_proxy_on_this_machine_lists_and_erases_nothing(up: Up, tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "Caddyfile"
    upstream = up.url.removeprefix("http://")
    config.write_text(f"{{\n admin off\n}}\nhttp://127.0.0.1:{port} {{\n reverse_proxy {upstream}\n}}\n")
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    proxy = start(
        [shutil.which("caddy", path=str(Path(sys.executable).parent)) or "caddy", "run", "--config", str(config)],
        tmp_path / "caddy.log",
        environment=home,
    )
    try:
        url = f"http://127.0.0.1:{port}/api/v1/selections"

        def status(method: str, path: str = "") -> int:
            try:
                return httpx.request(method, url + path, trust_env=False, timeout=60).status_code
            except httpx.TransportError:
                return 0

        wait_until(lambda: status("GET") > 0, "the proxy answers")
        assert status("GET") == 401
        assert status("DELETE", f"/{'0' * 32}") == 401
    finally:
        proxy.terminate()
        proxy.wait(20)


def test_the_address_is_shown_again_for_the_folder_s_owner(up: Up) -> None:
    argv = [sys.executable, "-m", "cli", "address", "--data", str(up.data)]
    wait_until(lambda: "url" in (up.data / "up.lock").read_text(), "the address is written down")
    shown = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    assert shown == f"{up.url}/#key={machine_secret(up.data)}"
    assert not any(machine_secret(up.data) in json.dumps(event) for event in up.events)
    elsewhere = subprocess.run([*argv[:-1], str(up.data.parent)], capture_output=True, text=True, check=False)
    assert (elsewhere.returncode, "No vigpack up works in" in elsewhere.stderr) == (1, True)


def test_nothing_in_the_data_folder_is_for_others(up: Up) -> None:
    wide = [path for path in [up.data, *up.data.rglob("*")] if path.lstat().st_mode & 0o077]
    assert [path for path in wide if not path.is_socket()] == []
