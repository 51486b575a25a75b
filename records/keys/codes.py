"""Finding a family by its code without reading codes: a keyed hash of it (a blind index).

Who has the database alone can neither read a code nor try which one it is; the key is the service's own for words, and
lies in the key store.
"""

from __future__ import annotations

import hmac

from records.keys.ring import KeyRing, expand


def code_index(ring: KeyRing, code: str) -> str:
    """By which this very code is found: 64 hex digits. Raises: as KeyRing.service_key."""
    return _hash(ring, "code", code)


def code_look(ring: KeyRing, code: str) -> str:
    """By which every code that looks like it is found: letters' case and the kind of dash do not matter."""
    return _hash(ring, "look", looks_like(code))


def looks_like(code: str) -> str:
    """What codes that look alike have in common."""
    return code.lower().replace("_", "-")


def _hash(ring: KeyRing, what: str, text: str) -> str:
    return hmac.digest(expand(ring.service_key(), f"vigpack index 1 {what}".encode()), text.encode(), "sha256").hex()
