#!/bin/bash
# server.sh WS_URL OUTDIR [CASES]   -- tests a SERVER with `wstest -m fuzzingclient`
#   WS_URL   ws://127.0.0.1:9001 (an echo server) or wss://... (certificate not verified)
#   CASES    comma separated patterns, default "*", for instance "1.*,2.*" or "9.1.*" or "12.1.1"
# Environment: EXCLUDE="9.*,12.*,13.*"  OPTIONS='{"closeHandshakeTimeout": 5}' (autobahn protocol options)
#              TIMEOUT=3600 (s)  AGENT=server  AUTOBAHN_HOME=folder for the Python 2.7 environment
# Exit: 0 all passed; 1 some case failed, is missing or unimplemented; 2 the suite did not run.
# Reports: OUTDIR/index.json, OUTDIR/index.html, one .json and .html a case, OUTDIR/wstest.log
set -u
[ $# -ge 2 ] || { sed -n 2,9p "$0"; exit 2; }
. "$(dirname "$0")/common.sh"
URL=$1; OUT=$2; CASES=${3:-*}
autobahn_setup
mkdir -p "$OUT"; OUT=$(cd "$OUT" && pwd); rm -f "$OUT"/*.json "$OUT"/*.html
cat > "$OUT/spec.json.in" <<J
{ "outdir": "$OUT", "options": ${OPTIONS:-{\}},
  "servers": [ { "agent": "${AGENT:-server}", "url": "$URL" } ],
  "cases": $(json_list "$CASES"), "exclude-cases": $(json_list "${EXCLUDE:-}"), "exclude-agent-cases": {} }
J
S=$(date +%s)
LD_LIBRARY_PATH=$PY27LIB PYTHONUNBUFFERED=1 PYTHONWARNINGS=ignore timeout "${TIMEOUT:-3600}" "$WSTEST" -m fuzzingclient -s "$OUT/spec.json.in" > "$OUT/wstest.log" 2>&1
RC=$?
[ $RC = 0 ] || echo "wstest exit $RC (124 = TIMEOUT)"
grep -E 'Connection to .* failed|Traceback|Error' "$OUT/wstest.log" | sort | uniq -c | head -5
summary "$OUT" "$OUT/wstest.log" $(( $(date +%s) - S ))
