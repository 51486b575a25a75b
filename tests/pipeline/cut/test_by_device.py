"""Clips decoded by a device are those that the processor makes, to the byte; where one fails, the processor does it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from pipeline.artifact import FinishedMoment, ProcessorReason
from pipeline.cut.by_device import NotByDevice, find_device
from pipeline.cut.clips import cut_clip, plan_clip
from pipeline.cut.runs import Plan
from pipeline.ffmpeg.devices import DEVICES, KINDS, Proof
from pipeline.ffmpeg.hardware import draw
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import Clip, parse_selection
from pipeline.presets import preset
from pipeline.run.decoders import Decoders
from pipeline.run.jailed import prepare_in_jail
from pipeline.run.orders import Ffmpeg, SelectionOrder
from pipeline.source.film import probe
from tests.devices import DPX, LLVMPIPE, VULKAN, playing_a_device
from tests.footage import JAIL, RUNNER

needs_llvmpipe = pytest.mark.skipif(not LLVMPIPE, reason="no mesa-vulkan-drivers on this machine")
HEVC, TEN_BIT = KINDS[1:3]
MOMENT = Clip(in_ms=240, out_ms=900, caption="")


def cut(film: Path, to: Path, runner: FfmpegRunner) -> FinishedMoment:
    return cut_clip(probe(film), MOMENT, preset(), to, runner=runner)


@pytest.fixture(scope="module")
def ten_bit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(RUNNER, TEN_BIT, tmp_path_factory.mktemp("film"))


@pytest.fixture(scope="module")
def by_processor(ten_bit: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    made = cut(ten_bit, tmp_path_factory.mktemp("clip") / "clip.mp4", RUNNER)
    assert (made.decoded_by, made.processor_reason) == ("processor", None)
    return made.sha256


@needs_llvmpipe
def test_a_film_is_decoded_by_a_device_in_the_jail_and_the_report_says_so(tmp_path: Path) -> None:
    film = draw(RUNNER, DPX, tmp_path)
    moments = parse_selection({"family": "K-1", "clip": [{"in": 240, "out": 900, "caption": ""}]})
    made = {}
    for name, proofs in (("processor", ()), ("vulkan", (Proof(VULKAN, DPX, ""),))):
        ffmpeg = dataclasses.replace(Ffmpeg.of(RUNNER), proofs=proofs)
        prepare_in_jail(JAIL, SelectionOrder(film, moments, preset(), ffmpeg, kinds=("review_pack",)), tmp_path / name)
        [step] = [one for one in json.loads((tmp_path / name / "report.json").read_text())["steps"] if "gain_db" in one]
        assert (step["decoded_by"], step["not_by_device"]) == (name, None)
        made[name] = (tmp_path / name / "review-pack" / "clips" / "01.mp4").read_bytes()
    assert made["vulkan"] == made["processor"]


@pytest.mark.parametrize(
    ("instead", "status", "reason"),
    [
        pytest.param((), 0, None, id="it does as it should"),
        pytest.param((), 9, ProcessorReason.DEVICE_FAILED, id="it fails when all is written"),
        pytest.param(("-skip_frame", "nokey"), 0, ProcessorReason.DEVICE_DIFFERS, id="it leaves pictures out"),
        pytest.param(
            ("-hwaccel", "vulkan", "-init_hw_device", "none"), 0, ProcessorReason.DEVICE_FAILED, id="it is gone"
        ),
    ],
)
def test_whatever_a_device_does_the_clip_is_the_same(
    instead: tuple[str, ...],
    status: int,
    reason: ProcessorReason | None,
    ten_bit: Path,
    by_processor: str,
    tmp_path: Path,
) -> None:
    program = playing_a_device(tmp_path / "ffmpeg", instead, status)
    made = cut(ten_bit, tmp_path / "clip.mp4", FfmpegRunner(program, proofs=(Proof(VULKAN, TEN_BIT, ""),)))
    assert (made.decoded_by, made.processor_reason) == ("processor" if reason else "vulkan", reason)
    assert made.sha256 == by_processor


def test_a_film_of_full_range_keeps_its_range(tmp_path: Path) -> None:
    """Phones write it; between the device's format and ours nothing may take it for the other one."""
    full, drawn = tmp_path / "full.mp4", str(draw(RUNNER, KINDS[0], tmp_path))
    RUNNER.run(["-i", drawn, "-c", "copy", "-bsf:v", "h264_metadata=video_full_range_flag=1", str(full)], timeout_s=60)
    runner = FfmpegRunner(playing_a_device(tmp_path / "ffmpeg"), proofs=(Proof(VULKAN, KINDS[0], ""),))
    made = cut(full, tmp_path / "by-device.mp4", runner)
    assert made.decoded_by == "vulkan"
    assert made.sha256 == cut(full, tmp_path / "by-processor.mp4", RUNNER).sha256
    assert made.sha256 != cut(Path(drawn), tmp_path / "narrow.mp4", RUNNER).sha256


