"""The strip: the very frames of the clip, in order, on paper and as a picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from pipeline.errors import PipelineError
from tests.pipeline.outputs.prepared_by_hand import drawn_clip, drawn_still, prepared_from
from tests.pipeline.outputs.printed_pages import alternatives, made, numbers_on, said, text_of


def test_frames_are_spread_from_the_first_to_the_last_of_every_clip(tmp_path: Path) -> None:
    lying = drawn_clip(tmp_path / "a.mp4", frames=31, caption="Ella looks up.")
    standing = drawn_clip(tmp_path / "b.mp4", frames=31, width=240, height=320)
    paths = made("strip", prepared_from(lying, standing, drawn_still(tmp_path / "c.jpg")), tmp_path / "out")
    assert [path.name for path in paths] == ["strip.pdf", "strip-01.jpg", "strip-02.jpg"]
    assert numbers_on(paths[0]) == [0, 10, 20, 30] * 2
    assert alternatives(paths[0])[:4] == [f"{n}/4 Ella looks up." for n in (1, 2, 3, 4)]
    pictures = [cv2.imread(str(path)) for path in paths[1:]]
    assert [min(picture.shape[:2]) for picture in pictures if picture is not None] == [1081, 1081]


def test_frames_at_given_times_are_those_on_screen_then(tmp_path: Path) -> None:
    clip = drawn_clip(tmp_path / "a.mp4", frames=60, caption="They play.")
    [path, _] = made(
        "strip", prepared_from(clip), tmp_path / "out", clip=1, times=["0", "0.999", "0:01.5"],
        words="We play", frame_words=["Ella looks.", "Mum waits.", "Both laugh."],
    )  # fmt: skip
    assert numbers_on(path) == [0, 29, 45]
    assert text_of(path).split() == ["Ella", "looks.", "Mum", "waits.", "Both", "laugh.", "We", "play"]


def test_a_time_after_the_clip_is_told_beforehand_and_refused(tmp_path: Path) -> None:
    prepared = prepared_from(drawn_clip(tmp_path / "a.mp4", frames=30))
    late = {"clip": 1, "times": ["0", "1", "2.5"]}
    assert "2.5 lies after the end of clip 1, so the strip cannot be made." in said("strip", prepared, **late)
    with pytest.raises(PipelineError) as told:
        made("strip", prepared, tmp_path / "out", **late)
    assert "lies outside the film" in told.value.for_guider
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"clip": 1, "times": ["1", "x", "2"]}, "Strip: “times” 2 has a time that cannot be read; write seconds"),
        ({"clip": 1, "times": ["1", "nan", "2"]}, "Strip: “times” 2 has a time that cannot be read"),
        ({"clip": 1, "times": ["1", "2"]}, "Strip: Choose three or four times."),
        ({"words": "Us"}, "Strip: Say which clip it is"),
    ],
)
def test_choices_that_cannot_be_understood_are_told(tmp_path: Path, chosen: dict[str, object], sentence: str) -> None:
    with pytest.raises(PipelineError) as told:
        said("strip", prepared_from(drawn_still(tmp_path / "a.jpg")), **chosen)
    assert told.value.for_guider.startswith(sentence)


def test_without_clips_there_is_no_strip(tmp_path: Path) -> None:
    prepared = prepared_from(drawn_still(tmp_path / "a.jpg"))
    assert made("strip", prepared, tmp_path / "out") == []
    assert said("strip", prepared) == ["No clip is chosen, so there is no strip."]
    clip = prepared_from(drawn_clip(tmp_path / "a.mp4", frames=5))
    assert said("strip", clip, clip=3) == ["There is no clip 3, so there is no strip."]
