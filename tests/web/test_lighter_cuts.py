"""Lighter cuts look as the film does, have the bits that were asked for, and are what the service hands out."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.cut.clips import cut_clip
from pipeline.cut.stills import grab_still
from pipeline.moments import Clip
from pipeline.presets import preset
from pipeline.source.film import probe
from tests.footage import RUNNER, run
from tests.web.engine import Engine

TOGETHER = "engine"

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18")


def test_lighter_clips_keep_their_colours_and_stand_upright(engine: Engine, tmp_path: Path) -> None:
    bars = tmp_path / "bars.mp4"
    colours = ("-vf", "setparams=range=pc:colorspace=bt709:color_primaries=bt709:color_trc=bt709,format=yuv420p")
    run(
        "-f", "lavfi", "-i", "smptehdbars=s=1920x1080:r=30:d=2", *colours, *H264, "-g", "30", str(tmp_path / "flat.mp4")
    )
    run("-display_rotation", "90", "-i", str(tmp_path / "flat.mp4"), "-c", "copy", str(bars))
    engine.choose(bars)
    made = engine.cut({"in": 500, "out": 1500}, "light")
    light = probe(made.path)
    assert (light.video.width_px, light.video.height_px) == (720, 1280)
    expected = cv2.resize(grab_still(probe(bars), 700, runner=RUNNER).pixels, (720, 1280), interpolation=cv2.INTER_AREA)
    got = grab_still(light, made.cut["in"] + 200, runner=RUNNER).pixels
    assert np.abs(expected.astype(int) - got.astype(int)).mean() < 3  # coding alone differs by 1 to 2
    clip = Clip(in_ms=made.cut["in"], out_ms=made.cut["out"])
    assert cut_clip(light, clip, preset(), tmp_path / "clip.mp4", runner=RUNNER).encoded_because is None


def test_a_lighter_clip_has_the_bits_that_were_asked_for(engine: Engine, tmp_path: Path) -> None:
    film = tmp_path / "busy.mp4"
    noise = ("-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=30:d=5", "-vf", "noise=alls=10:allf=t,format=yuv420p")
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-b:v", "17M", "-g", "30")
    run(*noise, *codec, str(film))
    engine.choose(film)
    made = engine.cut({"in": 1000, "out": 4000}, "light")
    length_ms = made.claims["durationMs"]
    assert length_ms
    # An encoder that takes the ticks of the film's clock for its rate gives half.
    assert made.path.stat().st_size * 8 / length_ms == pytest.approx(1200, rel=0.15)
