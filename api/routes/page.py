"""The built page, or a plain word about how to build it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles

BUILT_PAGE = Path(__file__).parents[2] / "web" / "dist"
_HASHED = "assets/"
NO_CACHE = {"Cache-Control": "no-cache"}
_FOR_EVER = "public, max-age=31536000, immutable"
_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>vigpack</title>
<h1>The page is not built yet</h1>
<p>The service is running and its API answers under <code>/api/v1</code>.</p>
<p>IT support: run <code>make page</code> in the folder of the program, then start the service again.</p>
</html>
"""


class FreshFiles(StaticFiles):
    """Files that browsers ask for anew each time; they are told when nothing has changed."""

    async def get_response(self, path: str, scope: Any) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers.update(NO_CACHE)
        return answer


class _BuiltFiles(FreshFiles):
    """The page's files: browsers keep those whose name holds a hash of what is in them."""

    async def get_response(self, path: str, scope: Any) -> Response:
        answer = await super().get_response(path, scope)
        if path.replace("\\", "/").startswith(_HASHED) and answer.status_code < 400:
            answer.headers["Cache-Control"] = _FOR_EVER
        return answer


def serve_page(app: FastAPI, built: Path = BUILT_PAGE) -> None:
    """Answer everything outside the API with the guiders' page, and ``/it`` with IT's; call it after every router."""
    if (built / "index.html").is_file():

        @app.get("/it", include_in_schema=False)
        def show_it() -> FileResponse:
            return FileResponse(built / "it.html", headers={"Cache-Control": "no-cache"})

        app.mount("/", _BuiltFiles(directory=built, html=True), name="page")
        return

    @app.get("/", include_in_schema=False)
    def say_not_built() -> HTMLResponse:
        return HTMLResponse(_NOT_BUILT, headers=NO_CACHE)
