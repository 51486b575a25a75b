"""The probes, done by a process that is not root's: ``python -m tests.pipeline.jail.as_nobody FOLDER``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pipeline.jail.jail import Jail
from tests.pipeline.jail.probes import Tries
from tests.pipeline.jail.test_jail import task


def main(beside: Path) -> None:
    folder = beside / "job"
    folder.mkdir()
    (beside / "marker").write_text("of another family")
    (beside / "film.mp4").write_text("a film")
    outside = (beside / "marker", Path("/etc/passwd"))
    tries = Tries(folder, beside / "film.mp4", (1, 1), outside, os.getpid(), "4711", 400)
    jail = Jail(required=True, most_processes=30)
    print(*jail.do(task("try_all"), tries, folder, reads=[tries.readable]).done)
    print("bounded" if 0 < jail.do(task("start_processes"), tries, folder).processes < 30 else "unbounded")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
