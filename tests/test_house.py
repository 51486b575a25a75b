"""What holds for the whole house, no matter who changes it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distributions, packages_distributions
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli import COMMANDS, module_of
from tests.conftest import TogetherScheduling, together

HOUSE = Path(__file__).resolve().parent.parent
ROOMS = ("api", "cli", "configs", "pipeline", "records", "worker")
REQUIREMENTS = sorted((HOUSE / "requirements").glob("*.txt"))
MODULES = sorted(path for room in ROOMS for path in (HOUSE / room).rglob("*.py"))


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+(?:\[[a-z,]+\])?)==([^\s;\\]+)", path.read_text(), re.MULTILINE))


def test_no_other_distribution_owns_the_names_of_our_rooms() -> None:
    owners = {
        (distribution.name, file.parts[0])
        for distribution in distributions()
        if distribution.name != "vigpack"
        for file in distribution.files or ()
        if file.parts[0] in ROOMS
    }
    assert owners == set()


def test_no_module_is_longer_than_one_can_keep_in_mind() -> None:
    """400 lines; the types that are generated from the API's document are nobody's to read."""
    kinds = {".py", ".ts", ".svelte", ".js", ".css"}
    folders = [HOUSE / name for name in (*ROOMS, "tests", "bench", "docs", "web/src")]
    modules = {
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in kinds and "node_modules" not in path.parts
    }
    long = {path.relative_to(HOUSE).as_posix() for path in modules if path.read_text("utf-8").count("\n") > 400}
    assert long - {"web/src/api/schema.ts"} == set()


def test_configs_holds_data_only() -> None:
    assert not [path for path in (HOUSE / "configs").rglob("*") if path.suffix in {".py", ".pyc", ".sh"}]


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_requirements_name_no_registry(path: Path) -> None:
    assert not re.findall(r"https?://|--(?:extra-)?index-url|--find-links|--trusted-host", path.read_text())


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_is_locked_with_a_hash(path: Path) -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", path.read_text().strip())
    assert [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_tests_run_with_the_versions_that_users_get() -> None:
    run, dev = pins(HOUSE / "requirements/run.txt"), pins(HOUSE / "requirements/dev.txt")
    assert {name: dev.get(name) for name in run} == run


def test_every_declared_dependency_is_locked() -> None:
    declared = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.match(r"[A-Za-z0-9._-]+", line)[0].lower() for line in declared}  # type: ignore[index]
    locked = {name.split("[")[0] for name in pins(HOUSE / "requirements/run.txt")}
    assert names - locked == set()


def test_every_library_that_our_modules_import_is_declared() -> None:
    declared = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {plain(re.match(r"[A-Za-z0-9._-]+", line)[0]) for line in declared}  # type: ignore[index]
    owners = packages_distributions()
    strange = {
        f"{path.relative_to(HOUSE)}: {library}"
        for path in MODULES
        for library in libraries_of(ast.parse(path.read_text()))
        if not names & {plain(owner) for owner in owners.get(library, [])}
    }
    assert strange == set()


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def libraries_of(module: ast.Module) -> set[str]:
    """The libraries that a module imports anywhere, by the first word of their modules' names."""
    imported = [node for node in ast.walk(module) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in imported
        for alias in node.names
    }
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names - set(ROOMS)


