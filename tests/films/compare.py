"""One film opened and cut by the page and by the service, held against what is right of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Error

from pipeline.cut.clips import cut_clip
from pipeline.cut.frame_rate import LATE_SLOTS
from pipeline.cut.stills import grab_still
from pipeline.errors import MomentOutsideFilm, PipelineError
from pipeline.moments import Clip, parse_selection
from pipeline.presets import preset
from pipeline.run.orders import SelectionOrder
from pipeline.run.prepare import prepare
from pipeline.source.claims import Claims, check_moment
from pipeline.source.film import Film, probe
from pipeline.source.remux import make_seekable
from tests.films.colours import colours_differ
from tests.films.truth import LUMA, RATE, Grey, Truth, decode_all, luma, sound_between, upright
from tests.footage import FFMPEG, RUNNER, read_number
from tests.web.engine import CutFile, Engine, grey_of

_SHARES = (0.0, 0.37, 0.8, 1.0)
_PLAYER_NEAR_MS = 2
"""Times are rounded down to a millisecond, and a join to a player's own ticks: as near as the desk asks for."""
Span = tuple[int, int]
"""The first picture of a moment, and the first after it."""


@dataclass
class Verdict:
    """What came of one film."""

    name: str
    told: list[str] = field(default_factory=list)
    """Why it is not cut, or not in each way: sentences that a guider reads."""
    wrong: list[str] = field(default_factory=list)
    """What somebody would have been given without a word."""

    def tell(self, who: str, sentence: str) -> None:
        line = f"{who}: {sentence}"
        if line not in self.told:
            self.told.append(line)

    def blame(self, who: str, what: str | None) -> None:
        if what is not None:
            self.wrong.append(f"{who}: {what}")

    def __str__(self) -> str:
        if self.wrong:
            return f"{self.name}: DISAGREES. {'; '.join([*self.wrong, *self.told])}"
        return f"{self.name}: {'; '.join(['agree', *self.told])}"


