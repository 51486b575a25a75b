"""A provider of the tests' own over real HTTP, with its own keys, that lies when it is told to.

What a certified provider answers is tried in tests/web/test_organisation.py; it cannot be made to sign what is wrong.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

CLIENT_ID = "vigpack at Anytown"
CLIENT_SECRET = "a secret, with 100% + odd characters"
LOGOUT_EVENT = {"http://schemas.openid.net/event/backchannel-logout": {}}
Key = RSAKey | ECKey | OctKey


FIRST: Key = RSAKey.generate_key(2048, {"kid": "first"})


@dataclass
class Issuer:
    """What it says and signs; each may be changed between requests."""

    port: int = 0
    keys: list[Key] = field(default_factory=lambda: [FIRST])
    discovery: dict[str, Any] = field(default_factory=dict)
    """What its discovery document says otherwise."""
    claims: dict[str, Any] = field(default_factory=dict)
    """What its ID tokens say otherwise; None: nothing of it."""
    sign: Callable[[dict[str, Any]], str] | None = None
    answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    """Paths that are answered otherwise."""
    challenges: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By code: the nonce and the code challenge of the sign-in."""
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def tell_the_truth(self) -> Issuer:
        """As it was at its beginning."""
        self.__init__(port=self.port)  # type: ignore[misc]
        return self

    def code_for(self, nonce: str, challenge: str) -> str:
        """As if somebody had signed in."""
        code = f"code-{len(self.challenges)}"
        self.challenges[code] = nonce, challenge
        return code

    def signed(self, claims: dict[str, Any], key: Key | None = None, **header: str) -> str:
        key = key or self.keys[0]
        algorithm = {"RSA": "RS256", "EC": "ES256", "oct": "HS256"}[key.key_type]
        head = {"alg": algorithm, "kid": key.kid} | header
        return jwt.encode({k: v for k, v in head.items() if v}, claims, key, algorithms=[head["alg"]])

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url, "sub": "person-1", "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce,
            "sid": "session-1", "name": "Ada", "roles": ["vig guiders"],
        }  # fmt: skip
        said = {name: value for name, value in (claims | self.claims).items() if value is not None}
        return (self.sign or self.signed)(said)

    def logout_token(self, **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": f"{time.monotonic_ns()}",
            "sub": "person-1", "sid": "session-1", "events": LOGOUT_EVENT,
        }  # fmt: skip
        return self.signed({name: value for name, value in (claims | changes).items() if value is not None})

    def answer(self, handler: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        path = handler.path
        self.asked.append(path)
        if path in self.answers:
            self.answers[path](handler)
        elif path == "/.well-known/openid-configuration":
            said = {
                "issuer": self.url, "authorization_endpoint": f"{self.url}/auth", "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/jwks", "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }  # fmt: skip
            reply(handler, 200, said | self.discovery)
        elif path == "/jwks":
            reply(handler, 200, {"keys": [key.as_dict(private=False) for key in self.keys]})
        elif path == "/token":
            self._token(handler, form)
        else:
            reply(handler, 404, {})

    def _token(self, handler: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        given = base64.b64decode((handler.headers["Authorization"] or "").removeprefix("Basic ")).decode()
        if [unquote_plus(part) for part in given.split(":")] != [CLIENT_ID, CLIENT_SECRET]:
            reply(handler, 401, {"error": "invalid_client"})
            return
        nonce, challenge = self.challenges.pop(form["code"], ("", ""))
        verified = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if not challenge or verified.decode() != challenge:
            reply(handler, 400, {"error": "invalid_grant"})
            return
        reply(handler, 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.id_token(nonce)})


def reply(handler: BaseHTTPRequestHandler, status: int, said: object, **headers: str) -> None:
    body = json.dumps(said).encode()
    handler.send_response(status)
    for name, value in ({"Content-Length": str(len(body)), "Content-Type": "application/json"} | headers).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """One on a free port, until the block ends."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.answer(self, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            issuer.answer(self, {name: values[0] for name, values in parse_qs(body).items()})

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield issuer
    server.shutdown()
    server.server_close()
