#!/usr/bin/env bash
# EBU R 128 measures blocks of 400 ms. ffmpeg's ebur128 reports -70.0 LUFS for anything shorter, which reads like digital
# silence, however loud it is; from 400 ms on it is right. Heard twice over (aloop) it is right too. ffmpeg 9.0.2.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1
lufs() {
  ffmpeg -f lavfi -i "aevalsrc=exprs='0.5*sin(2*PI*997*t)':sample_rate=48000:duration=$1" \
    -af "$2ebur128=framelog=quiet" -f null - 2>&1 | grep -o 'I: *[-0-9.]* LUFS' | tr -s ' ' | cut -d' ' -f2
}
expect "0.399 s of a loud tone" -70.0 "$(lufs 0.399 '')"
expect "0.400 s of it" -9.0 "$(lufs 0.400 '')"
expect "0.300 s of it, repeated to two seconds" -9.0 "$(lufs 0.300 'aloop=loop=-1:size=96000,atrim=end=2,')"
end
