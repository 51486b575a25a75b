"""Sealing a pack: the same review behind a passphrase, in a folder whose names and sizes do not tell what is in it.

The moments and everything that is written about them become one stream, filled up to one of few sizes, cut into equal
pieces, each encrypted by itself (AES-256-GCM). Beside index.html lie those pieces as text: a page that is opened from a
disk may load scripts from beside it and nothing else. It decrypts the pieces of the moment that is looked at.

    PBKDF2-HMAC-SHA256(passphrase, salt, 600 000)   opens the pack's own random key, which stands sealed in the page
    length of the list (4 bytes), list of files (JSON), the files, zeros    the stream
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import unicodedata
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.errors import PipelineError
from pipeline.pack.archive import fixed_entry
from pipeline.player.page import Seal, read_review, render_sealed

FOLDER: Final = "sealed-pack"
ITERATIONS: Final = 600_000
PIECE_BYTES: Final = 1 << 19
_SMALLEST: Final = 4 << 20
_SHORTEST_PASSPHRASE: Final = 20
_BETWEEN_WORDS: Final = re.compile(r"[\s\u2010-\u2015_.,-]+")
_MEDIA_TYPES: Final = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".m4a": "audio/mp4",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".pdf": "application/pdf",
}


class NotSealable(PipelineError):
    """What is to be sealed is no pack with a player."""

    code = "not_sealable"
    for_guider = "Only packs with a player can be sealed."


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


def seal_pack(archive: Path, passphrase: str, target: Path) -> None:
    """Write to ``target`` the ZIP of a pack's sealed twin; a mebibyte or two of it are held in memory.

    Raises: NotSealable, PassphraseTooShort.
    """
    if len(normal(passphrase)) < _SHORTEST_PASSPHRASE:
        raise PassphraseTooShort
    try:
        with ZipFile(archive) as pack:
            _seal(pack, normal(passphrase), target)
    except (BadZipFile, KeyError, ValueError, ValidationError) as error:
        raise NotSealable(f"{type(error).__name__}: no pack with a player") from error


def normal(passphrase: str) -> str:
    """The passphrase as it is used: capitals, and what stands between its words, do not matter."""
    return _BETWEEN_WORDS.sub("-", unicodedata.normalize("NFKC", passphrase).lower()).strip("-")


def _seal(pack: ZipFile, passphrase: str, target: Path) -> None:
    [page] = [name for name in pack.namelist() if name.count("/") == 1 and name.endswith("/index.html")]
    root = page.removesuffix("index.html")
    review = read_review(pack.read(page).decode("utf-8"))
    # What only programs read, pack.json, stays out; with it the family's code and the places in the film.
    links = review.ending.links if review.ending else ()
    shown = [*(moment.file for moment in review.moments), *(link.file for link in links)]
    files, start = {}, 0
    for name in dict.fromkeys(shown):
        size = pack.getinfo(root + name).file_size
        files[name] = SealedFile(start=start, bytes=size, media_type=_MEDIA_TYPES[Path(name).suffix])
        start += size
    contents = {"review": review.model_dump(), "files": {name: file.model_dump() for name, file in files.items()}}
    head = json.dumps(contents, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    pieces = _padded(4 + len(head) + start) // PIECE_BYTES

    def blocks() -> Iterator[bytes]:
        yield len(head).to_bytes(4, "big") + head
        for name in files:
            with pack.open(root + name) as reading:
                while block := reading.read(PIECE_BYTES):
                    yield block

    salt, key = secrets.token_bytes(16), AESGCM.generate_key(256)
    wrapping = AESGCM(hashlib.pbkdf2_hmac("sha256", passphrase.encode("utf-8"), salt, ITERATIONS))
    seal = Seal(
        salt=b64encode(salt).decode(),
        iterations=ITERATIONS,
        key=b64encode(wrapping.encrypt(bytes(12), key, _bound(pieces))).decode(),  # each salt makes another key
        pieces=pieces,
        piece_bytes=PIECE_BYTES,
    )
    with ZipFile(target, "w", ZIP_STORED) as sealed:
        sealed.writestr(fixed_entry(f"{FOLDER}/index.html"), render_sealed(seal))
        for number, piece in enumerate(_pieces(blocks(), pieces)):
            closed = AESGCM(key).encrypt(number.to_bytes(12, "big"), piece, _bound(pieces))
            text = f'sealedPiece({number},"{b64encode(closed).decode()}");\n'
            sealed.writestr(fixed_entry(f"{FOLDER}/data/{number + 1:04}.txt"), text)


def _bound(pieces: int) -> bytes:
    """What each piece is tied to, beside its own number: that none was taken off the end."""
    return f"vigpack sealed pack 1, {pieces} pieces".encode()


def _pieces(blocks: Iterator[bytes], pieces: int) -> Iterator[bytes]:
    """The stream in ``pieces`` equal pieces, zeros after its end."""
    held = bytearray()
    for _ in range(pieces):
        while len(held) < PIECE_BYTES and (block := next(blocks, b"")):
            held += block
        piece = bytes(held[:PIECE_BYTES])
        del held[:PIECE_BYTES]
        yield piece.ljust(PIECE_BYTES, b"\0")


def _padded(size: int) -> int:
    """The next of 4, 6, 8, 12, 16, 24, 32 … MiB: what can be seen of a sealed pack's length."""
    step = _SMALLEST
    while True:
        for wide in (step, step * 3 // 2):
            if size <= wide:
                return wide
        step *= 2
