"""The secret of a data folder: anyone who can read it is the person whose machine this is."""

from __future__ import annotations

from pathlib import Path

from records.secrets.secret_file import read_or_make_secret

FILE_NAME = "machine-secret"
PREFIX = "vgl_"


def machine_secret(data_dir: Path) -> str:
    """The folder's secret. Raises: SecretFileUnusable."""
    return read_or_make_secret(data_dir / FILE_NAME, PREFIX)
