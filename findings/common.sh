# Sourced by each finding: pinned public packages in a folder of its own, which is gone afterwards.
#
#   packages imageio-ffmpeg==0.8.1 av==18.1.0     installs them; `$python` then runs them
#   npm_packages mediabunny@1.61.0                the same for Node; run in "$work"
#   expect "what" "as seen" "now"                 fails the finding when the behaviour is another one now
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=$work/venv/bin/python
changed=0

packages() {
  "${PYTHON:-python3}" -m venv "$work/venv"
  "$python" -m pip install --quiet --disable-pip-version-check "$@"
  printf 'with %s\n' "$*"
}

npm_packages() {
  (cd "$work" && npm install --silent --no-audit --no-fund "$@")
  printf 'with %s, node %s\n' "$*" "$(node --version)"
}

ffmpeg() {
  "$("$python" -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')" -hide_banner -nostdin -y "$@"
}

expect() {
  if [ "$2" = "$3" ]; then
    printf '  %-58s %s\n' "$1" "$3"
  else
    printf '  %-58s %s   (was: %s)\n' "$1" "$3" "$2"
    changed=1
  fi
}

end() {
  [ "$changed" = 0 ] || { echo "  the behaviour has changed"; exit 1; }
}
