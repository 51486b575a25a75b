"""A passkey's device, in software: it keeps keys, signs as Web Authentication Level 3 says, and lies when it is to."""

from __future__ import annotations

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, HAS_KEY = 0x01, 0x04, 0x40


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "===")


@dataclass
class Authenticator:
    """One passkey; the fields are what its browser and it say, and may be changed between answers."""

    origin: str
    rp_id: str | None = None
    """For which address it signs; that of the options, unless a test says otherwise."""
    challenge: str | None = None
    kind: str | None = None
    flags: int = PRESENT | VERIFIED
    count: int = 0
    step: int = 1
    client_data: dict[str, Any] = field(default_factory=dict)
    """What the browser says beside that."""
    algorithm: int = -7
    user: str | None = None
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def id(self) -> str:
        return encoded(self.credential_id)

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """What navigator.credentials.create() answers."""
        assert options["authenticatorSelection"]["userVerification"] == "required"
        assert options["authenticatorSelection"]["residentKey"] == "required"
        self.user = options["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps(
            {1: 2, 3: self.algorithm, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        )
        length = len(self.credential_id).to_bytes(2, "big")
        data = self._data(options["rp"]["id"], HAS_KEY) + bytes(16) + length + self.credential_id + public
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        said = {"clientDataJSON": encoded(self._said("webauthn.create", options)), "attestationObject": encoded(made)}
        return {"id": self.id, "rawId": self.id, "type": "public-key", "response": said}

    def sign(self, options: dict[str, Any], **changes: str | None) -> dict[str, Any]:
        """What navigator.credentials.get() answers; ``changes``: in its response, after the signature."""
        assert options["userVerification"] == "required"
        self.count += self.step
        data, said = self._data(options["rpId"]), self._said("webauthn.get", options)
        signature = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": encoded(said),
            "authenticatorData": encoded(data),
            "signature": encoded(signature),
            "userHandle": self.user,
        }
        return {"id": self.id, "rawId": self.id, "type": "public-key", "response": response | changes}

    def _data(self, rp_id: str, more: int = 0) -> bytes:
        named = hashlib.sha256((self.rp_id or rp_id).encode()).digest()
        return named + bytes([self.flags | more]) + self.count.to_bytes(4, "big")

    def _said(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {
            "type": self.kind or kind,
            "challenge": self.challenge or options["challenge"],
            "origin": self.origin,
            "crossOrigin": False,
        }
        return json.dumps(said | self.client_data).encode()
