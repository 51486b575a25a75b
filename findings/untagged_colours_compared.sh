#!/usr/bin/env bash
# A film that says BT.709 is compared with one that says nothing, the very same pictures (ffmpeg 9.0.2: psnr, libvmaf,
# whatever takes two pictures). Since filters agree on colours, the untagged side is taken for BT.601 and converted:
# PSNR of 24 dB and VMAF of 55 for equal pictures, without a word. So name the colours of both with setparams, first.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1
drawn() { ffmpeg -loglevel error -f lavfi -i testsrc2=s=1280x720:d=0.2 -c:v ffv1 "$@"; }
drawn "$work/silent.mkv"
drawn -vf setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv "$work/named.mkv"
compared() {
  ffmpeg -i "$work/named.mkv" -i "$work/silent.mkv" -lavfi "[0]$1[a];[1]$1[b];[a][b]psnr" -f null - 2>&1 |
    grep -q "average:inf" && echo equal || echo differ
}
expect "scaled, one of them untagged" "differ" "$(compared scale=640:360)"
named=setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv
expect "the same with both named first" "equal" "$(compared "$named,scale=640:360")"
end
