#!/bin/bash
# client.sh 'CLIENT COMMAND {url} ...' OUTDIR [CASES]   -- tests a CLIENT with `wstest -m fuzzingserver`
#   {url} in the command becomes the base URL ws://127.0.0.1:PORT; without {url} it is appended.
#   The client must: connect {url}/getCaseCount (one text message: a number N, then close); for i in 1...N
#   connect {url}/runCase?case=i&agent=NAME and echo every message until the connection ends; optionally
#   {url}/updateReports?agent=NAME (this script does it too). The Host header must carry the port.
#   CASES    comma separated patterns, default "*"
# Environment: EXCLUDE="9.*,12.*,13.*"  OPTIONS='{...}' (autobahn protocol options)  PORT=9002  TIMEOUT=3600 (s)
#              TLS_CERT=cert.pem TLS_KEY=key.pem (then wss://)  AUTOBAHN_HOME
# Exit: 0 all passed; 1 some case failed, is missing or unimplemented; 2 the suite did not run.
set -u
[ $# -ge 2 ] || { sed -n 2,11p "$0"; exit 2; }
. "$(dirname "$0")/common.sh"
CMD=$1; OUT=$2; CASES=${3:-*}; PORT=${PORT:-9002}
autobahn_setup
mkdir -p "$OUT"; OUT=$(cd "$OUT" && pwd); rm -f "$OUT"/*.json "$OUT"/*.html
SCHEME=ws; TLS=""
if [ -n "${TLS_CERT:-}" ]; then SCHEME=wss; TLS="\"cert\": \"$TLS_CERT\", \"key\": \"$TLS_KEY\","; fi
URL=$SCHEME://127.0.0.1:$PORT
cat > "$OUT/spec.json.in" <<J
{ "url": "$URL", "outdir": "$OUT", $TLS "options": ${OPTIONS:-{\}},
  "cases": $(json_list "$CASES"), "exclude-cases": $(json_list "${EXCLUDE:-}"), "exclude-agent-cases": {} }
J
S=$(date +%s)
LD_LIBRARY_PATH=$PY27LIB PYTHONUNBUFFERED=1 PYTHONWARNINGS=ignore "$WSTEST" -m fuzzingserver -u 0 -s "$OUT/spec.json.in" > "$OUT/wstest.log" 2>&1 &
WP=$!
trap 'kill $WP 2>/dev/null' EXIT
for _ in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/$PORT) 2>/dev/null && break; kill -0 $WP 2>/dev/null || break; sleep 0.1; done
kill -0 $WP 2>/dev/null || { echo "wstest did not start:"; tail -5 "$OUT/wstest.log"; exit 2; }
case $CMD in *{url}*) RUN=${CMD//\{url\}/$URL};; *) RUN="$CMD $URL";; esac
timeout "${TIMEOUT:-3600}" bash -c "$RUN" > "$OUT/client.log" 2>&1
RC=$?
[ $RC = 0 ] || { echo "client exit $RC (124 = TIMEOUT); last lines of $OUT/client.log:"; tail -3 "$OUT/client.log"; }
# write the reports also when the client did not ask for them
python3 - "$PORT" "$SCHEME" <<'PY'
import socket, ssl, sys, time
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
if sys.argv[2] == "wss":
    c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE; s = c.wrap_socket(s)
s.sendall(("GET /updateReports?agent=client.sh HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n" % sys.argv[1]).encode())
s.settimeout(120); buf = b""
while b"\x88" not in buf:            # until the server's close frame: the reports are written by then
    d = s.recv(4096)
    if not d: break
    buf += d
s.sendall(b"\x88\x80\0\0\0\0"); time.sleep(0.2)
PY
kill $WP 2>/dev/null; wait $WP 2>/dev/null; trap - EXIT
summary "$OUT" "$OUT/wstest.log" $(( $(date +%s) - S ))
