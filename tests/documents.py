"""What stands in the documents to be pasted: their blocks, and the commands in their sentences."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([HOUSE / "README.md", HOUSE / "CONTRIBUTING.md", *(HOUSE / "docs").rglob("*.md")])
_FENCED = re.compile(r"^(?P<in>[ ]*)```(?P<language>\w*)\n(?P<text>.*?)^[ ]*```[ ]*$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:docker compose|\.venv/bin/vigpack|vigpack|make)(?: [^`]*)?)`")
_SEPARATORS = {"&&", "||", ";", "|", "(", ")", "&", "{", "}"}
_KEYWORDS = {"if", "then", "else", "fi", "for", "do", "done", "while", "!"}


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    document: str
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """Where it stands, for a test's name."""
        return f"{self.document}:{self.line}"


def blocks() -> list[Block]:
    """Every fenced block of every document."""
    found = []
    for path in DOCUMENTS:
        text = path.read_text()
        for match in _FENCED.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(Block(str(path.relative_to(HOUSE)), line, match["language"], match["text"]))
    return found


def indented_blocks() -> list[str]:
    """Where text stands indented as a block without a fence: nothing says what it is."""
    found = []
    for path in DOCUMENTS:
        text = _FENCED.sub("", path.read_text())
        found += [f"{path.name}: {line}" for line in re.findall(r"(?<=\n\n) {4,}(?![-*] |\d+\. )(\S.*)", text)]
    return found


def inline_commands() -> list[tuple[str, str]]:
    """Commands in sentences and tables: the document and the command."""
    return [(path.name, found) for path in DOCUMENTS for found in _INLINE.findall(path.read_text())]


def commands_in(script: str) -> list[list[str]]:
    """The simple commands of a shell script, also those inside ``$(…)``; without assignments and redirections."""
    found: list[list[str]] = []
    joined = re.sub(r"\\\n\s*", " ", script)
    for inner in re.findall(r"\$\(([^()]*)\)", joined):
        found += commands_in(inner)
    lines = re.sub(r"\$\(([^()]*)\)", "SUBSTITUTED", joined).splitlines()
    command: list[str] = []
    skip = False
    for word in [word for line in lines for word in [*_words(line), ";"]]:
        if skip:
            skip = False
        elif set(word) <= set("<>"):
            skip = True
            if command and command[-1].isdigit():
                command.pop()
        elif word in _SEPARATORS or set(word) <= set(";&|()"):
            if command:
                found.append(command)
            command = []
        elif command or not (re.match(r"\w+=", word) or word in _KEYWORDS):
            command.append(word)
    return found


def _words(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|()<>")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    return list(lexer)
