"""The first page of an answer: one file that needs no script and no network, and opens what lies beside it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from hashlib import sha256
from html import escape
from importlib.resources import files

from pipeline.subject_access.answer import Answer, ListedFile, ShownFile, ShownLine, ShownReview, ShownTable, ShownThing

_RIGHTS = (
    "You can have what is wrong here put right, have it erased, or say no to its use, as far as the law gives you "
    "that: say so to the person who works with you, or to the data protection officer of the organisation.",
    "You can complain to the supervisory authority for data protection, in the United Kingdom the Information "
    "Commissioner’s Office (ico.org.uk).",
    "No decision about you was made by a machine, and nobody of the family was scored.",
    "What is here came from you: from films that were made with you, from what was said in the reviews, and from what "
    "the people who work with you wrote down.",
)


def render_answer(answer: Answer, contents: Sequence[ListedFile]) -> str:
    """The page; ``contents`` are all other files of the answer.

    Its policy lets it load pictures and films from beside it and nothing else, so nothing written in a caption can run.
    """
    style = files(__package__).joinpath("look.css").read_text(encoding="utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self' file:; media-src 'self' file:; "
        "base-uri 'none'; form-action 'none'"
    )
    return "".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            '<meta name="referrer" content="no-referrer">\n',
            f"<title>What is held of family {escape(answer.code)}</title>\n<style>{style}</style>\n</head>\n<body>\n",
            *_body(answer, contents),
            "</body>\n</html>\n",
        ]
    )


def _body(answer: Answer, contents: Sequence[ListedFile]) -> Iterator[str]:
    yield from _head(answer)
    yield from _places(answer)
    yield "<main>\n"
    for number, review in enumerate(answer.reviews, 1):
        yield from _review(number, review)
    if answer.forms:
        yield _section("forms", "Signed forms", [_things(answer.forms)])
    if answer.notes:
        yield _section("notes", "Reasons and remarks", [_written(answer.notes)])
    for number, table in enumerate(answer.tables, 1):
        about = [f'<p class="soft small">{escape(table.about)}</p>'] if table.about else []
        yield _section(f"table-{number}", table.title, [*about, _table(table)])
    yield from _left_out(answer)
    yield _section("rights", "What you can do", [f"<p>{escape(one)}</p>" for one in _RIGHTS])
    yield from _contents(contents)
    yield "</main>\n"


def _head(answer: Answer) -> Iterator[str]:
    facts = [
        ("Asked by", answer.asked_by),
        ("About", ", ".join(answer.people) or "the family"),
        ("Asked on", _day(answer.received_on)),
        ("Looked through by", f"{answer.checker}, {_day(answer.checked_on)}"),
        ("Put together on", _day(answer.made_on)),
    ]
    yield f"<header>\n<h1>What is held of family {escape(answer.code)}</h1>\n"
    about = (
        "Everything this service holds, to look at, to read and to keep. What is left out is named, with the reason."
    )
    yield f"<p>{about}</p>\n"
    yield '<dl class="facts">' + "".join(f"<dt>{about}</dt><dd>{escape(one)}</dd>" for about, one in facts) + "</dl>\n"
    yield "</header>\n"


def _places(answer: Answer) -> Iterator[str]:
    places = [(f"review-{number}", one.title) for number, one in enumerate(answer.reviews, 1)]
    places += [("forms", "Signed forms")] if answer.forms else []
    places += [("notes", "Reasons and remarks")] if answer.notes else []
    places += [(f"table-{number}", one.title) for number, one in enumerate(answer.tables, 1)]
    places += [("left-out", "What is left out, and why"), ("rights", "What you can do"), ("contents", "List of files")]
    links = "".join(f'<li><a href="#{place}">{escape(title)}</a></li>' for place, title in places)
    yield f'<nav aria-label="On this page"><ul>{links}</ul></nav>\n'


def _review(number: int, review: ShownReview) -> Iterator[str]:
    parts = []
    if review.written:
        parts.append(_written(review.written))
    if review.words_left_out:
        parts.append(f'<p class="out">What was written about it is left out: {escape(review.words_left_out)}</p>')
    parts.append(_things(review.things) if review.things else '<p class="soft">No picture or sound of it is kept.</p>')
    yield _section(f"review-{number}", review.title, parts)


def _things(things: Iterable[ShownThing]) -> str:
    return f'<div class="things">{"".join(map(_thing, things))}</div>'


def _thing(thing: ShownThing) -> str:
    where = f' <span class="soft small">{escape(thing.when)}</span>' if thing.when else ""
    parts = [_shown(thing.file)] if thing.file else []
    parts.append(f"<h3>{escape(thing.title)}{where}</h3>")
    parts += [f"<p>{escape(one)}</p>" for one in thing.words]
    if thing.about:
        parts.append(f'<p class="soft small">{escape(thing.about)}</p>')
    if thing.left_out:
        parts.append(f'<p class="out small">Left out: {escape(thing.left_out)}</p>')
    return f'<div class="thing">{"".join(parts)}</div>'


def _shown(file: ShownFile) -> str:
    path, title = escape(file.path), escape(file.title)
    if file.media_type.startswith("image/"):
        return f'<a href="{path}"><img src="{path}" alt="{title}" loading="lazy"></a>'
    link = f'<p class="small"><a href="{path}">Open the file</a> <span class="soft">({_size(file.bytes)})</span></p>'
    if file.media_type.startswith("video/"):
        return f'<video src="{path}" controls preload="metadata" aria-label="{title}"></video>{link}'
    if file.media_type.startswith("audio/"):
        return f'<audio src="{path}" controls preload="metadata" aria-label="{title}"></audio>{link}'
    return link


def _written(lines: Iterable[ShownLine]) -> str:
    told = "".join(f"<dt>{escape(one.about)}</dt><dd>{escape(one.words)}</dd>" for one in lines)
    return f'<dl class="facts written">{told}</dl>'


def _table(table: ShownTable) -> str:
    if not table.rows:
        return f'<p class="soft">{escape(table.empty)}</p>'
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in table.head)
    rows = "".join(
        "<tr>"
        + "".join(
            f'<td data-head="{escape(name)}">{escape(one)}</td>' for name, one in zip(table.head, row, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    return (
        f'<div class="scroll"><table class="stacked"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _left_out(answer: Answer) -> Iterator[str]:
    parts = [
        '<p class="soft small">Other people have a right to be left alone too. Where somebody else could be seen, '
        "heard or read about, a person decided what to do.</p>"
    ]
    if answer.left_out:
        rows = tuple((one.what, one.why) for one in answer.left_out)
        parts.append(_table(ShownTable(title="", about="", head=("What", "Why"), rows=rows, empty="")))
    else:
        parts.append("<p>Nothing.</p>")
    yield _section("left-out", "What is left out, and why", parts)


def _contents(contents: Sequence[ListedFile]) -> Iterator[str]:
    rows = "".join(map(_listed, contents))
    about = (
        "The files in data/ hold the same for a computer to read. SHA256SUMS lets anybody check that no file was "
        "changed: sha256sum -c SHA256SUMS."
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("File", "Size", "SHA-256"))
    table = (
        f'<details><summary>{len(contents)} files</summary><div class="scroll"><table class="stacked">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )
    yield _section("contents", "List of files", [f'<p class="soft small">{about}</p>', table])


def _listed(file: ListedFile) -> str:
    path = escape(file.path)
    return (
        f'<tr><td data-head=""><a href="{path}">{path}</a><br><span class="soft small">{escape(file.about)}</span></td>'
        f'<td data-head="Size">{_size(file.bytes)}</td>'
        f'<td data-head="SHA-256"><code>{file.sha256}</code></td></tr>'
    )


def _section(place: str, title: str, parts: Iterable[str]) -> str:
    head = f'<section id="{place}" aria-labelledby="{place}-title"><h2 id="{place}-title">{escape(title)}</h2>'
    return f"{head}{''.join(parts)}</section>\n"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _size(size: int) -> str:
    if size < 1_000:
        return f"{size} bytes"
    return f"{size / 1_000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"
