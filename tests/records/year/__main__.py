"""Plays years: python -m tests.records.year YEARS STEPS [postgresql]; otherwise each time."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from records.migrations.migrate import migrate
from records.settings import Settings
from tests.records.year.machine import play
from tests.records.year.once import play_each_once
from tests.records.year.service import Service
from tests.servers import running_postgres

if __name__ == "__main__":
    os.environ.pop("VIGPACK_CONSENT_POLICY", None)
    years, steps = (int(given) for given in sys.argv[1:3])
    with contextlib.ExitStack() as stack:
        if sys.argv[3:] == ["postgresql"]:
            server = stack.enter_context(running_postgres())
            template = server.create_database()
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            migrate(Settings(data_dir=Path(folder), database_url=server.url(template)))
            Service.postgres = server, template
        play_each_once()
        play(years, steps, derandomize=False)
    print(f"{years} years of up to {steps} steps: rows, files and keys agreed at every one")
