#!/usr/bin/env bash
# In real containers, from a clone, by pasting the documents' own blocks: build, start, films to their packs through TLS, a torn
# queue, a folder that root took, a backup, the loss of everything, the restore. `make containers` runs it; no other test does.
#
# Needs Linux, Docker with compose, ports 80 and 443, and about ten minutes. It works in a folder and under a project name of its
# own, whose volumes it removes; what else Docker runs is left alone, except that the image vigpack:0.1.0 is built anew.
# shellcheck source=tests/containers/common.sh
. "$(dirname "$0")/common.sh"

begin
for part in api worker; do
  docker compose exec -T "$part" python -c 'from pipeline.jail.jail import find_locks; print("'$part':", find_locks())'
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
(umask 077; docker compose exec -T api cat /data/service-key > service-key)
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
mv ../lost/backups ../lost/key-backups ../lost/backup.key ../lost/service-key ../lost/.env .
paste deployment.md Start 1
docker compose run --rm --no-deps -T api sh -c 'umask 077; cat > /data/service-key' < service-key
paste operations.md Restore 1
docker compose ps --format '{{.Name}}  {{.Status}}'
docker compose exec -T api vigpack audit verify
client check finished waiting
client wait later
client gone erased
expect "All is well. Nothing waits."
sleep 60 # long enough for a sweep of what it should not sweep
client check finished waiting later
say "done"
