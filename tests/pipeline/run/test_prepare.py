"""vigpack prepare as a guider meets it: right results, or one plain sentence and nothing left behind."""

# ruff: noqa: E501  a table is easiest to read with one case a line
from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli import main
from pipeline.errors import PipelineError
from pipeline.moments import parse_selection
from pipeline.presets import preset
from pipeline.run.orders import SelectionOrder
from pipeline.run.prepare import prepare
from pipeline.source.film import probe
from tests.footage import FFMPEG, numbered_film, numbers_in, run

MOMENTS = """
family = "K-104"
cycle = 2
helping_question = "How can we enjoy playing together?"
working_points = ["Wait a little longer"]
[[clip]]
in = "00:00:01.000"
out = "00:00:02.000"
caption = "Ella looks up. Mum waits."
principle = "receiving-initiatives"
[[still]]
at = 1500
caption = "Ella shows Mum the card."
"""
OUTPUTS = {"review-pack", "review-pack.zip", "picture-notes.pdf", "report.json"}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered_film(tmp_path_factory.mktemp("film") / "Ella and Mum.mp4", frames=120)


@pytest.fixture
def moments(tmp_path: Path) -> Path:
    path = tmp_path / "moments.toml"
    path.write_text(MOMENTS, encoding="utf-8")
    return path


Command = Callable[..., "subprocess.CompletedProcess[str]"]


def vigpack(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command as a guider starts it."""
    argv = [sys.executable, "-m", "cli", *map(str, arguments)]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


@pytest.fixture
def vigpack_here(capfd: pytest.CaptureFixture[str]) -> Command:
    """The same in this process, which saves a second or two; libraries' own words are heard too."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments)])
        said = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, int(str(ended.value.code)), said.out, said.err)

    return run


def assert_refused(done: subprocess.CompletedProcess[str], sentence: str) -> None:
    """One sentence on stderr, exit 1."""
    assert done.returncode == 1, done.stderr
    assert done.stderr.strip() == sentence
    assert not done.stdout


def test_prepare_fills_the_folder_and_leaves_the_film_alone(film: Path, moments: Path, tmp_path: Path) -> None:
    before = hashlib.sha256(film.read_bytes()).hexdigest()
    done = vigpack("prepare", film, "--moments", moments, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert {entry.name for entry in (tmp_path / "out").iterdir()} == OUTPUTS
    assert numbers_in(tmp_path / "out/review-pack/clips/01.mp4") == list(range(30, 60))
    assert hashlib.sha256(film.read_bytes()).hexdigest() == before


def test_the_report_tells_time_bytes_and_settings_and_no_names(
    vigpack_here: Command, film: Path, moments: Path, tmp_path: Path
) -> None:
    done = vigpack_here("prepare", film, "--moments", moments, "--out", tmp_path / "out", "--preset", "light", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))
    assert report == json.loads(done.stdout)
    assert report["preset"]["name"] == "light"
    assert report["film"]["duration_ms"] == 4000
    assert {step["step"] for step in report["steps"]} >= {"clip (moment 1)", "still (moment 2)", "review_pack"}
    assert all(step["wall_s"] >= 0 and step["cpu_s"] >= 0 for step in report["steps"])
    assert all((tmp_path / "out" / file["file"]).stat().st_size == file["bytes"] for file in report["files"])
    assert "Ella and Mum" not in done.stdout


def test_clips_can_be_many_and_keep_their_order(film: Path, tmp_path: Path) -> None:
    clips = [{"in": start, "out": start + 300} for start in (3000, 0, 2000, 1000, 500)]
    selection = parse_selection({"family": "K-104", "clip": clips})
    report = prepare(SelectionOrder(film, selection, preset(), FFMPEG), tmp_path / "out")
    told = [
        (step["picture"], step["because"], step["reason"]) for step in report.steps if step["step"].startswith("clip")
    ]
    assert told == [("encoded", "its colours are smpte170m, bt709", "colours")] * 5
    firsts = [numbers_in(tmp_path / f"out/review-pack/clips/{n:02}.mp4")[0] for n in range(1, 6)]
    assert firsts == [90, 0, 60, 30, 15]


