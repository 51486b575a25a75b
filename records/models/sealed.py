"""Columns with words of a family: sealed with its key, or its selection's, on their way into the database.

Each row says by one of its own columns whose key that is. A column's type sees a value and not its row, so the hook
below names the key beside each value that is about to be written; what is read names its key itself:

    vgt1:families:5f0c…:NONCE AND SEALED WORDS

A value from before, which is not sealed, is read as it is; records/migrations/first_keys.py seals it.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import TypeAdapter
from sqlalchemy import ColumnDefault, Connection, Dialect, Text, TypeDecorator, event
from sqlalchemy.orm import Mapper, Session, object_session

from records.keys.errors import KeyGone, SealBroken
from records.keys.store import SERVICE_ID, KeyKind
from records.models.base import Base, new_id

if TYPE_CHECKING:
    from records.keys.ring import KeyRing

RING: Final = "vigpack_key_ring"
"""Under this name each engine's dialect holds its installation's keys; see records/database.py."""
PREFIX: Final = "vgt1:"
_WRAPPED: Final = "vigpack_values_beside_their_keys"
_NONCE_BYTES: Final = 12


@dataclass(frozen=True)
class _WithKey:
    """A value that is about to be written, and the key it is to be sealed with."""

    value: Any
    kind: KeyKind
    key_id: str

    def __eq__(self, other: object) -> bool:
        return bool(self.value == (other.value if isinstance(other, _WithKey) else other))

    __hash__ = None  # type: ignore[assignment]


class _Sealed(TypeDecorator[Any]):
    impl = Text
    cache_ok = True

    def __init__(self, about: str, kind: KeyKind, by: str = "") -> None:
        """``about``: table and column, which are bound into the seal; ``by``: the row's attribute with the key's id.

        Where that is empty, or none is named, the service's own key is taken.
        """
        super().__init__()
        self.about = about
        self.key_kind = kind
        self.by = by

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if not isinstance(value, _WithKey):
            raise TypeError(f"{self.about} is sealed: write it by its mapped row, and do not compare it")
        key = _key(dialect, value.kind, value.key_id)
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, self._written(value.value).encode(), self._bound(value.kind, value.key_id))
        return f"{PREFIX}{value.kind}:{value.key_id}:{base64.b64encode(nonce + sealed).decode('ascii')}"

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        if not value.startswith(PREFIX):
            return self._read(value)
        try:
            _, kind, key_id, text = value.split(":")
            sealed = base64.b64decode(text, validate=True)
            key = _key(dialect, KeyKind(kind), key_id)
            bound = self._bound(KeyKind(kind), key_id)
            return self._read(AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound).decode())
        except KeyGone:  # it is being erased: the row stays to be found until its erasing ends
            return self._gone()
        except (ValueError, InvalidTag) as error:
            raise SealBroken(f"{self.about} cannot be opened") from error

    def _bound(self, kind: KeyKind, key_id: str) -> bytes:
        return f"{self.about} {kind} {key_id}".encode()

    def _written(self, value: Any) -> str:
        raise NotImplementedError

    def _read(self, text: str) -> Any:
        raise NotImplementedError

    def _gone(self) -> Any:
        raise NotImplementedError


class SealedText(_Sealed):
    """A text; empty where its key was destroyed."""

    cache_ok = True

    def _written(self, value: Any) -> str:
        return str(value)

    def _read(self, text: str) -> str:
        return text

    def _gone(self) -> str:
        return ""


class SealedJson(_Sealed):
    """A value of one pydantic type, as its JSON; where its key was destroyed, what ``gone`` gives."""

    cache_ok = True

    def __init__(self, about: str, kind: KeyKind, by: str, shape: Any, gone: Callable[[], Any]) -> None:
        super().__init__(about, kind, by)
        self.shape = shape
        self.gone = gone
        self._adapter: TypeAdapter[Any] = TypeAdapter(shape)

    def _written(self, value: Any) -> str:
        text = json.dumps(self._adapter.dump_python(value, mode="json", warnings="error"), ensure_ascii=False)
        self._adapter.validate_json(text)  # what could not be read again, as it is too long, is not written either
        return text

    def _read(self, text: str) -> Any:
        return self._adapter.validate_json(text)

    def _gone(self) -> Any:
        return self.gone()


def sealed_columns(mapper: Mapper[Any]) -> dict[str, _Sealed]:
    """The sealed columns of a table, by their attributes."""
    return {
        attribute.key: attribute.columns[0].type
        for attribute in mapper.column_attrs
        if isinstance(attribute.columns[0].type, _Sealed)
    }


def seal_value(column_type: _Sealed, text: str, key_id: str | None) -> Any:
    """A value that lies there plain, to be written sealed."""
    kind = column_type.key_kind if key_id else KeyKind.SERVICE
    return _WithKey(column_type._read(text), kind, key_id or SERVICE_ID)


def key_ring_of(dialect: Dialect) -> KeyRing:
    """The keys of the installation whose database that is."""
    ring: KeyRing | None = getattr(dialect, RING, None)
    if ring is None:
        raise RuntimeError("this database was opened without keys")
    return ring


def ring_of(session: Session) -> KeyRing:
    """The same, of the database that a session is of."""
    return key_ring_of(session.get_bind().dialect)


def _key(dialect: Dialect, kind: KeyKind, key_id: str) -> bytes:
    ring = key_ring_of(dialect)
    return ring.words_key(kind, key_id)


def _before_insert(mapper: Mapper[Any], connection: Connection, target: Any) -> None:
    sealed = sealed_columns(mapper)
    if sealed and "id" in mapper.columns and target.id is None:
        target.id = new_id()
    if make_key := getattr(target, "make_key", None):
        make_key(key_ring_of(connection.dialect))
    if index := getattr(target, "index", None):
        index(key_ring_of(connection.dialect))
    for name, column_type in sealed.items():
        default = mapper.columns[name].default
        if name not in target.__dict__ and isinstance(default, ColumnDefault):
            setattr(target, name, default.arg)
        _name_key(target, name, column_type)


def _before_update(mapper: Mapper[Any], connection: Connection, target: Any) -> None:
    sealed = sealed_columns(mapper)
    changed = sealed.keys() & target._sa_instance_state.committed_state.keys()
    if changed and (index := getattr(target, "index", None)):
        index(key_ring_of(connection.dialect))
    for name, column_type in sealed.items():
        if name in changed:
            _name_key(target, name, column_type)


def _name_key(target: Any, name: str, column_type: _Sealed) -> None:
    values = target.__dict__
    value = values.get(name)
    if value is None or isinstance(value, _WithKey):
        return
    session = object_session(target)
    if session is not None:
        session.info.setdefault(_WRAPPED, []).append((target, name))
    key_id = getattr(target, column_type.by) if column_type.by else ""
    kind = column_type.key_kind if key_id else KeyKind.SERVICE
    values[name] = _WithKey(value, kind, key_id or SERVICE_ID)  # past the history: nothing was changed


def _take_names_off(session: Session, *_: object) -> None:
    for target, name in session.info.pop(_WRAPPED, ()):
        value = target.__dict__.get(name)
        if isinstance(value, _WithKey):
            target.__dict__[name] = value.value


event.listen(Base, "before_insert", _before_insert, propagate=True)
event.listen(Base, "before_update", _before_update, propagate=True)
event.listen(Session, "after_flush", _take_names_off)
event.listen(Session, "after_soft_rollback", _take_names_off)
