"""``python -m api.commands``: the same as ``vigpack``."""

from __future__ import annotations

from api.commands import main

if __name__ == "__main__":
    main()
