"""``vigpack demo``: the whole way on a drawn film, through the real API, queue and workers."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
import time
import zipfile
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import httpx
import typer
from rich.table import Table

from cli.demo_client.running import running_up
from cli.demo_client.sample_film import choose_moments, draw_film
from cli.demo_client.sender import Follower, Outgoing, Progress, begin, copy_moments, fetch, send_all
from cli.demo_client.tus import Sent
from cli.screen import CommandFailed, print_json, progress_bar, say, terminal
from pipeline.errors import FolderNotEmpty
from pipeline.moments import Clip, Still
from pipeline.run.orders import MEASURE_FILM, FilmMeasured
from pipeline.times import clock
from records.settings import load_settings

_REPORT = "demo.json"
_HOME_UPLINK_BIT_S = 5_000_000
_PACK = "review-pack"


def demo(
    film: Annotated[Path | None, typer.Option(help="A film of yours; otherwise one of two minutes is drawn.")] = None,
    out: Annotated[Path, typer.Option(help="Where the pack goes.")] = Path("demo-pack"),
    accounts: Annotated[
        bool, typer.Option("--accounts", help="With people who sign in: a guider sends, and shares with a supervisor.")
    ] = False,
    data: Annotated[
        Path | None, typer.Option(help="Keep the service's data in this new folder, to look into it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Send a film's moments through the real API, queue and workers and show what that costs.

    Four clips and two stills are cut out of the film here and sent one by one, as a browser would; the line is cut once
    in the middle of an upload. Everything runs in a temporary folder, and only the pack stays; with --data the folder
    of the service too, with its database, files and keys, as vigpack up would have it.
    """
    signal.signal(signal.SIGTERM, _stop)  # so that it still clears its folder and ends its parts
    _make_room(out)
    if data is not None and data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise FolderNotEmpty(str(data))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vigpack-demo-")))
        figures = _run(film, folder, out, data or folder / "data", accounts=accounts, quiet=as_json)
    if as_json:
        print_json(figures)
    else:
        _print_table(figures)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise CommandFailed(for_guider="The demo was stopped.")


def _run(given: Path | None, folder: Path, out: Path, data: Path, *, accounts: bool, quiet: bool) -> dict[str, Any]:
    def tell(sentence: str) -> None:
        if not quiet:
            say(sentence)

    path = given or folder / "film.mp4"
    if given is None:
        tell("Drawing a film of two minutes, as large as a phone's.")
        with progress_bar("film", shown=not quiet) as on_progress:
            draw_film(path, runner=load_settings().ffmpeg_runner(), on_progress=on_progress)
    jail = load_settings().jail_for_media()
    film = jail.do(MEASURE_FILM, path.resolve(), folder, reads=[path])
    selection = choose_moments(film)
    began = time.monotonic()
    outgoing = copy_moments(jail, path, selection, folder)
    cut_s = time.monotonic() - began
    tell("Starting page, API, queue and worker.")
    with ExitStack() as stack:
        url, headers = stack.enter_context(running_up(data, beside=folder, accounts=accounts))
        people = None
        if accounts:
            from cli.demo_client.people import signed_in_people

            people = stack.enter_context(signed_in_people(url, data))
        client = (
            people.guider
            if people
            else stack.enter_context(httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60))
        )
        begun = begin(client, film, selection, outgoing)
        selection_id = begun["selection"]["id"]
        tell(f"Sending {len(outgoing.files)} uploads; the line will be cut once.")
        with progress_bar("preparing", shown=not quiet) as on_progress:
            follower = Follower(client, selection_id, lambda view: on_progress(_done(view)))
            follower.start()
            sent = send_all(client, begun, outgoing, lambda _done: None)
            progress = follower.wait()
        for part in progress.view["outputs"]:
            for artifact in part["artifacts"]:
                fetch(client, artifact, selection_id, folder / artifact["name"])
        moments = _moment_figures(progress, outgoing, sent, [*selection.clips, *selection.stills])
        figures = _figures(film, moments, progress, sent, cut_s, out)
        figures["people"] = people.share(selection_id) if people else []
        figures["data"] = str(data) if data.parent != folder else None
        _hand_over(folder, figures, out)
    return figures


def _make_room(out: Path) -> None:
    """Nothing is overwritten but the pack of an earlier demo."""
    if out.is_dir() and (out / _REPORT).is_file():
        shutil.rmtree(out)
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FolderNotEmpty(str(out))


