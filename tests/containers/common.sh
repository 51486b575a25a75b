# shellcheck shell=bash
# What both trials do: a clone, a project and volumes of their own, which go at the end; blocks of the documents, pasted.
set -euo pipefail
export COMPOSE_PROJECT_NAME=vigpack-trial
checkout=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
service=$work/service

finish() {
  status=$?
  [ $status = 0 ] || { cd "$service" && docker compose ps --all && docker compose logs --tail 20; } || true
  docker rm --force "$COMPOSE_PROJECT_NAME-receiver" >/dev/null 2>&1 || true
  cd "$service" 2>/dev/null && docker compose --profile ops down --volumes >/dev/null 2>&1 || true
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

# expect WORDS: the IT page's sentence holds them within a minute and a half; the proxy is asked once a minute
expect() {
  for _ in $(seq 45); do
    said=$(verdict)
    [[ $said == *"$1"* ]] && echo "/it: $said" && return
    sleep 2
  done
  echo "/it says: $said; not: $1"
  return 1
}

# begin: a clone, started as the documents say
begin() {
  git clone -q "$checkout" "$service"
  cd "$service"
  git log -1 --format='commit %h'
  paste deployment.md Start 1
  paste deployment.md Start 2
  docker compose ps --format '{{.Name}}  {{.Status}}'
}
