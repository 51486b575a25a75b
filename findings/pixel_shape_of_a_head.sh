#!/usr/bin/env bash
# QuickTime tells the shape of pixels in three places: `pasp` beside the picture's description, the size at which the track
# is to be shown (`tkhd`), and the picture's own parameters. FFmpeg goes through all three in that order. One would expect a
# reader that tells a "square pixel size" to do likewise; mediabunny 1.61.0 looks for `pasp` only.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1 av==18.1.0
npm_packages mediabunny@1.61.0
ffmpeg -loglevel error -f lavfi -i testsrc2=size=64x64:rate=30:duration=1 -vf setsar=2 -c:v libx264 -preset ultrafast "$work/pasp.mp4"
cat > "$work/change.py" <<'PY'
import sys
data = open("pasp.mp4", "rb").read().replace(b"pasp", b"free")
if sys.argv[1] == "pictures.mp4":  # shown at the size of what is stored
    at = data.index(b"tkhd") + 4 + 76
    data = data[:at] + data[at + 4 : at + 8] + data[at + 4 :]
open(sys.argv[1], "wb").write(data)
PY
(cd "$work" && "$python" change.py head.mp4 && "$python" change.py pictures.mp4)
cat > "$work/read.mjs" <<'JS'
import { Input, BufferSource, ALL_FORMATS } from 'mediabunny';
import { readFileSync } from 'node:fs';
const input = new Input({ source: new BufferSource(readFileSync(process.argv[2])), formats: ALL_FORMATS });
const track = await input.getPrimaryVideoTrack();
console.log(`${await track.getSquarePixelWidth()}x${await track.getSquarePixelHeight()}`);
JS
cat > "$work/shape.py" <<'PY'
import sys, av
with av.open(sys.argv[1]) as film:
    stream = film.streams.video[0]
    print(f"{round(stream.width * (stream.sample_aspect_ratio or 1))}x{stream.height}")
PY
for film in pasp head pictures; do
  expect "by $film, FFmpeg" "128x64" "$("$python" "$work/shape.py" "$work/$film.mp4")"
done
expect "by pasp, mediabunny" "128x64" "$(cd "$work" && node read.mjs pasp.mp4)"
expect "by the head of the track, mediabunny (right: 128x64)" "64x64" "$(cd "$work" && node read.mjs head.mp4)"
expect "by the pictures, mediabunny (right: 128x64)" "64x64" "$(cd "$work" && node read.mjs pictures.mp4)"
end
