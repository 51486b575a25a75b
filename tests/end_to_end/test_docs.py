"""The documents: each block can be pasted, and does what is said of it; each command that a sentence names is there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import select

from cli import COMMANDS
from cli.agreed import read_with_agreement
from cli.app import Commands
from records.actions.erase import erase_selection
from records.database import open_database
from records.ledger.store_identity import StoreMatch, compare_store, settle_store
from records.models import SelectionRow, WorkerRow
from records.settings import Settings
from tests.compose_line import HOUSE, NotCompose, parse
from tests.databases import make_tables
from tests.documents import Block, blocks, commands_in, indented_blocks, inline_commands
from tests.footage import numbered_film
from tests.loaded import loaded_program
from tests.records.backup.place import Place
from tests.servers import PostgresServer, free_port, wait_until
from tests.worker.service import QUICK, running_service

BLOCKS = blocks()
SHELL = [block for block in BLOCKS if block.language == "sh"]
TARGETS = set(re.findall(r"^([a-z-]+):", (HOUSE / "Makefile").read_text(), re.MULTILINE))
READ_ONLY = {
    "make": "the Makefile's targets are what CI and everybody calls; here only that they are there",
    "docker": "containers are not here; that services and flags are there",
    ".venv/bin/pre-commit": "it would change this checkout's hooks",
}
"""What is not run in a block, and why. A block of nothing else is only read."""


def titled(text: str) -> Block:
    """The one block in which this stands."""
    (found,) = [block for block in SHELL if text in block.text]
    return found


@dataclass
class Machine:
    """A folder in which blocks are pasted, with a ``docker`` and a ``.venv/bin/vigpack`` in it."""

    folder: Path
    settings: Settings
    vigpack: Path
    """The program that compose_line runs in a container of ours."""

    def use(self, settings: Settings) -> None:
        """The service's settings from now on, as docker-compose.yml and the secrets give them."""
        self.settings = settings
        given = {f"VIGPACK_{k.upper()}": str(v) for k, v in settings.model_dump(exclude_defaults=True).items()}
        (self.folder / "stand-in.json").write_text(json.dumps({"settings": given}))

    def environment(self) -> dict[str, str]:
        keep = {name: value for name, value in os.environ.items() if not name.startswith("VIGPACK_")}
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return {
            **keep,
            "PATH": path,
            "STAND_IN": str(self.folder / "stand-in.json"),
            "STAND_IN_VIGPACK": str(self.vigpack),
            "PYTHONPATH": str(HOUSE),
        }

    def paste(self, block: Block, *, check: bool = True, typed: str = "") -> str:
        """Run a block with bash, in one shell; what it said on stdout. ``check``: each command must end well."""
        text = block.text if os.geteuid() == 0 else re.sub(r"-o 10001|^chown .*$", "", block.text, flags=re.MULTILINE)
        argv = ["bash", *(["-euo", "pipefail"] if check else []), "-c", text]
        done = subprocess.run(
            argv, cwd=self.folder, env=self.environment(), input=typed, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, f"{block.name}: {done.stderr}\n{done.stdout}"
        return done.stdout


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    folder = tmp_path / "here"
    for name in ("bin", ".venv/bin"):
        (folder / name).mkdir(parents=True)
    docker, vigpack, loaded = folder / "bin/docker", folder / ".venv/bin/vigpack", tmp_path / "loaded"
    docker.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tests.compose_line "$@"\n')
    anew = f'exec "{sys.executable}" -P -m cli "$@"'  # it is told to end
    vigpack.write_text(f'#!/bin/sh\n[ "$1" = up ] && {anew}\nexec "{loaded}" "$@"\n')
    for program in (docker, vigpack):
        program.chmod(0o755)
    made = Machine(folder, Settings(), loaded)
    made.use(Settings(data_dir=folder / "vigpack-data"))
    with loaded_program(loaded):
        yield made


def test_every_block_says_what_it_is() -> None:
    assert indented_blocks() == []
    read_only = {"mermaid", "text"}  # a drawing; what was seen
    assert {block.language for block in BLOCKS} <= {"sh", "toml", *read_only}


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "toml"], ids=lambda block: block.name)
def test_every_list_of_moments_can_be_read(block: Block, tmp_path: Path) -> None:
    (tmp_path / "moments.toml").write_text(block.text)
    read_with_agreement(tmp_path / "moments.toml")


@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.name)
def test_every_block_can_be_pasted_as_it_is(block: Block) -> None:
    subprocess.run(["bash", "-n", "-c", block.text], check=True)
    found = commands_in(block.text)
    assert found
    for command in found:
        check_command(command)


@pytest.mark.parametrize("line", sorted({line for _, line in inline_commands()}))
def test_every_command_that_a_sentence_names_is_there(line: str) -> None:
    for command in commands_in(line.replace("…", "")):
        check_command(command, whole=False)