def test_a_clip_of_a_finished_clip_is_not_encoded_again(film: Path, tmp_path: Path) -> None:
    selection = parse_selection({"family": "K-104", "clip": [{"in": 1000, "out": 2000}]})
    prepare(SelectionOrder(film, selection, preset(), FFMPEG), tmp_path / "out")
    own = tmp_path / "out/review-pack/clips/01.mp4"
    again = parse_selection({"family": "K-104", "clip": [{"in": 0, "out": 1000}]})
    report = prepare(SelectionOrder(own, again, preset(), FFMPEG), tmp_path / "again")
    assert [step["picture"] for step in report.steps if step["step"].startswith("clip")] == ["copied"]
    assert numbers_in(tmp_path / "again/review-pack/clips/01.mp4") == list(range(30, 60))


def test_an_empty_folder_is_taken_and_a_killed_runs_leavings_are_no_hindrance(
    vigpack_here: Command, film: Path, moments: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (out / ".vigpack-part" / "half").mkdir(parents=True)
    assert vigpack_here("prepare", film, "--moments", moments, "--out", out).returncode == 0
    assert {entry.name for entry in out.iterdir()} == OUTPUTS


def test_a_folder_with_something_in_it_is_left_as_it_was(
    vigpack_here: Command, film: Path, moments: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/kept.txt").write_text("mine")
    done = vigpack_here("prepare", film, "--moments", moments, "--out", tmp_path / "out")
    sentence = "The folder for the results is not empty. Choose a new one, so that nothing is overwritten."
    assert_refused(done, sentence)
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["kept.txt"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("00:00:02.000", "00:00:09.000"), "Clip 1 (00:00:01.000 to 00:00:09.000) lies outside the film, which is 00:00:04.000 long."),
        (("at = 1500", "at = 60000"), "Still 1 (00:01:00.000) lies outside the film, which is 00:00:04.000 long."),
        (("00:00:02.000", "00:00:01.000"), "Clip 1 ends (00:00:01.000) before it begins (00:00:01.000)."),
        (("cycle", "circle"), "“circle” is not a word this program knows."),
    ],
)  # fmt: skip
def test_moments_that_cannot_be_are_refused_before_any_work(
    vigpack_here: Command, film: Path, moments: Path, tmp_path: Path, change: tuple[str, str], sentence: str
) -> None:
    moments.write_text(MOMENTS.replace(*change), encoding="utf-8")
    assert_refused(vigpack_here("prepare", film, "--moments", moments, "--out", tmp_path / "out"), sentence)
    assert not (tmp_path / "out").exists()


def test_wrong_usage_is_told_apart_from_failure(
    vigpack_here: Command, film: Path, moments: Path, tmp_path: Path
) -> None:
    two_films = vigpack_here("prepare", film, film, "--moments", moments, "--out", tmp_path / "out")
    assert two_films.returncode == 2
    assert "one film at a time" in two_films.stderr
    assert vigpack_here("prepare", film, "--out", tmp_path / "out").returncode == 2


def test_an_unknown_preset_is_refused(vigpack_here: Command, film: Path, moments: Path, tmp_path: Path) -> None:
    done = vigpack_here("prepare", film, "--moments", moments, "--out", tmp_path / "out", "--preset", "huge")
    assert_refused(done, "There is no such preset. Choose review, light or full.")


def write(content: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content) and None


