"""Which devices are believed: tried on drivers that decode by the processor, of which one is right, some are wrong.

Mesa's llvmpipe decodes DPX by Vulkan to the bit, ProRes to other pictures with exit status 0, and refuses FFV1; these
are what graphics chips do to other codecs. No chip is needed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import av
import pytest

from pipeline.ffmpeg.devices import KINDS, Coded, Device, Kind
from pipeline.ffmpeg.hardware import draw, prove
from tests.devices import DPX, LLVMPIPE, NONE, VULKAN
from tests.footage import RUNNER

PRORES = Kind("prores", NONE, "yuv422p10le", "yuv422p10le", ("-c:v", "prores_ks"), ".mov")
FFV1 = Kind("ffv1", NONE, "yuv420p", "yuv420p", ("-c:v", "ffv1"))


@pytest.fixture
def llvmpipe(monkeypatch: pytest.MonkeyPatch) -> None:
    if not LLVMPIPE:
        pytest.skip("no mesa-vulkan-drivers on this machine")
    for name in ("VK_DRIVER_FILES", "VK_ICD_FILENAMES"):
        monkeypatch.setenv(name, str(LLVMPIPE[0]))


@pytest.mark.usefixtures("llvmpipe")
def test_a_device_is_believed_for_what_it_decodes_to_the_bit_and_nothing_else(tmp_path: Path) -> None:
    right, wrong, refused = prove(RUNNER, tmp_path, [VULKAN], [DPX, PRORES, FFV1])
    assert (right.kind, right.refused) == (DPX, "")
    assert wrong.refused == "0 of 24 pictures are the same"
    assert refused.refused.startswith("cannot be decoded by it")


def test_a_device_that_does_not_open_is_used_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VK_DRIVER_FILES", "VK_ICD_FILENAMES"):
        monkeypatch.setenv(name, str(tmp_path / "no-driver.json"))
    [proof] = prove(RUNNER, tmp_path, [VULKAN], [DPX])
    assert proof.refused.startswith("cannot be opened here")
    assert not list(tmp_path.iterdir())  # no film is drawn for it


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has it")
def test_a_device_that_this_ffmpeg_does_not_know_is_not_asked(tmp_path: Path) -> None:
    assert prove(RUNNER, tmp_path, [Device("d3d11va", "d3d11")], KINDS) == []


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_each_kind_is_drawn_as_what_it_is_listed_for(kind: Kind, tmp_path: Path) -> None:
    with av.open(str(draw(RUNNER, kind, tmp_path))) as container:
        video = container.streams.video[0]
        frame = next(container.decode(video))
        coded = Coded(video.codec_context.codec.canonical_name, video.profile or "", frame.format.name)
    assert kind.holds(coded)
