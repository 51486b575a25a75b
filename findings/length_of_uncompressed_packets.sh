#!/usr/bin/env bash
# mediabunny gives uncompressed sound in packets. One would expect them to be some hundredths of a second long, as those of
# other codecs are, so that whole packets may be copied into a cut and at most that is lost at its ends. 1.61.0 gives a chunk
# of MOV or MP4 as one packet, and a chunk may last for seconds: as long as no picture is stored meanwhile. Who cuts must
# part it: its samples are all of one size.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1
npm_packages mediabunny@1.61.0
cat > "$work/look.mjs" <<'JS'
import { readFileSync } from 'node:fs';
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
const input = new Input({ source: new BufferSource(readFileSync(process.argv[2])), formats: ALL_FORMATS });
let longest = 0;
for await (const { duration } of new EncodedPacketSink(await input.getPrimaryAudioTrack()).packets()) longest = Math.max(longest, duration);
console.log(`the longest ${longest.toFixed(2)} s`);
JS
seen() {
  ffmpeg -loglevel error -f lavfi -i "testsrc2=size=64x64:rate=$2:duration=4" -f lavfi -t 4 -i sine -c:v libx264 -c:a "$3" "$work/$1"
  (cd "$work" && node look.mjs "$1")
}
expect "AAC, two pictures a second" "the longest 0.02 s" "$(seen a.mov 2 aac)"
expect "uncompressed, thirty pictures a second" "the longest 0.10 s" "$(seen b.mov 30 pcm_s16le)"
expect "uncompressed, two pictures a second" "the longest 1.49 s" "$(seen c.mov 2 pcm_s16le)"
end
