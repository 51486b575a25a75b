#!/usr/bin/env bash
# An edit list leaves the start of a film out, as `-ss … -c copy` cuts it. One would expect it to hold whether the film's
# samples are listed in its head or in fragments. FFmpeg applies it to a head's list only: of fragments it gives the hidden
# pictures too, with times before 0, so who counts from the first picture decoded shows what was cut out.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1 av==18.1.0
ffmpeg -loglevel error -f lavfi -i testsrc2=size=64x64:rate=30:duration=4 -c:v libx264 -preset ultrafast -g 30 -bf 0 "$work/whole.mp4"
cut() { ffmpeg -loglevel error -ss 1.5 -i "$work/whole.mp4" -c copy "${@:2}" "$work/$1"; }
cut head.mp4
cut fragments.mp4 -movflags frag_keyframe+delay_moov+default_base_moof
cat > "$work/count.py" <<'PY'
import sys, av
with av.open(sys.argv[1]) as film:
    times = [frame.pts * frame.time_base for frame in film.decode(video=0)]
print(f"{len(times)} pictures from {float(times[0]):.1f} s")
PY
seen() { "$python" "$work/count.py" "$work/$1"; }
expect "1.5 s cut off, listed in the head" "75 pictures from 0.0 s" "$(seen head.mp4)"
expect "the same in fragments (right: as above)" "90 pictures from -0.5 s" "$(seen fragments.mp4)"
end
