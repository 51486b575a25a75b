"""``vigpack api``: the HTTP part alone."""

from __future__ import annotations

import os
from typing import Annotated

import typer
import uvicorn

from api.http_protocol import PatientProtocol, allow_many_connections
from api.middleware.authentication import check_exposure
from records.logs import configure_logging
from records.settings import load_settings


def api(
    host: Annotated[str | None, typer.Option(help="The address to listen on. [default: VIGPACK_HOST]")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on. [default: VIGPACK_PORT]")] = None,
) -> None:
    """Serve the API and the page. Anything but loopback needs a token."""
    settings = load_settings()
    host, port = host or settings.host, port or settings.port
    check_exposure(settings, host)
    os.environ["VIGPACK_HOST"], os.environ["VIGPACK_PORT"] = host, str(port)
    configure_logging()
    allow_many_connections()
    uvicorn.run(
        "api.app:create_app",
        factory=True,
        http=PatientProtocol,
        host=host,
        port=port,
        log_config=None,  # what it says goes with ours
        access_log=False,  # the API writes its own log, which names no family and no token
        server_header=False,
        proxy_headers=False,  # the API reads them itself: VIGPACK_TRUSTED_PROXIES
        timeout_graceful_shutdown=5,  # an open event stream would keep it alive for ever
    )
