#!/usr/bin/env bash
# Two films joined byte by byte. One would expect FFmpeg to do the same whatever they are kept in: to read the first, or both.
# It reads both of Matroska, AVI and a transport stream (the second at times that were there before), and the first alone of
# MP4 and Flash.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1 av==18.1.0
for kind in mkv avi ts mp4 flv; do
  ffmpeg -loglevel error -f lavfi -i testsrc2=size=64x64:rate=25:duration=1 -c:v libx264 -bf 0 "$work/a.$kind"
  cat "$work/a.$kind" "$work/a.$kind" > "$work/both.$kind"
done
cat > "$work/count.py" <<'PY'
import sys, av
with av.open(sys.argv[1]) as film:
    print(sum(1 for packet in film.demux(video=0) if packet.size))
PY
for kind in mkv avi ts; do expect "pictures of two $kind" 50 "$("$python" "$work/count.py" "$work/both.$kind")"; done
for kind in mp4 flv; do expect "pictures of two $kind" 25 "$("$python" "$work/count.py" "$work/both.$kind")"; done
end
