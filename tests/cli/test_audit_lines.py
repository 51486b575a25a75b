"""Every act that the command line knows leaves its line in the audit, or it is said why it leaves none."""

from __future__ import annotations

import inspect
import json
import os
import re
import socket
from datetime import timedelta
from enum import EnumType
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from cli import COMMANDS, module_of
from pipeline.purposes import Purpose
from records.accounts.principal import MACHINE_ACCOUNT, OF_AN_ACCOUNT, SHARED_GUIDER_ACCOUNT
from records.audit.actor import SERVICE
from records.audit.log import AuditLine, newest
from records.copies.register import Carrier, add_copy
from records.models import FamilyRow, LogbookClientRow, SelectionRow, WorkerRow, utcnow
from records.secrets.service_key import service_key
from records.settings import Settings
from tests.cli.test_command_line import run
from tests.databases import make_tables
from tests.effects import open_alone
from tests.records.cast import add_selection

HOUSE = Path(__file__).parents[2]
HOW_IT_IS_TOLD = {"json", "csv", "yes", "quiet"}
"""Options that change no act."""
ACTS = {
    "up": ["print_address"],
    "address": ["print_address"],
    "prepare": "works on files of this machine alone, without a service",
    "audit verify": ["verify_audit"],
    "audit show": ["read_audit"],
    "audit export": ["export_audit"],
    "audit key": ["print_key"],
    "demo": "runs a service of its own in a temporary folder",
    "demo --accounts": "the same: its people are made up and go with it",
    "doctor": "tells how the parts are: no family, no person, no secret",
    "doctor --report": "the same, with redacted logs",
    "api": "tests/api/test_starts.py::test_starts_stops_and_what_was_set_otherwise_between_them",
    "worker": "workers write no lines: the table of workers and their log tell when each ran",
    "worker --check": "only looks",
    "worker --end-hung": "what restarts a worker does it by itself; the log tells",
    "worker --drain": ["drain"],
    "worker --undrain": ["undrain"],
    "migrate": ["migrate"],
    "users list": ["read_people"],
    "users invite": ["invite"],
    "users reset": ["reset_sign_in"],
    "users roles": ["change_roles"],
    "users close": ["close_account"],
    "users confirm": "tests/api/routes/test_people.py::test_where_there_is_one_manager_it_confirms_at_the_console",
    "users hand-over": "tests/api/routes/test_families.py::"
    "test_where_there_is_one_manager_the_console_hands_over_to_her",
    "store": "counts files",
    "store --accept": "tests/records/actions/test_store_identity.py::"
    "test_an_accepted_store_is_cleared_once_and_the_act_is_kept",
    "erase": ["erase_family", "change_logbook"],
    "retention show": "prints the policy",
    "retention next": "counts by guider, without a family",
    "retention hold": ["hold_family"],
    "retention release": ["release_family"],
    "retention run": ["give_notice"],
    "subject-access open": "tests/cli/test_subject_access.py::test_it_is_opened_exported_and_closed_at_the_console",
    "subject-access show": "counts what is held, without a word of it",
    "subject-access export": "tests/cli/test_subject_access.py::test_it_is_opened_exported_and_closed_at_the_console",
    "subject-access --plain": "tests/cli/test_subject_access.py::test_it_is_opened_exported_and_closed_at_the_console",
    "subject-access close": "tests/cli/test_subject_access.py::test_it_is_opened_exported_and_closed_at_the_console",
    "retention --dry-run": "only counts",
    "governance": "writes what the settings say, and nothing of a family",
    "consent show": ["read_family"],
    "consent give": ["record_consent"],
    "consent withdraw": ["record_consent"],
    "copies list": ["read_family"],
    "copies returned": ["return_copy"],
    "backup": ["backup"],
    "backup --new-key": "makes a key, where there need not be a service",
    "backup --erasures": "copies random ids out of the store, where the database may be lost",
    "keys show": "counts keys, and tells none",
    "keys backup": "tests/cli/test_keys.py::test_keys_are_backed_up_put_back_and_wrapped_anew",
    "keys restore": "tests/cli/test_keys.py::test_keys_are_backed_up_put_back_and_wrapped_anew",
    "keys rotate": "tests/cli/test_keys.py::test_keys_are_backed_up_put_back_and_wrapped_anew",
    "restore": ["restore"],
    "restore --check": "only tries, where there need not be a database",
}
"""For each act the lines that it leaves, the test that shows them, or why there are none."""


