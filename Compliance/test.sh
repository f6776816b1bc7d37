#!/bin/bash
# test.sh   -- everything that fits into a normal test run, on one debug build
#   The parts: unit tests; the command from outside; the rooms' protocol; faults (quick); the examples, nginx and haproxy;
#   Autobahn (quick) for both roles; browsers.
#   A part that fails does not keep the later ones from running. What each part printed is in Compliance/reports/.
# The last line is 'N passed, N failed', over all parts: tests, checks and cases. A part that could not run, or that
# ended badly without saying what failed, counts as one failed.
# Environment: PARTS="unit command protocol faults examples autobahn browser"   DUPLEX_DEBUG=.build/debug
# Exit: 0 nothing failed, else 1.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.." || exit 1
PARTS=${PARTS:-unit command protocol faults examples autobahn browser}
debug=${DUPLEX_DEBUG:-.build/debug}
reports=Compliance/reports
mkdir -p "$reports"
passed=0 failed=0 summary=()

# count NAME LOG STATUS SECONDS   -- adds up what a part's output says
count() {
  local name=$1 log=$2 status=$3 p=0 f=0 note= line
  read -r p f < <(sed -n 's/^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed$/\1 \2/p' "$log" | awk '{ p += $1; f += $2 } END { print p + 0, f + 0 }')
  if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then note=" (out of time)"; fi
  # What ended badly, or ran nothing, must not look good.
  if [ "$f" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$p" -eq 0 ]; }; then f=1 note="${note:- (exit $status)}"; fi
  passed=$((passed + p)) failed=$((failed + f))
  line=$(printf '%-10s %5d passed %3d failed %5d s%s' "$name" "$p" "$f" "$4" "$note")
  summary+=("$line")
  echo "-> $line"
}

# part NAME HEADING MINUTES COMMAND...
part() {
  local name=$1 heading=$2 minutes=$3 log=$reports/$1.log start=$SECONDS status=0
  shift 3
  [[ " $PARTS " == *" $name "* ]] || return 0
  printf '\n== %s\n' "$heading"
  timeout --kill-after=10 "${minutes}m" "$@" >"$log" 2>&1 </dev/null || status=$?
  # Only what a reader looks for: of hundreds of lines that say ok, none.
  grep -v -E '^ok |^[◇✔↳] |^\[[0-9]+/[0-9]+\] |^Test (Suite|Case) .*(started|passed)' "$log" | tail -n 60
  count "$name" "$log" "$status" $((SECONDS - start))
}

printf '== Debug build\n'
start=$SECONDS
if swift build --build-tests >"$reports/build.log" 2>&1; then
  echo "-> built in $((SECONDS - start)) s"
else
  tail -n 40 "$reports/build.log"
  failed=$((failed + 1))
  summary+=("$(printf '%-10s %s' build "failed, 1 failed")")
  echo "-> the build failed; what is there from earlier is not tested"
  debug=/nonexistent
fi

if [ "$debug" = /nonexistent ]; then
  for name in $PARTS; do
    failed=$((failed + 1))
    summary+=("$(printf '%-10s %s' "$name" "could not run, 1 failed")")
  done
else
  part unit "Unit tests" 10 bash Compliance/Support/unit.sh
  part command "The command, from outside" 10 Compliance/Command/command.sh "$debug/duplex"
  part protocol "The rooms' protocol, by docs/protocol.md" 5 Compliance/Protocol/run.sh "$debug/duplex"
  part faults "Faults that are made, quick" 10 Compliance/Faults/faults.sh "$debug/duplex" quick
  part examples "The examples, and nginx and haproxy in front" 10 Compliance/Examples/examples.sh "$debug"
  part autobahn "Autobahn's testsuite, quick, both roles" 15 Compliance/Autobahn/run.sh "$debug/duplex" "$debug/autobahn-client" quick
  part browser "The pages, compression and HTTP/2 in browsers" 30 Compliance/Browser/run.sh "$debug/duplex"
fi

printf '\n== Summary\n'
printf '%s\n' "${summary[@]}"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
