"""``python -m tests.chaos --runs 50 --seed 1``: that many runs with seeds one after another; the last line is JSON."""

from __future__ import annotations

from tests.chaos.small_disk import enter_own_namespace

enter_own_namespace()  # before any import starts a thread

from tests.chaos.program import main  # noqa: E402

raise SystemExit(main())
