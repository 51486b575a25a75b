#!/usr/bin/env bash
# In real containers: each trouble that can be made there is made, what the IT page says under "Do now" is pasted as it stands, and
# the page has to say that all is well again. `make containers` runs it after run.sh; half an hour.
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

# sql STATEMENT: as the database's superuser
sql() { docker compose exec -T postgres psql -qtA -h /run/postgresql -U vigpack -d vigpack -c "$1"; }

# it METHOD PATH: what a button of the IT page asks
it() {
  docker compose exec -T api python -c "
import pathlib, sys, urllib.request
token = pathlib.Path('/run/secrets/vigpack_it_token').read_text().strip()
url = 'http://127.0.0.1:8000/api/v1/operations/' + sys.argv[2]
asked = urllib.request.Request(url, method=sys.argv[1], headers={'Authorization': f'Bearer {token}'})
print(urllib.request.urlopen(asked).read().decode())" "$@" < /dev/null
}

# certificate DAYS: certificates/ holds one for localhost, made for 90 days, that ends in so many
certificate() {
  docker compose exec -T api python - "$1" > "$work/both.pem" <<'PYTHON'
import datetime, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization as forms
from cryptography.hazmat.primitives.asymmetric import ec
key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=int(sys.argv[1]))
made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
made = made.serial_number(x509.random_serial_number()).not_valid_before(ends - datetime.timedelta(days=90)).not_valid_after(ends)
made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False).sign(key, hashes.SHA256())
print(key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()).decode(), end="")
print(made.public_bytes(forms.Encoding.PEM).decode(), end="")
PYTHON
  sed '/BEGIN CERTIFICATE/,$d' "$work/both.pem" > certificates/key.pem
  sed -n '/BEGIN CERTIFICATE/,$p' "$work/both.pem" > certificates/certificate.pem
}

# told CODE: waits until the page tells of it
told() {
  for _ in $(seq 90); do assessed | grep "^$1"$'\t' && return; sleep 2; done
  echo "/it does not tell of $1: $(assessed)"
  return 1
}

# reached WORDS: somebody was sent them, within ten minutes
reached() {
  for _ in $(seq 120); do docker logs "$COMPOSE_PROJECT_NAME-receiver" 2>&1 | grep -m 1 "$1" && return; sleep 5; done
  docker compose --profile ops logs --tail 20 prometheus alertmanager
  return 1
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
sql "UPDATE jobs SET queued_at = queued_at - interval '20 minutes' WHERE state = 'queued'"
do_now waits_long
[ "$(docker compose ps -q worker | wc -l)" = 2 ]
client wait films

say "footage is nine days old, and there is no backup"
sql "UPDATE selections SET created_at = created_at - interval '9 days'"
for _ in $(seq 60); do assessed | grep -q '^backup_old' && break; sleep 2; done
assessed | grep '^backup_old'
paste operations.md "Backup and restore" 1
paste operations.md "Backup and restore" 2
expect "All is well"

say "a certificate of one's own ends in five of its ninety days"
certificate 5
echo VIGPACK_CERTIFICATE=own >> .env
docker compose up -d --wait proxy > /dev/null 2>&1
told certificate_ends
certificate 89 # as its advice begins: the new one first
do_now certificate_ends

say "it has ended"
certificate -1
docker compose up -d --force-recreate proxy > /dev/null 2>&1
told proxy_away
certificate 89
do_now proxy_away

say "jobs are given up"
docker compose stop worker > /dev/null 2>&1
sed -i 's/^VIGPACK_CERTIFICATE=own$/VIGPACK_CERTIFICATE=automatic/' .env && docker compose up -d --wait proxy > /dev/null 2>&1
client send given 1
sql "UPDATE jobs SET state = 'failed', finished_at = now(), error_code = 'no_room', error_sentence = 'No room.' WHERE state = 'queued'"
sql "UPDATE moments SET state = 'failed' WHERE state = 'queued'"
docker compose start worker > /dev/null 2>&1
told given_up
for job in $(sql "SELECT id FROM jobs WHERE state = 'failed'"); do it POST "jobs/$job/retry" > /dev/null; done # as the buttons of its list do
client wait given
expect "All is well"

say "an alert reaches somebody"
cat > "$work/receiver.py" <<'PYTHON'
import http.server, json

class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200), self.end_headers()
        print(told["status"], *(f"{one['labels']['alertname']}: {one['annotations']['do']}" for one in told["alerts"]), sep="  ", flush=True)

    def log_message(self, *_):
        pass

http.server.HTTPServer(("", 9099), Receiver).serve_forever()
PYTHON
echo VIGPACK_ALERT_WEBHOOK=http://receiver:9099/ >> .env
docker compose --profile ops up -d prometheus alertmanager > /dev/null 2>&1
docker run -d --rm --name "$COMPOSE_PROJECT_NAME-receiver" --network "${COMPOSE_PROJECT_NAME}_mail" --network-alias receiver \
  -v "$work/receiver.py:/receiver.py:ro" vigpack:0.1.0 python /receiver.py > /dev/null
docker compose stop worker > /dev/null 2>&1
reached "firing  .*VigpackNoWorker"
docker compose start worker > /dev/null 2>&1
reached "resolved  .*VigpackNoWorker"
docker stop "$COMPOSE_PROJECT_NAME-receiver" > /dev/null
say "done"
