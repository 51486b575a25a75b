#!/usr/bin/env bash
# The same MP4 has two sizes in two builds of one library: ffmpeg 9.0.2's command line crops decoded pictures by a
# container's clean aperture (ISO/IEC 14496-12, `clap`), PyAV 18.1.0 with FFmpeg 8.1.2 does not. Whoever plans a size
# with PyAV and makes pictures with the command line gets stretched ones. `-apply_cropping codec` before the input makes
# both agree; `none` also gives the lines that only fill the last block.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1 av==18.1.0
ffmpeg -loglevel error -f lavfi -i testsrc2=size=320x240:rate=25:duration=1 -c:v libx264 "$work/plain.mp4"
"$python" - "$work" <<'PY'
import struct, sys
from pathlib import Path

work = Path(sys.argv[1])
data = (work / "plain.mp4").read_bytes()
clap = struct.pack(">I4s8i", 40, b"clap", 304, 1, 232, 1, 0, 1, 0, 1)
path, at = [], data.index(b"moov") - 4  # grow each box around the end of the sample description by 40 bytes
for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
    at = data.index(kind, at) - 4
    path.append(at)
end = path[-1] + struct.unpack_from(">I", data, path[-1])[0]
grown = bytearray(data[:end] + clap + data[end:])
for at in path:
    struct.pack_into(">I", grown, at, struct.unpack_from(">I", grown, at)[0] + len(clap))
(work / "clap.mp4").write_bytes(grown)
PY
size() { ffmpeg "$@" -vf showinfo=checksum=0 -frames:v 1 -f null - 2>&1 | grep -o ' s:[0-9x]*' | head -1 | cut -c4-; }
expect "ffmpeg, decoded picture" 304x232 "$(size -i "$work/clap.mp4")"
expect "ffmpeg -apply_cropping codec" 320x240 "$(size -apply_cropping codec -i "$work/clap.mp4")"
expect "PyAV, decoded picture" 320x240 "$("$python" -c '
import av, sys
frame = next(av.open(sys.argv[1]).decode(video=0)); print(f"{frame.width}x{frame.height}")' "$work/clap.mp4")"
end
