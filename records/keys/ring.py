"""The keys at hand: made, unwrapped, kept for seconds, and destroyed.

Whoever knows a selection's key needs nothing else to read what it sealed. It is wrapped with its family's key, which is
wrapped with the master key: so one file that goes takes a family's or a selection's words and media with it.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import os
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from records.keys.errors import KeyDamaged, KeyGone, KeyMissing, MasterKeyWrong
from records.keys.master import MasterKey, read_master_keys
from records.keys.store import SERVICE_ID, KeyKind, KeyStore
from records.settings import Settings

KEY_BYTES = 32
_NONCE_BYTES = 12
_KEPT_S = 5.0
"""For so long a process uses a key that another one destroyed; its rows are out of sight before that."""
_MOST_KEPT = 4096


@dataclass(frozen=True)
class SelectionKey:
    """A selection's key."""

    key: bytes
    family_id: str
    plain_before: bool
    """The selection is older than its key, so there may be files of it that are not sealed yet."""


_Key = TypeVar("_Key", SelectionKey, bytes)


class KeyRing:
    """The keys of one installation. May be used from several threads, and after a fork."""

    def __init__(self, settings: Settings) -> None:
        self.store = KeyStore(settings.keys_dir())
        self._settings = settings
        self._masters: tuple[MasterKey, ...] = ()
        self._kept: dict[str, tuple[float, SelectionKey | bytes]] = {}

    def family_key(self, family_id: str) -> bytes:
        """32 bytes. Raises: KeyGone, KeyMissing, KeyDamaged, MasterKeyMissing, MasterKeyWrong, KeyStoreUnavailable."""
        kept = self._recent(family_id)
        if isinstance(kept, bytes):
            return kept
        said = self._said(KeyKind.FAMILY, family_id)
        return self._keep(family_id, self._open_with_master(said, _about(KeyKind.FAMILY, family_id)))

    def selection_key(self, selection_id: str) -> SelectionKey:
        """A selection's key. Raises: as family_key; KeyGone where its family's key was destroyed, too."""
        kept = self._recent(selection_id)
        if isinstance(kept, SelectionKey):
            return kept
        said = self._said(KeyKind.SELECTION, selection_id)
        family_id, plain_before = str(said.get("family")), bool(said.get("plain_before"))
        about = _about(KeyKind.SELECTION, selection_id, family_id, plain_before=plain_before)
        key = _unwrap(self.family_key(family_id), said, about)
        return self._keep(selection_id, SelectionKey(key, family_id, plain_before))

    def words_key(self, kind: KeyKind, key_id: str) -> bytes:
        """What words in the database are sealed with. Raises: as family_key."""
        match kind:
            case KeyKind.FAMILY:
                whole = self.family_key(key_id)
            case KeyKind.SELECTION:
                whole = self.selection_key(key_id).key
            case KeyKind.SERVICE:
                whole = self.service_key()
        return expand(whole, b"vigpack words 1")

    def service_key(self) -> bytes:
        """For words of no family, and for finding codes; made at the first call. Raises: as family_key."""
        kept = self._recent(SERVICE_ID)
        if isinstance(kept, bytes):
            return kept
        about = _about(KeyKind.SERVICE, SERVICE_ID)
        if (said := self.store.read(KeyKind.SERVICE, SERVICE_ID)) is None:
            with self.store.held(alone=False):
                new = self._wrap_with_master(os.urandom(KEY_BYTES), about)
                self.store.add(KeyKind.SERVICE, SERVICE_ID, new)
            said = self.store.read(KeyKind.SERVICE, SERVICE_ID)
        return self._keep(SERVICE_ID, self._open_with_master(said or {}, about))

    def make_family(self, family_id: str) -> None:
        """A key for a family, which has one from then on. Raises: KeyGone where it was destroyed."""
        with self.store.held(alone=False):
            self._refuse_destroyed(family_id)
            if self.store.read(KeyKind.FAMILY, family_id) is None:
                said = self._wrap_with_master(os.urandom(KEY_BYTES), _about(KeyKind.FAMILY, family_id))
                self.store.add(KeyKind.FAMILY, family_id, said)
            self._remove_if_destroyed(KeyKind.FAMILY, family_id)

    def make_selection(self, family_id: str, selection_id: str, *, plain_before: bool = False) -> None:
        """A key for a selection of a family, which has one from then on. Raises: KeyGone."""
        with self.store.held(alone=False):
            self._refuse_destroyed(selection_id)
            said = self._wrap_selection(os.urandom(KEY_BYTES), family_id, selection_id, plain_before=plain_before)
            if not self.store.add(KeyKind.SELECTION, selection_id, said):
                self._move(selection_id, family_id)
            self._remove_if_destroyed(KeyKind.SELECTION, selection_id)

    def note_all_sealed(self, selection_id: str) -> None:
        """From now on no plain file is taken for one of this selection."""
        found = self.selection_key(selection_id)
        if found.plain_before:
            with self.store.held(alone=False):
                said = self._wrap_selection(found.key, found.family_id, selection_id, plain_before=False)
                if not self.store.is_destroyed(selection_id):
                    self.store.replace(KeyKind.SELECTION, selection_id, said)
                self._remove_if_destroyed(KeyKind.SELECTION, selection_id)
            self._kept.pop(selection_id, None)

    def make_draft(self, draft_id: str, account_id: str) -> None:
        """A key for what an account's browser keeps of one film, which has one from then on. Raises: KeyGone."""
        with self.store.held(alone=False):
            self._refuse_destroyed(draft_id)
            if self.store.read(KeyKind.DRAFT, draft_id) is None:
                wrapped = self._wrap_with_master(os.urandom(KEY_BYTES), _about(KeyKind.DRAFT, draft_id, account_id))
                self.store.add(KeyKind.DRAFT, draft_id, {"account": account_id, **wrapped})
            self._remove_if_destroyed(KeyKind.DRAFT, draft_id)

    def draft_key(self, draft_id: str, account_ids: Collection[str]) -> bytes:
        """32 bytes, for one of its owners. Raises: as family_key; KeyGone, too, where all that was sent of it was
        erased, and KeyMissing where it is somebody else's.
        """
        try:
            return self._open_draft(draft_id, account_ids)
        except KeyDamaged:  # it was just being replaced
            return self._open_draft(draft_id, account_ids)

    def tie_draft(self, draft_id: str, account_ids: Collection[str], selection_id: str) -> None:
        """From now on it lives as long as one of the selections that it was tied to. Raises: as draft_key."""
        with self.store.held(alone=True):
            key = self.draft_key(draft_id, account_ids)
            said = self._said(KeyKind.DRAFT, draft_id)
            if selection_id in (sent := dict(said.get("sent", {}))):
                return
            about = _about(KeyKind.DRAFT, draft_id, said["account"])
            sent[selection_id] = _wrap(self.selection_key(selection_id).key, key, about)
            self.store.replace(KeyKind.DRAFT, draft_id, {"account": said["account"], "sent": sent}, overwrites=True)
            self._remove_if_destroyed(KeyKind.DRAFT, draft_id)

    def destroy_untied_draft(self, draft_id: str, account_ids: Collection[str], sent: Collection[str]) -> None:
        """Destroy it where nothing was tied to it in time and the keys of all that was sent of it are destroyed.

        Raises: as draft_key.
        """
        with self.store.held(alone=True):
            self.draft_key(draft_id, account_ids)
            if "sent" not in self._said(KeyKind.DRAFT, draft_id) and sent and all(map(self._is_gone, sent)):
                self.destroy(KeyKind.DRAFT, draft_id)

    def _is_gone(self, selection_id: str) -> bool:
        try:
            self.selection_key(selection_id)
        except (KeyGone, KeyMissing) as error:
            return isinstance(error, KeyGone)
        return False

    def _open_draft(self, draft_id: str, account_ids: Collection[str]) -> bytes:
        said = self._said(KeyKind.DRAFT, draft_id)
        if (account_id := str(said.get("account"))) not in account_ids:
            raise KeyMissing(f"the key of another account's draft: {draft_id}")
        about = _about(KeyKind.DRAFT, draft_id, account_id)
        if "sent" not in said:
            return self._open_with_master(said, about)
        for selection_id, wrapped in said["sent"].items():
            with contextlib.suppress(KeyGone):
                return _unwrap(self.selection_key(selection_id).key, wrapped, about)
        raise KeyGone(f"all that was sent of a draft: {draft_id}")

    def destroy(self, kind: KeyKind, key_id: str) -> bool:
        """Destroy a key; whether there was one."""
        self._kept.pop(key_id, None)
        if kind is KeyKind.FAMILY:
            self._kept.clear()  # of its selections, too
        return self.store.destroy(kind, key_id)

    def rewrap(self, kind: KeyKind, key_id: str, former: Sequence[MasterKey] = ()) -> bool:
        """Wrap a family's key, a draft's or the service's own with the first master key; whether that was needed.

        ``former``: master keys that are not at hand any more, and may open it, too.
        """
        said = self.store.read(kind, key_id)
        if said is None or "sent" in said or said.get("master") == self._master_keys(anew=True)[0].fingerprint:
            return False
        about = _about(kind, key_id, said.get("account", ""))
        key = self._open_with_master(said, about, former)
        if self.store.is_destroyed(key_id):
            return False
        kept = {"account": said["account"]} if "account" in said else {}
        self.store.replace(kind, key_id, {**kept, **self._wrap_with_master(key, about)})
        self._remove_if_destroyed(kind, key_id)
        return True

    def master_of(self, kind: KeyKind, key_id: str) -> str:
        """The fingerprint of the master key that a family's key is wrapped with; empty where it is not known."""
        return str((self.store.read(kind, key_id) or {}).get("master", ""))

    def masters(self) -> tuple[MasterKey, ...]:
        """The master keys at hand, read anew. Raises: MasterKeyMissing, KeyStoreUnavailable."""
        return self._master_keys(anew=True)

    def _said(self, kind: KeyKind, key_id: str) -> dict[str, Any]:
        if self.store.is_destroyed(key_id):
            raise KeyGone(f"{kind} {key_id}")
        if (said := self.store.read(kind, key_id)) is None:
            raise KeyMissing(f"{kind} {key_id}")
        return said

    def _refuse_destroyed(self, key_id: str) -> None:
        if self.store.is_destroyed(key_id):
            raise KeyGone(key_id)

    def _remove_if_destroyed(self, kind: KeyKind, key_id: str) -> None:
        """Somebody who destroyed it while it was being written may have come too early to see it."""
        if self.store.is_destroyed(key_id):
            self.store.destroy(kind, key_id)
            raise KeyGone(key_id)

    def _move(self, selection_id: str, family_id: str) -> None:
        """A key that is there, under this family: a transaction that was undone may have made it under another one."""
        there = self.store.read(KeyKind.SELECTION, selection_id)
        if there is not None and there.get("family") != family_id:
            found = self.selection_key(selection_id)
            said = self._wrap_selection(found.key, family_id, selection_id, plain_before=found.plain_before)
            self.store.replace(KeyKind.SELECTION, selection_id, said)
            self._kept.pop(selection_id, None)

    def _wrap_selection(self, key: bytes, family_id: str, selection_id: str, *, plain_before: bool) -> dict[str, Any]:
        about = _about(KeyKind.SELECTION, selection_id, family_id, plain_before=plain_before)
        wrapped = _wrap(self.family_key(family_id), key, about)
        return {"family": family_id, "plain_before": plain_before, **wrapped}

    def _wrap_with_master(self, key: bytes, about: bytes) -> dict[str, Any]:
        first = self._master_keys(anew=True)[0]  # it may have been replaced since
        return {"master": first.fingerprint, **_wrap(first.key, key, about)}

    def _open_with_master(self, said: dict[str, Any], about: bytes, former: Sequence[MasterKey] = ()) -> bytes:
        wanted = str(said.get("master"))
        for anew in (False, True):  # read anew where another one is needed: it may have been replaced since
            for master in (*self._master_keys(anew=anew), *former):
                if master.fingerprint == wanted:
                    return _unwrap(master.key, said, about)
        raise MasterKeyWrong(f"a key is wrapped with master key {wanted}, which is not at hand")

    def _master_keys(self, *, anew: bool) -> tuple[MasterKey, ...]:
        if anew or not self._masters:
            self._masters = read_master_keys(self._settings, make=self.store.is_empty())
        return self._masters

    def _recent(self, name: str) -> SelectionKey | bytes | None:
        found = self._kept.get(name)
        return found[1] if found is not None and time.monotonic() - found[0] < _KEPT_S else None

    def _keep(self, name: str, key: _Key) -> _Key:
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[name] = (time.monotonic(), key)
        return key


