"""What a paper is made of, and the paper as Markdown and as a page. Nothing in a block is read as markup."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final


@dataclass(frozen=True)
class Heading:
    """The title of a part; the paper's own title is none of them."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Sentences."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows under a head; the first column names each row."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    about: str
    """What it shows, for who cannot see that it is a table."""


@dataclass(frozen=True)
class Drawing:
    """A picture drawn for the paper, and all that it shows in words."""

    name: str
    svg: str
    says: str
    is_wide: bool
    """Wider than high: it is printed on a page that lies."""


Block = Heading | Paragraph | Bullets | Table | Drawing


@dataclass(frozen=True)
class Paper:
    """One paper. ``name`` is that of its files, without an ending; ``made`` says of what and when, or is empty."""

    name: str
    title: str
    about: str
    """What it is, in one sentence, for a list of papers."""
    blocks: tuple[Block, ...]
    made: str = ""


def as_markdown(paper: Paper) -> str:
    """The paper in Markdown; a drawing is a file beside it, of its name and .svg."""
    parts = [f"# {_plain(paper.title)}"]
    if paper.made:
        parts.append(_plain(paper.made))
    parts += [_markdown(block) for block in paper.blocks]
    return "\n\n".join(parts) + "\n"


def as_page(paper: Paper) -> str:
    """The paper as one page that needs nothing else, and prints well."""
    made = f"<p>{_html(paper.made)}</p>" if paper.made else ""
    inner = "\n".join(_tags(block) for block in paper.blocks)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_html(paper.title)} · vigpack</title><style>{_STYLE}</style></head>\n"
        f"<body><main><h1>{_html(paper.title)}</h1>\n{made}\n{inner}\n</main></body></html>\n"
    )


def drawings_of(paper: Paper) -> Iterator[Drawing]:
    """Every drawing in it."""
    return (block for block in paper.blocks if isinstance(block, Drawing))


def _markdown(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {_plain(block.text)}"
        case Paragraph():
            return _plain(block.text)
        case Bullets():
            return "\n".join(f"- {_plain(line)}" for line in block.lines)
        case Table():
            head, *rows = (" | ".join(_cell(cell) for cell in line) for line in (block.head, *block.rows))
            return "\n".join([f"| {head} |", f"|{'---|' * len(block.head)}", *(f"| {row} |" for row in rows)])
        case Drawing():
            return f"![{_plain(block.says)}]({block.name}.svg)"


def _tags(block: Block) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{_html(block.text)}</h{block.level}>"
        case Paragraph():
            return f"<p>{_html(block.text)}</p>"
        case Bullets():
            return f"<ul>{''.join(f'<li>{_html(line)}</li>' for line in block.lines)}</ul>"
        case Table():
            head = "".join(f'<th scope="col">{_html(cell)}</th>' for cell in block.head)
            rows = "".join(
                f'<tr><th scope="row">{_html(row[0])}</th>{"".join(f"<td>{_html(cell)}</td>" for cell in row[1:])}</tr>'
                for row in block.rows
            )
            label = html.escape(block.about)
            return (
                '<div class="wide" tabindex="0" role="region"'
                f' aria-label="{label}"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
            )
        case Drawing():
            return (
                f'<div class="wide" tabindex="0" role="region" aria-label="{html.escape(block.name)}">{block.svg}</div>'
            )


_MARKS: Final = re.compile(r"([\\`*\[\]<>|]|(?<!\w)_|_(?!\w))")


def _plain(text: str) -> str:
    """A text in Markdown, as it stands; a line's start that would begin a list or a heading is kept from it."""
    one_line = " ".join(text.split())
    return re.sub(r"^([#+-]|\d+[.)])", r"\\\1", _MARKS.sub(r"\\\1", one_line))


def _cell(text: str) -> str:
    return _plain(text) or " "


def _html(text: str) -> str:
    return html.escape(" ".join(text.split()))


_STYLE: Final = (
    ":root{color-scheme:light dark}*{box-sizing:border-box}"
    "body{font:17px/1.5 system-ui,sans-serif;margin:0}main{max-width:62rem;margin:0 auto;padding:1.5rem 1rem 4rem}"
    "h1{line-height:1.2;font-size:1.8rem}h2{line-height:1.25;font-size:1.3rem;margin:2rem 0 .5rem}"
    "h3{font-size:1.08rem;margin:1.4rem 0 .4rem}p,li{max-width:44rem}"
    ".wide{overflow-x:auto;margin:.8rem 0}.wide svg{min-width:44rem;width:100%;height:auto;background:#fff}"
    "table{border-collapse:collapse;width:100%;font-size:.94rem}"
    "th,td{text-align:start;vertical-align:top;padding:.4rem .6rem;border:1px solid #8a8178;min-width:7rem}"
    "thead th{background:color-mix(in srgb,currentColor 9%,transparent)}tbody th{font-weight:600}"
    "@media print{body{font-size:10.5pt}main{max-width:none;padding:0}.wide{overflow:visible}"
    ".wide svg{min-width:0}th,td{min-width:0}tr,h2,h3{break-inside:avoid;break-after:auto}h2,h3{break-after:avoid}}"
)
PAGE_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""What a browser may load for such a page: nothing but the style that stands in it."""