@dataclass
class Comparison:
    """A film, where it is looked at, and by what it is judged."""

    engine: Engine
    path: Path
    truth: Truth
    scratch: Path
    spans: Sequence[Span]
    """Which moments are cut as filmed."""
    lighter: Sequence[Span]
    by_service: Sequence[Span]
    """Which are cut by the service from the film."""
    from_cuts: Sequence[Span]
    """Of which the page's cut is given to the service, as is done when a guider sends it."""
    kept: frozenset[int] | None = None
    """The numbers of the pictures that the film may show; none other may leave the laptop. None: not known."""
    has_colours: bool = True
    """Whether a plain decoder finds the film's first picture, so that its colours can be compared."""
    verdict: Verdict = field(init=False)

    def __post_init__(self) -> None:
        self.verdict = Verdict(self.path.name)

    def run(self) -> Verdict:
        """What page and service make of it."""
        film = self._service()
        self.engine.choose(self.path)
        seen = self.engine.look(_SHARES)
        page = self._page(seen)
        if film:
            self._service_cuts(film, page and page["times"])
        if page and page["facts"]["canCut"]:
            for span in self.spans:
                self._page_cuts(page, span, "lossless", film)
            for span in self.lighter:
                self._page_cuts(page, span, "light", film)
        return self.verdict

    # What they find

    def _service(self) -> Film | None:
        try:
            film = make_seekable(probe(self.path), self.scratch, runner=RUNNER)
        except PipelineError as refused:
            self.verdict.tell("service", refused.for_guider)
            return None
        self._length("service", film.duration_ms)
        self._size("service", film.video.width_px, film.video.height_px)
        return film

    def _page(self, seen: dict[str, Any]) -> dict[str, Any] | None:
        if problem := seen.get("problem"):
            told = problem.get("sentence") or ""
            self.verdict.tell("page", told) if told else self.verdict.blame("page", f"no sentence: {problem}")
            return None
        facts, times = seen["facts"], seen["times"]
        watched = seen["watched"]
        if watched and watched["told"] == "length":
            self.verdict.tell(
                "page", f"the player's length is {watched['lengthS']:.3f} s, so only the whole film is sent"
            )
            return None
        if not facts["canCut"]:
            self.verdict.tell("page", facts["whyWhole"] or "moments cannot be taken out of this kind of film")
        elif not facts["canShow"]:
            self.verdict.tell("page", "its pictures are not shown here")
        if facts["canShow"] or facts["canCut"]:
            self._length("page", facts["durationMs"])
            self._size("page", facts["widthPx"], facts["heightPx"])
            self.verdict.blame("page", self._times_differ(times))
        if len(times) != len(self.truth.times):
            return None
        for shown in seen["shown"]:
            grey = grey_of(shown)
            self.verdict.blame(f"page shows at {times[shown['index']]} ms", self.truth.differs(shown["index"], grey))
        if watched:
            self._watched(watched, times)
        return seen

    def _watched(self, watched: dict[str, Any], times: Sequence[int]) -> None:
        """What the player shows on the desk, unless the page has noticed that it reads the film otherwise."""
        if watched["told"]:
            self.verdict.tell("page", "its pictures are shown one by one, as the player shows it otherwise")
        for shown in watched["shown"]:
            wanted = times[shown["index"]]
            who = f"the player, sought at {wanted} ms,"
            self.verdict.blame(who, self.truth.differs(shown["index"], grey_of(shown)))
            if abs(shown["atMs"] - wanted) > _PLAYER_NEAR_MS:
                self.verdict.blame(who, f"shows a picture of {shown['atMs']} ms")

    def _length(self, who: str, found_ms: int) -> None:
        right_ms = float(self.truth.end * 1000)
        if abs(found_ms - right_ms) > self._near_ms():
            self.verdict.blame(who, f"{found_ms} ms long instead of {right_ms:.0f}")

    def _near_ms(self) -> float:
        """Half a picture, or more where they do not stand equally long: how long the last one stands is not certain."""
        usual = float(self.truth.end / max(1, len(self.truth.times))) * 1000
        return max(2.0, usual * (0.6 if self.truth.steady() and not self.truth.cut_off else 1.5))

    def _size(self, who: str, width: int, height: int) -> None:
        right = self.truth.sizes[0]
        if max(abs(width - right[0]), abs(height - right[1])) > 1:
            self.verdict.blame(who, f"{width}×{height} instead of {right[0]}×{right[1]}")

    def _times_differ(self, times: Sequence[int]) -> str | None:
        right = [int(one * 1000) for one in self.truth.times]
        if len(times) != len(right):
            return f"{len(times)} pictures instead of {len(right)}"
        wrong = next((n for n in range(len(times)) if abs(times[n] - right[n]) > 1), None)
        return None if wrong is None else f"picture {wrong} at {times[wrong]} ms instead of {right[wrong]}"

    def _bounds(self, film: Film, times: Sequence[int] | None, span: Span) -> tuple[int, int]:
        """A moment in ms, as a guider marks it who steps from picture to picture; without a page, between pictures."""
        first, after = span
        if times:
            return times[first], times[after] if after < len(times) else film.duration_ms
        right = [float(one * 1000) for one in self.truth.times]
        in_ms = (right[first] + right[first - 1]) / 2 if first else 0
        return int(in_ms), int((right[after] + right[after - 1]) / 2) if after < len(right) else film.duration_ms

    def _still_ms(self, times: Sequence[int] | None, index: int) -> int:
        """When a picture is certainly on the screen."""
        return times[index] if times else int(self.truth.times[index] * 1000) + 2 * (index > 0)

    # What they cut

    def _service_cuts(self, film: Film, times: Sequence[int] | None) -> None:
        """A pack of the moments, and a still where each begins."""
        moments = {span: self._bounds(film, times, span) for span in self.by_service}
        asked: dict[str, Any] = {
            "clip": [{"in": in_ms, "out": out_ms} for in_ms, out_ms in moments.values()],
            "still": [{"at": self._still_ms(times, span[0]), "exact": True} for span in moments],
        }
        out = self.scratch / "prepared"
        try:
            prepare(
                SelectionOrder(
                    self.path, parse_selection({"family": "K-104", **asked}), preset(), FFMPEG, kinds=("review_pack",)
                ),
                out,
            )
        except PipelineError as refused:
            self._refused("service", refused)
            return
        for number, (span, (in_ms, out_ms)) in enumerate(moments.items(), 1):
            clip = out / f"review-pack/clips/{number:02}.mp4"
            self._check_clip(f"service's clip {in_ms}–{out_ms}", clip, span, film)
            pixels = cv2.imread(str(out / f"review-pack/stills/{number:02}.jpg"))
            who = f"service's still {self._still_ms(times, span[0])}"
            if not film.video.hdr:
                self.verdict.blame(who, self.truth.differs(span[0], _grey(pixels)))
                self._check_colours(who, span, pixels)

    def _refused(self, who: str, refused: PipelineError) -> None:
        """A moment that was found in the film must not be told to lie outside of it."""
        wrong = isinstance(refused, MomentOutsideFilm)
        (self.verdict.blame if wrong else self.verdict.tell)(who, refused.for_guider)

    def _check_clip(self, who: str, clip: Path, span: Span, film: Film) -> None:
        """A finished clip, whose pictures follow one another at one rate."""
        with av.open(str(clip)) as container:
            fps = float(container.streams.video[0].average_rate or 25)
            size = container.streams.video[0].width, container.streams.video[0].height
        first, after = span
        times = self.truth.times
        begins, ends = times[first], times[after] if after < len(times) else self.truth.end
        pictures = [luma(frame) for frame in _decode(clip)]
        length_ms, right_ms = 1000 * len(pictures) / fps, float(ends - begins) * 1000
        if abs(length_ms - right_ms) > 1000 / fps + self._near_ms() + 1:
            self.verdict.blame(who, f"{length_ms:.0f} ms long instead of {right_ms:.0f}")
        wrong = None
        turns = len(set(self.truth.sizes[first:after])) > 1  # where the shape changes inside, pictures have bars
        for number, picture in enumerate(() if film.video.hdr or turns else pictures):
            near = {0: [first], len(pictures) - 1: [after - 1]}.get(number)
            if near is None:
                at = self.truth.on_screen(float(begins) + number / fps)
                latest = self.truth.on_screen(float(begins + LATE_SLOTS / Fraction(fps)) + number / fps)
                near = [n for n in range(at - 1, max(at, latest) + 2) if first <= n < after]
            found = [self.truth.differs(index, picture) for index in near]
            if all(found):
                wrong = wrong or f"its picture {number}: {found[0]}"
        self.verdict.blame(who, wrong)
        width, height = size
        shown = self.truth.sizes[first]
        if not turns and abs(width / height / (shown[0] / shown[1]) - 1) > 2.5 / min(width, height):
            self.verdict.blame(who, f"it is {width}×{height}, the film {shown[0]}×{shown[1]}")
        self._check_sound(who, clip, Fraction(0), 0, float(begins), float(ends))

    def _check_sound(self, who: str, path: Path, zero: Fraction, in_ms: float, begins: float, ends: float) -> None:
        """The sound of a file whose moment begins ``in_ms`` after ``zero``."""
        with av.open(str(path)) as container:
            has_sound = bool(container.streams.audio)
        if not has_sound:
            if self.truth.has_sound and ends - begins > 0.3:
                silence = np.zeros(round((ends - begins) * RATE), np.float32)
                self.verdict.blame(who, self.truth.sound_differs(silence, begins, ends) and "it has no sound")
            return
        heard = sound_between(path, None, zero, in_ms / 1000, in_ms / 1000 + ends - begins)
        self.verdict.blame(who, self.truth.sound_differs(heard, begins, ends))

    def _page_cuts(self, page: dict[str, Any], span: Span, mode: str, film: Film | None) -> None:
        times, facts = page["times"], page["facts"]
        if mode == "light" and not facts["canCutLight"]:
            self.verdict.tell("page", "it is not offered lighter")
            return
        first, after = span
        out_ms = times[after] if after < len(times) else facts["durationMs"]
        who = f"page's cut {times[first]}–{out_ms}, {'lighter' if mode == 'light' else 'as filmed'}"
        try:
            made = self.engine.cut({"in": times[first], "out": out_ms}, mode)
        except Error as error:
            code = str(error.message).partition("FilmProblem ")[2].partition(":")[0]
            told = code not in {"", "unexpected", "moment_outside_film", "moment_empty"}
            (self.verdict.tell if told else self.verdict.blame)(who, code or str(error.message))
            return
        try:
            self._check_cut(who, made, span, mode, film)
        finally:
            made.path.unlink()

    def _check_cut(self, who: str, made: CutFile, span: Span, mode: str, film: Film | None) -> None:
        first, after = span
        found = probe(made.path)
        turn = found.video.orientation
        shown: dict[Fraction, Grey] = {}
        zero = None
        for frame in _decode(made.path):
            at = frame.pts * frame.time_base
            zero = at if zero is None else zero
            if made.cut["in"] <= int((at - zero) * 1000) < made.cut["out"]:  # of several at one time the last is seen
                shown[at] = upright(luma(frame), turn.rotate_cw_deg, mirrored=turn.mirrored)
        if len(shown) != after - first:
            self.verdict.blame(who, f"{len(shown)} pictures instead of {after - first}")
        turns = mode == "light" and len(set(self.truth.sizes[first:after])) > 1
        pairs = () if turns else zip(range(first, after), shown.values(), strict=False)
        self.verdict.blame(who, next(filter(None, (self.truth.differs(*pair) for pair in pairs)), None))
        self._check_hidden(who, made.path)
        times = self.truth.times
        ends = times[after] if after < len(times) else self.truth.end
        self._check_sound(who, made.path, zero or Fraction(0), made.cut["in"], float(times[first]), float(ends))
        clip = Clip(in_ms=made.cut["in"], out_ms=made.cut["out"])
        try:
            check_moment(found, clip, Claims(pictures=made.claims["pictures"]))
            if span in self.from_cuts:
                finished = cut_clip(found, clip, preset(), self.scratch / "sent.mp4", runner=RUNNER)
                self._check_clip(f"service's clip of the {who}", finished.path, span, found)
            if first == 0 and film and not film.video.hdr:
                still = grab_still(found, made.cut["in"], runner=RUNNER).pixels
                self._check_colours(f"still of the {who}", span, still, near=12 if mode == "light" else 6)
        except PipelineError as refused:
            self._refused(f"service on the {who}", refused)

    def _check_colours(self, who: str, span: Span, still: NDArray[np.uint8], near: int = 6) -> None:
        if span[0] == 0 and self.has_colours:
            self.verdict.blame(who, colours_differ(self.path, still, near))

    def _check_hidden(self, who: str, path: Path) -> None:
        """No picture that was cut out of the film is stored in a cut."""
        if self.kept is None:
            return
        turn = probe(path).video.orientation
        for frame in _decode(path, ignore_editlist="1"):
            try:
                number = read_number(upright(luma(frame), turn.rotate_cw_deg, mirrored=turn.mirrored))
            except ValueError:  # it leans on one that is not there
                continue
            if number not in self.kept:
                self.verdict.blame(who, f"it holds picture {number}, which was cut out of the film")
                return


def _decode(path: Path, **options: str) -> Iterator[Any]:
    with av.open(str(path), options=options) as container:
        yield from decode_all(container, container.streams.video[0])


def _grey(pixels: Any) -> Grey:
    """A BGR still's brightness."""
    return (pixels[:, :, ::-1] @ LUMA).astype(np.uint8)
