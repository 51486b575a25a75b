#!/usr/bin/env bash
# `aresample=async=1` is said to fill gaps in timestamps with silence; it leaves gaps of under 0.1 s open without a word
# (libswresample's min_hard_comp is 0.1). Three lost frames of AAC are 64 ms, and everything after them comes early.
# With min_hard_comp=0.01 they are filled. ffmpeg 9.0.2.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.3.5
cat > "$work/holes.py" <<'PY'
import subprocess, sys
import av, imageio_ffmpeg, numpy as np

ffmpeg, work = imageio_ffmpeg.get_ffmpeg_exe(), sys.argv[1]
beep = "aevalsrc=exprs='if(lt(mod(t,1),0.04),0.5*sin(2*PI*1000*t),0)':sample_rate=48000"
subprocess.run([ffmpeg, "-loglevel", "error", "-y", "-f", "lavfi", "-t", "3", "-i", beep, "-c:a", "aac", f"{work}/whole.mka"], check=True)
with av.open(f"{work}/whole.mka") as whole, av.open(f"{work}/holes.mka", "w") as holes:
    stream = holes.add_stream_from_template(whole.streams.audio[0])
    for number, packet in enumerate(whole.demux(audio=0)):
        if packet.size and number not in (30, 31, 32):
            packet.stream = stream
            holes.mux(packet)
argv = [ffmpeg, "-loglevel", "error", "-i", f"{work}/holes.mka", "-af", sys.argv[2], "-ac", "1", "-f", "f32le", "-"]
sound = np.abs(np.frombuffer(subprocess.run(argv, capture_output=True, check=True).stdout, np.float32))
loud = np.flatnonzero(sound > 0.2)
print(round(next(int(at) for at in loud if at > 48_000 * 1.5) / 48))
PY
expect "async=1: the beep at 2000 ms is heard at" 1936 "$("$python" "$work/holes.py" "$work" aresample=async=1)"
expect "async=1:min_hard_comp=0.01: it is heard at" 2000 \
  "$("$python" "$work/holes.py" "$work" aresample=async=1:min_hard_comp=0.01)"
end
