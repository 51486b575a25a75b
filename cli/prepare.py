"""``vigpack prepare``: the media work alone, without any server or queue."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.screen import print_json, progress_bar, say
from pipeline import outputs

_USUAL = {"review_pack", "picture_notes"}
_FOLDERS = sorted(path.parent.name for path in Path(outputs.__path__[0]).glob("*/__init__.py"))
"""The kinds of output, by the folder that each has: their modules would bring all of their libraries into the help."""
_FURTHER = ", ".join(name for name in _FOLDERS if name not in _USUAL)


def prepare(
    films: Annotated[list[Path], typer.Argument(metavar="FILM", help="The film, as it came from the phone or camera.")],
    moments: Annotated[Path, typer.Option(metavar="M.toml", help="The list of moments.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the results go: an empty or a new folder.")],
    preset: Annotated[str, typer.Option(help="review, light or full.")] = "review",
    also: Annotated[list[str] | None, typer.Option(metavar="KIND", help=f"Make this too: {_FURTHER}.")] = None,
    recipes: Annotated[
        Path | None, typer.Option(metavar="R.toml", help="What to choose for a kind, by its name.")
    ] = None,
    companion: Annotated[
        Path | None,
        typer.Option(
            metavar="PACKFOLDER", help="The review pack of the other film of this cycle, for a supervision pack."
        ),
    ] = None,
    artwork: Annotated[
        list[Path] | None,
        typer.Option(metavar="PHOTO", help="A photograph (JPEG or PNG) of what the child made, for the booklet."),
    ] = None,
    earlier: Annotated[
        list[Path] | None,
        typer.Option(metavar="PACKFOLDER", help="The review pack of an earlier cycle: its pictures join the booklet."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Make a review pack and picture notes from a film on this machine. The film is only read; nothing is sent."""
    if len(films) != 1:
        raise typer.BadParameter("Give one film at a time; each has its own list of moments.", param_hint="FILM")
    # Only now, because the help needs none of them: the media libraries.
    from cli.agreed import check_agreement, read_with_agreement
    from pipeline.outputs.kinds import find_kind, purpose_of_film, read_recipes, usual_kinds
    from pipeline.outputs.review_pack.opening import open_pack
    from pipeline.presets import preset as preset_named
    from pipeline.rating_scale import rating_scale
    from pipeline.run.decoders import Decoders, cache_folder
    from pipeline.run.jailed import prepare_in_jail
    from pipeline.run.orders import Ffmpeg, SelectionOrder
    from records.consent.policy import load_policy
    from records.settings import load_settings

    selection, agreed, seen = read_with_agreement(moments)
    chosen, settings = preset_named(preset), load_settings()
    kinds = tuple(dict.fromkeys([*usual_kinds(selection.of), *(also or ())]))
    shown = [kind for kind in map(find_kind, kinds) if kind.shows_people]
    purposes = [purpose_of_film(selection.of), *(kind.purpose_of(selection.of) for kind in shown)]
    check_agreement(agreed, seen, purposes, load_policy(settings.consent_policy))
    wishes = read_recipes(recipes) if recipes else {}
    other = open_pack(companion) if companion else None
    jail = settings.jail_for_media()
    runner = Decoders(jail, settings.ffmpeg_runner(), settings.decode_by, cache_folder()).ready()
    order = SelectionOrder(
        films[0],
        selection,
        chosen,
        Ffmpeg.of(runner),
        kinds=kinds,
        recipes=wishes,
        companion=other,
        artwork=tuple(artwork or ()),
        earlier=tuple(open_pack(folder) for folder in earlier or ()),
        scale=rating_scale(settings.rating_scale) if settings.rating_scale else None,
    )
    with progress_bar("Preparing", shown=not json) as on_progress:
        report = prepare_in_jail(jail, order, out, on_progress)
    if json:
        print_json(asdict(report))
        return
    for warning in report.warnings:
        say(f"Note: {warning}")
    for name in ("review-pack/index.html", *report.results):
        say(f"{out / name}")
