#!/usr/bin/env bash
# getPacket(t) of mediabunny gives "the packet with the highest timestamp that does not exceed t". One would expect that of
# every MP4. Of one in fragments without an index of them (no `mfra`: a recorder that was switched off, parts of a stream)
# 1.61.0 walks the fragments and ends at the first that begins after t; where each picture has a fragment of its own, that is
# the P-frame stored before the B-frames that are shown before it, so for these comes an earlier picture. Go back to
# the key packet and walk on from there, over as many later pictures as the codec may reorder.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1
npm_packages mediabunny@1.61.0
source_=(-f lavfi -i testsrc2=size=64x64:rate=30:duration=2 -c:v libx264 -preset ultrafast -bf 2 -g 30 -video_track_timescale 30000)
cat > "$work/look.mjs" <<'JS'
import { readFileSync } from 'node:fs';
import { BufferSource, EncodedPacketSink, Input, MP4 } from 'mediabunny';
const open = async () => {
  const input = new Input({ source: new BufferSource(readFileSync(process.argv[2])), formats: [MP4] });
  return new EncodedPacketSink(await input.getPrimaryVideoTrack());
};
const times = [];
for await (const { timestamp } of (await open()).packets()) times.push(timestamp);
let wrong = 0;
for (const time of times.sort((a, b) => a - b)) wrong += (await (await open()).getPacket(time + 0.001)).timestamp !== time;
console.log(`${wrong} of ${times.length} others`);
JS
seen() { ffmpeg -loglevel error "${source_[@]}" "${@:2}" "$work/$1"; (cd "$work" && node look.mjs "$1"); }
expect "not in fragments" "0 of 60 others" "$(seen whole.mp4)"
expect "a fragment for each group" "0 of 60 others" "$(seen groups.mp4 -movflags frag_keyframe+empty_moov+skip_trailer)"
expect "a fragment for each picture, with their index" "0 of 60 others" "$(seen listed.mp4 -movflags frag_every_frame+empty_moov)"
expect "the same without (right: as above)" "38 of 60 others" "$(seen each.mp4 -movflags frag_every_frame+empty_moov+skip_trailer)"
end
