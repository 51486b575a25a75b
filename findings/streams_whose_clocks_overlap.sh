#!/usr/bin/env bash
# Transport streams joined byte by byte are continued by ffmpeg as one, also when it only copies them: the second's clock is
# moved on. Not where it goes back by less than about 0.1 s, as between files of a recorder whose clocks overlap by a picture
# or some: then two pictures get the same time, and whoever plays or cuts sees one of them. The exit code is 0; the muxer says
# "Non-monotonic DTS" of the picture's track, by which it can be told. ffmpeg 9.0.2.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1 av==18.1.0
draw() {
  ffmpeg -loglevel error -f lavfi -i testsrc2=s=160x120:r=30:d=2 -c:v libx264 -preset ultrafast -bf 2 -g 30 \
    -output_ts_offset "$2" "$work/$1.ts"
}
times() {
  cat "$work/one.ts" "$work/$1.ts" > "$work/both.ts"
  ffmpeg -loglevel level+warning -i "$work/both.ts" -c copy "$work/both.mp4" 2> "$work/said"
  "$python" -c '
import av, sys
with av.open(sys.argv[1]) as film:
    times = [packet.pts for packet in film.demux(video=0) if packet.size]
print(len(times), "pictures at", len(set(times)), "times")' "$work/both.mp4"
}
draw one 0
draw overlapping 1.9333333
draw earlier 0
expect "the second begins at the first one's 0 again" "120 pictures at 120 times" "$(times earlier)"
expect "its clock overlaps by some pictures" "120 pictures at 118 times" "$(times overlapping)"
expect "the muxer says so of the picture" yes "$(grep -q '^\[vost#.*Non-monotonic DTS' "$work/said" && echo yes || echo no)"
end