_rings: dict[tuple[str, ...], KeyRing] = {}


def key_ring(settings: Settings) -> KeyRing:
    """The keys of the installation that the settings name; one for each in a process."""
    named = (
        str(settings.keys_dir().absolute()),
        settings.master_key.get_secret_value(),
        str(settings.master_key_file),
        settings.master_key_command,
    )
    return _rings.setdefault(named, KeyRing(settings))


def expand(key: bytes, about: bytes) -> bytes:
    """A key of 32 bytes for one use of a random one (HKDF-Expand with SHA-256, one block)."""
    return hmac.digest(key, about + b"\x01", "sha256")


def _about(kind: KeyKind, key_id: str, of_id: str = "", *, plain_before: bool = False) -> bytes:
    return f"vigpack key 1 {kind} {key_id} {of_id} {int(plain_before)}".encode()


def _wrap(with_key: bytes, key: bytes, about: bytes) -> dict[str, str]:
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(with_key).encrypt(nonce, key, about)
    return {"key": base64.b64encode(nonce + sealed).decode("ascii")}


def _unwrap(with_key: bytes, said: dict[str, Any], about: bytes) -> bytes:
    try:
        sealed = base64.b64decode(str(said["key"]), validate=True)
        return AESGCM(with_key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about)
    except (KeyError, ValueError, InvalidTag) as error:
        raise KeyDamaged(f"a wrapped key cannot be opened: {about.decode()}") from error
