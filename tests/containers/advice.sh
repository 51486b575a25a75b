#!/usr/bin/env bash
# In real containers: each trouble that can be made there is made, what the IT page says under "Do now" is pasted as it stands, and
# the page has to say that all is well again. `make containers` runs it after run.sh; ten minutes.
# shellcheck source=tests/containers/common.sh
. "$(dirname "$0")/common.sh"

# assessed: the IT page's answer, in the API's container
assessed() {
  docker compose exec -T api python -c "
import json, pathlib, urllib.request
token = pathlib.Path('/run/secrets/vigpack_it_token').read_text().strip()
asked = urllib.request.Request('http://127.0.0.1:8000/api/v1/operations', headers={'Authorization': f'Bearer {token}'})
for alert in json.load(urllib.request.urlopen(asked))['verdict']['alerts']:
    print(alert['code'], alert['message'], alert['remedy'], sep='\t')"
}

# do_now CODE: waits until the page tells of it, pastes the commands of its advice up to the first choice, and waits until all is well
do_now() {
  local told="" line
  for _ in $(seq 90); do
    told=$(assessed | grep "^$1"$'\t' || true)
    [ -n "$told" ] && break
    sleep 2
  done
  [ -n "$told" ] || { echo "/it does not tell of $1: $(assessed)"; return 1; }
  printf '%s\n' "$told" | sed 's/\t/\n    /g'
  # The commands in the order of the sentence; what stands behind ";" tells where to look, and behind "or" for another kind of installation.
  printf '%s\n' "${told##*$'\t'}" | sed 's/; .*//' | grep -oE '(echo [A-Z_]+=[^ ]+ >> \.env|docker compose [a-z]+[^,.:]*)' > "$work/commands" || true
  [ -s "$work/commands" ] || { echo "$1 names no command"; return 1; }
  while read -r line; do
    echo "\$ $line"
    bash -ec "$line" < /dev/null 2>&1 | { grep -vE '^ *(Container|Network|Volume) ' || true; }
  done < "$work/commands"
  expect "All is well"
}

# stop_all SERVICE: every process in its container stands still (SIGSTOP), but the first, which no signal from inside reaches
stop_all() {
  docker compose exec -T "$1" sh -c 'for p in /proc/[0-9]*; do p=${p#/proc/}; [ "$p" = 1 ] || [ "$p" = $$ ] || kill -STOP "$p"; done'
}

begin
say "the database ends"
docker compose kill postgres
do_now database_away

say "the queue ends"
docker compose kill redis
do_now queue_away

say "the worker is stopped"
docker compose stop worker
do_now no_worker

say "the worker is killed, and Docker told not to start it"
docker compose kill worker
do_now no_worker

say "the worker stands still with all its processes"
stop_all worker
do_now no_worker

say "the worker is drained"
docker compose exec -T worker vigpack worker --drain
sleep 20 # it ends in order, and Docker starts it again
do_now no_worker

say "the proxy ends"
docker compose kill proxy
do_now proxy_away

say "the proxy stands still"
stop_all proxy
do_now proxy_away

say "a job waits for twenty minutes beside a worker that works"
client send films 3
docker compose exec -T postgres psql -q -h /run/postgresql -U vigpack -d vigpack -c \
  "UPDATE jobs SET queued_at = queued_at - interval '20 minutes' WHERE state = 'queued'"
do_now waits_long
[ "$(docker compose ps -q worker | wc -l)" = 2 ]
client wait films

say "footage is nine days old, and there is no backup"
docker compose exec -T postgres psql -q -h /run/postgresql -U vigpack -d vigpack -c \
  "UPDATE selections SET created_at = created_at - interval '9 days'"
for _ in $(seq 60); do assessed | grep -q '^backup_old' && break; sleep 2; done
assessed | grep '^backup_old'
paste operations.md "Backup and restore" 1
paste operations.md "Backup and restore" 2
expect "All is well"
say "done"
