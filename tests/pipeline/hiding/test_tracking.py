"""Following a person between the boxes that were drawn: they are covered on every picture, and little else is."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.hiding.tracking import LOST, propose
from pipeline.marks import Box, Covers, Mark, Picture
from tests.figures import FIGURE, HEIGHT, WIDTH, Way, draw_pictures, mark, walk

MEDIA = Path(__file__).parents[4] / "shared" / "media"


def follow(way: Way, drawn: list[int], fps: int = 15, hide_behind: int | None = None) -> list[Picture]:
    count = 61
    shown = [np.asarray(one[:, :, ::-1], np.uint8) for one in draw_pictures(way, count, hide_behind)]
    return propose(lambda n: shown[n], count, Fraction(fps), {n: mark(way, n) for n in drawn})


def missed(way: Way, found: list[Picture]) -> list[int]:
    """The pictures on which some of the figure is not covered."""
    return [n for n, one in enumerate(found) if (place := way(n)) and _share_covered(one, _figure(place)) < 1]


def _figure(place: tuple[float, float]) -> Box:
    left, top = place
    return Box.from_edges(left / WIDTH, top / HEIGHT, (left + FIGURE[0]) / WIDTH, (top + FIGURE[1]) / HEIGHT)


def _share_covered(picture: Picture, person: Box) -> float:
    if picture.box is None:
        return float(picture.covers is Covers.WHOLE)
    box = picture.box
    across = min(person.x + person.width, box.x + box.width) - max(person.x, box.x)
    down = min(person.y + person.height, box.y + box.height) - max(person.y, box.y)
    return max(0.0, across) * max(0.0, down) / (person.width * person.height)


def whole(found: list[Picture]) -> int:
    return sum(one.covers is Covers.WHOLE for one in found)


def test_one_box_is_enough_for_somebody_who_stands_still() -> None:
    def still(number: int) -> tuple[float, float]:
        return 140 + number % 3, 90

    found = follow(still, [0])
    assert missed(still, found) == []
    assert whole(found) == 0


def test_who_walks_behind_a_pillar_between_two_boxes_is_covered_by_a_wider_region() -> None:
    found = follow(walk, [0, 60], fps=25, hide_behind=140)
    assert missed(walk, found) == []
    assert whole(found) <= len(found) / 10
    behind = [n for n in range(61) if 140 <= walk(n)[0] <= 160]  # type: ignore[index]
    assert all(found[n].doubt == LOST for n in behind)
    seen, hidden = found[5].box, found[behind[1]].box
    assert seen is not None
    assert hidden is not None
    assert hidden.width * hidden.height > seen.width * seen.height


def test_where_nothing_is_known_all_of_the_picture_is_covered() -> None:
    def away(number: int) -> tuple[float, float] | None:
        return walk(number) if number < 15 or number > 55 else None

    found = follow(away, [0, 60])
    assert missed(away, found) == []
    assert all(one.covers is Covers.WHOLE and one.doubt for one in found[18:53])
    assert found[10].covers is found[58].covers is Covers.BOX


def truth(*percent: float) -> Box:
    left, top, right, bottom = (one / 100 for one in percent)
    return Box.from_edges(left, top, right, bottom)


SIGNER = {
    0: truth(27.5, 14, 63, 100), 24: truth(24, 13.5, 66, 100), 36: truth(26, 14, 66, 100), 48: truth(25, 15, 66.5, 100),
    72: truth(26, 15, 66.5, 100), 86: truth(26, 15, 69, 100),
}  # fmt: skip
POLICEMAN = {
    0: truth(20, 9, 35, 95), 16: truth(20, 9, 35, 95), 24: truth(20, 12, 34, 94), 32: truth(19.5, 12, 31, 93),
    44: truth(19.5, 11, 29, 94), 80: truth(20, 11, 28.5, 94), 110: truth(20, 11, 33.5, 94),
    140: truth(17.5, 10, 33.5, 94), 165: truth(19, 11, 33, 93), 195: truth(22, 10, 37, 95),
    210: truth(22, 11, 37, 96), 240: truth(20, 11, 35, 95),
}  # fmt: skip
TRAMP = {
    44: truth(36, 10, 52, 100), 60: truth(46, 12, 62, 100), 80: truth(48, 11, 65, 97), 100: truth(43.5, 5, 63.5, 100),
    120: truth(49, 2, 71, 100), 140: truth(52, 2, 71.5, 100), 165: truth(50.5, 5, 74, 100), 195: truth(46, 3, 68, 100),
    210: truth(48.5, 3, 69.5, 100), 240: truth(51, 3, 70.5, 100),
}  # fmt: skip
COMES_IN = {
    508: truth(34, 31, 64, 100), 510: truth(38, 24, 65.5, 100), 512: truth(42, 15, 66, 100),
    514: truth(45.5, 8, 69, 100), 516: truth(49, 6, 70, 100), 518: truth(51, 3, 71.5, 100),
    522: truth(51.5, 0, 73, 89), 530: truth(51.5, 0, 72, 89), 560: truth(51, 0, 72, 90),
}  # fmt: skip


@pytest.mark.skipif(not MEDIA.is_dir(), reason="the real films are not here")
@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("face_asl_sister_noaudio.mkv", SIGNER),
        ("people_chaplin_single_keyframe_mp3.mp4", POLICEMAN),
        ("people_chaplin_single_keyframe_mp3.mp4", TRAMP),
        ("people_one_by_one_139s_10fps_noaudio.mp4", COMES_IN),
    ],
    ids=["signing", "somebody runs past and hides them", "walks, turns and comes nearer", "comes into the picture"],
)
def test_with_two_boxes_a_real_person_is_followed_and_few_pictures_are_covered_whole(
    name: str, person: dict[int, Box]
) -> None:
    begin, end = min(person), max(person)
    shown, fps = _pictures(MEDIA / name, begin, end)
    marks = {n - begin: Mark(at_ms=0, covers=Covers.BOX, box=person[n]) for n in (begin, end)}
    found = propose(lambda n: shown[n], len(shown), fps, marks)
    assert whole(found) <= len(found) / 10
    assert [n for n, box in person.items() if _share_covered(found[n - begin], box) < 0.99] == []


def _pictures(path: Path, begin: int, end: int) -> tuple[list[NDArray[np.uint8]], Fraction]:
    shown = []
    with av.open(str(path)) as container:
        rate = container.streams.video[0].average_rate
        for number, frame in enumerate(container.decode(video=0)):
            if begin <= number <= end:
                size = frame.reformat(width=480, height=2 * round(240 * frame.height / frame.width))
                shown.append(np.asarray(size.to_ndarray(format="bgr24"), np.uint8))
            if number == end:
                break
    assert rate is not None
    return shown, Fraction(rate)
