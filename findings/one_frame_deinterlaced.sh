#!/usr/bin/env bash
# A deinterlacer needs neighbours: bwdif given one single frame lets it pass woven, without a word, since nothing seems to
# move between a frame and itself; yadif smooths it all the same. Cut the frame out after the filter, not before.
# ffmpeg 9.0.2.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1 numpy==2.3.5
ffmpeg -loglevel error -filter_complex "color=gray:size=320x240:rate=50:duration=2[a];color=white:size=60x160:rate=50:duration=2[b];[a][b]overlay=x='mod(t*400,250)':y=40,tinterlace=interleave_top,setfield=tff" \
  -c:v libx264 -qp 0 -flags +ildct+ilme "$work/woven.mkv"
cat > "$work/combed.py" <<'PY'
import subprocess, sys
import imageio_ffmpeg, numpy as np
argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", sys.argv[1], "-vf", sys.argv[2], "-frames:v", "1", "-pix_fmt", "gray", "-f", "rawvideo", "-"]
lines = np.frombuffer(subprocess.run(argv, capture_output=True, check=True).stdout, np.uint8).reshape(240, 320).astype(float)
print("combed" if np.abs(lines[1:-1] - (lines[:-2] + lines[2:]) / 2).mean() > 1 else "smooth")
PY
combed() { "$python" "$work/combed.py" "$work/woven.mkv" "$1"; }
expect "as stored" combed "$(combed "select=eq(n\,20)")"
expect "cut out, then bwdif" combed "$(combed "trim=start_frame=20:end_frame=21,bwdif=mode=send_frame")"
expect "cut out, then yadif" smooth "$(combed "trim=start_frame=20:end_frame=21,yadif=mode=send_frame")"
expect "bwdif, then cut out" smooth "$(combed "bwdif=mode=send_frame,trim=start_frame=20:end_frame=21")"
end
