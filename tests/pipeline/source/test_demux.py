"""What opening a hostile film costs."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.packet import Packet

from pipeline.errors import FilmUnreadable, PictureTooLarge
from pipeline.source.film import probe


def picture(side_px: int) -> bytes:
    """A black PNG: its pixels, three bytes each, are all nought and pack a thousandfold."""
    packer = zlib.compressobj(1)
    row = bytes(1 + 3 * side_px)
    pixels = b"".join(packer.compress(row) for _ in range(side_px)) + packer.flush()
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two megabytes that would be 400 MB of picture; the container says 64×64."""
    path = tmp_path_factory.mktemp("bomb") / "film.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=25, width=64, height=64, pix_fmt="rgb24")
        stream.time_base = Fraction(1, 1000)
        packet = Packet(picture(11_600))
        packet.stream, packet.pts, packet.dts, packet.is_keyframe = stream, 0, 0, True
        container.mux(packet)
    return path


def test_a_picture_larger_than_it_says_is_refused(bomb: Path) -> None:
    with pytest.raises((PictureTooLarge, FilmUnreadable)):
        probe(bomb)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the peak")
def test_it_is_refused_before_it_takes_memory(bomb: Path) -> None:
    # VmHWM is this program's own peak; ru_maxrss would begin at the peak of the process that started it.
    look = (
        "import re, sys; from pathlib import Path; from pipeline.errors import PipelineError\n"
        "from pipeline.source.film import probe\n"
        "try: probe(Path(sys.argv[1]))\n"
        "except PipelineError: print(re.search(r'VmHWM:\\s+(\\d+) kB', Path('/proc/self/status').read_text())[1])"
    )
    done = subprocess.run([sys.executable, "-c", look, bomb], capture_output=True, text=True, timeout=60, check=True)
    assert int(done.stdout) < 250_000
