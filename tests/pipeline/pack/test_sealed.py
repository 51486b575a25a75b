"""A sealed pack as somebody without the passphrase sees it: names, sizes and bytes tell nothing of what is in it."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64decode
from pathlib import Path
from zipfile import ZipFile

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from pipeline.outputs import picture_notes, review_pack
from pipeline.pack.sealed import NotSealable, PassphraseTooShort, normal, padded, seal_files, seal_pack
from pipeline.prepared import Prepared
from tests.footage import RUNNER
from tests.pipeline.outputs.prepared_by_hand import QUESTION, drawn_clip, drawn_still, prepared_from

WORDS = "lamp river stone garden window pencil"
CAPTION = "Ella looks up. Mum waits."


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("drawn")
    return prepared_from(
        drawn_clip(folder / "a.mp4", frames=10, caption=CAPTION, principle="receiving-initiatives"),
        drawn_still(folder / "b.jpg", caption="Ella shows Mum the card."),
    )


def sealed(prepared: Prepared, folder: Path) -> Path:
    folder.mkdir()
    [archive] = review_pack.make(prepared, review_pack.Recipe(), folder, RUNNER)
    seal_pack(archive.path, WORDS, folder / "sealed.zip")
    return folder / "sealed.zip"


def opened(archive: Path, words: str = WORDS) -> tuple[dict[str, object], bytes]:
    """The list of files and what follows it, as the page would open them. Raises: InvalidTag."""
    with ZipFile(archive) as pack:
        [page] = [name for name in pack.namelist() if name.endswith("/index.html")]
        found = re.search(r'id="seal">([^<]*)<', pack.read(page).decode())
        assert found is not None
        seal = json.loads(found[1])
        bound = f"vigpack sealed pack 1, {seal['pieces']} pieces".encode()
        made = hashlib.pbkdf2_hmac("sha256", normal(words).encode(), b64decode(seal["salt"]), seal["iterations"])
        key = AESGCM(AESGCM(made).decrypt(bytes(12), b64decode(seal["key"]), bound))
        stream = b""
        for number, name in enumerate(sorted(name for name in pack.namelist() if "/data/" in name)):
            text = pack.read(name).decode().partition('"')[2].partition('"')[0]
            stream += key.decrypt(number.to_bytes(12, "big"), b64decode(text), bound)
    length = int.from_bytes(stream[:4], "big")
    return json.loads(stream[4 : 4 + length]), stream[4 + length :]


def test_neither_words_nor_pictures_nor_what_programs_read_stand_in_it(prepared: Prepared, tmp_path: Path) -> None:
    archive = sealed(prepared, tmp_path / "made")
    with ZipFile(archive) as pack:
        everything = b"\n".join([*(name.encode() for name in pack.namelist()), *map(pack.read, pack.namelist())])
    pictures = prepared.moments[0].path.read_bytes()
    for telling in (
        CAPTION,
        QUESTION,
        prepared.selection.family,
        prepared.review,
        "Moment 1 of",
        "01.mp4",
        "pack.json",
    ):
        assert not telling or telling.encode() not in everything, telling
    assert b"ftypisom" not in everything
    assert pictures[2000:2064] not in everything


def test_names_and_sizes_are_those_of_any_pack_that_is_about_as_large(prepared: Prepared, tmp_path: Path) -> None:
    three = prepared_from(*prepared.moments, *prepared.moments, *prepared.moments)
    seen = []
    for name, each in (("two", prepared), ("six", three)):
        with ZipFile(sealed(each, tmp_path / name)) as pack:
            seen.append([(entry.filename, entry.file_size, entry.date_time) for entry in pack.infolist()])
    assert seen[0] == seen[1]
    assert seen[0][1][1] < 200_000  # of the first piece, as text: a small pack is small


def test_the_passphrase_opens_it_however_it_is_typed_and_no_other_does(prepared: Prepared, tmp_path: Path) -> None:
    archive = sealed(prepared, tmp_path / "made")
    contents, files = opened(archive, " Lamp  RIVER-stone, garden \u2013 window_pencil. ")
    assert contents["review"]["moments"][0]["caption"] == CAPTION  # type: ignore[index]
    clip = contents["files"]["clips/01.mp4"]  # type: ignore[index]
    assert files[clip["start"] : clip["start"] + clip["bytes"]] == prepared.moments[0].path.read_bytes()
    with pytest.raises(InvalidTag):
        opened(archive, "lamp river stone garden window pen")


def test_two_packs_of_the_same_have_nothing_in_common(prepared: Prepared, tmp_path: Path) -> None:
    with ZipFile(sealed(prepared, tmp_path / "a")) as one, ZipFile(sealed(prepared, tmp_path / "b")) as other:
        name = "sealed-pack/data/0002.txt"
        assert one.read(name)[20:200] != other.read(name)[20:200]


KIB = 1024


@pytest.mark.parametrize(
    ("needed_kib", "kib"), [(1, 512), (512, 512), (513, 640), (1024, 1024), (1025, 1280), (81 * KIB, 96 * KIB)]
)
def test_sizes_are_few_and_a_quarter_more_than_is_needed_at_most(needed_kib: int, kib: int) -> None:
    assert padded(needed_kib * KIB) == kib * KIB


@given(st.integers(1 << 19, 1 << 33))
def test_whatever_is_sealed_is_cut_into_whole_pieces(size: int) -> None:
    assert size <= padded(size) <= size * 5 // 4
    assert padded(padded(size)) == padded(size)
    assert padded(size) % min(1 << 19, 1 << (padded(size).bit_length() - 3)) == 0


def test_files_without_a_player_are_sealed_under_their_names_and_look_like_any_pack(
    prepared: Prepared, tmp_path: Path
) -> None:
    (tmp_path / "made").mkdir()
    [notes] = picture_notes.make(prepared, picture_notes.Recipe(), tmp_path / "made", RUNNER)
    seal_files({"picture-notes.pdf": notes.path, "reel.mp4": prepared.moments[0].path}, "Notes", WORDS, tmp_path / "z")
    contents, files = opened(tmp_path / "z")
    assert (contents["title"], contents["review"]) == ("Notes", None)
    pdf = contents["files"]["picture-notes.pdf"]  # type: ignore[index]
    assert files[pdf["start"] : pdf["start"] + pdf["bytes"]] == notes.path.read_bytes()
    assert pdf["media_type"] == "application/pdf"
    with ZipFile(tmp_path / "z") as one, ZipFile(sealed(prepared, tmp_path / "pack")) as other:
        assert [entry.filename for entry in one.infolist()] == [entry.filename for entry in other.infolist()]
        pages = [pack.read("sealed-pack/index.html").decode() for pack in (one, other)]
    pages = [re.sub(r'"(salt|key)":"[^"]*"', "", page) for page in pages]
    assert pages[0] == pages[1]


def test_what_has_no_player_and_a_short_passphrase_are_refused(prepared: Prepared, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    [notes] = picture_notes.make(prepared, picture_notes.Recipe(), tmp_path / "made", RUNNER)
    with pytest.raises(NotSealable):
        seal_pack(notes.path, WORDS, tmp_path / "sealed.zip")
    with pytest.raises(NotSealable):
        seal_files({}, "Notes", WORDS, tmp_path / "sealed.zip")
    with pytest.raises(PassphraseTooShort):
        seal_files({"a.pdf": notes.path}, "Notes", "lamp river", tmp_path / "sealed.zip")
    with pytest.raises(PassphraseTooShort):
        seal_pack(notes.path, "lamp - river - - - stone", tmp_path / "sealed.zip")
