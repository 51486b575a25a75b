#!/usr/bin/env bash
# kombu 5.7.0's filesystem transport takes an exclusive lock on a message's file while it writes it, so a reader in
# another process should wait for it. It does not ask: it moves the file away and reads what is there so far. The reader
# then raises JSONDecodeError for an empty message, the message is lost, and a Celery worker ends. Write beside and rename.
source "$(dirname "$0")/common.sh"
packages kombu==5.7.0
cat > "$work/race.py" <<'PY'
import sys, threading
from kombu import Connection
from kombu.transport import filesystem

folder = sys.argv[1]
options = {"data_folder_in": folder, "data_folder_out": folder, "control_folder": folder + "/control"}
locked, go_on = threading.Event(), threading.Event()
take_lock = filesystem.lock

def lock(file, flags):
    take_lock(file, flags)
    if file.name.endswith(".msg"):  # a writer that is not given the processor just now
        locked.set()
        go_on.wait()

def connect():
    return Connection("filesystem://", transport_options=options)

with connect() as reading, connect() as writing:
    queue = reading.SimpleQueue("work")
    sender = writing.SimpleQueue("work")
    filesystem.lock = lock
    thread = threading.Thread(target=sender.put, args=({"job": 1},))
    thread.start()
    locked.wait()
    try:
        print("got", queue.get(timeout=1).payload)
    except Exception as error:
        print(type(error).__name__)
    go_on.set()
    thread.join()
    print("left in the queue:", queue.qsize())
PY
mkdir "$work/queue"
expect "a message whose writer holds its lock" "JSONDecodeError
left in the queue: 0" "$("$python" "$work/race.py" "$work/queue")"
end
