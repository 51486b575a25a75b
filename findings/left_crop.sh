#!/usr/bin/env bash
# H.264 may say that some columns at the left are not to be shown. One would expect of a decoder to leave them out, whoever
# asks it. FFmpeg's crops at the left to a multiple of 32 pixels only, unless told that memory need not be aligned. The
# command line asks for it, PyAV 18.1.0 does not, so the same film is of two sizes: set `codec_context.flags |= unaligned`.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1 av==18.1.0
ffmpeg -loglevel error -f lavfi -i testsrc2=size=176x144:duration=0.2 -c:v libx264 "$work/whole.mp4"
ffmpeg -loglevel error -i "$work/whole.mp4" -c copy -bsf:v h264_metadata=crop_left=6:crop_right=10 "$work/cropped.mp4"
cat > "$work/size.py" <<'PY'
import sys, av
with av.open(sys.argv[1]) as film:
    stream = film.streams.video[0]
    if "unaligned" in sys.argv:
        stream.codec_context.flags |= av.codec.context.Flags.unaligned
    frame = next(film.decode(stream))
print(f"{frame.width} pixels wide")
PY
command_line() { ffmpeg -loglevel error -i "$work/cropped.mp4" "$work/%d.png"; "$python" "$work/size.py" "$work/1.png"; }
expect "176 less 6 and 10, by the command line" "160 pixels wide" "$(command_line)"
expect "by PyAV (right: as above)" "166 pixels wide" "$("$python" "$work/size.py" "$work/cropped.mp4")"
expect "by PyAV, unaligned" "160 pixels wide" "$("$python" "$work/size.py" "$work/cropped.mp4" unaligned)"
end
