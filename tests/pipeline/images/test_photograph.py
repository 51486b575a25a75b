"""Photographs of what a child made: upright, bounded, and nothing in them but the picture."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from pipeline.images.photograph import LIMITS_OF_DECODING, PhotographTooLarge, PhotographUnreadable, take_photograph
from pipeline.run.orders import READ_PHOTOGRAPH, PhotographMade, PhotographOrder
from tests.footage import JAIL

MADE_WITH, POSITION = "A phone of Ella", 0x8825


def drawing(path: Path, *, turned: int = 1, side_px: int = 300) -> Path:
    """A photograph as phones take it: red at its upper left corner once it is turned upright, with a position."""
    upright = Image.new("RGB", (side_px, side_px * 2 // 3), "white")
    upright.paste("red", (0, 0, side_px // 5, side_px // 5))
    undo = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}[turned]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = turned
    exif[ExifTags.Base.Make] = MADE_WITH
    exif.get_ifd(POSITION)[1] = "N"
    (upright.transpose(undo) if undo is not None else upright).save(path, exif=exif, quality=95)
    return path


@pytest.mark.parametrize("turned", [1, 3, 6, 8])
def test_it_is_upright_and_says_neither_where_nor_with_what_it_was_taken(turned: int, tmp_path: Path) -> None:
    source = drawing(tmp_path / "drawing.jpg", turned=turned)
    assert MADE_WITH.encode() in source.read_bytes()
    taken = take_photograph(source, tmp_path / "taken.jpg")
    assert (taken.width_px, taken.height_px) == (300, 200)
    with Image.open(taken.artifact.path) as seen:
        corners = [seen.getpixel(place) for place in ((10, 10), (290, 10), (10, 190), (290, 190))]
        assert [corner[1] < 100 for corner in corners] == [True, False, False, False]  # type: ignore[index]
        assert not seen.getexif()
        assert set(seen.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert MADE_WITH.encode() not in taken.artifact.path.read_bytes()


def test_a_large_one_becomes_as_large_as_a_page_needs(tmp_path: Path) -> None:
    taken = take_photograph(drawing(tmp_path / "drawing.jpg", side_px=6000), tmp_path / "taken.jpg")
    assert (taken.width_px, taken.height_px) == (2400, 1600)


def test_what_is_clear_in_a_png_becomes_paper(tmp_path: Path) -> None:
    Image.new("RGBA", (40, 30), (255, 0, 0, 0)).save(tmp_path / "drawing.png")
    taken = take_photograph(tmp_path / "drawing.png", tmp_path / "taken.jpg")
    with Image.open(taken.artifact.path) as seen:
        assert min(seen.getpixel((20, 15))) > 250  # type: ignore[arg-type, type-var]


def endless_png(path: Path) -> Path:
    """A PNG of a few bytes whose head promises ten billion pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 1000) + b"IDAT" + bytes(8))
    return path


def test_one_that_promises_too_many_pixels_is_never_decoded(tmp_path: Path) -> None:
    with pytest.raises(PhotographTooLarge):
        take_photograph(endless_png(tmp_path / "endless.png"), tmp_path / "taken.jpg")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x00\x00\x00\x18ftypheic" + bytes(40), "in a phone’s own format (HEIC)"),
        (b"GIF89a" + bytes(40), "cannot be read. Choose a photograph as JPEG or PNG"),
        (b"", "cannot be read"),
    ],
)
def test_what_is_no_photograph_is_told_in_a_sentence(content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(content)
    with pytest.raises(PhotographUnreadable) as told:
        take_photograph(tmp_path / "sent", tmp_path / "taken.jpg")
    assert sentence in told.value.for_guider
    assert [path.name for path in tmp_path.iterdir()] == ["sent"]


def test_one_that_is_cut_short_is_told(tmp_path: Path) -> None:
    source = drawing(tmp_path / "drawing.jpg", side_px=1200)
    source.write_bytes(source.read_bytes()[:-2000])
    with pytest.raises(PhotographUnreadable):
        take_photograph(source, tmp_path / "taken.jpg")


def taken_in_jail(source: Path) -> PhotographMade:
    """As the service takes one: beside the photograph, in the jail."""
    order = PhotographOrder(source, source.with_name("taken.jpg"))
    return JAIL.do(READ_PHOTOGRAPH, order, source.parent, limits=LIMITS_OF_DECODING)


def test_decoded_in_the_jail_it_is_the_same_picture(tmp_path: Path) -> None:
    source = drawing(tmp_path / "drawing.jpg", turned=6)
    here, there = take_photograph(source, tmp_path / "here.jpg"), taken_in_jail(source)
    assert (there.artifact.sha256, there.width_px) == (here.artifact.sha256, here.width_px)


def test_what_is_refused_in_the_jail_is_told_as_here(tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(b"GIF89a" + bytes(40))
    with pytest.raises(PhotographUnreadable):
        taken_in_jail(tmp_path / "sent")
    with pytest.raises(PhotographTooLarge):
        taken_in_jail(endless_png(tmp_path / "endless.png"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["endless.png", "sent"]


@pytest.mark.parametrize("mode", ["P", "RGBA"])
def test_the_largest_that_is_taken_needs_no_more_memory_than_a_small_service_has(mode: str, tmp_path: Path) -> None:
    """An A4 sheet scanned at 600 dots an inch took a gigabyte of the service's own memory."""
    Image.new(mode, (4960, 7016)).save(tmp_path / "large.png", compress_level=1)
    assert LIMITS_OF_DECODING.memory_bytes < 300 << 20
    assert taken_in_jail(tmp_path / "large.png").width_px == 1697


def test_a_picture_that_has_no_room_in_memory_is_told_in_a_sentence(tmp_path: Path) -> None:
    Image.new("RGB", (8000, 8000)).save(tmp_path / "larger.png", compress_level=1)
    with pytest.raises(PhotographTooLarge):
        taken_in_jail(tmp_path / "larger.png")


def test_a_large_jpeg_is_decoded_at_the_size_that_is_needed(tmp_path: Path) -> None:
    Image.new("RGB", (8000, 6000), "red").save(tmp_path / "large.jpg", progressive=True)
    taken = taken_in_jail(tmp_path / "large.jpg")
    assert (taken.width_px, taken.height_px) == (2400, 1800)


def test_a_palette_s_pixels_are_blended_when_it_is_made_smaller(tmp_path: Path) -> None:
    """Every second column black: grey from afar, and no stripe is left out."""
    stripes = Image.new("P", (4800, 40))
    stripes.putpalette([0, 0, 0, 255, 255, 255])
    stripes.paste(1, (0, 0, 4800, 40))
    for x in range(0, 4800, 2):
        stripes.paste(0, (x, 0, x + 1, 40))
    stripes.save(tmp_path / "stripes.png")
    taken = take_photograph(tmp_path / "stripes.png", tmp_path / "taken.jpg")
    with Image.open(taken.artifact.path) as seen:
        assert 100 < seen.convert("L").getpixel((1200, 10)) < 160  # type: ignore[operator]


def test_a_scan_of_sixteen_bits_a_pixel_keeps_its_greys(tmp_path: Path) -> None:
    Image.new("I;16", (40, 30), 0x8000).save(tmp_path / "scan.png")
    taken = take_photograph(tmp_path / "scan.png", tmp_path / "taken.jpg")
    with Image.open(taken.artifact.path) as seen:
        assert seen.convert("L").getpixel((20, 15)) == pytest.approx(128, abs=2)