NOT_FILMS: dict[str, Callable[[Path], Any]] = {
    "nothing there": lambda _: None,
    "empty": write(b""),
    "a playlist": write(b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:10,\n/etc/hostname\n#EXT-X-ENDLIST\n"),
    "a list of files": write(b"ffconcat version 1.0\nfile /etc/hostname\n"),
    "a page": write(b"<!doctype html><html><body>Not found</body></html>"),
    "a manifest": write(b'<?xml version="1.0"?><MPD><Period><BaseURL>http://127.0.0.1/</BaseURL></Period></MPD>'),
    "zeros": write(bytes(100_000)),
    "noise": write(random.Random(1).randbytes(100_000)),
    "a picture": lambda path: run("-f", "lavfi", "-i", "testsrc2=duration=1", "-frames:v", "1", "-f", "mjpeg", str(path)),
    "a moving picture for a page": lambda path: run("-f", "lavfi", "-i", "testsrc2=duration=1", "-f", "gif", str(path)),
    "sound only": lambda path: run("-f", "lavfi", "-i", "sine=duration=3", "-f", "mp4", str(path)),
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "one pixel": lambda path: numbered_film(path, frames=90, width=1, height=1, codec=("-c:v", "ffv1"), pixel_format="gray", container=("-f", "matroska")),
    "cut off before its index": lambda path: path.write_bytes(numbered_film(path, frames=120).read_bytes()[:20_000]),
}  # fmt: skip


@pytest.mark.parametrize("kind", NOT_FILMS)
def test_what_is_no_film_is_refused_in_one_sentence(
    vigpack_here: Command, moments: Path, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "film.mp4"
    NOT_FILMS[kind](path)
    done = vigpack_here("prepare", path, "--moments", moments, "--out", tmp_path / "out")
    assert done.returncode == 1, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "unexpected" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_names_that_look_like_options_patterns_or_protocols_are_only_names(film: Path, tmp_path: Path) -> None:
    for name in ("-y.mp4", "we%02d[1].mp4", "concat:a|b.mp4", 'it\'s "é"\n.mp4', "http:x.mp4"):
        odd = tmp_path / name
        odd.write_bytes(film.read_bytes())
        out = tmp_path / "out" / str(abs(hash(name)))
        prepare(
            SelectionOrder(
                odd, parse_selection({"family": "K-104", "clip": [{"in": 0, "out": 300}]}), preset(), FFMPEG
            ),
            out,
        )
        assert numbers_in(out / "review-pack/clips/01.mp4") == list(range(9))


DAMAGE: dict[str, Callable[[bytearray], Any]] = {
    "cut off": lambda data: data.__delitem__(slice(len(data) * 2 // 3, None)),
    "a hole of zeros": lambda data: data.__setitem__(slice(len(data) // 2, len(data) // 2 + 4000), bytes(4000)),
    "flipped bits": lambda data: [
        data.__setitem__(i, data[i] ^ 1 << i % 8) for i in random.Random(3).sample(range(len(data)), 60)
    ],
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi"])
def test_a_damaged_film_gives_right_moments_or_one_sentence(tmp_path: Path, name: str, damage: str) -> None:
    path = numbered_film(tmp_path / name, frames=300, container=("-movflags", "+faststart") if name == "a.mp4" else ())
    data = bytearray(path.read_bytes())
    DAMAGE[damage](data)
    path.write_bytes(data)
    clips = [{"in": start, "out": start + 1000} for start in (0, 4500, 8500)]
    made = 0
    for clip in clips:
        out = tmp_path / "out" / str(clip["in"])
        try:
            prepare(SelectionOrder(path, parse_selection({"family": "K-104", "clip": [clip]}), preset(), FFMPEG), out)
        except PipelineError as refused:
            assert "\n" not in refused.for_guider  # noqa: PT017  either end is right
            assert not out.exists()
        else:
            made += 1
    assert made or damage != "cut off"


def test_a_lying_header_does_not_move_the_end(tmp_path: Path) -> None:
    path = numbered_film(tmp_path / "film.mp4", frames=90, sound=None)
    data = bytearray(path.read_bytes())
    for box, at in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):  # durations of version 0, ISO 14496-12
        start = data.index(box) + at
        data[start : start + 4] = (0x0FFFFFFF).to_bytes(4, "big")
    path.write_bytes(data)
    assert probe(path).duration_ms == pytest.approx(3000, abs=40)


def test_a_full_disk_is_told_and_nothing_is_left(film: Path, moments: Path, tmp_path: Path) -> None:
    """Disk full is played by a limit on the size of any file this process may write."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000));"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "from cli import main; main(sys.argv[1:])"
    )
    argv = [sys.executable, "-c", code, "prepare", film, "--moments", moments, "--out", tmp_path / "out"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_told(vigpack_here: Command, film: Path, moments: Path, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("in the way")
    done = vigpack_here("prepare", film, "--moments", moments, "--out", tmp_path / "a-file" / "out")
    assert_refused(done, "The results cannot be written to this folder. Choose another one.")


def test_memory_stays_small_whatever_the_films_size(moments: Path, tmp_path: Path) -> None:
    """Measured on the process itself, ffmpeg not counted; the film is 600 MB of pictures that do not compress."""
    path = tmp_path / "big.mkv"
    noise = "testsrc2=size=1920x1080:rate=25:duration=8"
    run("-f", "lavfi", "-i", noise, "-c:v", "rawvideo", "-pix_fmt", "yuv420p", str(path))
    assert path.stat().st_size > 600_000_000
    argv = [sys.executable, "-m", "cli", "prepare", path, "--moments", moments, "--out", tmp_path / "out"]
    process = psutil.Popen([str(word) for word in argv])
    most = 0
    while process.poll() is None:
        try:
            most = max(most, process.memory_info().rss)
            process.wait(0.02)
        except (psutil.TimeoutExpired, psutil.NoSuchProcess):
            pass
    path.unlink()
    assert process.returncode == 0
    assert 30_000_000 < most < 300_000_000
