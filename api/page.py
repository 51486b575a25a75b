"""The built page, or a plain word about how to build it."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

BUILT_PAGE = Path(__file__).parent.parent / "web" / "dist"
_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>vigpack</title>
<h1>The page is not built yet</h1>
<p>The service is running and its API answers under <code>/api/v1</code>.</p>
<p>IT support: the page belongs in <code>web/dist</code> beside the program, with its <code>index.html</code>.
Once it is there, start the service again.</p>
</html>
"""


def serve_page(app: FastAPI, built: Path = BUILT_PAGE) -> None:
    """Answer everything outside the API with the page; call it after every router."""
    if (built / "index.html").is_file():
        app.mount("/", StaticFiles(directory=built, html=True), name="page")
        return

    @app.get("/", include_in_schema=False)
    def say_not_built() -> HTMLResponse:
        return HTMLResponse(_NOT_BUILT)
