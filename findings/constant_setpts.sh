#!/usr/bin/env bash
# setpts gives its expression to the end of the stream as well: with a constant the end falls on the first picture, and
# filters that fill up to the end (fps, tpad) then give nothing. `setpts=0` on one picture that lasts two seconds leaves
# an empty file and exit status 0; PTS-STARTPTS, which is 0 too, leaves ten pictures. ffmpeg 9.0.2.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1
frames() { ffmpeg -f lavfi -i color=red:rate=1/2:duration=2 -vf "setpts=$1,fps=5,showinfo=checksum=0" -f null - 2>&1 | grep -c ' n: *[0-9]' || true; }
expect "PTS-STARTPTS: pictures" 10 "$(frames PTS-STARTPTS)"
expect "0: pictures" 0 "$(frames 0)"
end
