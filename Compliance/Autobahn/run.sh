#!/bin/bash
# run.sh SERVER_BINARY CLIENT_BINARY quick|full   -- Autobahn's testsuite against both roles, one after the other
#   SERVER_BINARY  started as `SERVER_BINARY serve --port P`; its /echo is tested
#   CLIENT_BINARY  started as `CLIENT_BINARY ws://127.0.0.1:P`; what it has to do stands in client.sh
#   quick          cases 1.* to 7.* and 10.* (247 a role, well under a minute)
#   full           with 9.*, the large messages (301 a role); 12.* and 13.* are about compression
# Reports: Compliance/reports/autobahn-{server,client}-{quick,full}/index.html, server.log and client.log beside it.
# Exit: 0 all passed and none of 6.4.* (fail fast on bad UTF-8) is NON-STRICT; 1 some case failed or is missing;
#       2 it could not run. server.sh and client.sh say which environment variables they heed.
set -uo pipefail
[ $# -eq 3 ] || { sed -n 2,9p "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
server=$1 client=$2 mode=$3
case $mode in
  quick) cases='1.*,2.*,3.*,4.*,5.*,6.*,7.*,10.*' count=247 ;;
  full) cases='1.*,2.*,3.*,4.*,5.*,6.*,7.*,9.*,10.*' count=301 ;;
  *) echo "run.sh: the mode is quick or full, not '$mode'" >&2; exit 2 ;;
esac
for binary in "$server" "$client"; do
  command -v "$binary" >/dev/null || { echo "run.sh: no executable $binary" >&2; exit 2; }
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

rc=0
worse() { [ "$1" -le "$rc" ] || rc=$1; }

# ---- The server ----
out=$reports/autobahn-server-$mode port=$(free_port)
"$server" serve --port "$port" >"$out/server.log" 2>&1 & pid=$!
trap 'kill "$pid" 2>/dev/null' EXIT
for _ in $(seq 100); do accepts "$port" && break; kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
if accepts "$port" && kill -0 "$pid" 2>/dev/null; then
  echo "Autobahn, $mode, the server"
  bash "$here/server.sh" "ws://127.0.0.1:$port/echo" "$out" "$cases" || worse $?
  strict "$out" || worse 1
  kill -0 "$pid" 2>/dev/null || { echo "the server did not survive; last lines of $out/server.log:"; tail -n 3 "$out/server.log"; worse 1; }
else
  echo "run.sh: the server does not accept connections; last lines of $out/server.log:" >&2
  tail -n 3 "$out/server.log" >&2
  worse 2
fi
kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; trap - EXIT

# ---- The client ----
out=$reports/autobahn-client-$mode
echo "Autobahn, $mode, the client"
PORT=$(free_port) bash "$here/client.sh" "$(printf '%q' "$client") {url}" "$out" "$cases" || worse $?
strict "$out" || worse 1
exit "$rc"
