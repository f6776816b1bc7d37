#!/bin/bash
# run.sh SERVER_BINARY CLIENT_BINARY quick|full   -- Autobahn's testsuite against both roles, one after the other
#   SERVER_BINARY  started as `SERVER_BINARY serve --port P --compression takeover`; its /echo is tested
#   CLIENT_BINARY  started as `CLIENT_BINARY ws://127.0.0.1:P takeover handler`, and then with websocket and stream in the
#                  place of handler, its other interfaces (247 or 301 cases each); what it has to do stands in client.sh
#   quick          cases 1.* to 7.*, 10.*, and 20 of 12.* and 13.* (267 a role, about a minute)
#   full           with 9.*, the large messages, and all of 12.* and 13.*, compression (517 a role)
# Reports: Compliance/reports/autobahn-{server,client}-{quick,full}/index.html, server.log and client.log beside it.
# Exit: 0 all passed, none of 6.4.* (fail fast on bad UTF-8) is NON-STRICT, and what was to be compressed was;
#       1 some case failed or is missing; 2 it could not run. server.sh and client.sh say which environment variables they heed.
set -uo pipefail
[ $# -eq 3 ] || { sed -n 2,10p "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
server=$1 binary=$2 mode=$3
# Of compression's cases, 1000 messages each, those that take a second: every kind of data (12.1 to 12.5), small messages
# and two of 64 KiB, whole and in fragments of 256 bytes (11 and later); every set of parameters (13.1 to 13.7), each with
# the size by which compression.py sees whether messages refer to earlier ones (3).
sample='12.1.2,12.1.3,12.1.9,12.1.11,12.2.1,12.2.4,12.3.3,12.4.4,12.4.14,12.5.11'
sample+=',13.1.3,13.2.3,13.3.3,13.4.3,13.5.3,13.6.3,13.7.3,13.3.11,13.5.5,13.6.11'
case $mode in
  quick) cases="1.*,2.*,3.*,4.*,5.*,6.*,7.*,10.*,$sample" count=267 ;;
  full) cases='1.*,2.*,3.*,4.*,5.*,6.*,7.*,9.*,10.*,12.*,13.*' count=517 ;;
  *) echo "run.sh: the mode is quick or full, not '$mode'" >&2; exit 2 ;;
esac
for program in "$server" "$binary"; do
  command -v "$program" >/dev/null || { echo "run.sh: no executable $program" >&2; exit 2; }
done
reports=$here/../reports
mkdir -p "$reports/autobahn-server-$mode" "$reports/autobahn-client-$mode"
reports=$(cd "$reports" && pwd)

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
accepts() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# strict REPORT_FOLDER: what the summaries do not ask. A pattern that matched nothing would pass unseen, so the
# number of cases is fixed here; and 6.4.* may be NON-STRICT for the suite, but not for us.
strict() {
  python3 - "$1/index.json" "$count" <<'PY'
import json, sys
try:
    agents = json.load(open(sys.argv[1]))
except Exception as error:
    sys.exit(f"no report: {error}")
bad = [] if len(agents) == 1 else [f"{len(agents)} agents instead of one"]
for agent, cases in agents.items():
    if len(cases) != int(sys.argv[2]):
        bad.append(f"{agent}: {len(cases)} cases instead of {sys.argv[2]}")
    lax = [c for c in cases if c.startswith("6.4.") and cases[c]["behavior"] != "OK"]
    if lax:
        bad.append(f"{agent}: not strict in {' '.join(sorted(lax))}")
sys.exit("\n".join(bad) or None)
PY
}

# compressed ROLE REPORT_FOLDER: what compression.py asks
compressed() { python3 "$here/compression.py" "$@"; }

rc=0
worse() { [ "$1" -le "$rc" ] || rc=$1; }

# ---- The server ----
out=$reports/autobahn-server-$mode port=$(free_port)
# With context takeover, since that is the harder of both modes: in the other one each message starts afresh, and a state
# that goes wrong would show nowhere. The suite asks for the other one in 13.2, 13.5, 13.6 and 13.7. From the first byte on,
# so that the small messages are compressed, too.
"$server" serve --port "$port" --compression takeover --compression-threshold 0 >"$out/server.log" 2>&1 & pid=$!
trap 'kill "$pid" 2>/dev/null' EXIT
for _ in $(seq 100); do accepts "$port" && break; kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
if accepts "$port" && kill -0 "$pid" 2>/dev/null; then
  echo "Autobahn, $mode, the server"
  bash "$here/server.sh" "ws://127.0.0.1:$port/echo" "$out" "$cases" || worse $?
  strict "$out" || worse 1
  compressed server "$out" || worse 1
  kill -0 "$pid" 2>/dev/null || { echo "the server did not survive; last lines of $out/server.log:"; tail -n 3 "$out/server.log"; worse 1; }
else
  echo "run.sh: the server does not accept connections; last lines of $out/server.log:" >&2
  tail -n 3 "$out/server.log" >&2
  worse 2
fi
kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; trap - EXIT

# ---- The client ----
# client INTERFACE CASES COUNT   -- through one of its interfaces
client() {
  local interface=$1 cases=$2
  out=$reports/autobahn-client-$mode count=$3
  [ "$interface" = handler ] || out+=-$interface
  mkdir -p "$out"
  echo "Autobahn, $mode, the client's $interface"
  PORT=$(free_port) bash "$here/client.sh" "$(printf '%q' "$binary") {url} takeover $interface" "$out" "$cases" || worse $?
  strict "$out" || worse 1
}
client handler "$cases" "$count"
compressed client "$out" || worse 1
# The others stand on the same driver: without compression's cases, which take the time.
case $mode in
  quick) cases='1.*,2.*,3.*,4.*,5.*,6.*,7.*,10.*' count=247 ;;
  full) cases='1.*,2.*,3.*,4.*,5.*,6.*,7.*,9.*,10.*' count=301 ;;
esac
client websocket "$cases" "$count"
client stream "$cases" "$count"
exit "$rc"
