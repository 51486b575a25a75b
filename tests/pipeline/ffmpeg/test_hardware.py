"""Which devices are believed: tried on drivers that decode by the processor, of which one is right, some are wrong.

Mesa's llvmpipe decodes DPX by Vulkan to the bit, ProRes to other pictures with exit status 0, and refuses FFV1; these
are what graphics chips do to other codecs. No chip is needed.
"""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from pipeline.ffmpeg.hardware import DEVICES, KINDS, Coded, Device, Kind, Proof, choose, draw, prove
from tests.footage import RUNNER

VULKAN = Device("vulkan", "vulkan")
LLVMPIPE = sorted(Path("/usr/share/vulkan/icd.d").glob("lvp_icd*.json"))
NONE = frozenset[str]()
DPX = Kind("dpx", NONE, "gbrp10le", "x2bgr10le", ("-c:v", "dpx"))
PRORES = Kind("prores", NONE, "yuv422p10le", "yuv422p10le", ("-c:v", "prores_ks"), ".mov")
FFV1 = Kind("ffv1", NONE, "yuv420p", "yuv420p", ("-c:v", "ffv1"))
LONG = 1920 * 1080 * 600
HIGH = Coded("h264", "High", "yuv420p")


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


def test_a_device_that_this_ffmpeg_does_not_know_is_not_asked(tmp_path: Path) -> None:
    assert prove(RUNNER, tmp_path, [Device("of-next-year", "of-next-year")], KINDS) == []


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_each_kind_is_drawn_as_what_it_is_listed_for(kind: Kind, tmp_path: Path) -> None:
    with av.open(str(draw(RUNNER, kind, tmp_path))) as container:
        video = container.streams.video[0]
        frame = next(container.decode(video))
        coded = Coded(video.codec_context.codec.canonical_name, video.profile or "", frame.format.name)
    assert kind.holds(coded)


def test_the_first_device_is_chosen_that_was_proved_for_such_a_film() -> None:
    cuda, vaapi = DEVICES[0], DEVICES[2]
    [h264, _, ten_bit, _] = KINDS
    proofs = [Proof(cuda, h264, "other pictures"), Proof(vaapi, h264, ""), Proof(cuda, ten_bit, "")]
    assert choose(proofs, HIGH, LONG, interlaced=False) == vaapi
    assert choose(proofs, Coded("hevc", "Main 10", "yuv420p10le"), LONG, interlaced=False) == cuda


@pytest.mark.parametrize(
    ("coded", "pixels", "interlaced"),
    [
        pytest.param(Coded("h264", "High 10", "yuv420p10le"), LONG, False, id="10 bit"),
        pytest.param(Coded("h264", "High 4:2:2", "yuv422p"), LONG, False, id="4:2:2"),
        pytest.param(Coded("mpeg2video", "Main", "yuv420p"), LONG, False, id="MPEG-2"),
        pytest.param(Coded("av1", "Main", "yuv420p"), LONG, False, id="AV1"),
        pytest.param(HIGH, 640 * 360 * 600, False, id="small"),
        pytest.param(HIGH, LONG, True, id="interlaced"),
    ],
)
def test_everything_else_is_decoded_by_the_processor(coded: Coded, pixels: int, interlaced: bool) -> None:
    proofs = [Proof(DEVICES[0], kind, "") for kind in KINDS]
    assert choose(proofs, coded, pixels, interlaced=interlaced) is None
