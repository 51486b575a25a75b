"""Writes docs/media.md: what `vigpack prepare` makes of each film in a folder. Run: python docs/media.py FOLDER."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import av

from pipeline.errors import PipelineError
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import parse_selection
from pipeline.presets import preset
from pipeline.run.prepare import prepare
from pipeline.source.film import Film, probe

HEAD = """# Real films

What `vigpack prepare` makes of real films from real devices, odd ones too: the first second (or all of a shorter film)
as a clip, and a still at its middle. Written by `python docs/media.py FOLDER`; the films themselves are not in the
repository. Sizes are in pixels, as a person sees them.

| film | what it is | clip | still | gain | remarks |
|---|---|---|---|---|---|
"""


KINDS = "\n## What is done with odd kinds of films\n"
"""What follows this heading in docs/media.md is written by hand, and kept."""


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


def row(path: Path, scratch: Path) -> str:
    """One line of the table."""
    try:
        film = probe(path)
        clip = {"in": 0, "out": min(1000, film.duration_ms)}
        selection = parse_selection({"family": "K-104", "clip": [clip], "still": [{"at": clip["out"] // 2}]})
        report = prepare(path, selection, scratch / path.name, preset=preset(), runner=FfmpegRunner())
    except PipelineError as refused:
        return f"| {path.name} | | | | | refused: {refused.for_guider} |"
    pack = scratch / path.name / "review-pack"
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
    return (
        f"| {path.name} | {describe(film)} | {clip_text} | {still_text} | {gain_text} | {' '.join(report.warnings)} |"
    )


def main(folder: Path) -> None:
    """Write the table of every film in ``folder``."""
    with tempfile.TemporaryDirectory() as scratch:
        films = [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix not in {".tsv", ".md"}]
        rows = [row(path, Path(scratch)) for path in films]
    page = Path(__file__).with_name("media.md")
    _, heading, by_hand = page.read_text(encoding="utf-8").partition(KINDS)
    page.write_text(HEAD + "\n".join(rows) + "\n" + heading + by_hand, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
