#!/bin/bash
# idle.sh SERVER_BINARY [N]   -- resident memory per idle connection of `SERVER_BINARY serve` (N = 10000)
# Environment: LIMIT=6144 (bytes each)
# Exit: 0 within the limit; 1 above it, or a connection failed; 2 it could not run.
set -euo pipefail
[ $# -ge 1 ] || { sed -n 2,4p "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
server=$1 n=${2:-10000}
[ -r /proc/self/status ] || { echo "idle.sh: needs Linux's /proc" >&2; exit 2; }
command -v "$server" >/dev/null || { echo "idle.sh: no executable $server" >&2; exit 2; }

# Both ends have one file open per connection, each in its own process.
ulimit -n "$(ulimit -Hn)"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
log=$(mktemp)
"$server" serve --port "$port" >"$log" 2>&1 & pid=$!
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -f "$log"' EXIT
accepts() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
for _ in $(seq 100); do accepts && break; kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
{ kill -0 "$pid" 2>/dev/null && accepts; } || { echo "idle.sh: the server does not accept connections: $(tail -n 1 "$log")" >&2; exit 2; }
python3 "$here/idle.py" "$port" "$pid" -n "$n" --limit "${LIMIT:-6144}"
