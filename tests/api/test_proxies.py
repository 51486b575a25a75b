"""The examples for other proxies, as they are delivered, before a real API process: uploads, events, who may act."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from tests.api.conftest import TOKEN
from tests.api.service import CHUNK, SELECTIONS, TUS, Service, announce, begin, offset_of, send, shape
from tests.servers import free_port, start, wait_until

EXAMPLES = Path(__file__).resolve().parents[2] / "configs/proxy"
NAME = "vigpack.example.org"
MIB = 1 << 20


@dataclass
class Place:
    """Where a proxy of this test lies, and what stands there instead of the example's addresses and files."""

    folder: Path
    api_port: int
    port: int
    plain_port: int

    def here(self, example: str, **changes: str) -> str:
        """The example with this machine's ports, name and certificate; each that is to change has to stand in it."""
        said = (EXAMPLES / example).read_text()
        given = changes | {"127.0.0.1:8000": f"127.0.0.1:{self.api_port}"}
        for there, here in given.items():
            assert there in said, there
            said = said.replace(there, here)
        return said.replace("/etc/ssl/", f"{self.folder}/").replace(NAME, "localhost")


def nginx(place: Place) -> list[str]:
    site = place.here(
        "nginx.conf",
        **{
            "listen 443 ssl": f"listen 127.0.0.1:{place.port} ssl",
            "listen 80;": f"listen 127.0.0.1:{place.plain_port};",
            "/var/log/nginx/": f"{place.folder}/",
        },
    )
    return _nginx(place, site)


def _nginx(place: Place, site: str) -> list[str]:
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {place.folder}/{kind};\n" for kind in kinds)
    main = f"daemon off;\nuser root;\npid {place.folder}/pid;\nerror_log stderr;\nevents {{}}\n"
    (place.folder / "main.conf").write_text(f"{main}http {{\n{folders}{site}}}\n")
    return [program("nginx"), "-c", str(place.folder / "main.conf")]


def apache(place: Place) -> list[str]:
    site = place.here(
        "apache.conf",
        **{
            "<VirtualHost *:443>": f"<VirtualHost 127.0.0.1:{place.port}>",
            "<VirtualHost *:80>": f"<VirtualHost 127.0.0.1:{place.plain_port}>",
            "${APACHE_LOG_DIR}": str(place.folder),
        },
    )
    loaded = [*re.findall(r"a2enmod (.+)", site)[0].split(), "mpm_event", "authz_core", "socache_shmcb", "alias"]
    modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in loaded)
    main = f"ServerRoot {place.folder}\nPidFile {place.folder}/pid\nErrorLog {place.folder}/error.log\n"
    listens = f"Listen 127.0.0.1:{place.port}\nListen 127.0.0.1:{place.plain_port}\nUser www-data\nGroup www-data\n"
    main += f"ServerName localhost\nDefaultRuntimeDir {place.folder}\n"
    (place.folder / "main.conf").write_text(f"{modules}{main}{listens}{site}")
    return [program("apache2"), "-D", "FOREGROUND", "-f", str(place.folder / "main.conf")]


def caddy(place: Place) -> list[str]:
    site = place.here(
        "Caddyfile", **{f"{NAME} {{": f"localhost {{\n\ttls {place.folder}/vigpack.pem {place.folder}/vigpack.key"}
    )
    ports = f"http_port {place.plain_port}\n\thttps_port {place.port}\n\tdefault_bind 127.0.0.1"
    (place.folder / "Caddyfile").write_text(f"{{\n\tadmin off\n\t{ports}\n}}\n{site}")
    return [program("caddy"), "run", "--config", str(place.folder / "Caddyfile")]


def program(name: str) -> str:
    beside = f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/usr/local/bin"
    found = shutil.which(name, path=beside)
    if found is None:
        pytest.skip(f"{name} is not here: on Debian, apt install nginx-light apache2-bin brings what these tests need")
    return found


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    key, pem = str(folder / "vigpack.key"), str(folder / "vigpack.pem")
    made = [
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
    ]
    subprocess.run(
        [program("openssl"), "req", "-x509", *made, "-keyout", key, "-out", pem], check=True, capture_output=True
    )
    return folder


