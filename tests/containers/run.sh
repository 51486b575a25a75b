#!/usr/bin/env bash
# In real containers, from a clone, by pasting the documents' own blocks: build, start, films to their packs through TLS, a torn
# queue, a folder that root took, a backup, the loss of everything, the restore. `make containers` runs it; no other test does.
#
# Needs Linux, Docker with compose, ports 80 and 443, and about ten minutes. It works in a folder and under a project name of its
# own, whose volumes it removes; what else Docker runs is left alone, except that the image vigpack:0.1.0 is built anew.
set -euo pipefail
export COMPOSE_PROJECT_NAME=vigpack-trial
checkout=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
service=$work/service

finish() {
  status=$?
  [ $status = 0 ] || { cd "$service" && docker compose ps --all && docker compose logs --tail 20; } || true
  cd "$service" 2>/dev/null && docker compose down --volumes >/dev/null 2>&1 || true
  rm -rf "$work"
  exit $status
}
trap finish EXIT

say() { printf '\n== %s  %s\n' "$(date -u +%T)" "$*"; }

# paste DOCUMENT HEADING NUMBER: the block with this number below that heading, in one shell, as a person would
paste() {
  awk -v heading="$2" -v number="$3" '
    /^#+ / { below = ($0 ~ "^#+ " heading "$"); count = 0 }
    below && /^```sh$/ { inside = (++count == number); next }
    /^```$/ { inside = 0 }
    inside { print }' "docs/$1" | sed 's/vigpack\.example\.org/localhost/' > "$work/block.sh"
  [ -s "$work/block.sh" ] || { echo "docs/$1 has no block $3 below $2"; return 1; }
  say "docs/$1, $2, block $3"
  sed 's/^/$ /' "$work/block.sh"
  BUILDKIT_PROGRESS=quiet bash -e "$work/block.sh" < /dev/null 2>&1 | { grep -vE '^ *(Container|Network|Volume) ' || true; }
}

# client WORD…: tests/containers/client.py in a container of the image, which reaches the proxy as a browser on this machine does
client() {
  docker compose cp proxy:/data/caddy/pki/authorities/local/root.crt "$work/root.crt" > /dev/null 2>&1
  docker run --rm --user 0 --network host --tmpfs /tmp:size=1g -v "$checkout/tests/containers:/client:ro" -v "$work:/trial" \
    -v "$service/secrets:/secrets:ro" vigpack:0.1.0 python /client/client.py "$@"
}

verdict() {
  docker compose exec -T api python -c "
import json, pathlib, urllib.request
token = pathlib.Path('/run/secrets/vigpack_it_token').read_text().strip()
asked = urllib.request.Request('http://127.0.0.1:8000/api/v1/operations', headers={'Authorization': f'Bearer {token}'})
print(json.load(urllib.request.urlopen(asked))['verdict']['sentence'])"
}

# expect WORDS: the IT page's sentence holds them within a minute
expect() {
  for _ in $(seq 30); do
    said=$(verdict)
    [[ $said == *"$1"* ]] && echo "/it: $said" && return
    sleep 2
  done
  echo "/it says: $said; not: $1"
  return 1
}

git clone -q "$checkout" "$service"
cd "$service"
git log -1 --format='commit %h'
paste deployment.md Start 1
paste deployment.md Start 2
docker compose ps --format '{{.Name}}  {{.Status}}'
for service in api worker; do
  docker compose exec -T $service python -c 'from pipeline.jail.jail import find_locks; print("'$service':", find_locks())'
done
docker image ls --format '{{.Repository}}:{{.Tag}}  {{.Size}}' vigpack

say "films to their packs through TLS"
client send finished 2
client send erased 1 K-207
client wait finished erased

say "512 zero bytes behind the queue's file, while two selections wait"
docker compose stop worker
client send waiting 2
docker compose stop redis
docker compose run --rm --no-deps -T --entrypoint sh redis -c 'head -c 512 /dev/zero >> "$(ls /data/appendonlydir/*.incr.aof | tail -n 1)"'
docker compose up -d --wait
docker compose logs --no-log-prefix redis | grep 'are damaged'
[ "$(docker compose logs --no-log-prefix redis | grep -c 'are damaged')" = 1 ]
client wait waiting

say "/data taken by root"
docker compose run --rm --no-deps -T --user root --cap-add CHOWN --cap-add DAC_OVERRIDE migrate chown -R root: /data
docker compose restart api
docker compose up -d --wait
expect "cannot be written"
docker compose exec -T api vigpack doctor && exit 1
docker compose run --rm --user root --cap-add CHOWN --cap-add DAC_OVERRIDE migrate chown -R vigpack: /data
expect "All is well. Nothing waits."

say "a backup, with two selections waiting; one is erased after it"
docker compose stop worker
client send later 2
paste operations.md "Backup and restore" 1
paste operations.md "Backup and restore" 2
paste operations.md "Backup and restore" 3
du -sh backups/20* key-backups
docker compose exec -T api vigpack erase --yes K-207
docker compose start worker && sleep 15 && docker compose stop worker
paste operations.md "Backup and restore" 4
paste operations.md "Backup and restore" 5

say "everything is lost: docker compose down -v, a new clone, other secrets"
docker compose down --volumes
mv "$service" "$work/lost" && git clone -q "$checkout" "$service" && cd "$service"
mv ../lost/backups ../lost/key-backups ../lost/backup.key ../lost/.env .
paste deployment.md Start 1
paste operations.md Restore 1
docker compose ps --format '{{.Name}}  {{.Status}}'
client check finished waiting
client wait later
client gone erased
expect "All is well. Nothing waits."
sleep 60 # long enough for a sweep of what it should not sweep
client check finished waiting later
say "done"