def _done(view: dict[str, Any]) -> float:
    parts = [*view["moments"], *view["outputs"]]
    return sum(part["progress"] or 0.0 for part in parts) / len(parts)


def _moment_figures(
    progress: Progress, outgoing: Outgoing, sent: list[Sent], moments: list[Clip | Still]
) -> list[dict[str, Any]]:
    return [
        {
            "kind": seen["kind"],
            "in_film": _place(moment),
            "sent_bytes": None if outgoing.whole_film else sent[index].bytes,
            "sent_s": None if outgoing.whole_film else round(sent[index].seconds, 2),
            "resumed_at_bytes": None if outgoing.whole_film else sent[index].resumed_at,
            "ready_s": seen["ready_s"],
            "result_bytes": sum(artifact["bytes"] for artifact in seen["artifacts"]),
        }
        for index, (seen, moment) in enumerate(zip(progress.view["moments"], moments, strict=True))
    ]


def _figures(
    film: FilmMeasured, moments: list[dict[str, Any]], progress: Progress, sent: list[Sent], cut_s: float, out: Path
) -> dict[str, Any]:
    return {
        "film": {"bytes": film.bytes, "duration_ms": film.duration_ms},
        "moments": moments,
        "outputs": [
            {
                "kind": part["kind"],
                "ready_s": part["ready_s"],
                "files": {artifact["name"]: artifact["bytes"] for artifact in part["artifacts"]},
            }
            for part in progress.view["outputs"]
        ],
        "cut_s": round(cut_s, 2),
        "sent_bytes": sum(one.bytes for one in sent),
        "resumed_at_bytes": next((one.resumed_at for one in sent if one.resumed_at is not None), None),
        "all_ready_s": round(max(progress.ready_at.values()) - progress.sending_began_at, 2),
        "pack": str(out),
    }


def _hand_over(folder: Path, figures: dict[str, Any], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for part in figures["outputs"]:
        for name in part["files"]:
            shutil.copyfile(folder / name, out / name)
            if name == f"{_PACK}.zip":
                with zipfile.ZipFile(folder / name) as archive:
                    archive.extractall(out)
    (out / _REPORT).write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _print_table(figures: dict[str, Any]) -> None:
    table = Table("moment", "in the film", "sent", "in", "ready after", "result")
    for column in table.columns[2:]:
        column.justify = "right"
    for number, moment in enumerate(figures["moments"], 1):
        table.add_row(
            f"{number} {moment['kind']}",
            moment["in_film"],
            _size(moment["sent_bytes"]),
            _seconds(moment["sent_s"]),
            _seconds(moment["ready_s"]),
            _size(moment["result_bytes"]),
        )
    table.add_section()
    for part in figures["outputs"]:
        table.add_row(part["kind"], "", "", "", _seconds(part["ready_s"]), _size(sum(part["files"].values())))
    film_bytes, sent_bytes = figures["film"]["bytes"], figures["sent_bytes"]
    console = terminal()
    console.print(table)
    if figures["resumed_at_bytes"] is not None:
        say(f"One upload was cut off in its middle and went on from {_size(figures['resumed_at_bytes'])}.")
    say(f"Sent {_size(sent_bytes)} of a film of {_size(film_bytes)} ({sent_bytes / film_bytes:.1%}).")
    film_s, sent_s = (8 * size / _HOME_UPLINK_BIT_S for size in (film_bytes, sent_bytes))
    say(f"On a home line of 5 Mbit/s that is {_seconds(sent_s)} instead of {_seconds(film_s)}.")
    say(f"Everything was ready {_seconds(figures['all_ready_s'])} after the first byte was sent.")
    for sentence in figures["people"]:
        say(sentence)
    if figures["data"]:
        say(f"The service's data: {figures['data']}   go on with it: vigpack up --data {figures['data']}")
    pack = Path(figures["pack"])
    say(f"The pack: {pack / _PACK / 'index.html'}   the notes: {pack / 'picture-notes.pdf'}")


def _place(moment: Clip | Still) -> str:
    times = (moment.in_ms, moment.out_ms) if isinstance(moment, Clip) else (moment.at_ms,)
    return " – ".join(clock(ms).removeprefix("00:").removesuffix(".000") for ms in times)


def _size(count: int | None) -> str:
    if count is None:
        return "–"
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
