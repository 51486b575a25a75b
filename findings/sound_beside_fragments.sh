#!/usr/bin/env bash
# `-movflags frag_every_frame` writes each picture into a fragment of its own, for players that must not wait. One would
# expect the pictures to have the same times as in any other MP4, with sound beside them or without. ffmpeg 9.0.2, encoding
# with sound, writes from somewhere on that a picture lasts for no time and is shown when it is decoded: B-frames change
# places, some share a time and are lost. How many differs from run to run. `-frag_duration 40000` writes them right. Who
# reads such fragments should look at samples of no length that others follow.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1 av==18.1.0
cat > "$work/times.py" <<'PY'
import sys, av
with av.open(sys.argv[1]) as film:
    times = sorted({round(p.pts * p.time_base * 30) for p in film.demux(video=0) if p.pts is not None})
    steps = {b - a for a, b in zip(times, times[1:])}
with av.open(sys.argv[1]) as film:
    shown = [frame.pts for frame in film.decode(video=0)]
print("each picture at its time" if len(times) == 90 == len(shown) and steps == {1} and shown == sorted(shown) else "not all")
PY
picture=(-f lavfi -i testsrc2=size=64x64:rate=30:duration=3)
written() { ffmpeg -loglevel error "${@:2}" "$work/$1"; "$python" "$work/times.py" "$work/$1"; }
h264=(-c:v libx264 -preset ultrafast -bf 2)
alone=(-movflags frag_every_frame+empty_moov)
expect "encoded, without sound" "each picture at its time" "$(written a.mp4 "${picture[@]}" "${h264[@]}" "${alone[@]}")"
expect "encoded, sound beside it (right: as above)" "not all" \
  "$(written b.mp4 "${picture[@]}" -f lavfi -t 3 -i sine "${h264[@]}" -c:a aac "${alone[@]}")"
expect "the same in fragments of 0.04 s" "each picture at its time" \
  "$(written c.mp4 "${picture[@]}" -f lavfi -t 3 -i sine "${h264[@]}" -c:a aac -movflags empty_moov -frag_duration 40000)"
end
