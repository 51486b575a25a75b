#!/usr/bin/env bash
# Two film tracks that are both switched on: browsers play the first; ffmpeg 9.0.2 without -map takes the one with more
# pixels, and so does PyAV's streams.best. What is seen in a page and cut by a server are then two films.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1 av==18.1.0
ffmpeg -loglevel error -f lavfi -i color=red:size=320x240:rate=25:duration=1 -f lavfi \
  -i color=blue:size=640x480:rate=25:duration=1 -map 0 -map 1 -c:v libx264 -disposition:v default "$work/two.mp4"
expect "ffmpeg takes" "#0:1" "$(ffmpeg -i "$work/two.mp4" -f null - 2>&1 | grep -o 'Stream #0:[01] ->' | cut -d' ' -f2)"
expect "PyAV's best stream is" 1 "$("$python" -c '
import av, sys
print(av.open(sys.argv[1]).streams.best("video").index)' "$work/two.mp4")"
end
