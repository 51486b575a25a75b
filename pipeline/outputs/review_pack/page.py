"""index.html of a review pack: the player, its style and the pack's words in one page that needs no server."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import Any

from pipeline.outputs.review_pack.manifest import Manifest, PackedMoment
from pipeline.principles import principle


def render_page(manifest: Manifest) -> str:
    """The page as HTML. The family's code is not in it: a carer's page needs none.

    The policy in its head names the two hashes of the player's own script and style, so nothing written in a caption
    can ever run, and it allows pictures and films from beside the page only.
    """
    style, script = _read("player.css"), _read("clip.js") + _read("player.js")
    page = _read("page.html")
    page = page.replace("[[style-hash]]", _hash(style)).replace("[[script-hash]]", _hash(script))
    page = page.replace("[[style]]", style).replace("[[script]]", script)
    return page.replace("[[pack]]", _embed(_say(manifest)))  # last: nothing looks for marks inside the captions


def _say(manifest: Manifest) -> dict[str, Any]:
    return {
        "question": manifest.helping_question,
        "workingPoints": manifest.working_points,
        "moments": [_say_moment(moment) for moment in manifest.moments],
    }


def _say_moment(moment: PackedMoment) -> dict[str, Any]:
    tag = principle(moment.principle) if moment.principle else None
    return {
        "kind": moment.kind,
        "file": moment.file,
        "width": moment.width,
        "height": moment.height,
        "fps": moment.fps,
        "durationMs": moment.duration_ms,
        "caption": moment.caption,
        "principle": {"heading": tag.heading, "plain": tag.plain} if tag else None,
    }


def _embed(data: dict[str, Any]) -> str:
    """JSON that can stand in a <script> element: it holds no ``<``, so it can end neither the element nor the page."""
    text = json.dumps(data, ensure_ascii=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
