"""An answer as one archive, put together while it is taken away: nothing of it is kept, and no film is held whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session

from pipeline.subject_access.answer import Answer
from pipeline.subject_access.page import render_answer
from records.database import Database
from records.models import SubjectAccessRow
from records.retention_policy.policy import Policy
from records.storage.contract import Storage, StorageDamaged
from records.subject_access.archive import Archive
from records.subject_access.contents import AnswerFile, Contents, find_contents
from records.subject_access.items import find_items
from records.subject_access.requests import find_request
from records.subject_access.tables import INCLUDED, Held, rows_of

SCHEMA_VERSION = 1


def answer_stream(
    db: Database, storage: Storage, policy: Policy, family_id: str, request_id: str, still_wanted: Callable[[], bool]
) -> Iterator[bytes]:
    """The bytes of the ZIP: films and pictures first, then the tables, then the pages that list them.

    Whatever can be refused is refused before the first byte. ``still_wanted`` is asked before each file; where it says
    no, the answer breaks off. Raises: SubjectAccessGone, SubjectAccessUnready, StorageMissing.
    """
    with db.reading() as session:
        contents = find_contents(session, storage, policy, find_request(session, family_id, request_id))
    return _stream(db, storage, contents, still_wanted)


def answer_bytes(session: Session, request: SubjectAccessRow) -> int:
    """About how large an answer is: that of the files that a person included."""
    return sum(one.item.bytes for one in find_items(session, request) if one.included and one.storage_key)


def _stream(db: Database, storage: Storage, contents: Contents, still_wanted: Callable[[], bool]) -> Iterator[bytes]:
    archive = Archive()
    for file in contents.files:
        if not still_wanted():
            raise AnswerBrokenOff
        yield from archive.add(file.path, _checked(storage, file), file.about)
    for name, held in INCLUDED.items():
        if not still_wanted():
            raise AnswerBrokenOff
        yield from archive.add(f"data/{name}.json", _table(db, name, held, contents), held.about)
    listed = list(archive.contents)
    about = "This list, for a computer to read."
    yield from archive.add("contents.json", [_listing(contents.answer, archive)], about)
    page = render_answer(contents.answer, [*listed, archive.contents[-1]])
    yield from archive.add("index.html", [page.encode()], "The page to begin with.")
    sums = "".join(f"{one.sha256}  {one.path}\n" for one in archive.contents)
    yield from archive.add("SHA256SUMS", [sums.encode()], "Sums of all files.")
    yield from archive.end()


class AnswerBrokenOff(Exception):
    """The family was erased, or the request closed, while the answer was on its way."""


def _checked(storage: Storage, file: AnswerFile) -> Iterator[bytes]:
    """The file's bytes. Raises: StorageDamaged, once they were told, where they are not what was stored."""
    digest = hashlib.sha256()
    for block in storage.read(file.storage_key, 0, storage.size(file.storage_key)):
        digest.update(block)
        yield block
    if digest.hexdigest() != file.sha256:
        raise StorageDamaged(f"expected sha256 {file.sha256}, found {digest.hexdigest()}")


def _table(db: Database, name: str, held: Held, contents: Contents) -> Iterator[bytes]:
    """One table, row by row: an audit may be long."""
    head = json.dumps({"table": name, "about": held.about}, ensure_ascii=False)[:-1]
    yield f'{head}, "rows": ['.encode()
    with db.reading() as session:
        for number, row in enumerate(rows_of(session, held, contents.asked)):
            yield (f"{',' if number else ''}\n" + json.dumps(row, ensure_ascii=False, sort_keys=True)).encode()
    yield b"\n]}\n"


def _listing(answer: Answer, archive: Archive) -> bytes:
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
        "files": [one.model_dump() for one in archive.contents],
    }
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode()
