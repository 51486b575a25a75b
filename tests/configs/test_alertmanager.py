"""Alerts reach somebody: what install/alertmanager.sh makes of the settings, and a real Alertmanager if one is here."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.servers import free_port, start, wait_until

SCRIPT = Path(__file__).resolve().parents[2] / "install/alertmanager.sh"
ALERTMANAGER = shutil.which("alertmanager") or shutil.which("prometheus-alertmanager")


def written(folder: Path, **settings: str) -> Any:
    """The configuration; no Alertmanager is found on this PATH."""
    config = folder / "alertmanager.yml"
    environment = {"PATH": "/usr/bin:/bin", "ALERTMANAGER_CONFIG": str(config), **settings}
    subprocess.run(["sh", str(SCRIPT), "--help"], env=environment, capture_output=True, check=False, timeout=30)
    assert config.stat().st_mode & 0o077 == 0
    return yaml.safe_load(config.read_text())


def test_without_settings_nobody_is_told_and_it_starts_all_the_same(tmp_path: Path) -> None:
    assert written(tmp_path)["receivers"] == [{"name": "it"}]


def test_mail_goes_by_the_server_that_is_named_with_its_password_from_a_file(tmp_path: Path) -> None:
    settings = {"MAIL_TO": "it@example.org", "SMTP": "mail.example.org:587", "SMTP_USER": 'vig"pack'}
    [receiver] = written(tmp_path, **{f"VIGPACK_ALERT_{k}": v for k, v in settings.items()})["receivers"]
    assert receiver["email_configs"] == [
        {
            "to": "it@example.org",
            "from": "it@example.org",
            "smarthost": "mail.example.org:587",
            "auth_username": 'vig"pack',
            "auth_password_file": "/run/secrets/smtp_password",
            "send_resolved": True,
        }
    ]


def test_a_mail_without_a_server_is_refused_in_words(tmp_path: Path) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "ALERTMANAGER_CONFIG": str(tmp_path / "x"),
        "VIGPACK_ALERT_MAIL_TO": "a@b.c",
    }
    done = subprocess.run(["sh", str(SCRIPT)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "VIGPACK_ALERT_SMTP" in done.stderr


@pytest.mark.skipif(ALERTMANAGER is None, reason="no Alertmanager here: install the package prometheus-alertmanager")
def test_an_alert_arrives_at_the_address_that_is_set(tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []

    class Somebody(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    (tmp_path / "alertmanager").symlink_to(str(ALERTMANAGER))
    port = free_port()
    with http.server.HTTPServer(("127.0.0.1", 0), Somebody) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        process = start(
            ["sh", str(SCRIPT), f"--storage.path={tmp_path}/kept", f"--web.listen-address=127.0.0.1:{port}"],
            tmp_path / "log",
            environment={
                "PATH": f"{tmp_path}{os.pathsep}/usr/bin:/bin",
                "ALERTMANAGER_CONFIG": str(tmp_path / "alertmanager.yml"),
                "VIGPACK_ALERT_WEBHOOK": f"http://127.0.0.1:{server.server_address[1]}/",
            },
        )
        try:
            url = f"http://127.0.0.1:{port}"

            def is_ready() -> bool:
                try:
                    return httpx.get(f"{url}/-/ready", trust_env=False, timeout=60).is_success
                except httpx.TransportError:
                    return False

            wait_until(is_ready, "it is ready")
            alert = {
                "labels": {"alertname": "VigpackNoWorker", "severity": "critical"},
                "annotations": {"do": "start one"},
            }
            assert httpx.post(f"{url}/api/v2/alerts", json=[alert], trust_env=False, timeout=60).is_success
            wait_until(lambda: told, "somebody is told", within_s=60)
        finally:
            process.terminate()
            process.wait(30)
            server.shutdown()
    assert told[0]["alerts"][0]["labels"]["alertname"] == "VigpackNoWorker"