def acts_of(command: str) -> list[str]:
    """The acts that a command's function can be asked for: itself, words to choose from, and its switches."""
    name = module_of(command)
    function = getattr(import_module(f"cli.{name}"), name)
    hints = get_type_hints(function)
    chosen, switches = [], []
    for name, parameter in inspect.signature(function).parameters.items():
        kind, told = hints[name], str(parameter.annotation)
        if isinstance(kind, EnumType) and "Argument" in told:
            chosen += [f"{command} {one.value}" for one in kind]  # type: ignore[attr-defined]  # a StrEnum
        elif kind is bool or name in {"new_key", "erasures"}:
            words = re.findall(r"'--([\w-]+)'", told) or [name.replace("_", "-")]
            if words[0] not in HOW_IT_IS_TOLD and not (command == "restore" and name == "erasures"):
                switches.append(f"{command} --{words[0]}")
    return [*(chosen or [command]), *switches]


def test_each_act_of_each_command_was_decided_about() -> None:
    known = [act for command in COMMANDS for act in acts_of(command)]
    assert sorted(known) == sorted(ACTS)
    for told in ACTS.values():
        if isinstance(told, str) and (named := re.fullmatch(r"(tests/.+\.py)::(\w+)", told)):
            assert f"def {named[2]}(" in (HOUSE / named[1]).read_text(encoding="utf-8")


