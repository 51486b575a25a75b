#!/usr/bin/env bash
# Expected: a reader that does not know a sound says that there is one, as mediabunny 1.61.0 does for MP4 and Matroska (a
# track whose codec is null). Of a transport stream it lists nothing at all for a type it does not know: a film with sound
# and one without look alike, and what is copied out of it is silent. And the type is the container's, not the codec's:
# ffmpeg 9.0.2 writes the same AAC as 0x0f into .ts and as private data (0x06) into a camcorder's .m2ts, where only FFmpeg
# finds it, by looking into the packets. Whoever cuts with such a reader has to look at the program map and at the packets'
# own kinds (0xc0 and on: sound).
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1
npm_packages mediabunny@1.61.0
cat > "$work/tracks.mjs" <<'JS'
import { Input, BufferSource, ALL_FORMATS } from 'mediabunny';
import { readFileSync } from 'node:fs';
console.warn = () => {};
const input = new Input({ source: new BufferSource(readFileSync(process.argv[2])), formats: ALL_FORMATS });
const tracks = await input.getTracks();
console.log((await Promise.all(tracks.map(async (track) => `${track.type} ${await track.getCodec()}`))).join(', '));
JS
seen() {
  ffmpeg -loglevel error -f lavfi -i testsrc2=size=64x64:rate=30:duration=1 -f lavfi -i sine=duration=1:sample_rate=48000 -c:v libx264 "${@:2}" "$work/$1"
  (cd "$work" && node tracks.mjs "$1")
}
sounds() { ffmpeg -i "$work/$1" -map 0:a -f null - 2>&1 | grep -o 'Audio: [a-z0-9_]*' | head -1; }
expect "AAC in .ts" "video avc, audio aac" "$(seen a.ts -c:a aac)"
expect "the same AAC in .m2ts" "video avc" "$(seen a.m2ts -c:a aac)"
expect "  ffmpeg hears of it" "Audio: aac" "$(sounds a.m2ts)"
expect "PCM in .m2ts" "video avc" "$(seen pcm.m2ts -c:a pcm_bluray)"
expect "Opus in .ts" "video avc" "$(seen opus.ts -c:a libopus)"
expect "AAC in .ts, wrapped as LATM" "video avc" "$(seen latm.ts -c:a aac -mpegts_flags latm)"
expect "what it does not know in Matroska" "video avc, audio null" "$(seen wma.mkv -c:a wmav2)"
expect "what it does not know in MP4" "video avc, audio null" "$(seen alac.mp4 -c:a alac)"
end
