"""What a backup's folder holds, and how it is read.

    manifest.json     what it is of, for people and programs; without any word of a family. Written last
    contents.age      sealed: the manifest's facts once more, and of every file its key and sums
    database.age      sealed: the dump of the database (records/backup/dump.py), compressed
    objects/ab/….age  sealed: each stored file

Without the private key one can check that nothing was changed (the sums of the sealed files), and read nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from records.backup.errors import BackupDamaged, BackupNewer, NoBackupHere
from records.backup.sealing import Identity, Sealed, sealed_sum, unseal

FORMAT = 1
MANIFEST, CONTENTS, DATABASE, OBJECTS = "manifest.json", "contents.age", "database.age", "objects"


class Facts(BaseModel):
    """What a backup is of."""

    model_config = ConfigDict(frozen=True)

    format: int
    version: str
    """Of the vigpack that made it."""
    made_at: datetime
    """The state of the service that it holds is the one of this moment."""
    schema_step: str
    database: str
    """sqlite or postgresql; it can be restored into either."""
    selections: int
    rows: int
    objects: int
    object_bytes: int
    missing: int
    """Files that a row names and that the store did not have any more."""
    damaged: int
    """Files that were in the store with other bytes than their row says. They are in the backup as they were."""
    recipients: list[str]
    service_key: str = ""
    """The fingerprint of the service's own key, which is in no backup; empty: made before it was noted."""


class Manifest(Facts):
    """The facts, and the sums of the two files that tell the rest."""

    database_sha256: str
    """Of the sealed file, as the next one."""
    contents_sha256: str


@dataclass(frozen=True)
class StoredObject:
    """A stored file in a backup."""

    key: str
    file: str
    bytes: int
    sha256: str
    sealed_bytes: int
    sealed_sha256: str
    damaged: bool = False


def object_file(key: str) -> str:
    """Where a stored file lies in a backup. The name tells nothing of the key."""
    name = hashlib.sha256(key.encode()).hexdigest()[:40]
    return f"{OBJECTS}/{name[:2]}/{name[2:]}.age"


def read_manifest(folder: Path) -> Manifest:
    """What the folder says that it holds. Raises: NoBackupHere, BackupNewer, BackupDamaged."""
    try:
        text = (folder / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        sentence = f"There is no complete backup in {folder}: its {MANIFEST} is missing."
        raise NoBackupHere(str(error), for_guider=sentence) from error
    try:
        said = json.loads(text)
        if isinstance(said, dict) and isinstance(said.get("format"), int) and said["format"] > FORMAT:
            raise BackupNewer(f"format {said['format']}")
        return Manifest.model_validate(said)
    except (ValueError, ValidationError) as error:
        raise BackupDamaged(f"{MANIFEST}: {error}") from error


def contents_lines(
    facts: Facts, database: Sealed, objects: Iterable[StoredObject], erased: list[str]
) -> Iterator[bytes]:
    """What contents.age holds, as lines of JSON."""
    yield _line({"facts": facts.model_dump(mode="json"), "database": asdict(database)})
    for key in erased:
        yield _line({"erased": key})
    counted = 0
    for found in objects:
        yield _line(asdict(found))
        counted += 1
    yield _line({"end": counted})


@dataclass(frozen=True)
class Contents:
    """What contents.age says; the objects are read from a file one by one, as there may be very many."""

    database: Sealed
    erased: list[str]
    _lines: IO[bytes]
    _first_object: int

    def objects(self) -> Iterator[StoredObject]:
        """Each stored file in turn. Raises: BackupDamaged where the list breaks off."""
        self._lines.seek(self._first_object)
        for count, line in enumerate(self._lines):
            said = json.loads(line)
            if "end" in said:
                if said["end"] != count:
                    break
                return
            yield StoredObject(**said)
        raise BackupDamaged(f"{CONTENTS} does not list every file")


def read_contents(folder: Path, manifest: Manifest, identity: Identity, plain: IO[bytes]) -> Contents:
    """What the backup holds, unsealed into ``plain``. Raises: BackupDamaged, BackupKeyWrong."""
    if sealed_sum(folder / CONTENTS) != manifest.contents_sha256:
        raise BackupDamaged(f"{CONTENTS} is not what was written")
    unseal(folder / CONTENTS, identity, plain.write)
    plain.seek(0)
    first = json.loads(plain.readline())
    facts = Facts.model_validate(first["facts"])
    if facts != Facts.model_validate(manifest.model_dump(include=set(Facts.model_fields))):
        raise BackupDamaged(f"{MANIFEST} is not what was written")
    if manifest.database_sha256 != first["database"]["sealed_sha256"]:
        raise BackupDamaged(f"{MANIFEST} is not what was written")
    erased, here = [], plain.tell()
    while "erased" in (said := json.loads(plain.readline())):
        erased.append(str(said["erased"]))
        here = plain.tell()
    return Contents(Sealed(**first["database"]), erased, plain, here)


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
