#!/usr/bin/env bash
# Expected: seek(pts, backward=True) of PyAV 18.1.0 (FFmpeg 8.1.2) goes to a key picture at or before pts, so the first
# picture decoded afterwards is never later than pts; decoding on from there finds the one that was asked for. In MP4 and
# MOV it seeks by decoding times: in the frames just before a key picture, which is stored before those shown earlier, it
# goes to that key picture and is too late. It happens in files that have no edit list to make up for reordered pictures,
# and in ones with open groups; a plain file by ffmpeg, on which one tries it, and Matroska are right. Look whether the
# first picture is late, and seek further back if it is.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1 av==18.1.0
cat > "$work/late.py" <<'PY'
import sys
import av

with av.open(sys.argv[1]) as film:
    wanted = sorted(packet.pts for packet in film.demux(video=0) if packet.pts is not None)
late = 0
for pts in wanted:
    with av.open(sys.argv[1]) as film:
        film.seek(pts, stream=film.streams.video[0], backward=True)
        late += next(film.decode(video=0)).pts > pts
print(f"{late} of {len(wanted)}")
PY
late() {
  ffmpeg -loglevel error -f lavfi -i testsrc2=size=64x64:rate=30:duration=3 -c:v libx264 -bf 3 -g 30 "${@:2}" "$work/$1"
  "$python" "$work/late.py" "$work/$1"
}
expect "MP4 as ffmpeg writes it: too late" "0 of 90" "$(late plain.mp4)"
expect "MP4 without an edit list" "4 of 90" "$(late unedited.mp4 -use_editlist 0)"
expect "MP4 with open groups" "1 of 90" "$(late open.mp4 -x264-params open-gop=1)"
expect "MOV with open groups" "1 of 90" "$(late open.mov -x264-params open-gop=1)"
expect "Matroska with open groups" "0 of 90" "$(late open.mkv -x264-params open-gop=1)"
end
