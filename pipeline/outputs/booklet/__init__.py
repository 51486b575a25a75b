"""The booklet: the family's picture notes on A5 pages, to print on A4, fold and keep; its cover works alone."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from pipeline.artifact import Artifact, publish
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import MOST_MOMENTS, Selection, Words
from pipeline.outputs.booklet.imposing import impose, pages_needed
from pipeline.outputs.cards import Card, layout_artwork, layout_cards
from pipeline.prepared import Prepared
from pipeline.print.letters import printable_words
from pipeline.print.press import Document, press_pdf
from pipeline.print.recipes import CyclesRecipe
from pipeline.print.remarks import remarks_on, remarks_on_stills

TO_FOLD, TO_READ = "booklet.pdf", "booklet-pages.pdf"
COVER_PT, LARGEST_PT, SMALLEST_PT = 40, 26, 14
MANY_SHEETS = 8
_MANY_TITLE_WORDS = 8


class Recipe(CyclesRecipe):
    """What can be chosen for a booklet."""

    title: Annotated[Words, StringConstraints(max_length=80)] = Field(
        default="Our good moments",
        title="Title on the cover",
        description="What the family calls it. First names only: the booklet may lie on a table. May be empty.",
    )
    cover: int = Field(
        default=1,
        ge=1,
        le=MOST_MOMENTS,
        title="Picture on the cover",
        description="It comes inside too.",
        json_schema_extra={"numbers": "still"},
    )
    wide_pairs: bool = Field(
        default=True,
        title="Two wide pictures on a page",
        description="A page is upright: one wide picture would leave half of it white.",
    )
    drawing: bool = Field(default=False, title="Leave room to draw", description="An empty space under every picture.")
    fill: bool = Field(
        default=True,
        title="Make empty pages drawing pages",
        description="A folded booklet has whole sheets of four pages; some may be left over at its end.",
    )
    flip: Literal["short-edge", "long-edge"] = Field(
        default="short-edge",
        title="How the printer turns the paper",
        description="For printing on both sides. If every second page comes out upside down, choose the other.",
        json_schema_extra={"enum_titles": {"short-edge": "On the short edge (usual)", "long-edge": "On the long edge"}},
    )


def make(prepared: Prepared, recipe: Recipe, folder: Path, runner: FfmpegRunner) -> list[Artifact]:
    """The booklet twice: imposed on A4 to be printed and folded, and page by page for a screen; both tagged PDFs.

    It holds no code, no date, no score, no logo. An empty list where there is no picture.
    """
    with TemporaryDirectory(prefix=".booklet-", dir=folder) as scratch:
        workdir = Path(scratch)
        if (to_read := layout(prepared, recipe, workdir, runner)) is None:
            return []
        sides = impose(len(to_read.sheet["pages"]), rtl=recipe.spoken().rtl)
        to_fold = to_read._replace(sheet={**to_read.sheet, "sides": sides})
        made = []
        for name, document in ((TO_FOLD, to_fold), (TO_READ, to_read)):
            part = workdir / name
            part.write_bytes(press_pdf(*document, workdir))
            made.append(publish(part, folder / name, "application/pdf"))
        return made


def layout(prepared: Prepared, recipe: Recipe, workdir: Path, _runner: FfmpegRunner) -> Document | None:
    """The pages in the order of reading, their pictures in ``workdir``; None where there is none."""
    earlier = [
        card
        for number, one in enumerate(prepared.earlier, 1)
        for card in _cards(
            one.prepared, recipe.model_copy(update={"stills": one.stills}), workdir, f"earlier-{number:02}-"
        )
    ]
    own = _cards(prepared, recipe, workdir)
    if not own and not earlier:
        return None
    title = printable_words(recipe.title)
    sheet = {
        "scale": 0.7,
        "title": title or "Booklet",
        "cover": Card("", 0, 0, title).laid_out(recipe.spoken()),
        "drawing": recipe.drawing,
        "turn_backs": recipe.flip == "long-edge",
        "cover_sizes_pt": list(range(COVER_PT, SMALLEST_PT - 1, -2)),
        "sizes_pt": list(range(LARGEST_PT, SMALLEST_PT - 1, -2)),
        "pages": _pages(earlier, own, recipe),
        "sides": None,
    }
    return Document(files(__package__).joinpath("booklet.typ").read_bytes(), recipe, sheet)


def _cards(prepared: Prepared, recipe: Recipe, workdir: Path, prefix: str = "") -> list[Card]:
    """The cards of one review: its stills, then what the child made."""
    made = layout_artwork(prepared, workdir, prefix) if recipe.artwork else []
    return [*layout_cards(prepared, recipe, workdir, prefix), *made]


def _pages(earlier: Sequence[Card], own: Sequence[Card], recipe: Recipe) -> list[dict[str, Any]]:
    """The pages in the order of reading: the cover, the notes and, where chosen, pages to draw on."""
    cover = next((card for card in own if card.file == f"{recipe.cover:02}.jpg"), [*own, *earlier][0])
    chosen = cover.laid_out(recipe.spoken())
    pages: list[dict[str, Any]] = [{"kind": "cover", "card": chosen}]
    has_room = False
    for card in (*earlier, *own):
        laid_out = card.laid_out(recipe.spoken())
        may_share = recipe.wide_pairs and not recipe.drawing and card.width_px > card.height_px and not card.made
        if may_share and has_room:
            pages[-1]["cards"].append(laid_out)
            has_room = False
        else:
            pages.append({"kind": "cards", "cards": [laid_out]})
            has_room = may_share
    if recipe.fill:
        pages += [{"kind": "draw"}] * (pages_needed(len(pages)) - 1 - len(pages))
    return pages


def remarks(selection: Selection, recipe: Recipe) -> list[str]:
    """What will not be printed as it was written, and what would read better."""
    said = remarks_on_stills(selection, recipe, "there is no booklet")
    words = recipe.words_for(selection)
    if not words:
        return said
    if recipe.cover not in words:
        said.append(f"There is no still {recipe.cover} for the cover, so the first one is on it.")
    if not recipe.title:
        said.append("The cover has no title; a few words of the family's own help it to work alone.")
    elif len(recipe.title.split()) > _MANY_TITLE_WORDS:
        said.append(f"The title has {len(recipe.title.split())} words; a few are seen at a glance.")
    said += remarks_on(recipe.title, "The title", "", counted=False)
    if (sheets := pages_needed(len(words) + 1) // 4) > MANY_SHEETS:
        said.append(f"The booklet may need {sheets} sheets; more than {MANY_SHEETS} are hard to fold.")
    return said
