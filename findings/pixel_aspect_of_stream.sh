#!/usr/bin/env bash
# The shape of the pixels may change within an H.264 stream (each sequence parameter set has one). ffmpeg's command line
# 9.0.2 overwrites what the decoder says of each picture with the stream's, which is the first one met, so showinfo and
# every filter see 1:1 throughout; the decoder's own context (PyAV 18.1.0) follows the change.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1 av==18.1.0
for n in 1 2; do
  ffmpeg -loglevel error -f lavfi -i testsrc2=size=720x576:rate=25:duration=1 -vf "setsar=$([ $n = 1 ] && echo 1 || echo 64/45)" \
    -c:v libx264 -preset ultrafast "$work/$n.ts"
done
printf 'file %s\nfile %s\n' "$work/1.ts" "$work/2.ts" > "$work/list"
ffmpeg -loglevel error -f concat -safe 0 -i "$work/list" -c copy "$work/both.ts"
expect "ffmpeg, pictures of 1:1" 50 "$(ffmpeg -i "$work/both.ts" -vf showinfo=checksum=0 -f null - 2>&1 | grep -c ' sar:1/1 ')"
expect "PyAV's decoder, at the last picture" 64/45 "$("$python" -c '
import av, sys
container = av.open(sys.argv[1])
for frame in container.decode(video=0):
    aspect = container.streams.video[0].codec_context.sample_aspect_ratio
print(aspect)' "$work/both.ts")"
end