def test_every_file_that_contributing_names_is_there_with_what_it_names() -> None:
    rows = re.findall(r"^\|.*\|$", (HOUSE / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    named = [found for row in rows for found in re.findall(r"`([a-z_/]+\.py)`(?:, `(\w+)`)?", row)]
    missing = [
        (path, name)
        for path, name in named
        if not (HOUSE / path).is_file()
        or not re.search(rf"^(?:def|class) {name}", (HOUSE / path).read_text(), re.MULTILINE)
    ]
    assert named
    assert missing == []


def test_the_wheel_carries_what_the_rooms_need(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=HOUSE,
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(["git", "ls-files", *ROOMS], cwd=HOUSE, check=True, capture_output=True, text=True)
    assert set(tracked.stdout.split("\n")) - {""} - names == set()
    assert {name for name in names if name.split("/")[0] not in ROOMS and ".dist-info/" not in name} == set()


def test_each_command_is_a_file_with_a_function_of_its_name() -> None:
    shared = {"__init__", "__main__", "agreed", "app", "screen"}
    files = {path.stem: path for path in (HOUSE / "cli").glob("*.py") if path.stem not in shared}
    assert set(files) == {module_of(name) for name in COMMANDS}
    for name, path in files.items():
        functions = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
        assert name in functions, path


def test_no_module_has_a_name_of_the_standard_library() -> None:
    assert [path for path in MODULES if path.stem in sys.stdlib_module_names and path.stem != "__main__"] == []


def test_no_class_is_named_for_nothing() -> None:
    vague = re.compile(r"(?:Manager|Helper|Util|Utils|Service)$")
    named = [
        f"{path.relative_to(HOUSE)}: {node.name}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and vague.search(node.name)
    ]
    assert named == []


WRITES_ERASING = {
    "records/every_row.py": "a list of columns",
    "records/models/erasable.py": "says what it means",
    "records/models/selections.py": "its index",
    "records/actions/erase_family.py": "marks many rows at once, without reading a word of them",
    "records/actions/seal_files.py": "reads a view, of rows that are hidden from its role",
    "records/backup/make.py": "reads tables as they stand in the database, of any step",
    "records/subject_access/tables.py": "lists of columns",
    "records/views/changes.py": "a list of columns",
}


def test_whether_something_is_being_erased_is_asked_by_one_word() -> None:
    """``visible``, of families and selections; the column behind it stands where there is no row to ask."""
    migrations = HOUSE / "records" / "migrations"
    naming = [path for path in MODULES if migrations not in path.parents and "erasing_at" in path.read_text()]
    assert {str(path.relative_to(HOUSE)) for path in naming} == set(WRITES_ERASING)
    asking = re.compile(r"(?:Row|family|selection|row|found)\.erasing_at\b")
    assert [str(path) for path in naming if asking.search(path.read_text())] == []


def test_no_word_is_used_that_nobody_would_search_for() -> None:
    """Names of the former house; two of them stand for one release as aliases."""
    odd = re.compile(r"\b(mends?|tend(?:ed|ing)|hurts?|bring_back|who" + r"ever|wi" + r"shed)\b")
    allowed = {"def mend(self)", "def hurts(self)", "readonly hurts:", "re.compile"}
    found = [
        f"{path.relative_to(HOUSE)}: {line.strip()}"
        for path in [*MODULES, *(HOUSE / "tests").rglob("*.py"), *(HOUSE / "web/src").rglob("*.ts")]
        for line in path.read_text(encoding="utf-8").splitlines()
        if odd.search(line) and not any(word in line for word in allowed)
    ]
    assert found == []


def test_every_module_says_what_it_is() -> None:
    silent = [
        path for path in MODULES if path.stat().st_size and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert silent == []


def test_make_alone_lists_what_one_can_do() -> None:
    listed = subprocess.run(["make"], cwd=HOUSE, check=True, capture_output=True, text=True).stdout
    assert re.findall(r"^make ([\w-]+)", listed, re.MULTILINE) == [
        "setup",
        "demo",
        "test",
        "chaos",
        "containers",
        "pin-digests",
        "bundle",
        "load",
        "films",
        "any-request",
        "findings",
        "bench",
        "check",
    ]


def test_a_file_s_own_word_keeps_its_tests_in_one_process() -> None:
    scheduling = object.__new__(TogetherScheduling)
    scheduling.config = SimpleNamespace(rootpath=HOUSE)  # type: ignore[assignment]
    scopes = [scheduling._split_scope(f"tests/{test}") for test in ("web/test_desk.py::a", "web/test_desk_films.py::b")]
    assert scopes == ["desk", "desk"]
    assert scheduling._split_scope("tests/test_house.py::a") == "tests/test_house.py::a"


def test_every_word_that_keeps_tests_together_is_read() -> None:
    files = [
        path
        for path in (HOUSE / "tests").rglob("test_*.py")
        if re.search(r"^TOGETHER\b", path.read_text(), re.MULTILINE)
    ]
    assert len(files) > 20
    assert [path for path in files if together(path) is None] == []


def test_the_drawing_of_the_rooms_is_that_of_todays_imports() -> None:
    drawn = subprocess.run([sys.executable, "docs/rooms.py", "--check"], cwd=HOUSE, check=False)
    assert drawn.returncode == 0, "an import between folders came or went: make rooms"


def test_what_reads_and_cuts_films_in_the_page_knows_nothing_of_the_page() -> None:
    """As pipeline/ of the service: web/src/film/ takes no more than the limits from outside itself."""
    film = HOUSE / "web" / "src" / "film"
    outside = {
        f"{path.relative_to(film)}: {target}"
        for path in [*film.rglob("*.ts"), *film.rglob("*.svelte")]
        if not path.name.endswith(".test.ts")
        for target in re.findall(r"""(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]""", path.read_text(encoding="utf-8"))
        if not (path.parent / target).resolve().is_relative_to(film)
    }
    assert {one.split(": ")[1].rsplit("/", 1)[1] for one in outside} == {"limits"}, outside
