#!/usr/bin/env bash
# An MP4 may list its first samples in its head (moov) and go on in fragments (moof): `-movflags frag_keyframe` alone
# writes it so. One would expect a reader of fragments to add both. mediabunny 1.61.0 takes the samples of the head for
# the whole film as soon as there is one, without a warning (so does Firefox 153's player); FFmpeg reads all. Where
# nothing but the head is listed, its own tracks cannot tell: look for a moof behind a moov that lists samples.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1 av==18.1.0
npm_packages mediabunny@1.61.0
draw() {
  ffmpeg -loglevel error -f lavfi -i testsrc2=size=64x64:rate=30:duration=10 -c:v libx264 -preset ultrafast -g 30 -bf 0 -movflags "$1" "$work/$2"
}
draw frag_keyframe head.mp4
draw frag_keyframe+empty_moov empty.mp4
cat > "$work/read.mjs" <<'JS'
import { Input, BufferSource, ALL_FORMATS, EncodedPacketSink } from 'mediabunny';
import { readFileSync } from 'node:fs';
const input = new Input({ source: new BufferSource(readFileSync(process.argv[2])), formats: ALL_FORMATS });
const sink = new EncodedPacketSink(await input.getPrimaryVideoTrack());
let packets = 0;
for await (const packet of sink.packets()) packets++;
console.log(`${(await input.computeDuration()).toFixed(1)} s, ${packets} pictures`);
JS
cat > "$work/count.py" <<'PY'
import sys, av
with av.open(sys.argv[1]) as film:
    print(sum(1 for _ in film.decode(video=0)), "pictures")
PY
seen() { (cd "$work" && node read.mjs "$1" 2>&1); }
expect "all in fragments, mediabunny" "10.0 s, 300 pictures" "$(seen empty.mp4)"
expect "first second in the head, mediabunny (right: as above)" "1.0 s, 30 pictures" "$(seen head.mp4)"
expect "first second in the head, FFmpeg" "300 pictures" "$("$python" "$work/count.py" "$work/head.mp4")"
end
