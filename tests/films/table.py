"""docs/media.md: what `vigpack prepare` makes of each film of some folders, and whether all who read it agree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import av

from pipeline.errors import PipelineError
from pipeline.moments import parse_selection
from pipeline.presets import preset
from pipeline.run.orders import SelectionOrder
from pipeline.run.prepare import prepare
from pipeline.source.film import Film, probe
from pipeline.source.remux import make_seekable
from tests.films.compare import Verdict
from tests.footage import FFMPEG, RUNNER

PAGE = Path(__file__).parents[2] / "docs" / "media.md"
_HEAD = """# Real films

What `vigpack prepare` makes of real films from real devices, and of small ones that were drawn after reports of other
tools' users: the first second (or all of a shorter film) as a clip, and a still at its middle. The films themselves are
not in the repository. "Compared" is what `make films` found: the page, in Chromium, and the service were held against
a plain decoder in length, sizes, colours, the pictures and the sound of the first, a middle and the last second, cut as
filmed and lighter; and so was what the browser's player shows on the desk at four places, given to it and sought as the
desk does it. Where the page notices that the player reads a film otherwise, that is told. Sizes are in pixels, as a
person sees them. Written by
`make films DIR=FOLDER ARGS=--write`.

| film | what it is | clip | still | gain | compared | remarks |
|---|---|---|---|---|---|---|
"""
_DRAWN = "\n## Films made up by seeds\n"
"""Written where drawn films are compared, and kept else."""
_KINDS = "\n## What is done with odd kinds of films\n"
"""What follows is written by hand, and kept."""


def describe(film: Film) -> str:
    """What a film is, in a few words."""
    video, audio = film.video, film.audio
    words = [f"{video.codec} {video.width_px}×{video.height_px}", f"{film.duration_ms / 1000:.2f} s"]
    steady = video.fps_max - video.fps_min < 0.1 * video.fps_avg
    words.append(f"{video.fps_avg:.3g} fps" if steady else f"{video.fps_min:.1f} to {video.fps_max:.0f} fps")
    if video.orientation.rotate_cw_deg:
        words.append(f"turned {video.orientation.rotate_cw_deg}°")
    words += [video.hdr.upper()] if video.hdr else []
    words += ["full range"] if video.full_range else []
    words += ["interlaced"] if video.interlaced else []
    words.append(f"{audio.codec} {audio.layout}" if audio else "no sound")
    return ", ".join(words)


def row(path: Path, verdict: Verdict, scratch: Path) -> str:
    """One line of the table."""
    compared = str(verdict).removeprefix(f"{path.name}: ").replace("|", "/")
    try:
        film = make_seekable(probe(path), scratch, runner=RUNNER)
        clip = {"in": 0, "out": min(1000, film.duration_ms)}
        selection = parse_selection({"family": "K-104", "clip": [clip], "still": [{"at": clip["out"] // 2}]})
        report = prepare(SelectionOrder(path, selection, preset(), FFMPEG), scratch / "prepared")
    except PipelineError as refused:
        return f"| {path.name} | | | | | {compared} | refused: {refused.for_guider} |"
    pack = scratch / "prepared" / "review-pack"
    with av.open(str(pack / "clips/01.mp4")) as container:
        made = container.streams.video[0]
        sound = "stereo" if container.streams.audio else "silent"
        clip_text = (
            f"{made.width}×{made.height}, {float(made.average_rate or 0):.5g} fps, {made.frames} frames, {sound}"
        )
    with av.open(str(pack / "stills/01.jpg")) as container:
        still_text = f"{container.streams.video[0].width}×{container.streams.video[0].height}"
    gain = next(step["gain_db"] for step in report.steps if step["step"].startswith("clip"))
    gain_text = "" if sound == "silent" else f"{gain:+.1f} dB"
    remarks = " ".join(report.warnings)
    return f"| {path.name} | {describe(film)} | {clip_text} | {still_text} | {gain_text} | {compared} | {remarks} |"


def write_films(rows: Sequence[str], took_s: float) -> None:
    """Write the table of films anew; ``took_s``: how long it took to compare them."""
    before, kinds, by_hand = PAGE.read_text(encoding="utf-8").partition(_KINDS)
    _, heading, drawn = before.partition(_DRAWN)
    took = f"\n\n{len(rows)} films were compared in {took_s:.0f} s."
    PAGE.write_text(_HEAD + "\n".join(rows) + took + "\n" + heading + drawn + kinds + by_hand, encoding="utf-8")


def write_drawn(seeds: range, verdicts: Sequence[Verdict], took_s: float) -> None:
    """Write what came of the films of some seeds."""
    agree = sum(not verdict.wrong and not verdict.told for verdict in verdicts)
    told = [verdict for verdict in verdicts if verdict.told and not verdict.wrong]
    wrong = [verdict for verdict in verdicts if verdict.wrong]
    counted: dict[str, int] = {}
    for verdict in told:
        for said in {re.sub(r"^(page|service)'s cut [\d–]+, ", r"\1's cut, ", one) for one in verdict.told}:
            counted[said] = counted.get(said, 0) + 1
    lines = [
        f'`make films ARGS="--drawn {len(seeds)} --seed {seeds.start}"`: seeds {seeds.start} to {seeds.stop - 1},',
        "each a film of three seconds whose pictures carry their numbers and whose sound beeps, of a drawn container,",
        "codec, rate, size, shape, turn, colour, edit list, joins, starts and tracks. Page and service were held",
        "against what was drawn.",
        "",
        f"{len(verdicts)} films in {took_s / 60:.0f} minutes: {agree} agree, of {len(told)} something is told, "
        f"{len(wrong)} disagree.",
        "",
        "| told | films |",
        "|---|---|",
        *(f"| {said} | {count} |" for said, count in sorted(counted.items(), key=lambda one: (-one[1], one[0]))),
        *(f"| **{verdict}** | 1 |" for verdict in wrong),
    ]
    before, kinds, by_hand = PAGE.read_text(encoding="utf-8").partition(_KINDS)
    films, _, _ = before.partition(_DRAWN)
    PAGE.write_text(films + _DRAWN + "\n" + "\n".join(lines) + "\n" + kinds + by_hand, encoding="utf-8")
