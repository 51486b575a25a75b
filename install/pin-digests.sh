#!/bin/sh
# Hold every image that docker-compose.yml and the Dockerfile begin with to what its name stands for now: NAME_IMAGE=name:tag@sha256:… in
# .env, for each processor alike. Given again it takes what the same tags stand for by then, and says what changed.
# Needs docker with buildx, and a registry that answers; without one .env stays as it was.
set -eu
cd "$(dirname "$0")/.."
touch .env
new=$(mktemp)
trap 'rm -f "$new"' EXIT
sed -n 's/.*\${\([A-Z]*_IMAGE\):-\([^}]*\)}.*/\1 \2/p' docker-compose.yml | sort -u > "$new.images"
trap 'rm -f "$new" "$new.images"' EXIT
cp .env "$new"
while read -r setting delivered; do
  had=$(sed -n "s/^$setting=//p" .env | tail -n 1)
  image=${had:-$delivered}
  # Not by --format: of one that is for one processor alone buildx 0.13 prints everything instead of {{.Manifest.Digest}}.
  told=$(docker buildx imagetools inspect "${image%@*}")
  digest=$(printf '%s\n' "$told" | sed -n 's/^Digest: *\(sha256:[0-9a-f]*\)$/\1/p' | head -n 1)
  case $digest in sha256:*) ;; *) echo "$setting: ${image%@*} has no digest" >&2; exit 1 ;; esac
  pinned=${image%@*}@$digest
  if [ "$pinned" != "$had" ]; then echo "$setting: $pinned"; fi
  sed -i "/^$setting=/d" "$new"
  echo "$setting=$pinned" >> "$new"
done < "$new.images"
cat "$new" > .env