def test_only_films_of_a_proved_kind_that_are_worth_it_are_given_to_a_device(ten_bit: Path) -> None:
    cuda, vaapi = DEVICES[0], DEVICES[2]
    proofs = [Proof(cuda, KINDS[0], "other pictures"), Proof(vaapi, KINDS[0], ""), Proof(cuda, TEN_BIT, "")]
    drawn = plan_clip(probe(ten_bit), MOMENT, preset())

    def given(**facts: object) -> Plan:
        [run] = drawn.runs
        video = dataclasses.replace(run.video, **{"stored_width_px": 3840, "stored_height_px": 21600, **facts})  # type: ignore[arg-type]
        return dataclasses.replace(drawn, runs=(dataclasses.replace(run, video=video),))

    eight_bit = {"codec": "h264", "profile": "High", "pixel_format": "yuv420p"}
    assert find_device(given(), proofs).device is cuda
    assert find_device(given(**eight_bit), proofs).device is vaapi
    two = dataclasses.replace(drawn, runs=drawn.runs * 2)
    for plan, reason in (
        (drawn, ProcessorReason.SMALL),
        (two, ProcessorReason.SEVERAL_RUNS),
        (given(interlaced=True), ProcessorReason.INTERLACED),
        (given(**(eight_bit | {"profile": "High 10"})), ProcessorReason.NOT_PROVED),
        (given(**(eight_bit | {"pixel_format": "yuv422p"})), ProcessorReason.NOT_PROVED),
        (given(codec="mpeg2video", profile="Main"), ProcessorReason.NOT_PROVED),
        (given(codec="av1", profile="Main"), ProcessorReason.NOT_PROVED),
    ):
        with pytest.raises(NotByDevice) as told:
            find_device(plan, proofs)
        assert told.value.reason is reason
    with pytest.raises(NotByDevice) as told:
        find_device(given(), [Proof(cuda, TEN_BIT, "other pictures")])
    assert told.value.reason is None


@needs_llvmpipe
def test_devices_are_tried_in_the_jail_once_and_what_was_found_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Decoders(JAIL, RUNNER, "vulkan", tmp_path)
    assert first.told() == ""
    assert not first.ready().proofs  # llvmpipe decodes none of our kinds
    assert "vulkan is not used, cannot be decoded by it" in first.told()
    monkeypatch.setattr(type(JAIL), "do", None)  # nothing is tried any more
    again = Decoders(JAIL, RUNNER, "vulkan", tmp_path)
    assert again.proofs() == first.proofs()
    kept = tmp_path / "decoders.json"
    kept.write_text(kept.read_text().replace('"machine": "', '"machine": "other '))
    with pytest.raises(TypeError):
        Decoders(JAIL, RUNNER, "vulkan", tmp_path).proofs()


def test_switched_off_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(JAIL), "do", None)
    off = Decoders(JAIL, RUNNER, "off", None)
    assert off.ready() == RUNNER
    assert off.told() == "by the processor: VIGPACK_DECODE_BY is off"
