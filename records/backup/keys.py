"""A backup of the keys, in one sealed file apart from backups of the data, and the way back.

It holds the master key and every wrapped key, so who opens it and has the data can read all of it: it is sealed for
a recipient, as backups are (escrow). Each backup takes the place of the one before, so that keys that were destroyed go
from it, too; backups of the data may be kept for longer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.artifact import sync_folder
from records.backup.errors import BackupDamaged
from records.backup.sealing import Identity, Recipients, seal, unseal, writing_backup
from records.clock import utcnow
from records.keys.errors import MasterKeyMissing
from records.keys.health import BACKED_UP
from records.keys.master import (
    MasterKey,
    comes_from_file,
    master_key_path,
    parse_master_keys,
    read_master_text,
    write_master_file,
)
from records.keys.ring import KeyRing, key_ring
from records.keys.store import BACKED_UP_KINDS, KeyKind
from records.settings import Settings

_FORMAT = 1


def backup_keys(settings: Settings, path: Path, recipients: Recipients) -> int:
    """Write all keys into one file, sealed, in place of the one that was there; how many.

    Raises: MasterKeyMissing, KeyStoreUnavailable, NoRoom, BackupUnwritable.
    """
    store = key_ring(settings).store
    began_at = utcnow().timestamp()
    master = read_master_text(settings, make=store.is_empty())
    kept = 0

    def lines() -> Iterator[bytes]:
        nonlocal kept
        yield _line({"keys": _FORMAT, "made_at": utcnow().isoformat(), "master": master.split()})
        for kind in BACKED_UP_KINDS:
            for key_id in store.ids(kind):
                if not store.is_destroyed(key_id) and (said := store.read(kind, key_id)) is not None:
                    kept += 1
                    yield _line({"kind": kind, "id": key_id, "said": said})
        for key_id in store.destroyed_ids():
            yield _line({"destroyed": key_id})
        yield _line({"end": kept})

    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        with writing_backup():
            path.absolute().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            seal(lines(), part, recipients)
            part.replace(path)
            sync_folder(path.absolute().parent)
            mark = store.root / BACKED_UP
            mark.touch(mode=0o600)
            os.utime(mark, (began_at, began_at))
    finally:
        part.unlink(missing_ok=True)
    return kept


def restore_keys(settings: Settings, path: Path, identity: Identity) -> int:
    """Put keys back that are not here; how many. What is here stays, and what was destroyed, here or there, too.

    The master key is put back where it comes from a file and there is none. Where this machine has another one, keys
    are wrapped with that: a server that was set up anew has secrets of its own.
    Raises: BackupDamaged, BackupKeyWrong, KeyStoreUnavailable.
    """
    ring = key_ring(settings)
    store = ring.store
    text = bytearray()
    unseal(path, identity, text.extend)
    found = _read(bytes(text))
    if comes_from_file(settings) and not master_key_path(settings).exists():
        write_master_file(master_key_path(settings), "\n".join(found[0]["master"]) + "\n")
    destroyed = {one["destroyed"] for one in found if "destroyed" in one}
    added = 0
    with store.held(alone=True):
        for one in found:
            if "kind" in one and one["id"] not in destroyed and not store.is_destroyed(one["id"]):
                added += store.add(KeyKind(one["kind"]), one["id"], one["said"])
        for key_id in destroyed:  # also where it never was here: that it is gone for good, and not missing, is said
            for kind in KeyKind:
                store.destroy(kind, key_id)
        _wrap_with_own_master(ring, parse_master_keys(" ".join(found[0]["master"])))
    return added


def _wrap_with_own_master(ring: KeyRing, former: Sequence[MasterKey]) -> None:
    """What a master key of the backup wrapped, and none that is at hand opens."""
    try:
        own = {master.fingerprint for master in ring.masters()}
    except MasterKeyMissing:  # doctor says so; asking again when it is there does the rest
        return
    once = {master.fingerprint for master in former} - own
    for kind in (KeyKind.FAMILY, KeyKind.SERVICE):
        for key_id in list(ring.store.ids(kind)):
            if ring.master_of(kind, key_id) in once:
                ring.rewrap(kind, key_id, former)


def _read(text: bytes) -> list[dict[str, Any]]:
    try:
        found = [json.loads(line) for line in text.splitlines()]
        whole = found[0].get("keys") == _FORMAT and found[-1].get("end") == sum("kind" in one for one in found)
    except (ValueError, IndexError, AttributeError) as error:
        raise BackupDamaged(f"the keys cannot be read: {error}") from error
    if not whole:
        raise BackupDamaged("the keys' backup breaks off")
    return found


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
