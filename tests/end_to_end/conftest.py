"""A pack of numbered clips, opened from the disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from pipeline.drawings import Drawing
from pipeline.outputs.kinds import KINDS
from pipeline.pack.sealed import seal_pack
from tests.end_to_end.reader import LAPTOP, RATES, Reader
from tests.footage import RUNNER
from tests.pipeline.outputs.prepared_by_hand import drawn_clip, drawn_still, prepared_from

expect.set_options(timeout=60_000)  # on a busy machine too


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of one numbered clip per frame rate, then a still."""
    desk = tmp_path_factory.mktemp("drawn")
    clips = [
        drawn_clip(
            desk / f"{n}.mp4",
            fps=fps,
            frames=60,
            width=360 if n == 2 else 640,
            height=640 if n == 2 else 360,
            caption=f"Caption of clip {n}",
            principle="receiving-initiatives",
        )
        for n, fps in enumerate(RATES)
    ]
    still = drawn_still(desk / "still.jpg", number=77, width=640, height=360, caption="Caption of the still")
    folder = tmp_path_factory.mktemp("made")
    KINDS["review_pack"].make(prepared_from(*clips, still), KINDS["review_pack"].recipe(), folder, RUNNER)
    return folder / "review-pack"


DRAWN_ON_CLIP = (
    Drawing(kind="arrow", x1=0.9, y1=0.9, x2=0.7, y2=0.7, in_ms=1000, out_ms=2000),
    Drawing(kind="circle", x1=0.1, y1=0.1, x2=0.3, y2=0.4, in_ms=3000, out_ms=3033),
)
"""The arrow is on pictures 30 to 59, the circle on picture 90 alone."""
DRAWN_ON_STILL = (Drawing(kind="spotlight", x1=0.4, y1=0.3, x2=0.6, y2=0.7),)


@pytest.fixture(scope="session")
def long_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds at 30 frames a second, three upright ones at 25, and a still."""
    desk = tmp_path_factory.mktemp("drawn-long")
    first = drawn_clip(desk / "a.mp4", frames=150, width=640, height=360, caption="Ella looks up.", principle="guiding")
    moments = (
        replace(first, drawings=DRAWN_ON_CLIP),
        drawn_clip(desk / "b.mp4", frames=75, fps="25", width=360, height=640, caption="They both laugh."),
        replace(
            drawn_still(desk / "c.jpg", number=77, width=640, height=360, caption="Ella shows Mum the card."),
            drawings=DRAWN_ON_STILL,
        ),
    )
    folder = tmp_path_factory.mktemp("made-long")
    KINDS["review_pack"].make(prepared_from(*moments), KINDS["review_pack"].recipe(), folder, RUNNER)
    return folder / "review-pack"


PASSPHRASE = "lamp river stone garden window pencil"


@pytest.fixture(scope="session")
def sealed_pack(long_pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same behind a passphrase."""
    folder = tmp_path_factory.mktemp("sealed")
    seal_pack(long_pack.with_suffix(".zip"), PASSPHRASE, folder / "sealed.zip")
    shutil.unpack_archive(folder / "sealed.zip", folder)
    return folder / "sealed-pack"


@pytest.fixture
def reading(browser: Browser) -> Iterator[Callable[..., Reader]]:
    """Opens packs; at the end nothing may have been said on the console or asked of any network."""
    contexts, readers = [], []

    def read(folder: Path, *, viewport: dict[str, int] = LAPTOP, touch: bool = False, dark: bool = False) -> Reader:
        contexts.append(
            browser.new_context(
                viewport={"width": viewport["width"], "height": viewport["height"]},
                has_touch=touch,
                is_mobile=touch,
                color_scheme="dark" if dark else "light",
                reduced_motion="reduce",
            )
        )
        reader = Reader(contexts[-1].new_page())
        readers.append(reader)
        reader.open(folder)
        return reader

    yield read
    said = [line for reader in readers for line in reader.said]
    outside = [url for reader in readers for url in reader.asked_for if not url.startswith(("file:", "blob:"))]
    for context in contexts:
        context.close()
    assert said == []
    assert outside == []


@pytest.fixture
def reader(reading: Callable[..., Reader], pack: Path) -> Reader:
    return reading(pack)
