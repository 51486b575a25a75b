"""A film drawn as its spec says, and what is right of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.films.codings import BEEP, BEEP_EVERY_S, ENCODERS, SECONDS, SILENCE, SOUNDS, STATED, TURNS, WRITTEN
from tests.films.spec import Spec
from tests.films.truth import RATE, Drawn, decode_all, luma, sound_between, upright
from tests.footage import numbered_film, read_number, run
from tests.mp4_boxes import Mp4

Pieces = list[tuple[float, float] | tuple[float, float, float]]
_PACED = {"a dwell", "double speed"}


@dataclass(frozen=True)
class Film:
    """A drawn film; ``kept``: of one that was shortened, the numbers of the pictures that may be seen."""

    path: Path
    truth: Drawn
    kept: frozenset[int] | None


def draw(spec: Spec, folder: Path) -> Film:
    """The film of a spec, and what is right of it."""
    return _Drawing(spec, folder).film()


class _Drawing:
    def __init__(self, spec: Spec, folder: Path) -> None:
        self.spec = spec
        self.folder = folder
        self.rate = Fraction(spec.rate)
        self.count = round(SECONDS * self.rate)
        self.suffix = "." + spec.container.rpartition(".")[2]
        self.written = WRITTEN.get(spec.container, ())
        self.change = spec.change
        self.steps = 0

    def film(self) -> Film:
        path = self._base("base", 0)
        numbers, times = self._shown()
        end = times[-1] + 1 / self.rate
        beeps = [n * BEEP_EVERY_S for n in range(int(SECONDS / BEEP_EVERY_S))] if self.spec.sound != "none" else []
        rounds = self.spec.sound in {"mp3", "ac3", "mp2", "vorbis"}  # which have a run-up that no container tells of
        truth = Drawn(
            times, end, [self._size()] * len(times), bool(beeps), numbers, beeps, near_s=0.035 if rounds else 0.008
        )
        if self.spec.container == "avi":  # has a place for a picture at each step, and may begin with an empty one
            truth = self._observed(path, truth)
        made = self._changed(path, truth)
        final = self.folder / self.spec.name
        if self.spec.edits == "none":
            made.path.rename(final)
            return replace(made, path=final)
        return self._edited(made.path, made.truth, final)

    # Drawing

    def _base(self, name: str, first: int) -> Path:
        spec, first_suffix = self.spec, {"out of Matroska": ".mkv", "out of MP4": ".mp4"}.get(self.change, self.suffix)
        path = self.folder / f"{name}{first_suffix}"
        codec = [
            *ENCODERS[spec.picture],
            *(("-tag:v", "hvc1") if "hevc" in spec.picture and self.suffix == ".mp4" else ()),
        ]
        if spec.picture.startswith(("h264", "hevc", "vp9")):
            codec += STATED.get(spec.colours, ())
        if spec.picture not in {"mjpeg", "prores", "ffv1"}:
            codec += ["-g", str(spec.group)]
        if spec.uneven != "none":
            codec += ["-enc_time_base", "1:90000"]
            codec += ["-video_track_timescale", "90000"] if self.suffix in {".mp4", ".mov"} else []
        if "intra refresh" in spec.picture:
            codec[codec.index("-g") + 1] = "15"
        quiet = ("-x265-params", f"keyint={spec.group}:log-level=error") if spec.picture == "hevc" else ()
        width, height = spec.size
        tint = f"lutyuv=u={spec.tint[0]}:v={spec.tint[1]}"
        full = ["scale=out_range=full"] if spec.colours == "bt709 full" and spec.picture.startswith("h264") else []
        pixels = {"mjpeg": "yuvj420p", "prores": "yuv422p10le"}.get(spec.picture, "yuv420p")
        shape = [f"setsar={spec.pixels}"] if spec.pixels != "1/1" else []
        drawn = [*self._timed(), TURNS[spec.turned], *full, "format=yuv420p", tint, *shape]
        written = self.written if first_suffix == self.suffix else ()
        numbered_film(
            path,
            frames=self.count,
            fps=spec.rate,
            width=width,
            height=height,
            codec=[*codec, *quiet],
            pixel_format=pixels,
            filters=",".join(drawn),
            sound=None if spec.sound == "none" else BEEP,
            sound_codec=SOUNDS.get(spec.sound, ()),
            container=["-strict", "-2", *written],
            first=first,
        )
        if spec.turned:
            path = self._copy(path, before=("-display_rotation", str(-spec.turned)), suffix=first_suffix)
        return path

    def _timed(self) -> list[str]:
        ticks = 90000 / self.rate
        half = self.count // 2
        return {
            "none": [],
            "jitter": ["settb=1/90000", f"setpts='N*{ticks}+mod(N*N*7,23)*{int(ticks / 40)}'"],
            "slower from the middle": ["settb=1/90000", f"setpts='N*{ticks}+max(0,N-{half})*{ticks}'"],
            "a pause": ["settb=1/90000", f"select='not(between(n,{half},{half + int(self.rate * 3 / 5)}))'"],
            "left out here and there": ["settb=1/90000", "select='gt(mod(n+3,7),0)'"],
        }[self.spec.uneven]

    def _shown(self) -> tuple[list[int], list[Fraction]]:
        """The numbers, and the times in seconds after the first."""
        half, ticks = self.count // 2, 90000 / self.rate
        numbers = list(range(self.count))
        if self.spec.uneven == "a pause":
            numbers = [n for n in numbers if not half <= n <= half + int(self.rate * 3 / 5)]
        if self.spec.uneven == "left out here and there":
            numbers = [n for n in numbers if (n + 3) % 7]
        if self.spec.uneven == "jitter":
            return numbers, [(n * ticks + n * n * 7 % 23 * int(ticks / 40)) / 90000 for n in numbers]
        if self.spec.uneven == "slower from the middle":
            return numbers, [(n + max(0, n - half)) / self.rate for n in numbers]
        return numbers, [n / self.rate for n in numbers]

    def _size(self) -> tuple[int, int]:
        width, height = self.spec.size if self.spec.turned % 180 == 0 else self.spec.size[::-1]
        aspect = Fraction(self.spec.pixels)
        width, height = (round(width * aspect), height) if aspect >= 1 else (width, round(height / aspect))
        return (width, height) if self.spec.turned % 180 == 0 else (height, width)

    def _copy(
        self,
        path: Path,
        *after: str,
        before: Sequence[str] = (),
        more: Sequence[str] = (),
        suffix: str = "",
    ) -> Path:
        """Copied without encoding; ``more``: further inputs."""
        self.steps += 1
        suffix = suffix or self.suffix
        copy = self.folder / f"step-{self.steps}{suffix}"
        written = self.written if suffix == self.suffix else ()
        run(*before, "-i", str(path), *more, "-c", "copy", *after, "-strict", "-2", *written, str(copy))
        return copy

    # What is done to it afterwards

    def _changed(self, path: Path, truth: Drawn) -> Film:
        plain: dict[str, tuple[str, ...]] = {
            "index first": ("-movflags", "+faststart"),
            "negative offsets": ("-movflags", "+negative_cts_offsets"),
            "no edit list": ("-use_editlist", "0"),
            "odd time scale": ("-video_track_timescale", "12345"),
            "out of Matroska": (),
            "out of MP4": (),
            "a data track": ("-timecode", "01:00:00:00"),
            "ten seconds late": ("-output_ts_offset", "10"),
            "another clock": ("-output_ts_offset", "5000"),
            "many fragments": ("-frag_duration", "300000"),
            "a fragment index": ("-movflags", "frag_keyframe+delay_moov+default_base_moof+global_sidx"),
        }
        if self.change in plain:
            if self.change == "no edit list":
                truth = replace(truth, near_s=0.06)  # and the run-up of its sound is heard
            film = self._copy(path, *plain[self.change])
            if self.spec.container == "fragmented.mp4" and self.change == "no edit list":
                truth = self._observed(film, truth)  # the first picture stands longer: the others keep their time
            return Film(film, truth, None)
        name = "_" + "".join(letter if letter.isalpha() else "_" for letter in self.change)
        step: Callable[[Path, Drawn], Film] = getattr(self, name, lambda path, truth: Film(path, truth, None))
        return step(path, truth)

    def _no_key_list(self, path: Path, truth: Drawn) -> Film:
        film = Mp4(path)
        table = film.tracks[0].one("mdia", "minf", "stbl")
        table.inside = [box for box in table.inside if box.kind != "stss"]
        return Film(film.write(self.folder / f"unlisted{self.suffix}"), truth, None)

    def _last_picture_stands(self, path: Path, truth: Drawn) -> Film:
        film = Mp4(path)
        film.let_last_stand(0, 1.0)
        # Where the last of a rate's pictures ends behind the third second, a begun beep sounds below it.
        stands = replace(truth, end=truth.times[-1] + 1, joins_s=[float(self.count / self.rate)])
        return Film(film.write(self.folder / f"stands{self.suffix}"), stands, None)

    def _garbage_behind(self, path: Path, truth: Drawn) -> Film:
        path.write_bytes(path.read_bytes() + random.Random(self.spec.seed).randbytes(5000))
        return Film(path, truth, None)

    def _second_sound(self, path: Path, truth: Drawn) -> Film:
        codec = SOUNDS.get(self.spec.sound, ())
        maps = ("-map", "0:v", "-map", "0:a", "-map", "1:a")
        return Film(self._copy(path, *maps, *_of("a:1", codec), more=_lavfi(BEEP, SECONDS)), truth, None)

    def _silent_sound_first(self, path: Path, truth: Drawn) -> Film:
        codec = SOUNDS.get(self.spec.sound, ())
        maps = ("-map", "0:v", "-map", "1:a", "-map", "0:a")
        return Film(self._copy(path, *maps, *_of("a:0", codec), more=_lavfi(SILENCE, SECONDS)), truth, None)

    def _a_second_picture(self, path: Path, truth: Drawn) -> Film:
        other = numbered_film(
            self.folder / "other.mp4", frames=self.count, fps=self.spec.rate, width=320, sound=None, first=900
        )
        on = ("-disposition:v:0", "default", "-disposition:v:1", "default" if self.spec.seed % 2 else "0")
        return Film(self._copy(path, "-map", "0", "-map", "1:v", *on, more=("-i", str(other))), truth, None)

    def _subtitles(self, path: Path, truth: Drawn) -> Film:
        words = self.folder / "words.srt"
        words.write_text("1\n00:00:00,500 --> 00:00:02,000\nLook!\n")
        codec = "srt" if self.suffix == ".mkv" else "mov_text"
        return Film(self._copy(path, "-map", "0", "-map", "1", "-c:s", codec, more=("-i", str(words))), truth, None)

    def _a_cover(self, path: Path, truth: Drawn) -> Film:
        cover = self.folder / "cover.jpg"
        run("-f", "lavfi", "-i", "color=red:s=400x300", "-frames:v", "1", str(cover))
        attached = ("-map", "0", "-map", "1", "-disposition:v:1", "attached_pic")
        return Film(self._copy(path, *attached, more=("-i", str(cover))), truth, None)

    def _moved(self, path: Path, truth: Drawn, by_s: float) -> Film:
        if self.suffix in {".ts", ".MTS", ".flv"}:  # whose sound begins with its run-up
            truth = replace(truth, near_s=0.045)
        film = self._copy(path, "-map", "0:v", "-map", "1:a", more=("-itsoffset", str(by_s), "-i", str(path)))
        moved = [beep + by_s for beep in truth.beeps_s]
        return Film(film, replace(truth, beeps_s=moved, joins_s=[SECONDS + by_s]), None)  # where a beep has begun

    def _sound_late(self, path: Path, truth: Drawn) -> Film:
        return self._moved(path, truth, 0.3)

    def _sound_early(self, path: Path, truth: Drawn) -> Film:
        return self._moved(path, truth, -0.3)

    def _sound_shorter(self, path: Path, truth: Drawn) -> Film:
        film = self._copy(path, "-map", "0:v", "-map", "1:a", more=("-t", "1.7", "-i", str(path)))
        return Film(film, replace(truth, beeps_s=[beep for beep in truth.beeps_s if beep < 1.6]), None)

    def _sound_longer(self, path: Path, truth: Drawn) -> Film:
        codec = SOUNDS.get(self.spec.sound, ())
        longer_s = SECONDS + 2
        film = self._copy(path, "-map", "0:v", "-map", "1:a", *codec, more=_lavfi(BEEP, longer_s))
        beeps = [n * BEEP_EVERY_S for n in range(int(longer_s / BEEP_EVERY_S))]
        end = truth.end
        if self.suffix in {".mkv", ".webm"} and longer_s - end > 0.5:  # which do not say how long a picture stands
            end = Fraction(longer_s)
        return Film(film, replace(truth, beeps_s=beeps, end=end), None)

    def _trimmed_by_copying(self, path: Path, truth: Drawn) -> Film:
        film = self._copy(path, before=("-ss", "1.1"))
        return Film(film, self._observed(film, truth), None)

    def _joined_by_copying(self, path: Path, truth: Drawn) -> Film:
        second = self._base("second", 500)
        (self.folder / "parts.txt").write_text(f"file '{path}'\nfile '{second}'\n")
        film = self._copy(self.folder / "parts.txt", before=("-f", "concat", "-safe", "0"))
        return Film(film, self._observed(film, truth), None)

    def _joined_by_bytes(self, path: Path, truth: Drawn) -> Film:
        second = self._base("second", 500)
        film = self.folder / f"joined{self.suffix}"
        film.write_bytes(path.read_bytes() + second.read_bytes())
        return Film(film, replace(self._observed(film, truth), has_sound=False, sound_known=False), None)

    def _begun_late(self, path: Path, truth: Drawn) -> Film:
        packet = 192 if self.suffix == ".MTS" else 188
        film, stored = self.folder / f"late{self.suffix}", path.read_bytes()
        film.write_bytes(stored[len(stored) // 3 // packet * packet :])
        return Film(film, self._observed(film, truth), None)

    def _observed(self, path: Path, truth: Drawn) -> Drawn:
        """The numbers, times and beeps of a film as a plain decoder gives them, where they depend on other tools."""
        seen: dict[Fraction, int] = {}
        later = last = stands = Fraction(0)
        with av.open(str(path)) as container:
            for frame in decode_all(container, container.streams.video[0]):
                at = frame.pts * frame.time_base + later
                if seen and at < last - Fraction(1, 2):
                    later += last + stands - at
                    at = last + stands
                last, stands = at, Fraction(frame.duration or 0) * frame.time_base
                seen[at] = read_number(upright(luma(frame), self.spec.turned))
        zero = min(seen)
        times = [at - zero for at in sorted(seen)]
        end = times[-1] + (stands or 1 / self.rate)
        beeps: list[float] = []
        if truth.has_sound:
            heard = np.abs(sound_between(path, None, zero, 0, float(end))) > 0.1
            at = np.flatnonzero(heard)
            beeps = list(map(float, at[np.diff(at, prepend=-RATE) > RATE // 8] / RATE))
        numbers = [seen[at] for at in sorted(seen)]
        return replace(
            truth,
            times=times,
            end=end,
            sizes=truth.sizes[:1] * len(times),
            numbers=numbers,
            beeps_s=beeps,
            near_s=0.035,
        )

    # Edit lists

    def _pieces(self) -> tuple[Pieces, tuple[int, ...]]:
        frame, end = float(1 / self.rate), float(self.count / self.rate)
        found: dict[str, tuple[Pieces, tuple[int, ...]]] = {
            "one piece": ([(17 * frame, 1.4)], ()),
            "one piece between pictures": ([(0.7 + frame * 0.4, 1.513)], ()),
            "after a wait": ([(-1, 0.5), (9 * frame, 1.8)], ()),
            "two pieces": ([(0.0, 0.9), (1.7, 1.2)], ()),
            "three pieces in disorder": ([(2.03, 0.7), (0.41, 0.8), (1.3, 0.5)], ()),
            "the picture's alone": ([(8 * frame, 2.0)], (0,)),
            "longer than the film": ([(0.0, end + 2)], ()),
            "a dwell": ([(0.0, 1.0), (1.2, 0.8, 0.0), (1.2, 1.5)], ()),
            "double speed": ([(0.0, 1.0, 2.0)], ()),
            "the sound waits": ([(-1, 0.4), (0.0, end)], (1,)),
            "of no length first": ([(1.0, 0.0), (0.4, 2.0)], ()),
        }
        return found[self.spec.edits]

    def _edited(self, path: Path, truth: Drawn, final: Path) -> Film:
        pieces, tracks = self._pieces()
        if tracks == (1,) and self.spec.sound == "none":
            pieces, tracks = [(0.5, 2.0)], ()
        film = Mp4(path)
        media = range(1 + ("sound" in self.change) + bool(truth.beeps_s))
        film.set_edits(pieces, *(tracks or media))
        film.write(final)
        waits = pieces[0][1] if tracks == (1,) else 0.0
        if waits:
            beeps = [beep + waits for beep in truth.beeps_s]
            return Film(final, replace(truth, beeps_s=beeps, joins_s=[waits]), None)
        shown = list(_placed(truth, pieces))
        zero = shown[0][0]
        times, numbers = [Fraction(at - zero) for at, _ in shown], [number for _, number in shown]
        whole = sum(length for _, length, *_ in pieces) - zero
        stands = 1 / self.rate  # the last picture is shown to its end, unless it stands much longer
        end = times[-1] + stands
        if whole - end > stands and self.spec.edits != "longer than the film":
            end = Fraction(whole)
        beeps = truth.beeps_s if tracks == (0,) else [at for at, _ in _heard(truth.beeps_s, pieces)]
        edited = replace(
            truth,
            times=times,
            end=end,
            sizes=truth.sizes[:1] * len(times),
            numbers=numbers,
            beeps_s=[beep - zero for beep in beeps],
            near_s=0.045 if "between" in self.spec.edits or "three" in self.spec.edits else truth.near_s,
            joins_s=[sum(length for _, length, *_ in pieces[:n]) - zero for n in range(1, len(pieces))],
            sound_known=self.spec.edits not in _PACED,
            cut_off=True,
        )
        return Film(final, edited, frozenset(numbers))


def _placed(truth: Drawn, pieces: Pieces) -> list[tuple[float, int]]:
    """When which picture is first shown, on the movie's clock."""
    shown: list[tuple[float, int]] = []
    begins = 0.0
    for media, length, *speed in pieces:
        rate = speed[0] if speed else 1.0
        if media >= 0 and rate == 0:
            shown.append((begins, truth.numbers[truth.on_screen(media + 1e-6)]))
        elif media >= 0:
            inside = [
                (at, n)
                for at, n in zip(truth.times, truth.numbers, strict=True)
                if -1e-6 <= at - media < length * rate - 1e-6
            ]
            shown += [(begins + float(at - Fraction(media)) / rate, n) for at, n in inside]
        begins += length
    return shown


def _heard(beeps_s: Sequence[float], pieces: Pieces) -> list[tuple[float, float]]:
    heard, begins = [], 0.0
    for media, length, *_ in pieces:
        if media >= 0:
            heard += [(begins + beep - media, beep) for beep in beeps_s if media - 0.02 <= beep < media + length]
        begins += length
    return heard


def _lavfi(source: str, seconds: float) -> tuple[str, ...]:
    return ("-f", "lavfi", "-t", str(seconds), "-i", source)


def _of(stream: str, codec: Sequence[str]) -> list[str]:
    """Options for one stream of the output."""
    return [f"{word.partition(':')[0]}:{stream}" if word.startswith("-") else word for word in codec]
