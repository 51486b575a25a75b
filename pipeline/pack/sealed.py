"""Sealing what leaves: a review, or files such as notes and a reel, behind a passphrase, in a folder that tells little.

The moments and everything that is written about them become one stream, filled up to one of few sizes, cut into equal
pieces, each encrypted by itself (AES-256-GCM). Beside index.html lie those pieces as text: a page that is opened from a
disk may load scripts from beside it and nothing else. It decrypts the pieces of what is looked at.

    PBKDF2-HMAC-SHA256(passphrase, salt, 600 000)   opens the pack's own random key, which stands sealed in the page
    length of the list (4 bytes), list of files (JSON), the files, zeros    the stream

The sizes are four to each doubling, from 512 KiB on, so a quarter more than is needed at most. What can be seen of a
sealed pack is thus how large everything in it is together, to a quarter. Padmé (Nikitin et al., PETS 2019) would
add an eighth at most, and tell 32 sizes to each doubling: enough to find out which of a service's packs one is.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Final
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.artifact import MEDIA_TYPES
from pipeline.errors import PipelineError
from pipeline.pack.archive import fixed_entry
from pipeline.player.page import Seal, read_review, render_sealed
from pipeline.player.review import Review

FOLDER: Final = "sealed-pack"
ITERATIONS: Final = 600_000
LARGEST_PIECE_BYTES: Final = 1 << 19
SMALLEST_BYTES: Final = 1 << 19
_SIZES_TO_A_DOUBLING: Final = 4
_SHORTEST_PASSPHRASE: Final = 20
_BETWEEN_WORDS: Final = re.compile(r"[\s\u2010-\u2015_.,-]+")
_MEDIA_TYPES: Final = {**MEDIA_TYPES, ".webm": "video/webm"}


class NotSealable(PipelineError):
    """What is to be sealed as a pack is none with a player, or there is nothing to seal."""

    code = "not_sealable"
    for_guider = "This cannot be sealed. Please tell IT support."


class PassphraseTooShort(PipelineError):
    """A passphrase that a machine would find."""

    code = "passphrase_too_short"
    for_guider = "This passphrase is too short. Take the proposed one, or six words that nobody would guess."


class SealedFile(BaseModel):
    """Where a file lies in the stream."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: int
    bytes: int
    media_type: str


class SealedContents(BaseModel):
    """What opens with the passphrase: a review to play, or files to look at and to save."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    """Of the files; the review has its own."""
    review: Review | None
    files: dict[str, SealedFile]


@dataclass(frozen=True)
class _Inside:
    name: str
    length: int
    open: Callable[[], IO[bytes]]


def seal_pack(archive: Path, passphrase: str, target: Path) -> None:
    """Write to ``target`` the ZIP of a pack's sealed twin; a mebibyte or two of it are held in memory.

    Raises: NotSealable, PassphraseTooShort.
    """
    _check(passphrase)
    try:
        with ZipFile(archive) as pack:
            [page] = [name for name in pack.namelist() if name.count("/") == 1 and name.endswith("/index.html")]
            root = page.removesuffix("index.html")
            review = read_review(pack.read(page).decode("utf-8"))
            # What only programs read, pack.json, stays out; with it the family's code and the places in the film.
            links = review.ending.links if review.ending else ()
            shown = [*(moment.file for moment in review.moments), *(link.file for link in links)]
            inside = [
                _Inside(name, pack.getinfo(root + name).file_size, partial(pack.open, root + name))
                for name in dict.fromkeys(shown)
            ]
            _seal("", review, inside, normal(passphrase), target)
    except (BadZipFile, KeyError, ValueError, ValidationError) as error:
        raise NotSealable(f"{type(error).__name__}: no pack with a player") from error


def seal_files(files: Mapping[str, Path], title: str, passphrase: str, target: Path) -> None:
    """The same of files that have no player, by the names that they are to have: pictures, films, PDFs.

    Raises: NotSealable, PassphraseTooShort.
    """
    _check(passphrase)
    if not files:
        raise NotSealable
    inside = [_Inside(name, file.stat().st_size, partial(_open, file)) for name, file in files.items()]
    _seal(title, None, inside, normal(passphrase), target)


def _open(file: Path) -> IO[bytes]:
    return file.open("rb")


def _check(passphrase: str) -> None:
    if len(normal(passphrase)) < _SHORTEST_PASSPHRASE:
        raise PassphraseTooShort


def normal(passphrase: str) -> str:
    """The passphrase as it is used: capitals, and what stands between its words, do not matter."""
    return _BETWEEN_WORDS.sub("-", unicodedata.normalize("NFKC", passphrase).lower()).strip("-")


def _seal(title: str, review: Review | None, inside: Sequence[_Inside], passphrase: str, target: Path) -> None:
    files, start = dict[str, SealedFile](), 0
    for one in inside:
        media_type = _MEDIA_TYPES[Path(one.name).suffix]
        files[one.name] = SealedFile(start=start, bytes=one.length, media_type=media_type)
        start += one.length
    contents = SealedContents(title=title, review=review, files=files).model_dump()
    head = json.dumps(contents, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    size = padded(4 + len(head) + start)
    piece_bytes = min(LARGEST_PIECE_BYTES, _step(size))
    pieces = size // piece_bytes

    def blocks() -> Iterator[bytes]:
        yield len(head).to_bytes(4, "big") + head
        for one in inside:
            with one.open() as reading:
                while block := reading.read(piece_bytes):
                    yield block

    salt, key = secrets.token_bytes(16), AESGCM.generate_key(256)
    wrapping = AESGCM(hashlib.pbkdf2_hmac("sha256", passphrase.encode("utf-8"), salt, ITERATIONS))
    seal = Seal(
        salt=b64encode(salt).decode(),
        iterations=ITERATIONS,
        key=b64encode(wrapping.encrypt(bytes(12), key, _bound(pieces))).decode(),  # each salt makes another key
        pieces=pieces,
        piece_bytes=piece_bytes,
    )
    with ZipFile(target, "w", ZIP_STORED) as sealed:
        sealed.writestr(fixed_entry(f"{FOLDER}/index.html"), render_sealed(seal))
        for number, piece in enumerate(_pieces(blocks(), pieces, piece_bytes)):
            closed = AESGCM(key).encrypt(number.to_bytes(12, "big"), piece, _bound(pieces))
            text = f'sealedPiece({number},"{b64encode(closed).decode()}");\n'
            sealed.writestr(fixed_entry(f"{FOLDER}/data/{number + 1:04}.txt"), text)


def _bound(pieces: int) -> bytes:
    """What each piece is tied to, beside its own number: that none was taken off the end."""
    return f"vigpack sealed pack 1, {pieces} pieces".encode()


def _pieces(blocks: Iterator[bytes], pieces: int, piece_bytes: int) -> Iterator[bytes]:
    """The stream in ``pieces`` equal pieces, zeros after its end."""
    held = bytearray()
    for _ in range(pieces):
        while len(held) < piece_bytes and (block := next(blocks, b"")):
            held += block
        piece = bytes(held[:piece_bytes])
        del held[:piece_bytes]
        yield piece.ljust(piece_bytes, b"\0")


def padded(size: int) -> int:
    """The next of 512, 640, 768, 896 KiB, 1, 1¼, 1½, 1¾, 2 MiB …: what can be seen of a sealed pack's length."""
    size = max(size, SMALLEST_BYTES)
    step = _step(size)
    return -(-size // step) * step


def _step(size: int) -> int:
    """How far apart sizes are there: a quarter of the power of two below."""
    return (1 << (size.bit_length() - 1)) // _SIZES_TO_A_DOUBLING
