"""The machine's Firefox, driven by Marionette, which is built into it: Playwright needs a Firefox of its own making.

A message is `length:[type, id, command, parameters]`; an answer `length:[type, id, error, result]`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import socket
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.servers import start, wait_until

PREFERENCES = {
    "marionette.port": 0,
    "media.autoplay.default": 0,
    "ui.prefersReducedMotion": 1,
    "datareporting.policy.dataSubmissionEnabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "app.update.auto": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
KEYS = {
    "PageUp": "\ue00e",
    "PageDown": "\ue00f",
    "ArrowLeft": "\ue012",
    "ArrowRight": "\ue014",
    "Tab": "\ue004",
    "Enter": "\ue006",
    "Escape": "\ue00c",
    "Shift": "\ue008",
}


def installed() -> str | None:
    """The command of the machine's Firefox."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    """One headless Firefox with a profile of its own and one window."""

    def __init__(self, folder: Path, **preferences: Any) -> None:
        self.folder = folder
        profile = folder / "profile"
        profile.mkdir(parents=True)
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        lines += [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in preferences.items()]
        (profile / "user.js").write_text("\n".join(lines))
        argv = [str(installed()), "--headless", "--marionette", "--remote-allow-system-access", "--no-remote"]
        argv += ["--profile", str(profile)]
        self.process = start(argv, folder / "firefox.log", environment={**os.environ, "HOME": str(folder)})
        port = profile / "MarionetteActivePort"
        wait_until(lambda: port.exists() and port.read_text().strip(), "Firefox listens", 60)
        self._line = socket.create_connection(("127.0.0.1", int(port.read_text())), timeout=120)
        self._receive()
        self._sent = 0
        self.ask("WebDriver:NewSession", capabilities={})
        self.ask("WebDriver:SetWindowRect", width=1366, height=854)  # 86 of it are Firefox's own

    def ask(self, command: str, **parameters: Any) -> Any:
        """The answer to a command of Marionette."""
        self._sent += 1
        message = json.dumps([0, self._sent, command, parameters]).encode()
        self._line.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._receive()
        assert error is None, f"{command}: {error}"
        return result["value"] if "value" in (result or {}) else result

    def _receive(self) -> Any:
        length = b""
        while (sign := self._line.recv(1)) != b":":
            assert sign, "Firefox has gone"
            length += sign
        data = b""
        while len(data) < int(length):
            data += self._line.recv(int(length) - len(data))
        return json.loads(data)

    def open(self, address: str) -> None:
        self.ask("WebDriver:Navigate", url=address)

    def be_dark(self, dark: bool) -> None:
        """Ask pages for their dark or light theme."""
        self.ask("Marionette:SetContext", value="chrome")
        name = "layout.css.prefers-color-scheme.content-override"
        self.ask("WebDriver:ExecuteScript", script=f"Services.prefs.setIntPref('{name}', {0 if dark else 1})", args=[])
        self.ask("Marionette:SetContext", value="content")

    def run(self, script: str, *arguments: Any) -> Any:
        """What a function body returns in the page; a promise is awaited."""
        wrapped = f"const done = arguments[arguments.length - 1]; (async (...a) => {{ {script} }})(...arguments)"
        body = f"{wrapped}.then((value) => done({{ value }}), (error) => done({{ error: String(error) }}))"
        answer = self.ask("WebDriver:ExecuteAsyncScript", script=body, args=list(arguments), sandbox=None)
        assert "error" not in answer, answer["error"]
        return answer.get("value")

    def until(self, condition: str, timeout_s: float = 20) -> None:
        """Wait for a condition on the video that is shown, v."""
        script = f"const v = document.querySelector('#stage video'); return Boolean({condition})"
        wait_until(lambda: self.run(script), condition, timeout_s)

    def at_rest(self) -> None:
        self.until("v && v.readyState >= 2 && v.paused && !v.seeking")

    def press(self, *keys: str) -> None:
        """Keys by their names; Shift+… holds Shift meanwhile."""
        actions = []
        for key in keys:
            parts = [KEYS.get(part, part) for part in key.split("+")] if len(key) > 1 else [key]
            actions += [{"type": "keyDown", "value": part} for part in parts]
            actions += [{"type": "keyUp", "value": part} for part in reversed(parts)]
        self.ask("WebDriver:PerformActions", actions=[{"type": "key", "id": "keys", "actions": actions}])

    def touch(self, *fingers: list[tuple[int, int]]) -> None:
        """Each finger comes down at its first place, goes to the others and is lifted, all at the same time."""
        sequences = []
        for number, places in enumerate(fingers):
            moves = [{"type": "pointerMove", "x": x, "y": y, "duration": 0} for x, y in places]
            acts = [moves[0], {"type": "pointerDown", "button": 0}, *moves[1:], {"type": "pointerUp", "button": 0}]
            kind = {"pointerType": "touch"}
            sequences.append({"type": "pointer", "id": f"finger{number}", "parameters": kind, "actions": acts})
        self.ask("WebDriver:PerformActions", actions=sequences)

    def tap(self, css: str) -> None:
        """Touch the middle of an element."""
        box = "const b = document.querySelector(a[0]).getBoundingClientRect(); "
        x, y = self.run(box + "return [Math.round(b.x + b.width / 2), Math.round(b.y + b.height / 2)]", css)
        self.touch([(x, y)])

    def shot(self) -> NDArray[np.uint8]:
        """The page as painted: uint8, (height, width), grey."""
        data = base64.b64decode(self.ask("WebDriver:TakeScreenshot", full=False))
        shot = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert shot is not None
        return shot.astype(np.uint8)

    def quit(self) -> None:
        with contextlib.suppress(OSError, AssertionError):
            self.ask("Marionette:Quit", flags=["eForceQuit"])
        self._line.close()
        deadline = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        self.process.kill()
        self.process.wait()
