"""The player as a page: whole in one file for a pack, or as a page and files that the service serves."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from pipeline.player.review import Review

PAGE_FILES = Path(str(files(__package__).joinpath("page")))
STYLES = ("look.css", "player.css")
_SHARED = (
    "dom.js",
    "clip.js",
    "sound.js",
    "pair.js",
    "zoom.js",
    "stage.js",
    "controls.js",
    "writing.js",
    "scanning.js",
    "player.js",
    "start.js",
)
OFFLINE = (*_SHARED, "offline.js")
ONLINE = (*_SHARED, "online.js")


def render_offline(review: Review) -> str:
    """One page that needs no server: everything is in it but the clips and stills, which lie beside it.

    The policy in its head names the hashes of the player's own script and style, so nothing written in a caption can
    ever run, and it allows pictures and films from beside the page only.
    """
    style = "".join(map(_read, STYLES))
    script = "".join(map(_read, OFFLINE))
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src 'self' file:; "
        "media-src 'self' file:; base-uri 'none'; form-action 'none'"
    )
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    page = _fill(
        head=f"{head}<style>{style}</style>",
        foot=f'<script type="application/json" id="review">[[review]]</script>\n<script>{script}</script>',
    )
    return page.replace("[[review]]", _embed(review))  # last: nothing looks for marks inside the captions


def render_online(folder: str) -> str:
    """The page for the service: no script or style is in it, they come from the address ``folder``."""
    styles = "\n".join(f'<link rel="stylesheet" href="{folder}{name}">' for name in STYLES)
    scripts = "\n".join(f'<script src="{folder}{name}"></script>' for name in ONLINE)
    return _fill(head=styles, foot=f"{_read('token.html')}{scripts}")


def _fill(*, head: str, foot: str) -> str:
    return _read("page.html").replace("[[head]]", head).replace("[[foot]]", foot)


def _embed(review: Review) -> str:
    """JSON that can stand in a <script> element: it holds no ``<``, so it can end neither the element nor the page."""
    text = review.model_dump_json()
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _read(name: str) -> str:
    return (PAGE_FILES / name).read_text(encoding="utf-8")
