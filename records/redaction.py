"""Taking out of technical text what could tell of a person: for IT's eyes, logs and reports.

Logs and errors are written without personal data. This is the second lock, for what a library or a film's own labels
might have brought in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pipeline.moments import Selection

GONE = "[…]"
_LABELS = (
    r"title|comment|artist|album|author|copyright|description|synopsis|keywords|performer|composer|encoded_by|"
    r"make|model|location[\w-]*|gps[\w-]*|com\.[\w.-]+|handler_name|creation_time|date"
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # What ffmpeg prints of a film's own tags, whatever they are called, and their rest where the beginning was cut off.
    (re.compile(r"(?m)^([ \t]*)Metadata:[ \t]*(?:\n\1[ \t]+.*)+"), rf"\1Metadata: {GONE}"),
    (re.compile(r"(?m)^([ \t]{4,})(?!Stream #|Chapter #)[^\n]{0,200}? *: .*$"), rf"\1{GONE}"),
    (re.compile(rf"(?im)^(\s*(?:{_LABELS})\s*[:=]).*$"), rf"\1 {GONE}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), rf"\1 {GONE}"),
    (
        re.compile(
            r"(?i)\b((?:\w+_)?(?:password|passwd|secret|token|api_?key|access_key\w*))(\"?\s*[=:]\s*\"?)[^\s\",;&]+"
        ),
        rf"\1\2{GONE}",
    ),
    (re.compile(r"(\"client\": )\"[^\"]*\""), rf'\1"{GONE}"'),  # a line of the log: where a request came from
    (re.compile(r"://[^/\s:@]*:[^/\s@]*@"), f"://{GONE}@"),
    (re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b"), GONE),
    (re.compile(r"[+-]\d{1,2}\.\d{2,}[+-]\d{1,3}\.\d{2,}(?:[+-][\d.]+)?/?"), GONE),
    (re.compile(r"\b(?!UTF|SHA|AES|ISO|RFC|CVE)[A-Z]{1,4}-\d{1,6}\b"), GONE),  # the usual shape of a family's code
    (re.compile(r"(?<![\w:/.])/(?:[^\s/'\":]+/)+"), "…/"),
)
_SHORTEST_WORD = 3
_CHOSEN = frozenset({"principle", "drawings"})
"""Parts of a moment that are chosen from words of this program."""


def redact(text: str, words: Iterable[str] = ()) -> str:
    """The text without these words, secrets, addresses, positions, codes, labels of films and names of folders."""
    known = sorted({word for word in words if len(word) >= _SHORTEST_WORD}, key=len, reverse=True)
    if known:
        whole = rf"(?<!\w)(?:{'|'.join(map(re.escape, known))})(?!\w)"
        text = re.sub(whole, GONE, text, flags=re.IGNORECASE)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def words_in(selection: Selection) -> set[str]:
    """Everything a guider wrote in a selection: its code, question, points and captions."""
    return _texts(selection.model_dump(mode="json"))


def _texts(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return set().union(*(_texts(held) for key, held in value.items() if key not in _CHOSEN))
    if isinstance(value, list):
        return set().union(*map(_texts, value))
    return set()