@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.name)
def test_no_block_is_left_that_nobody_runs(block: Block) -> None:
    programs = {command[0] for command in commands_in(block.text)}
    runs_ours = any("vigpack" in command[1:] for command in commands_in(block.text))
    if programs - set(READ_ONLY) or runs_ours:
        assert [text for text in RUN if text in block.text], f"no test pastes {block.name}: add one, and name it in RUN"


def check_command(command: list[str], *, whole: bool = True) -> None:
    """That what a command names is there: services and flags, our own commands and options, targets, programs."""
    program, *words = command
    if program == "docker":
        assert words[0] == "compose", command
        try:
            line = parse(words[1:])
        except NotCompose as refused:
            if not whole and not words[1:]:
                return
            pytest.fail(f"{shlex.join(command)}: {refused}")
        if line.command:
            check_command(line.command, whole=whole)
    elif program in {"vigpack", ".venv/bin/vigpack"}:
        check_vigpack(words, whole=whole)
    elif program == "make":
        assert {word for word in words if "=" not in word} <= TARGETS, command
    elif program == ".venv/bin/pre-commit":
        assert words == ["install"]
    elif whole:
        builtins = {"cd", "new", "echo", "printf", "umask", "export"}
        assert program in builtins or shutil.which(program), f"{program} is no program that everybody has"


def check_vigpack(words: list[str], *, whole: bool) -> None:
    if not words:
        return
    name, *arguments = words
    assert name in COMMANDS, f"vigpack has no {name}"
    subcommand: Any = Commands().get_command(typer.Context(Commands()), name)
    flags = {
        option: not one.is_flag for one in subcommand.params if one.param_type_name == "option" for option in one.opts
    }
    places = [one for one in subcommand.params if one.param_type_name == "argument"]
    given, rest = [], list(arguments)
    while rest:
        word = rest.pop(0)
        option, joined, _ = word.partition("=")
        if not word.startswith("--"):
            given.append(word)
            continue
        assert option in flags or option == "--help", f"vigpack {name} has no {option}"
        if flags.get(option) and not joined:
            assert rest or not whole, f"{option} of vigpack {name} needs a value"
            rest = rest[1:]
    assert len(given) <= len(places), f"vigpack {name} takes no {given[len(places) :]}"


# What the blocks do


def test_the_secrets_are_written_so_that_containers_can_read_them_and_nobody_else(machine: Machine) -> None:
    machine.paste(titled("new > vigpack_token"))
    secrets = machine.folder / "secrets"
    written = {path.name: path.read_text().strip() for path in secrets.iterdir()}
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets.iterdir()} == {0o444}
    wanted = re.findall(r"\./secrets/(\w+)", (HOUSE / "docker-compose.yml").read_text())
    assert set(written) == set(wanted)
    assert written["redis_password"] in written["vigpack_broker_url"]
    assert all(len(value) >= 32 for value in written.values())


def test_the_first_start_ends_with_a_content_doctor(machine: Machine, postgres_url: str) -> None:
    machine.use(Settings(data_dir=machine.folder / "data", database_url=postgres_url, min_free_bytes=0))
    said = machine.paste(titled("VIGPACK_SITE="))
    assert "tables up to date" in said
    assert "bad" not in said


def test_how_many_workers_run_is_written_where_it_lasts(machine: Machine) -> None:
    machine.paste(titled("VIGPACK_WORKERS=3"))
    assert (machine.folder / ".env").read_text() == "VIGPACK_WORKERS=3\n"


def test_a_film_and_a_list_of_moments_become_a_pack(machine: Machine) -> None:
    numbered_film(machine.folder / "film.mp4", frames=86 * 10, fps="10", width=320, height=240)
    moments = next(block for block in BLOCKS if block.language == "toml" and "[[clip]]" in block.text)
    (machine.folder / "moments.toml").write_text(moments.text)
    machine.paste(titled("--out pack/"))
    assert (machine.folder / "pack/review-pack/index.html").is_file()
    machine.paste(titled("--also booklet"))
    assert list((machine.folder / "more").glob("*booklet*"))


def test_the_papers_of_a_machine_are_written(machine: Machine) -> None:
    machine.paste(titled("vigpack governance papers"))
    assert (machine.folder / "papers/dpia.pdf").is_file()


def test_a_backup_of_one_machine_is_made_tried_and_restored(machine: Machine) -> None:
    place = Place(Settings(data_dir=machine.folder / "vigpack-data"))
    kept = place.add()
    place.db.dispose()
    machine.paste(titled("backup monday"))
    assert selections(Settings(data_dir=machine.folder / "another-folder")) == {kept}
    (machine.folder / "backup.key").unlink()
    machine.paste(titled("export VIGPACK_BACKUP_RECIPIENT"))
    restore = titled("--data restored-data")
    up = next(line for line in restore.text.splitlines() if "vigpack up" in line)
    port = free_port()
    answers = f"(: <>/dev/tcp/127.0.0.1/{port}) 2>/dev/null"
    waiting = f"until {answers}; do kill -0 $!; sleep 0.1; done"
    once = restore.text.replace(up, f"{up} --port {port} &\n{waiting}\nkill $!\nwait $!")
    machine.paste(Block(restore.document, restore.line, "sh", once))
    assert selections(Settings(data_dir=machine.folder / "restored-data")) == {kept}


