#!/bin/sh
# Install vigpack on this machine without containers: Debian 12 or 13, or another Linux with systemd and Python 3.11 to 3.14.
# From a clone it takes the packages from PyPI; from a bundle (make bundle) it takes everything from beside itself, with no network.
#
#   sudo install/install.sh              install, or bring to this version; then: systemctl start vigpack
#   sudo install/install.sh --remove     take the program away; what it keeps, its settings and tokens stay
#   sudo install/install.sh --remove --erase-everything     those too, and its user
set -eu
here=$(cd "$(dirname "$0")" && pwd)
prefix=/opt/vigpack

say() { printf '%s\n' "$*"; }
stop() { say "$*" >&2; exit 1; }
has_systemd() { [ -d /run/systemd/system ]; }

[ "$(id -u)" = 0 ] || stop "Run this as root: sudo $0"

remove() {
  if has_systemd; then systemctl disable --now vigpack 2>/dev/null || true; fi
  rm -f /etc/systemd/system/vigpack.service /usr/local/bin/vigpack
  rm -rf "$prefix"
  if has_systemd; then systemctl daemon-reload; fi
  if [ "${1:-}" = --erase-everything ]; then
    rm -rf /var/lib/vigpack /etc/vigpack
    if getent passwd vigpack >/dev/null; then userdel vigpack; fi
    say "vigpack and everything that it kept are gone. Backups elsewhere are not touched."
  else
    say "The program is gone. What it kept is in /var/lib/vigpack, its settings and tokens in /etc/vigpack."
  fi
}

find_python() {
  for python in ${PYTHON:-python3.13 python3.12 python3.11 python3.14 python3}; do
    if "$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then
      command -v "$python"; return
    fi
  done
  stop "vigpack needs Python 3.11 to 3.14 with its venv module: apt install python3-venv"
}

install_packages() {
  # Beside the old one first, and then in its place: an installation that breaks off leaves what was there.
  rm -rf "$prefix.new"
  "$1" -m venv "$prefix.new"
  pip="$prefix.new/bin/python -m pip --disable-pip-version-check --quiet --no-cache-dir"
  if [ -d "$here/wheels" ]; then
    $pip install --no-index --find-links "$here/wheels" --require-hashes -r "$here/run.txt"
    $pip install --no-index --no-deps "$here"/vigpack-*.whl
    page=$here/page
  else
    page=$here/../web/dist
    $pip install --require-hashes -r "$here/../requirements/run.txt"
    $pip install --no-deps --no-build-isolation "$here/.."
  fi
  [ -f "$page/index.html" ] || stop "The page is not built: run make page first."
  site=$("$prefix.new/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  mkdir -p "$site/web" "$prefix.new/share/vigpack"
  cp -R "$page" "$site/web/dist"
  for document in deployment.md operations.md; do
    for place in "$here/docs" "$here/../docs"; do
      if [ -f "$place/$document" ]; then cp "$place/$document" "$prefix.new/share/vigpack/"; fi
    done
  done
  # Programs in an environment name its place; it is made where it will not stay.
  grep -rlI "$prefix.new" "$prefix.new/bin" "$prefix.new/pyvenv.cfg" | xargs sed -i "s#$prefix\.new#$prefix#g"
  "$prefix.new/bin/python" -P -m cli --version >/dev/null
}

write_token() {
  [ -s "/etc/vigpack/$1" ] || (umask 077; head -c 24 /dev/urandom | base64 | tr '+/' '-_' > "/etc/vigpack/$1")
}

case "${1:-}" in
  --remove) remove "${2:-}"; exit ;;
  "") ;;
  *) stop "Unknown: $1. The first lines of this file say what there is." ;;
esac

python=$(find_python)
install_packages "$python"
getent passwd vigpack >/dev/null || useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin vigpack
install -d -m 0755 /etc/vigpack
write_token vigpack_token
write_token vigpack_it_token
if has_systemd && systemctl is-active --quiet vigpack; then was_running=yes; systemctl stop vigpack; fi
rm -rf "$prefix.old"
if [ -d "$prefix" ]; then mv "$prefix" "$prefix.old"; fi
mv "$prefix.new" "$prefix"
rm -rf "$prefix.old"
ln -sf "$prefix/bin/vigpack" /usr/local/bin/vigpack
for unit in "$here/systemd/vigpack.service" "$here/vigpack.service"; do
  if [ -f "$unit" ]; then install -m 0644 "$unit" /etc/systemd/system/vigpack.service; fi
done
if has_systemd; then
  systemctl daemon-reload
  systemctl enable --quiet vigpack
  if [ -n "${was_running:-}" ]; then systemctl start vigpack; fi
fi
say "vigpack $(/usr/local/bin/vigpack --version) is installed. Start it: systemctl start vigpack. It listens on 127.0.0.1:8000; put a proxy before it."
say "Guiders need the token in /etc/vigpack/vigpack_token, IT the one in /etc/vigpack/vigpack_it_token."
