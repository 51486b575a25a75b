"""The player as a page: whole in one file for a pack, or as a page and files that the service serves."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from pipeline.player.review import Review

PAGE_FILES = Path(str(files(__package__).joinpath("page")))
STYLES = ("look.css", "player.css")
_SHARED = (
    "dom.js",
    "clip.js",
    "sound.js",
    "pair.js",
    "zoom.js",
    "drawn.js",
    "stage.js",
    "controls.js",
    "writing.js",
    "scanning.js",
    "player.js",
    "start.js",
)
OFFLINE = (*_SHARED, "pack.js", "offline.js")
SEALED = (*_SHARED, "pack.js", "files.js", "seal.js", "sealed.js")
ONLINE = (*_SHARED, "online.js")
LINK = (*_SHARED, "pack.js", "files.js", "link.js")


class Seal(BaseModel):
    """What a sealed pack's page says in the open: how its pieces are opened. Bytes stand in base64."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    salt: str
    iterations: int
    key: str
    """The pack's own key, sealed with the one that is made of the passphrase."""
    pieces: int
    piece_bytes: int


def render_offline(review: Review) -> str:
    """One page that needs no server: everything is in it but the clips and stills, which lie beside it.

    The policy in its head names the hashes of the player's own script and style, so nothing written in a caption can
    ever run, and it allows pictures and films from beside the page only.
    """
    return _render_alone(OFFLINE, "review", review, "img-src 'self' file:; media-src 'self' file:", "without-pack.html")


def render_sealed(seal: Seal) -> str:
    """The same page with nothing of a review in it: it asks for the passphrase and reads the sealed pieces beside it.

    Pieces are scripts to a browser, so its policy allows scripts from beside the page too.
    """
    sources = "script-src 'self' file: [[hash]]; img-src blob:; media-src blob:"
    return _render_alone(SEALED, "seal", seal, sources, "without-sealed.html", _read("gate.html"))


def read_review(page: str) -> Review:
    """What a page that ``render_offline`` made shows. Raises: ValueError."""
    found = _EMBEDDED.search(page)
    if found is None:
        raise ValueError("no review is in this page")
    return Review.model_validate_json(found[1])


_EMBEDDED = re.compile(r'<script type="application/json" id="review">([^<]*)</script>')


def _render_alone(names: Iterable[str], holds: str, data: BaseModel, sources: str, without: str, gate: str = "") -> str:
    style = "".join(map(_read, STYLES))
    script = "".join(map(_read, names))
    if "[[hash]]" not in sources:
        sources = f"script-src [[hash]]; {sources}"
    policy = (
        f"default-src 'none'; {sources.replace('[[hash]]', _hash(script))}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    page = _fill(
        head=f"{head}<style>{style}</style>",
        first=f"{_read(without)}{gate}",
        foot=f'<script type="application/json" id="{holds}">[[data]]</script>\n<script>{script}</script>',
    )
    return page.replace("[[data]]", _embed(data))  # last: nothing looks for marks inside the captions


def render_online(folder: str) -> str:
    """The page for the service: no script or style is in it, they come from the address ``folder``."""
    return _render_served(folder, ONLINE, _read("token.html"))


def render_link(folder: str) -> str:
    """The same for somebody who was given a link: it asks for no token, and what is written stays with them."""
    return _render_served(folder, LINK, "")


def _render_served(folder: str, names: Iterable[str], last: str) -> str:
    styles = "\n".join(f'<link rel="stylesheet" href="{folder}{name}">' for name in STYLES)
    scripts = "\n".join(f'<script src="{folder}{name}"></script>' for name in names)
    return _fill(head=styles, first=_read("without-service.html"), foot=f"{last}{scripts}")


def _fill(*, head: str, first: str, foot: str) -> str:
    page = _read("page.html").replace("[[head]]", head).replace("[[first]]", first)
    return page.replace("[[foot]]", foot)


def _embed(data: BaseModel) -> str:
    """JSON that can stand in a <script> element: it holds no ``<``, so it can end neither the element nor the page."""
    text = data.model_dump_json()
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _read(name: str) -> str:
    return (PAGE_FILES / name).read_text(encoding="utf-8")