@pytest.fixture(scope="module", params=[nginx, apache, caddy], ids=lambda kind: kind.__name__)
def guider(
    request: pytest.FixtureRequest, running: Service, certificate: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A guider's browser before this proxy, one of those that say nothing of where a page comes from."""
    with before(request.param, running, certificate, tmp_path_factory.mktemp("proxy")) as client:
        yield client


class before:  # noqa: N801 it reads as a sentence
    """A client that asks through this kind of proxy."""

    def __init__(self, kind: Callable[[Place], list[str]], running: Service, certificate: Path, folder: Path) -> None:
        shutil.copytree(certificate, folder, dirs_exist_ok=True)
        folder.chmod(0o755)
        api_port = running.clients[0].base_url.port
        assert api_port
        place = Place(folder, api_port, free_port(), free_port())
        self._process = start(kind(place), folder / "said.log")
        origin = f"https://localhost:{place.port}"
        headers = {"Authorization": f"Bearer {TOKEN}", "Origin": origin}
        known = ssl.create_default_context(cafile=folder / "vigpack.pem")
        self._client = httpx.Client(base_url=origin, headers=headers, verify=known, trust_env=False, timeout=60)
        wait_until(self._answers, f"the proxy answers; see {folder}/said.log")

    def _answers(self) -> bool:
        assert self._process.poll() is None, self._process.args
        try:
            return self._client.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def __enter__(self) -> httpx.Client:
        return self._client

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._process.terminate()
        self._process.wait(20)


def test_the_page_may_send_through_it_and_another_site_may_not(guider: httpx.Client) -> None:
    sent = guider.post(SELECTIONS, json=shape())
    assert sent.status_code == 201, sent.text
    answer = guider.post(SELECTIONS, json=shape(), headers={"Origin": "https://evil.example"})
    assert answer.json()["code"] == "cross_site"
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_bodies_of_every_size_pass_it(guider: httpx.Client) -> None:
    data = bytes(24 * MIB)
    upload = announce(guider, len(data))
    assert send(guider, upload, 0, data).status_code == 204


def test_what_arrived_of_an_upload_that_broke_off_is_kept(guider: httpx.Client) -> None:
    upload = announce(guider, 8 * MIB)

    def breaks_off() -> Iterator[bytes]:
        yield bytes(2 * MIB)
        raise ConnectionAbortedError

    headers = {**CHUNK, "Upload-Offset": "0", "Content-Length": str(8 * MIB)}
    with pytest.raises(ConnectionAbortedError):
        guider.patch(upload, headers=headers, content=breaks_off())
    wait_until(lambda: offset_of(guider, upload) > 0, "the service has what the proxy had of it")
    assert guider.delete(upload, headers=TUS).status_code == 204


def test_events_come_at_once(guider: httpx.Client) -> None:
    """A proxy that holds events back lets them go after 15 s, with the keep-alive, each time; a busy machine once."""

    def seconds_until_told() -> float:
        begun = begin(guider)
        address = f"{SELECTIONS}/{begun['selection']['id']}"
        began = time.monotonic()
        with guider.stream("GET", f"{address}/events") as answer:
            lines = answer.iter_lines()
            assert next(line for line in lines if line.startswith("event:")) == "event: selection"
            assert guider.delete(address).status_code == 204
            assert next(line for line in lines if line == "event: erased")
        return time.monotonic() - began

    assert any(seconds_until_told() < 10 for _ in range(4))


def test_a_pass_that_a_player_gets_travels_by_tls_alone(guider: httpx.Client) -> None:
    begun = begin(guider)
    data = bytes(1000)
    upload = announce(guider, len(data), begun)
    assert send(guider, upload, 0, data).status_code == 204
    [moment, *_] = begun["selection"]["moments"]
    answer = guider.post(f"{SELECTIONS}/{begun['selection']['id']}/moments/{moment['id']}/source/pass")
    assert answer.status_code == 204, answer.text
    assert "Secure" in answer.headers["Set-Cookie"]


def test_a_browser_of_today_may_send_through_an_nginx_that_gives_another_name(
    running: Service, certificate: Path, tmp_path: Path
) -> None:
    def renaming(place: Place) -> list[str]:
        argv = nginx(place)
        main = place.folder / "main.conf"
        assert "proxy_set_header Host $http_host;" in main.read_text()
        main.write_text(main.read_text().replace("proxy_set_header Host $http_host;", ""))
        return argv

    with before(renaming, running, certificate, tmp_path) as guider:
        assert guider.post(SELECTIONS, json=shape()).json()["code"] == "cross_site"
        of_today = {"Sec-Fetch-Site": "same-origin"}
        assert guider.post(SELECTIONS, json=shape(), headers=of_today).status_code == 201
        alerts = guider.get("/api/v1/operations").json()["verdict"]["alerts"]
        [told] = [alert for alert in alerts if alert["code"] == "browser_refused"]
        assert f"VIGPACK_PUBLIC_URL={str(guider.base_url).rstrip('/')}" in told["remedy"]


def test_traefik_s_example_is_yaml_with_one_way_through() -> None:
    http = yaml.safe_load((EXAMPLES / "traefik.yml").read_text())["http"]
    [(name, router)] = http["routers"].items()
    assert router["service"] == name
    assert set(router["middlewares"]) == set(http["middlewares"])
    assert http["services"][name]["loadBalancer"]["serversTransport"] in http["serversTransports"]
