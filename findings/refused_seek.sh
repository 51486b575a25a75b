#!/usr/bin/env bash
# A small Flash film (H.263 and MP3) states no places to seek to. One would expect that a seek to its start which is refused
# leaves the reader where it was, at the start. FFmpeg refuses it, and then gives no packet at all any more.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1 av==18.1.0
ffmpeg -loglevel error -f lavfi -i testsrc2=size=64x64:rate=25:duration=1 -f lavfi -i sine=duration=1 \
  -c:v flv -c:a libmp3lame -ar 44100 "$work/film.flv"
cat > "$work/read.py" <<'PY'
import sys, av
with av.open(sys.argv[1]) as film:
    if "seek" in sys.argv:
        try:
            film.seek(0)
        except av.error.FFmpegError as refused:
            print(type(refused).__name__, end=", ")
    print(sum(1 for packet in film.demux(audio=0) if packet.size), "packets of sound")
PY
expect "not sought" "40 packets of sound" "$("$python" "$work/read.py" "$work/film.flv")"
expect "sought to its start" "PermissionError, 0 packets of sound" "$("$python" "$work/read.py" "$work/film.flv" seek)"
end
