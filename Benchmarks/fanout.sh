#!/bin/bash
# fanout.sh 'SERVER COMMAND with {port}'|- [PATH] : one publisher, many subscribers of one room, side by side with uWebSockets
# (peers/uws_publish.c), in one run; `-` measures that alone. PATH (/rooms) speaks duplex.v1 of docs/protocol.md.
# Each server is pinned to core 0, the load generator (fanload.c) to core 1, in turn, ROUNDS times (default 3).
# Prints medians: CPU time per delivered message with 1 and 16 messages unanswered and the ratio ours / uWebSockets, the delay
# until a message is read at RATE messages a second, memory per idle subscriber, and bytes on the wire per delivered message:
# 100 bytes are the application's in both; ours come in the protocol's JSON, with offset and time, those of uWebSockets bare.
# SUBSCRIBERS=5000; MESSAGES=300 and DEPTHS="1 16" for CPU time, RATE=10 and SECS=10 for the delay; RATIO=1.3, IDLE=8192: limits.
# Exit 0 if ours is within the limits, and all subscribers got all messages, in order, once; 1 if not; 2 if it could not run.
# Needs: a C compiler, python3 with pip, Debian's libuv1 (all fetched on first use into $BENCH_HOME).
set -u
[ $# -ge 1 ] || { sed -n 2,10p "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
export BENCH_HOME=${BENCH_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/duplex-bench}
subscribers=${SUBSCRIBERS:-5000} messages=${MESSAGES:-300} rate=${RATE:-10} seconds=${SECS:-10}
ours=$1 path=${2:-/rooms} rc=0 p= port=$((20000 + $$ % 12000)) # below the ports that the subscribers come from
mkdir -p "$BENCH_HOME" || exit 2
results=$(mktemp -d)
trap '[ -z "$p" ] || kill "$p" 2>/dev/null; rm -rf "$results"' EXIT
fail() { echo "fanout.sh: $*" >&2; exit 2; }

load=$BENCH_HOME/fanload
[ -x "$load" ] && [ ! "$here/fanload.c" -nt "$load" ] || cc -O3 -march=native -o "$load" "$here/fanload.c" || exit 2
"$here/peers/uws.sh" || exit 2
# Both ends have one file open per subscriber, each in its own process.
ulimit -n "$(ulimit -Hn)"

phases=()
for depth in ${DEPTHS:=1 16}; do phases+=("burst=$messages,$depth"); done
phases+=("paced=$rate,$seconds")
accepts() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
measure() { # NAME PATH PROTOCOL COMMAND: appends the lines of a run in which all got all
  local name=$1 path=$2 protocol=$3 command status=0; port=$((port + 1)); command=${4//\{port\}/$port}
  # shellcheck disable=SC2086  # several words
  taskset -c 0 $command >"$results/server" 2>&1 & p=$!
  for _ in $(seq 100); do accepts && break; kill -0 $p 2>/dev/null || break; sleep 0.1; done
  { kill -0 $p 2>/dev/null && accepts; } || fail "$name does not accept connections: $(tail -n 1 "$results/server")"
  sleep 0.3
  taskset -c 1 "$load" $port "$path" "$protocol" "$subscribers" $p "${phases[@]}" >"$results/load" 2>"$results/error" || status=$?
  case $status in
    0) cat "$results/load" >>"$results/$name" ;;
    1) rc=1; echo "$name: NOT ALL SUBSCRIBERS GOT ALL MESSAGES, IN ORDER, ONCE: $(cat "$results/error" "$results/load" | grep -v '^idle ' | head -n 1)" ;;
    *) fail "$name: no measurement: $(head -n 1 "$results/error"); the server: $(tail -n 1 "$results/server")" ;;
  esac
  kill $p 2>/dev/null; wait $p 2>/dev/null; p=
}
for _ in $(seq "${ROUNDS:-3}"); do
  [ "$ours" = - ] || measure ours "$path" duplex.v1 "$ours"
  measure uWebSockets / plain "$BENCH_HOME/uws_publish {port}"
done

median() { # NAME LINES FIELD
  sed -n "s|^$2.* $3=\([-0-9.]*\).*|\1|p" "$results/$1" 2>/dev/null | sort -n | awk '{ a[NR] = $1 } END { print NR ? a[int((NR + 1) / 2)] : "-" }'
}
line() { printf '%-34s %12s %12s %8s %8s\n' "$@"; }
within() { [ "$ours" = - ] || awk -v x="$1" -v l="$2" 'BEGIN { exit !(x != "-" && x + 0 <= l + 0) }' || rc=1; }
row() { line "$1" "$(median ours "$2" "$3")" "$(median uWebSockets "$2" "$3")" "${4:-}" "${5:-}"; }
line "1 to $subscribers, 100 bytes" ours uWebSockets ratio limit
for depth in $DEPTHS; do
  lines="burst=$messages,$depth "
  ratio=$(awk -v x="$(median ours "$lines" cpu_ns/msg)" -v y="$(median uWebSockets "$lines" cpu_ns/msg)" 'BEGIN { if (x + 0 && y + 0) printf "%.2f", x / y; else print "-" }')
  row "CPU ns/delivered, $depth unanswered" "$lines" cpu_ns/msg "$ratio" "${RATIO:-1.3}"; within "$ratio" "${RATIO:-1.3}"
done
for field in p50 p99 max; do row "delay at $rate/s, $field, us" paced $field; done
row 'bytes per idle subscriber' idle bytes/subscriber '' "${IDLE:-8192}"; within "$(median ours idle bytes/subscriber)" "${IDLE:-8192}"
row 'bytes on the wire/delivered' paced wire
exit $rc
