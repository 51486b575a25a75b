"""An answer as one archive, put together while it is taken away: nothing of it is kept, and no film is held whole.

It is known before what will be in it and how long it is, so who was broken off goes on where that was: what comes
before is put together again and not sent. It is the same archive as long as nothing of the family changes; what is
done after it was handed out, fetching it among that, is not in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from pipeline.subject_access.answer import Answer, ListedFile
from pipeline.subject_access.page import render_answer
from records.database import Database
from records.models import SubjectAccessRow
from records.retention_policy.policy import Policy
from records.storage.contract import Storage, StorageDamaged
from records.subject_access.archive import Archive, archive_bytes
from records.subject_access.contents import AnswerFile, Contents, find_contents
from records.subject_access.items import find_items
from records.subject_access.requests import find_request
from records.subject_access.tables import INCLUDED, Held, rows_of

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class _Part:
    """A file of the archive."""

    listed: ListedFile
    blocks: Callable[[], Iterable[bytes]]


@dataclass(frozen=True)
class AnswerArchive:
    """An answer that can be taken away."""

    contents: Contents
    parts: tuple[_Part, ...]

    @property
    def length(self) -> int:
        """Bytes of the whole archive."""
        return archive_bytes((one.listed.path, one.listed.bytes) for one in self.parts)

    @property
    def sha256(self) -> str:
        """Of everything that its bytes hang on: another where one of them would be, in lower-case hex."""
        listed = [one.listed.model_dump() for one in self.parts]
        return hashlib.sha256(json.dumps([self.contents.asked.until.isoformat(), listed]).encode()).hexdigest()

    def read(self, start: int, end: int, still_wanted: Callable[[], bool]) -> Iterator[bytes]:
        """The bytes ``[start, end)``. ``still_wanted`` is asked before each file.

        Raises: AnswerBrokenOff where it says no, or where something is another by now; StorageDamaged.
        """
        at = 0
        for block in self._blocks(still_wanted):
            wanted = block[max(0, start - at) : max(0, end - at)]
            at += len(block)
            if wanted:
                yield wanted
            if at >= end:
                return

    def _blocks(self, still_wanted: Callable[[], bool]) -> Iterator[bytes]:
        archive = Archive(self.contents.asked.until.astimezone())
        for part in self.parts:
            if not still_wanted():
                raise AnswerBrokenOff
            yield from archive.add(part.listed.path, part.blocks(), part.listed.about)
            if archive.contents[-1] != part.listed:
                raise AnswerBrokenOff
        yield from archive.end()


def find_answer(db: Database, storage: Storage, policy: Policy, family_id: str, request_id: str) -> AnswerArchive:
    """The archive as it is now: films and pictures first, then the tables, then the pages that list them.

    Raises: SubjectAccessGone, SubjectAccessUnready, StorageMissing.
    """
    with db.reading() as session:
        contents = find_contents(session, storage, policy, find_request(session, family_id, request_id))
    parts = []
    for file in contents.files:
        size = storage.size(file.storage_key)
        one = ListedFile(path=file.path, bytes=size, sha256=file.sha256, about=file.about)
        parts.append(_Part(one, partial(_checked, storage, file)))
    for name, held in INCLUDED.items():
        parts.append(_part(f"data/{name}.json", partial(_table, db, name, held, contents), held.about))
    listed = [one.listed for one in parts]
    listing = _listing(contents.answer, listed)
    parts.append(_part("contents.json", lambda: [listing], "This list, for a computer to read."))
    page = render_answer(contents.answer, [*listed, parts[-1].listed]).encode()
    parts.append(_part("index.html", lambda: [page], "The page to begin with."))
    sums = "".join(f"{one.listed.sha256}  {one.listed.path}\n" for one in parts).encode()
    parts.append(_part("SHA256SUMS", lambda: [sums], "Sums of all files."))
    return AnswerArchive(contents, tuple(parts))


def answer_stream(
    db: Database, storage: Storage, policy: Policy, family_id: str, request_id: str, still_wanted: Callable[[], bool]
) -> Iterator[bytes]:
    """The bytes of the whole archive; whatever can be refused is refused before the first.

    Raises: as find_answer() and AnswerArchive.read().
    """
    answer = find_answer(db, storage, policy, family_id, request_id)
    return answer.read(0, answer.length, still_wanted)


def answer_bytes(session: Session, request: SubjectAccessRow) -> int:
    """About how large an answer is: that of the files that a person included."""
    return sum(one.item.bytes for one in find_items(session, request) if one.included and one.storage_key)


class AnswerBrokenOff(Exception):
    """The family was erased, the request closed, or something in it changed while the answer was on its way."""


def _checked(storage: Storage, file: AnswerFile) -> Iterator[bytes]:
    """The file's bytes. Raises: StorageDamaged, once they were told, where they are not what was stored."""
    digest = hashlib.sha256()
    for block in storage.read(file.storage_key, 0, storage.size(file.storage_key)):
        digest.update(block)
        yield block
    if digest.hexdigest() != file.sha256:
        raise StorageDamaged(f"expected sha256 {file.sha256}, found {digest.hexdigest()}")


def _part(path: str, blocks: Callable[[], Iterable[bytes]], about: str) -> _Part:
    digest, size = hashlib.sha256(), 0
    for block in blocks():
        digest.update(block)
        size += len(block)
    return _Part(ListedFile(path=path, bytes=size, sha256=digest.hexdigest(), about=about), blocks)


def _table(db: Database, name: str, held: Held, contents: Contents) -> Iterator[bytes]:
    """One table, row by row: an audit may be long."""
    head = json.dumps({"table": name, "about": held.about}, ensure_ascii=False)[:-1]
    yield f'{head}, "rows": ['.encode()
    with db.reading() as session:
        for number, row in enumerate(rows_of(session, held, contents.asked)):
            yield (f"{',' if number else ''}\n" + json.dumps(row, ensure_ascii=False, sort_keys=True)).encode()
    yield b"\n]}\n"


def _listing(answer: Answer, listed: list[ListedFile]) -> bytes:
    told = {
        "kind": "vigpack-subject-access",
        "schema_version": SCHEMA_VERSION,
        "family": answer.code,
        "asked_by": answer.asked_by,
        "about": list(answer.people),
        "received_on": answer.received_on.isoformat(),
        "made_on": answer.made_on.isoformat(),
        "checked_by": answer.checker,
        "checked_on": answer.checked_on.isoformat(),
        "left_out": [one.model_dump() for one in answer.left_out],
        "files": [one.model_dump() for one in listed],
    }
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode()