@pytest.fixture
def fresh_databases(postgres_server: PostgresServer) -> Iterator[Callable[[], str]]:
    made: list[str] = []

    def make() -> str:
        made.append(postgres_server.create_database())
        return postgres_server.url(made[-1])

    yield make
    for name in made:
        postgres_server.drop_database(name)


def test_a_service_is_backed_up_lost_and_restored_by_pasting(
    machine: Machine, fresh_databases: Callable[[], str]
) -> None:
    place = Place(Settings(data_dir=machine.folder / "data", database_url=fresh_databases(), min_free_bytes=0))
    kept, erased = place.add(b"kept"), place.add(b"erased")
    machine.use(place.settings)
    machine.paste(titled("--new-key - > backup.key"))
    assert stat.S_IMODE((machine.folder / "backup.key").stat().st_mode) == 0o600
    old = machine.folder / "backups/2026-01-01-0100"
    old.mkdir()
    os.utime(old, (0, 0))
    machine.paste(titled("-mtime +30"))
    assert not old.exists()
    assert len(list((machine.folder / "backups").iterdir())) == 1
    assert erase_selection(place.db, place.storage, place.settings, erased)
    with running_service(place.settings.model_copy(update=QUICK)) as service:
        service.start_worker()
        wait_until(lambda: list(place.storage.keys("erasures/")), "the register is in the store")
    machine.paste(titled("api vigpack keys backup"))
    machine.paste(titled("api vigpack backup --erasures"))
    machine.paste(titled("--check --key - < backup.key"))
    place.db.dispose()
    shutil.rmtree(place.settings.data_dir)

    there = Settings(data_dir=machine.folder / "data", database_url=fresh_databases(), min_free_bytes=0)
    machine.use(there)
    said = machine.paste(titled("--erasures /backups/erasures --key -"))
    assert "tables up to date" in said
    assert selections(there) == {kept}


def test_a_store_is_looked_at_and_accepted_by_pasting(machine: Machine) -> None:
    place = Place(Settings(data_dir=machine.folder / "data"))
    place.add()
    settle_store(place.db, place.storage)
    place.db.dispose()
    another = place.settings.model_copy(update={"database_url": f"sqlite:///{machine.folder}/another.sqlite3"})
    make_tables(another)
    machine.use(another)
    db = open_database(another)
    assert compare_store(db, place.storage).match is StoreMatch.FOREIGN
    said = machine.paste(titled("vigpack store --accept"), check=False, typed="y\n")
    assert "The store belongs to another database" in said
    assert compare_store(db, place.storage).match is StoreMatch.OURS
    db.dispose()


def test_a_worker_is_drained_and_taken_back_by_pasting(machine: Machine) -> None:
    settings = Settings(data_dir=machine.folder / "data", worker_name="moments", **QUICK)
    make_tables(settings)
    machine.use(settings)
    with running_service(settings) as service:
        worker = service.start_worker()
        wait_until(lambda: workers(settings), "a worker lives")
        machine.paste(titled("worker --drain"))
        assert worker.wait(60) == 0
        again = service.start_worker()  # as Docker does
        wait_until(lambda: workers(settings)[0].left_at is None, "it waits, alive")
        machine.paste(titled("worker --undrain"))
        assert [one.draining for one in workers(settings)] == [False]
        assert again.poll() is None


RUN = {
    "new > vigpack_token", "VIGPACK_SITE=", "VIGPACK_WORKERS=3", "--out pack/", "--also booklet", "backup monday",
    "governance papers",
    "export VIGPACK_BACKUP_RECIPIENT", "--data restored-data", "--new-key - > backup.key", "-mtime +30",
    "api vigpack backup --erasures", "api vigpack keys backup", "--check --key - < backup.key",
    "--erasures /backups/erasures --key -",
    "worker --drain", "worker --undrain", "vigpack store --accept", "make setup            # once",
}  # fmt: skip
"""What stands in the blocks that are pasted above; the last one's ``vigpack up`` is tests/end_to_end/test_up.py."""


def selections(settings: Settings) -> set[str]:
    db = open_database(settings)
    try:
        with db.reading() as session:
            return set(session.scalars(select(SelectionRow.id)))
    finally:
        db.dispose()


def workers(settings: Settings) -> list[WorkerRow]:
    db = open_database(settings)
    try:
        with db.reading() as session:
            return list(session.scalars(select(WorkerRow)))
    finally:
        db.dispose()
