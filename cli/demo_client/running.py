"""A ``vigpack up`` of its own, in a folder of its own, for as long as it is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.local.services import vigpack_argv
from cli.local.supervisor import END_WITH_PARENT
from pipeline.errors import PipelineError
from records.accounts.machine_secret import machine_secret

_STOP_WITHIN_S = 90


class NotRunning(PipelineError):
    """The parts did not start."""

    code = "not_running"


@contextmanager
def running_up(
    data_dir: Path, *, beside: Path | None = None, accounts: bool = False
) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of an API whose queue and worker run too, and the headers with which it answers.

    What it says goes into the folder ``beside``, otherwise beside its data. With ``accounts`` people have accounts of
    their own, and no header opens it. All of it ends with the block, or with this process.

    Raises: NotRunning, with what ``up`` said.
    """
    data_dir = data_dir.resolve()  # the program that it is started by changes folders
    folder = beside or data_dir.parent
    up = vigpack_argv("up", "--data", str(data_dir), "--port", "0", "--json")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("VIGPACK_")}
    with (folder / "up.err").open("w+b") as said:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(END_WITH_PARENT), str(os.getpid()), str(folder), *up],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            env=clean | ({"VIGPACK_LOCAL_ACCOUNTS": "true"} if accounts else {}),
            start_new_session=True,
            text=True,
        )
        try:
            url = _wait_for_address(process, Path(said.name))
            yield url, {} if accounts else {"Authorization": f"Bearer {machine_secret(data_dir)}"}
        finally:
            process.terminate()
            try:
                process.communicate(timeout=_STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _wait_for_address(process: subprocess.Popen[str], said: Path) -> str:
    if process.stdout is None:
        raise NotRunning("no pipe")
    for line in process.stdout:
        event = json.loads(line)
        if "url" in event:
            return str(event["url"])
    process.wait()
    lines = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    raise NotRunning("\n".join(lines), for_guider=lines[-1] if lines else "The parts did not start.")
