#!/bin/bash
# run.sh DUPLEX_BINARY [--screenshot DIR]   -- browser.sh against a server that is started for it, and stopped after
# Exit: as browser.sh; 2 when the server does not start.
set -euo pipefail
[ $# -ge 1 ] || { sed -n 2,3p "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
duplex=$1; shift
command -v "$duplex" >/dev/null || { echo "run.sh: no executable $duplex" >&2; exit 2; }
log=$(mktemp)
"$duplex" serve --port 0 >"$log" 2>&1 & pid=$!
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -f "$log"' EXIT
url=
for _ in $(seq 100); do
  url=$(sed -n 's/^listening on //p' "$log"); [ -z "$url" ] || break
  kill -0 "$pid" 2>/dev/null || break
  sleep 0.1
done
[ -n "$url" ] || { echo "run.sh: the server does not start: $(tail -n 1 "$log")" >&2; exit 2; }
"$here/browser.sh" "$url" "$@"
