#!/usr/bin/env bash
# MP4 edit lists with several entries, in FFmpeg (ffmpeg 9.0.2, PyAV 18.1.0 with 8.1.2): a later entry that begins off a
# key frame, where pictures are stored out of order, is shown two pictures late; an entry of rate 0 (a dwell: one
# picture stands) plays on into media that is in no entry; one of rate 1/2 plays twice as much media as it names.
# Nothing is logged. Exact: read with -ignore_editlist 1 and put the pieces together oneself. (A picture's number is its
# grey level here.)
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.3.5
ffmpeg -loglevel error -f lavfi -i "color=black:size=64x64:rate=30:duration=8,format=gray,geq=lum='N'" \
  -c:v libx264 -preset ultrafast -bf 2 -g 30 -qp 2 -pix_fmt yuv420p "$work/plain.mp4"
cat > "$work/shown.py" <<'PY'
import sys, av
seen = [(float(f.pts * f.time_base), round(f.to_ndarray(format="gray").mean())) for f in av.open(sys.argv[1]).decode(video=0)]
at = int(sys.argv[2])
time, number = seen[at]
print(f"picture {number} at {time:.3f} s" if at >= 0 else f"picture {number}")
PY
shown() { "$python" "$(dirname "$0")/mp4.py" "$work/plain.mp4" "$work/edited.mp4" "${@:2}"; "$python" "$work/shown.py" "$work/edited.mp4" "$1"; }
expect "0-2 s and 4.5-6.5 s: after 60 pictures comes" "picture 135 at 2.067 s" "$(shown 60 0:2 4.5:2)"
expect "   (right: picture 135 at 2.000 s); 0-2 s and 4-6 s" "picture 120 at 2.000 s" "$(shown 60 0:2 4:2)"
expect "0-2 s, then picture 60 for 2 s: the last shown is" "picture 119" "$(shown -1 0:2 2:2:0)"
expect "0-2 s at half speed, so for 4 s: the last shown is" "picture 119" "$(shown -1 0:4:0.5)"
end
