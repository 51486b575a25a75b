"""Takes the pictures of the printed outputs anew: draws a small film, prepares it, and photographs the pages.

Run from the root of the checkout: python docs/pictures/take_printed.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np
import pymupdf

from docs.pictures.take import HERE, SELECTION, Picture, draw_film
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import parse_selection
from pipeline.presets import preset
from pipeline.run.orders import Ffmpeg, SelectionOrder
from pipeline.run.prepare import prepare

GROUND = (200, 206, 210)
KINDS = ("booklet", "strip", "phone_pictures", "diary_sheet", "child_voice")
RECIPES = {
    "booklet": {"title": "Ella and Mum at play", "theme": "meadow"},
    "strip": {"clip": 1, "frames": 3, "frame_words": ["Ella waits.", "Mum rolls the ball.", "They both smile."]},
    "phone_pictures": {"stills": [{"still": 1, "words": "My ball!", "childs_words": True, "symbol": "smile"}]},
    "diary_sheet": {"theme": "sky"},
    "child_voice": {"theme": "evening"},
}


def page_of(path: Path, number: int = 0) -> Picture:
    """A page of a PDF, or a picture, 460 px high."""
    if path.suffix == ".pdf":
        with pymupdf.open(path) as pages:
            shown = pages[number].get_pixmap(dpi=150)
        picture = np.frombuffer(shown.samples, np.uint8).reshape(shown.height, shown.width, 3)[:, :, ::-1]
    else:
        picture = np.asarray(cv2.imread(str(path)), np.uint8)
    size = (round(picture.shape[1] * 460 / picture.shape[0]), 460)
    return np.asarray(cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA), np.uint8)


def side_by_side(name: str, *pages: Picture) -> None:
    """The pages in a row on a grey ground."""
    framed = [cv2.copyMakeBorder(page, 16, 16, 16, 16, cv2.BORDER_CONSTANT, value=GROUND) for page in pages]
    cv2.imwrite(str(HERE / name), np.hstack(framed), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        film, out = Path(scratch) / "film.mp4", Path(scratch) / "out"
        draw_film(film)
        prepare(
            SelectionOrder(
                film, parse_selection(SELECTION), preset(), Ffmpeg.of(FfmpegRunner()), kinds=KINDS, recipes=RECIPES
            ),
            out,
        )
        side_by_side("booklet.png", *(page_of(out / "booklet-pages.pdf", number) for number in (0, 1, 2)))
        side_by_side("for-the-family.png", page_of(out / "strip.pdf"), page_of(out / "phone-01.jpg"))
        side_by_side("to-fill-in.png", page_of(out / "diary-sheet.pdf"), page_of(out / "child-voice.pdf"))


if __name__ == "__main__":
    main()
