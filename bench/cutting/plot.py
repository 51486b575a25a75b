"""docs/benchmarks.md's drawing and tables, from cutting.json. Run: python -m bench.cutting.plot."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from bench.cutting.summary import GOALS, LIGHT_GOALS

HOUSE = Path(__file__).parents[2]
RESULTS = HOUSE / "bench" / "results" / "cutting.json"
PAGE = HOUSE / "docs" / "benchmarks.md"
DRAWING = HOUSE / "docs" / "pictures" / "benchmarks.svg"
_BAR_PX, _LEFT_PX, _SCALE_PX, _RIGHT_PX = 34, 300, 420, 90
_OWN = ("vigpack", "stills", "light")
_WORDS = {
    "floor_cpu": "processor, over the floor",
    "loudnorm_cpu": "processor, over ffmpeg with loudnorm",
    "ffmpeg_cpu": "processor, over ffmpeg without loudnorm",
    "moviepy_cpu": "processor, over moviepy",
    "pyscenedetect_cpu": "processor, over PySceneDetect's splitter",
    "handbrake_cpu": "processor, over HandBrake",
    "auto_editor_cpu": "processor, over auto-editor",
    "stills_cpu": "with twelve stills: processor, over the floor of the clips",
    "transcode_then_cut_wall": "film of 15 minutes to all clips, over transcoding it first",
    "release_cpu": "processor",
    "release_wall": "wall",
    "release_peak": "memory",
}
_LIGHT_WORDS = {
    "cpu_against_filmed": "lighter moments: the worker's processor, over the same as filmed",
    "ready_p95_s": "lighter moments: last byte to review ready, 95 of 100",
    "first_look_p95_s": "lighter moments: last byte to first look playing, 300 jobs waiting, 95 of 100",
}


def draw(told: Mapping[str, Any]) -> str:
    """A bar for each way: the processor's seconds for a second of clip, and from the lowest run to the highest."""
    drawn = ((key, way) for key, way in told["ways"].items() if key != "transcode_then_cut")  # by seconds of film
    ways = sorted(drawn, key=lambda item: item[1]["cpu_s_per_clip_s"])
    most = max(way["cpu_s"]["high"] / way["clips_s"] for _, way in ways)
    height, width = _BAR_PX * len(ways) + 40, _LEFT_PX + _SCALE_PX + _RIGHT_PX
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"',
        ' font-family="sans-serif" font-size="14">',
        "<title>Processor seconds for one second of clip</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for number, (key, way) in enumerate(ways):
        middle = _BAR_PX * number + 26
        low, median, high = (
            way["cpu_s"][name] / way["clips_s"] / most * _SCALE_PX for name in ("low", "median", "high")
        )
        colour = "#1b5e57" if key in _OWN else "#8fa3b0"
        lines += [
            f'<text x="{_LEFT_PX - 10}" y="{middle + 5}" text-anchor="end">{escape(way["title"])}</text>',
            f'<rect x="{_LEFT_PX}" y="{middle - 10}" width="{median:.1f}" height="20" fill="{colour}"/>',
            f'<path d="M{_LEFT_PX + low:.1f} {middle}H{_LEFT_PX + high:.1f}" stroke="#111" stroke-width="2"/>',
            f'<text x="{_LEFT_PX + high + 8:.1f}" y="{middle + 5}">{way["cpu_s_per_clip_s"]:.2f} s</text>',
        ]
    caption = "Seconds of processor for one second of clip: median, and lowest to highest of the runs"
    lines += [f'<text x="10" y="{height - 8}" font-size="12">{caption}</text>', "</svg>"]
    return "\n".join(lines) + "\n"


def tables(told: Mapping[str, Any]) -> dict[str, str]:
    """What stands between the page's marks."""
    head = ("way", "wall s", "CPU s", "CPU s a second of clip", "memory MB", "kB a second", "VMAF mean, worst second")
    ways = [f"| {' | '.join((*head, 'ends off by'))} |", "|---" * 8 + "|"]
    for way in told["ways"].values():
        seen, pictures = way["vmaf"], way["pictures"]
        quality = f"{seen['mean']}, {seen['worst_second']}" if seen else "not measured"
        off = f"{pictures['first_off']}, {pictures['last_off']}"
        lost = f"; {pictures['missing']} lost, {pictures['doubled']} twice"
        ways.append(
            f"| {_named(way)} | {way['wall_s']['median']:.1f} | {way['cpu_s']['median']:.1f}"
            f" | {way['cpu_s_per_clip_s']:.2f} | {way['peak_mb']['median']:.0f} | {way['bytes_per_clip_s'] / 1000:.0f}"
            f" | {quality} | {off}{lost if pictures['missing'] or pictures['doubled'] else ''} |"
        )
    return {
        "machine": _machine(told),
        "ways": "\n".join(ways),
        "ratios": _ratio_table(told, release=False),
        "release": _ratio_table(told, release=True),
    }


def _named(way: Mapping[str, Any]) -> str:
    """Its title and its version, which some programs tell with their name."""
    words = [word for word in way["version"].split() if word[:1].isdigit()]
    return " ".join([way["title"], *words[:1]])


def _machine(told: Mapping[str, Any]) -> str:
    machine, size = told["machine"], told["size"]
    missing = "".join(f" Not measured: {why}." for why in told["missing"].values())
    film = f"{size['clips']} clips of {size['clip_ms'] / 1000:g} s from {size['film_s']} s of film"
    rounds = f"{size['rounds']} round{'s' if size['rounds'] > 1 else ''}"
    load = f"a load of {machine['load_before']} before and {machine['load_after']} after"
    return (
        f"{film}, {rounds}, on {machine['processors']} processors ({machine['processor']}) with {load};"
        f" {machine['system']}, Python {machine['python']}, ffmpeg {machine['ffmpeg']}.{missing}"
    )


def _ratio_table(told: Mapping[str, Any], *, release: bool) -> str:
    rows = ["| vigpack prepare | median | lowest to highest | wanted |", "|---|---|---|---|"]
    for name, ratio in told["ratios"].items():
        if name.startswith("release_") == release:
            goal = f"≤ {GOALS[name]}" if name in GOALS else ""
            rows.append(f"| {_WORDS[name]} | {ratio['median']} | {ratio['low']} to {ratio['high']} | {goal} |")
    for name, goal in ({} if release else LIGHT_GOALS).items():
        if (value := told["light"][name]) is not None:
            unit = " s" if name.endswith("_s") else ""
            rows.append(f"| {_LIGHT_WORDS[name]} | {value}{unit} | | ≤ {goal}{unit} |")
    if release:
        rows[0] = f"| this commit over {told['release']} | median | lowest to highest | wanted |"
    return "\n".join(rows)


def filled(page: str, told: Mapping[str, Any]) -> str:
    """The page with its tables written anew."""
    for name, table in tables(told).items():
        marks = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
        page, count = marks.subn(lambda found, table=table: found[1] + table + found[2], page)  # type: ignore[misc]
        if count != 1:
            raise ValueError(f"docs/benchmarks.md has no place for {name}")
    return page


def main() -> None:
    """Write both."""
    told = json.loads(RESULTS.read_text(encoding="utf-8"))
    DRAWING.write_text(draw(told), encoding="utf-8", newline="\n")
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), told), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
