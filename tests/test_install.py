"""What is installed without containers, how a release is made, and whose work is carried: install/."""

from __future__ import annotations

import hashlib
import os
import re
import runpy
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

HOUSE = Path(__file__).resolve().parent.parent
UNIT = HOUSE / "install/systemd/vigpack.service"
VERSION = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]["version"]


def test_systemd_understands_every_line_of_the_unit_and_calls_it_safe(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not here: its own program is what can tell whether the unit is right")
    unit = tmp_path / "vigpack.service"  # with a program that is here
    unit.write_text(UNIT.read_text().replace("/opt/vigpack/bin/vigpack", "/bin/true"))
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit]  # 0 is closed, 100 open
    assert subprocess.run(judged, capture_output=True, check=False).returncode == 0


def test_the_unit_starts_what_the_command_line_has() -> None:
    [line] = re.findall(r"^ExecStart=/opt/vigpack/bin/(.+)$", UNIT.read_text(), re.MULTILINE)
    assert line == "vigpack up --data /var/lib/vigpack/data --port 8000"


@pytest.mark.parametrize("name", ["install.sh", "bundle.sh", "release.sh"])
def test_each_script_is_one_that_every_shell_reads(name: str) -> None:
    script = HOUSE / "install" / name
    assert os.access(script, os.X_OK)
    subprocess.run(["sh", "-n", script], check=True)


def test_only_root_installs() -> None:
    if os.geteuid() != 0:
        pytest.skip("as nobody of another name can be asked for by root alone")
    refused = subprocess.run(
        ["setpriv", "--reuid", "65534", "--clear-groups", "sh", "-c", "sh -s < install/install.sh"],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "Run this as root" in refused.stderr


def test_the_licences_of_what_is_carried_are_those_of_what_is_installed() -> None:
    written = runpy.run_path(str(HOUSE / "install/third_party.py"))["written"]()
    assert (HOUSE / "THIRD_PARTY.md").read_text() == written, "make licences"


def test_every_file_that_holds_the_version_holds_the_same() -> None:
    compose = yaml.safe_load((HOUSE / "docker-compose.yml").read_text())["services"]
    assert {one["image"] for one in compose.values() if one["image"].startswith("vigpack:")} == {f"vigpack:{VERSION}"}
    trials = "".join(path.read_text() for path in sorted((HOUSE / "tests/containers").glob("*.sh")))
    assert set(re.findall(r"vigpack:(\d\S*)", trials)) == {VERSION}
    assert re.search(rf"^## {re.escape(VERSION)} \(", (HOUSE / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_a_tagged_commit_is_called_what_it_says_of_itself() -> None:
    tags = subprocess.run(["git", "tag", "--points-at"], cwd=HOUSE, capture_output=True, text=True, check=True)
    assert [tag for tag in tags.stdout.split() if re.fullmatch(r"v[0-9.]+", tag)] in ([], [f"v{VERSION}"])


def test_a_release_is_one_commit_and_one_tag_in_which_every_number_is_the_new_one(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--shared", HOUSE, clone], check=True)
    named = {"GIT_CONFIG_GLOBAL": "/dev/null", "PATH": os.environ["PATH"]}
    for variable, name in (("user.name", "Noor"), ("user.email", "noor@example.org")):
        subprocess.run(["git", "config", variable, name], cwd=clone, check=True)
    shutil.copy(HOUSE / "install/release.sh", clone / "install/release.sh")
    changes = clone / "CHANGELOG.md"
    changes.write_text(changes.read_text().replace(f"## {VERSION} (not yet released)", "## 9.8.7 (not yet released)"))
    subprocess.run(["git", "add", "-A"], cwd=clone, check=True)
    subprocess.run(["git", "commit", "-qm", "heading"], cwd=clone, check=True)

    def release(number: str) -> subprocess.CompletedProcess[str]:
        argv = ["sh", "install/release.sh", number]
        return subprocess.run(argv, cwd=clone, env=named, capture_output=True, text=True, check=False)

    assert release("9.8.6").returncode == 1  # no heading tells what is in it
    made = release("9.8.7")
    assert made.returncode == 0, made.stderr
    shown = subprocess.run(["git", "show", "--stat", "v9.8.7"], cwd=clone, capture_output=True, text=True, check=True)
    assert "Release 9.8.7" in shown.stdout
    names = ("pyproject.toml", "docker-compose.yml", "CHANGELOG.md", "install/chart/Chart.yaml")
    files = {name: (clone / name).read_text() for name in names}
    assert 'version = "9.8.7"' in files["pyproject.toml"]
    assert "image: vigpack:9.8.7" in files["docker-compose.yml"]
    assert re.findall(r"ersion: (.*)$", files["install/chart/Chart.yaml"], re.MULTILINE)[1:3] == ["9.8.7", '"9.8.7"']
    assert re.search(r"^## 9\.8\.7 \(\d{4}-\d\d-\d\d\)$", files["CHANGELOG.md"], re.MULTILINE)
    assert release("9.8.7").returncode == 1  # it is there already


def test_images_are_held_to_what_their_names_stand_for_now(tmp_path: Path) -> None:
    """The registry's answers are made up; it was asked in earnest in containers (docs/reliability.md)."""
    for name in ("install/pin-digests.sh", "docker-compose.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(HOUSE / name, tmp_path / name)
    answers = tmp_path / "bin/docker"
    answers.parent.mkdir()
    answers.write_text(
        '#!/bin/sh\nfor image; do :; done\n[ "$image" != "$AWAY" ] || exit 1\n'
        'digest=$(printf %s "$image" | md5sum | cut -c1-32)\n'
        'printf "Name:      %s\\nMediaType: some\\nDigest:    sha256:%s\\n" "$image" "$digest"\n'
    )
    answers.chmod(0o755)
    settings = tmp_path / ".env"
    settings.write_text("VIGPACK_SITE=vig.example.org\nCADDY_IMAGE=mirror.example.org/caddy:2.11\n")

    def pin(away: str = "") -> subprocess.CompletedProcess[str]:
        given = {"PATH": f"{answers.parent}:{os.environ['PATH']}", "AWAY": away}
        argv = ["sh", tmp_path / "install/pin-digests.sh"]
        return subprocess.run(argv, env=given, capture_output=True, text=True, check=False)

    before = settings.read_text()
    assert pin(away="redis:7.4-alpine").returncode != 0
    assert settings.read_text() == before
    assert pin().returncode == 0
    written = dict(line.split("=", 1) for line in settings.read_text().splitlines())
    compose = (HOUSE / "docker-compose.yml").read_text()
    assert set(written) == {"VIGPACK_SITE", *re.findall(r"\$\{([A-Z]+_IMAGE):-", compose)}
    named = {"CADDY_IMAGE": "mirror.example.org/caddy:2.11", "REDIS_IMAGE": "redis:7.4-alpine"}
    for setting, image in named.items():
        assert written[setting] == f"{image}@sha256:{hashlib.md5(image.encode()).hexdigest()}"  # noqa: S324 no secret
    again = settings.read_text()
    assert pin().stdout == ""
    assert sorted(settings.read_text()) == sorted(again)
