#!/usr/bin/env bash
# An MP4 states how long each picture stands (`stts`), the last one too. One would expect the packets of a demuxer to carry
# that. FFmpeg's carry it for H.264 and AV1; of VP9 its parser, through which every packet goes, replaces the length of the
# last one by the usual one. The track's own duration still has it, and so do the packets when they are not parsed.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1 av==18.1.0
for codec in libx264 libvpx-vp9 libaom-av1; do
  ffmpeg -loglevel error -f lavfi -i testsrc2=size=64x64:rate=25:duration=1 -pix_fmt yuv420p -c:v $codec \
    $([ $codec = libx264 ] && echo "-bf 0") $([ $codec = libaom-av1 ] && echo "-cpu-used 8 -usage realtime") \
    -video_track_timescale 25 "$work/$codec.mp4"
done
cat > "$work/stand.py" <<'PY'
import struct, sys
data = open(sys.argv[1], "rb").read()
at = data.index(b"stts") + 4
assert struct.unpack_from(">III", data, at + 4) == (1, 25, 1), "25 pictures of one tick each"
# The table gets a second entry, and its box and those around it grow by eight bytes; `moov` comes last.
for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stts"):
    place = data.index(kind) - 4
    data = data[:place] + struct.pack(">I", struct.unpack_from(">I", data, place)[0] + 8) + data[place + 4 :]
data = data[: at + 4] + struct.pack(">5I", 2, 24, 1, 1, 50) + data[at + 16 :]
edits = data.index(b"edts")
data = data[:edits] + b"free" + data[edits + 4 :]
header = data.index(b"mdhd") + 4 + 16
data = data[:header] + struct.pack(">I", 74) + data[header + 4 :]
open(sys.argv[1], "wb").write(data)
PY
cat > "$work/last.py" <<'PY'
import sys, av
with av.open(sys.argv[1], options={"fflags": sys.argv[2]} if len(sys.argv) > 2 else {}) as film:
    print([packet.duration for packet in film.demux(video=0) if packet.size][-1])
PY
for codec in libx264 libvpx-vp9 libaom-av1; do "$python" "$work/stand.py" "$work/$codec.mp4"; done
expect "the last picture, H.264" 50 "$("$python" "$work/last.py" "$work/libx264.mp4")"
expect "the last picture, AV1" 50 "$("$python" "$work/last.py" "$work/libaom-av1.mp4")"
expect "the last picture, VP9 (stated: 50)" 1 "$("$python" "$work/last.py" "$work/libvpx-vp9.mp4")"
expect "the last picture, VP9, not parsed" 50 "$("$python" "$work/last.py" "$work/libvpx-vp9.mp4" noparse)"
end
