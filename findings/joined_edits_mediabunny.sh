#!/usr/bin/env bash
# mediabunny 1.61.0 follows the first entry of an MP4 edit list only, without its end: a film that was shortened on a
# phone without being encoded anew has all that was cut off after it, at times after its end. It says so in a warning on
# the console, and in no value that it returns.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1
npm_packages mediabunny@1.61.0
ffmpeg -loglevel error -f lavfi -i testsrc2=size=64x64:rate=30:duration=10 -c:v libx264 -preset ultrafast -bf 0 -g 30 "$work/plain.mp4"
cat > "$work/read.mjs" <<'JS'
import { Input, BufferSource, ALL_FORMATS, EncodedPacketSink } from 'mediabunny';
import { readFileSync } from 'node:fs';
console.warn = () => {};
const input = new Input({ source: new BufferSource(readFileSync(process.argv[2])), formats: ALL_FORMATS });
const sink = new EncodedPacketSink(await input.getPrimaryVideoTrack());
let packets = 0;
for await (const packet of sink.packets()) if (packet.timestamp >= 0) packets++;
console.log(`${(await input.computeDuration()).toFixed(1)} s, ${packets} pictures`);
JS
seen() { "$python" "$(dirname "$0")/mp4.py" "$work/plain.mp4" "$work/edited.mp4" "$@"; (cd "$work" && node read.mjs edited.mp4); }
expect "one entry, 2-6 s (right: 4.0 s, 120 pictures)" "8.0 s, 240 pictures" "$(seen 2:4)"
expect "0-2 s and 6-10 s (right: 6.0 s, 180 pictures)" "10.0 s, 300 pictures" "$(seen 0:2 6:4)"
end
