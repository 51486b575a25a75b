"""What is wrong with the keys, if anything, in a sentence for IT; asked by doctor and by the IT page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from pipeline.errors import PipelineError
from records.keys.errors import KeyDamaged, KeyStoreUnavailable, MasterKeyMissing, MasterKeyWrong
from records.keys.master import comes_from_file, master_key_path
from records.keys.ring import KeyRing
from records.keys.store import BACKED_UP_KINDS, SERVICE_ID, KeyKind, KeyStore
from records.settings import Settings

BACKED_UP = "backed-up"
"""A file of the key store whose time tells when it was last backed up."""
_FOR_OTHERS = 0o077


class KeyProblem(BaseModel):
    """Something about the keys that IT has to put right."""

    model_config = ConfigDict(frozen=True)

    code: Literal["master_key_missing", "master_key_wrong", "keys_unreadable", "master_key_open", "keys_not_backed_up"]
    level: Literal["bad", "warn"]
    message: str
    remedy: str


def find_key_problem(settings: Settings) -> KeyProblem | None:
    """The worst of what is wrong; None where all is well, or where there are no keys yet."""
    ring = KeyRing(settings)  # a new one, which has kept nothing
    try:
        if ring.store.is_empty():
            return None
        ring.masters()
        if ring.store.read(KeyKind.SERVICE, SERVICE_ID) is not None:
            ring.service_key()
        elif (some := next(ring.store.ids(KeyKind.FAMILY), None)) is not None:
            ring.family_key(some)
    except MasterKeyMissing as error:
        remedy = "Put it back: vigpack keys restore FILE, or the file or secret from where you keep it (docs/keys.md)."
        return KeyProblem(
            code="master_key_missing", level="bad", message=f"No film or word can be opened: {error}.", remedy=remedy
        )
    except MasterKeyWrong:
        says = "No film or word can be opened: the master key is another one than these keys were wrapped with."
        remedy = "Put the former one back, or name it after the new one (docs/keys.md)."
        return KeyProblem(code="master_key_wrong", level="bad", message=says, remedy=remedy)
    except (KeyDamaged, KeyStoreUnavailable) as error:
        says = f"Keys in {ring.store.root} cannot be read: {error}."
        remedy = "Give the folder to vigpack's own account, or bring it back: vigpack keys restore FILE."
        return KeyProblem(code="keys_unreadable", level="bad", message=says, remedy=remedy)
    except PipelineError:
        return None
    if comes_from_file(settings) and _is_open_to_others(path := master_key_path(settings)):
        says = f"Other accounts of this machine can read the master key in {path}."
        remedy = f"chmod 600 {path}; if somebody may have read it, vigpack keys rotate."
        return KeyProblem(code="master_key_open", level="warn", message=says, remedy=remedy)
    days = settings.backup_max_age_days
    if days and (unsaved := count_not_backed_up(ring.store, older_than_s=days * 86_400)):
        keys = "1 key is" if unsaved == 1 else f"{unsaved} keys are"
        remedy = "vigpack keys backup FILE, kept apart from backups of the data; without it those cannot be opened."
        return KeyProblem(
            code="keys_not_backed_up", level="warn", message=f"{keys} in no backup of the keys.", remedy=remedy
        )
    return None


def count_not_backed_up(store: KeyStore, *, older_than_s: float = 0) -> int:
    """How many keys of at least that age no backup of keys holds."""
    made_before = time.time() - older_than_s
    try:
        saved_at = (store.root / BACKED_UP).stat().st_mtime
    except OSError:
        saved_at = 0.0
    found = 0
    for kind in BACKED_UP_KINDS:
        for path in (store.root / kind).rglob("*"):
            try:
                found += path.is_file() and saved_at < path.stat().st_mtime <= made_before
            except OSError:  # destroyed meanwhile
                continue
    return found


def _is_open_to_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & _FOR_OTHERS)
    except OSError:
        return False