class Machine:
    """A service without a process, whose commands are run in this one."""

    def __init__(self, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
        self.settings, self.capsys = settings, capsys

    def lines(self, settings: Settings | None = None) -> list[AuditLine]:
        db = open_alone(settings or self.settings)
        with db.reading() as session:
            found = newest(session, 1000)[::-1]
        db.dispose()
        return found

    def does(self, act: str, *words: str, of: Settings | None = None) -> list[AuditLine]:
        """Run it; the lines that it left are those that it should."""
        before = 0 if of else len(self.lines())
        code, _, said = run(self.capsys, *act.split(), *words)
        assert code == 0, said
        added = self.lines(of)[before:]
        assert [line.action for line in added] == ACTS[act]
        assert {line.account_id for line in added} == {f"command-line:{os.getuid()}"}
        return added

    def put(self, *rows: Any) -> None:
        db = open_alone(self.settings)
        with db.session() as session:
            session.add_all(rows)
        db.dispose()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    monkeypatch.setenv("VIGPACK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("VIGPACK_MIN_FREE_BYTES", "0")
    made = Machine(Settings(), capsys)
    make_tables(made.settings)
    return made


def test_what_is_done_with_people_and_the_audit(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGPACK_LOCAL_ACCOUNTS", "true")
    machine.does("users invite", "ada", "--role", "guider", "--name", "Ada")
    machine.does("users list", "--json")
    machine.does("users roles", "ada", "--role", "manager", "--json")
    machine.does("users reset", "ada", "--reason", "lost_second_factor", "--json")
    machine.does("users close", "ada")
    for what in ("verify", "show", "export", "key"):
        machine.does(f"audit {what}")
    assert "Ada" not in str([line.detail + line.target for line in machine.lines()])


def test_what_is_done_with_workers_and_families(machine: Machine) -> None:
    name = f"{socket.gethostname()}:moments"
    machine.put(WorkerRow(name=name, version="0"), WorkerRow(name="elsewhere:1", version="0"))
    machine.does("audit key")  # which makes the service's own
    [line] = machine.does("worker --drain", "moments")
    assert line.target == name
    machine.does("worker --undrain", "moments")
    db = open_alone(machine.settings)
    add_selection(db, {"family": "K-104", "clip": [{"in": 0, "out": 1000}]})
    db.dispose()
    machine.put(LogbookClientRow(guider=f"{OF_AN_ACCOUNT}{MACHINE_ACCOUNT}", family="K-104"))
    [held] = machine.does("retention hold", "K-104", "--reason", "The court asked for it.", "--review-on", "2030-01-31")
    assert run(machine.capsys, "erase", "K-104", "--yes")[0] == 1
    machine.does("retention release", "K-104")
    erased, _ = machine.does("erase", "K-104", "--yes")
    assert erased.family_id == held.family_id


def test_a_round_of_retention_is_told_before_and_after(machine: Machine) -> None:
    machine.does("audit key")
    ended = utcnow() - timedelta(days=50)
    machine.put(FamilyRow(code="K-104", owner_account_id=SHARED_GUIDER_ACCOUNT, ended_at=ended))
    code, said, _ = run(machine.capsys, "retention", "run", "--dry-run")
    assert (code, said) == (0, "Would go: 0 families, what was sent for 0 reviews. To be told of: 1 families.\n")
    code, said, _ = run(machine.capsys, "retention", "run", "--json")
    assert json.loads(said)["noticed"]
    assert machine.lines()[-1].action == ACTS["retention run"][0]
    assert run(machine.capsys, "retention", "next")[1].endswith(": 0 of 1 go within a week, 1 told of, 0 on hold\n")
    assert "vig (default): Two months after involvement ends (CASE+2M)" in run(machine.capsys, "retention", "show")[1]


def test_who_agreed_and_what_is_out_is_read_and_written_down(machine: Machine) -> None:
    machine.does("audit key")
    db = open_alone(machine.settings)
    selection_id = add_selection(db, {"family": "K-104", "clip": [{"in": 0, "out": 1000}]})
    with db.session() as session:
        selection = session.get_one(SelectionRow, selection_id)
        rest = {"purpose": Purpose.SHARED_REVIEW, "to_whom": "mother, A. B."}
        copy_id = add_copy(session, SERVICE, selection, "review_pack", Carrier.SEALED, **rest).id
    db.dispose()
    child = ["K-104", "--person", "child E", "--to", "shared_review"]
    machine.does("consent give", *child, "--by", "mother M", "--on", "2026-11-02", "--words", "OK")
    machine.does("consent show", "k-104")
    code, said, _ = run(machine.capsys, "consent", "show", "K-104")
    assert code == 0
    assert "child E:\n  the shared review: agreed, 2026-11-02, said by mother M\n" in said
    [line] = machine.does("copies list")
    assert "mother" not in line.detail
    code, said, _ = run(machine.capsys, "copies", "list", "K-104")
    assert re.fullmatch(rf"{copy_id[:8]}  \S+  review_pack, sealed, for mother, A. B.\n", said)
    [line] = machine.does("consent withdraw", *child, "--yes")
    assert '"moments":1' in line.detail
    code, said, _ = run(machine.capsys, "consent", "show", "K-104", "--json")
    assert [one["said"] for one in json.loads(said)["said"]] == ["withdrawn"]
    machine.does("copies returned", copy_id[:6])
    assert run(machine.capsys, "copies", "returned", copy_id[:6])[0] == 1
    assert run(machine.capsys, "copies", "list")[1] == "Nothing is out.\n"
    for wrong in (["--person", "Ella", "--to", "court"], ["--person", "child E"], ["--to", "court"]):
        assert run(machine.capsys, "consent", "give", "K-104", *wrong)[0] == 1


def test_a_worker_that_has_no_service_key_makes_none_for_a_line(machine: Machine) -> None:
    """A key of its own would break the chain for those who have the right one."""
    name = f"{socket.gethostname()}:moments"
    machine.put(WorkerRow(name=name, version="0"))
    (machine.settings.data_dir / "service-key").unlink(missing_ok=True)
    assert run(machine.capsys, "worker", "--drain")[0] == 0
    assert not (machine.settings.data_dir / "service-key").exists()
    assert machine.lines() == []


def test_what_is_done_with_tables_and_backups(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Settings(data_dir=tmp_path / "elsewhere")
    monkeypatch.setenv("VIGPACK_DATA_DIR", str(elsewhere.data_dir))
    service_key(elsewhere, "audit")
    [line] = machine.does("migrate", of=elsewhere)
    assert '"from":0' in line.detail
    assert run(machine.capsys, "migrate")[0] == 0
    assert len(machine.lines(elsewhere)) == 1
    monkeypatch.setenv("VIGPACK_DATA_DIR", str(machine.settings.data_dir))
    key, folder = tmp_path / "key", tmp_path / "backup"
    recipient = run(machine.capsys, "backup", "--new-key", str(key))[1].strip()
    machine.does("backup", str(folder), "--recipient", recipient)
    there = Settings(data_dir=tmp_path / "there")
    monkeypatch.setenv("VIGPACK_DATA_DIR", str(there.data_dir))
    assert run(machine.capsys, "restore", str(folder), "--key", str(key))[0] == 0
    assert [line.action for line in machine.lines(there)] == ["restore"]


def test_where_the_address_cannot_be_noted_it_is_not_shown(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.address.running_url", lambda _: "http://127.0.0.1:8000")
    data = ["--data", str(machine.settings.data_dir)]
    machine.does("address", *data)
    db = open_alone(machine.settings)
    with db.session() as session:
        session.connection().exec_driver_sql("ALTER TABLE audit RENAME TO lost")
    db.dispose()
    code, shown, _ = run(machine.capsys, "address", *data)
    assert (code, shown) == (1, "")
