"""Pictures for a phone: their size, what is in the files, and what is not."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2

from tests.pipeline.outputs.prepared_by_hand import drawn_still, prepared_from
from tests.pipeline.outputs.printed_pages import made, said


def png_chunks(content: bytes) -> list[str]:
    """The names of a PNG's chunks."""
    names, place = [], 8
    while place < len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        names.append(name.decode())
        place += 12 + length
    return names


def jpeg_segments(content: bytes) -> list[int]:
    """The markers of a JPEG's segments before its picture."""
    markers, place = [], 2
    while content[place + 1] != 0xDA:
        markers.append(content[place + 1])
        place += 2 + int(struct.unpack_from(">H", content, place + 2)[0])
    return markers


def test_each_still_is_a_picture_of_1080_by_1350_with_nothing_but_the_picture_in_it(tmp_path: Path) -> None:
    stills = [
        drawn_still(tmp_path / "a.jpg", width=640, height=360, caption="Ella shows Mum the card."),
        drawn_still(tmp_path / "b.jpg", width=360, height=640),
    ]
    jpegs = made("phone_pictures", prepared_from(*stills), tmp_path / "jpeg")
    pngs = made("phone_pictures", prepared_from(*stills), tmp_path / "png", picture_format="png")
    assert [path.name for path in jpegs + pngs] == ["phone-01.jpg", "phone-02.jpg", "phone-01.png", "phone-02.png"]
    for path in jpegs + pngs:
        picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert picture is not None
        assert picture.shape[:2] == (1350, 1080)
        assert picture[5, 5].min() > 250
    for path in pngs:
        assert set(png_chunks(path.read_bytes())) <= {"IHDR", "sRGB", "gAMA", "cHRM", "pHYs", "IDAT", "IEND"}
    for path in jpegs:
        markers = jpeg_segments(path.read_bytes())
        assert markers[0] == 0xE0  # JFIF; no Exif (E1), profile (E2), maker's words (ED, FE)
        assert not {0xE1, 0xE2, 0xED, 0xFE} & set(markers)


def test_without_a_still_there_are_no_pictures(tmp_path: Path) -> None:
    prepared = prepared_from(drawn_still(tmp_path / "a.jpg", caption="One"))
    alone = [{"still": 1, "leave_out": True}]
    assert made("phone_pictures", prepared, tmp_path / "out", stills=alone) == []
    assert said("phone_pictures", prepared, stills=alone) == [
        "Every still is left out, so there are no pictures for a phone."
    ]
