"""Looking at printed pages: their text, their structure, their pictures, and how they look."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf
import pymupdf
from numpy.typing import NDArray
from outloud import check

from pipeline.outputs.kinds import KINDS, parse_recipe
from pipeline.prepared import Prepared
from tests.footage import RUNNER, read_number

Picture = NDArray[np.uint8]


def made(kind: str, prepared: Prepared, folder: Path, **chosen: Any) -> list[Path]:
    """The files of a kind, each described as it is; the recipe travels as the page sends it."""
    recipe = parse_recipe(KINDS[kind], json.loads(json.dumps(chosen)))
    folder.mkdir(parents=True, exist_ok=True)
    artifacts = KINDS[kind].make(prepared, recipe, folder, RUNNER)
    assert sorted(path.name for path in folder.iterdir()) == sorted(artifact.path.name for artifact in artifacts)
    return [artifact.path for artifact in artifacts]


def said(kind: str, prepared: Prepared, **chosen: Any) -> list[str]:
    """The remarks of a kind on a recipe."""
    return KINDS[kind].remarks(prepared.selection, parse_recipe(KINDS[kind], chosen))


def text_of(pdf: Path) -> str:
    """All text, in the order in which it stands in the file."""
    with pymupdf.open(pdf) as pages:
        return "".join(page.get_text() for page in pages).replace("\u200b", "")


def elements(pdf: pikepdf.Pdf) -> list[Any]:
    """Every structure element, in reading order."""
    found: list[Any] = []

    def walk(node: Any) -> None:
        if isinstance(node, pikepdf.Array):
            for child in node:
                walk(child)
        elif isinstance(node, pikepdf.Dictionary):
            if "/S" in node:
                found.append(node)
            if "/K" in node:
                walk(node.K)

    walk(pdf.Root.StructTreeRoot.K)
    return found


def alternatives(pdf: Path) -> list[str]:
    """The alternative text of every picture, in reading order."""
    with pikepdf.open(pdf) as opened:
        return [str(element.Alt) for element in elements(opened) if element.S == "/Figure"]


def fonts_of(pdf: Path) -> set[str]:
    """The names of all fonts, each of which must be embedded."""
    names = set()
    with pikepdf.open(pdf) as opened:
        for font in (thing for thing in opened.objects if isinstance(thing, pikepdf.Dictionary)):
            if font.get("/Type") == "/FontDescriptor":
                names.add(str(font.FontName).partition("+")[2])
                assert "/FontFile2" in font or "/FontFile3" in font
    return names


def numbers_on(pdf: Path) -> list[int]:
    """The numbers of the numbered pictures on the pages, in the order shown."""
    numbers = []
    with pymupdf.open(pdf) as pages:
        for page in pages:
            shown = sorted(page.get_image_info(xrefs=True), key=lambda one: (round(one["bbox"][1]), one["bbox"][0]))
            for one in shown:
                content = pages.extract_image(one["xref"])["image"]
                numbers.append(read_number(_grey(content)))
    return numbers


def _grey(content: bytes) -> Picture:
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    return pixels.astype(np.uint8)


def pages_as_pictures(pdf: Path, dpi: int) -> list[Picture]:
    """Every page as it looks: uint8, (height, width, 3), BGR."""
    with pymupdf.open(pdf) as pages:
        return [
            np.frombuffer((shown := page.get_pixmap(dpi=dpi)).samples, np.uint8)
            .reshape(shown.height, shown.width, 3)[:, :, ::-1]
            .copy()
            for page in pages
        ]


def accessibility_errors(pdf: Path) -> list[str]:
    """Where a PDF breaks PDF/UA-1, by a checker of its own; typst has already refused what it knows to break it."""
    result = check(str(pdf))
    return [f"{found.rule}: {found.message}" for found in result.sorted_findings() if found.severity == "error"]
