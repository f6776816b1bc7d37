#!/bin/bash
# deflate.sh 'SERVER COMMAND with {port} and {mode}'|- [PATH] : compressed echo of JSON texts, beside ws (Node),
# uWebSockets and websockets (Python), in one run; `-` measures these alone.
# {mode} becomes `takeover` or `no-takeover`. Each server is pinned to core 0, the load generator (deflateload.c)
# to core 1, in turn, ROUNDS times (default 3). Prints medians: CPU time per message and the ratio ours / the best
# of the others, bytes per message on the wire, and memory.
# All servers compress every message at LEVEL 6, WINDOW 15 (bits), MEMLEVEL 8: zlib's defaults. The peers take
# others from the environment; our command has to name the same. A peer whose bytes differ by more than 5% from
# ours is named, since its CPU time is then not for the same output.
# LOADS: lines of "text connections depth [limit of the ratio]", text being 300 or 64k; MODES; SECS per
# measurement (default 3). Exit 0 if every ratio is at most its limit, 1 if not (or ours did not agree on the mode),
# 2 if it could not run.
# Needs: a C compiler with zlib; a peer that can be neither found nor installed (Debian's node-ws and libuv1 by
# apt-get, as root; PyPI's socketify and websockets by pip, into $BENCH_HOME) is skipped.
set -u
[ $# -ge 1 ] || { sed -n 2,14p "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
export BENCH_HOME=${BENCH_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/duplex-bench}
export NODE_PATH=${NODE_PATH:-/usr/share/nodejs} # Debian's modules, also for a node from elsewhere
LOADS=${LOADS:-"300 50 8 1.1
64k 10 2 1.1"}
setting="${LEVEL:-6} ${WINDOW:-15} ${MEMLEVEL:-8}"
ours=$1 path=${2:-/echo} port=$((20000 + $$ % 20000)) rc=0
mkdir -p "$BENCH_HOME" || exit 2
results=$(mktemp -d) p=
trap '[ -z "$p" ] || kill "$p" 2>/dev/null; rm -rf "$results"' EXIT

load=$BENCH_HOME/deflateload
[ -x "$load" ] && [ ! "$here/deflateload.c" -nt "$load" ] || cc -O3 -march=native -o "$load" "$here/deflateload.c" -lz || exit 2

# The peers: which there are, and how to start each.
node_ws() { node -e 'require("ws/package.json")'; }
apt() { [ "$(id -u)" = 0 ] && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; }
get_node-ws() { node_ws || apt node-ws || { apt-get update -qq && apt node-ws; }; node_ws; }
get_uWebSockets() { "$here/peers/uws.sh"; }
get_websockets() {
  local venv=$BENCH_HOME/websockets
  "$venv/bin/python" -c 'import websockets' || { python3 -m venv "$venv" && "$venv/bin/pip" install -q 'websockets>=14'; }
}
declare -A start=(
  [node-ws]="node $here/peers/node_echo.js {port} $setting {mode}"
  [uWebSockets]="$BENCH_HOME/uws_echo {port} $setting {mode}"
  [websockets]="$BENCH_HOME/websockets/bin/python $here/peers/websockets_echo.py {port} $setting {mode}"
  [ours]=$ours)
columns=(ours node-ws uWebSockets websockets) servers=()
[ "$ours" = - ] || servers+=(ours)
for peer in "${columns[@]:1}"; do
  if "get_$peer" >"$results/log" 2>&1; then servers+=("$peer"); else echo "skipped: $peer is not installed, and cannot be: $(grep -im 1 error "$results/log" || tail -n 1 "$results/log")"; fi
done
[[ " ${servers[*]} " =~ \ [^o] ]] || { echo "deflate.sh: no peer to measure against" >&2; exit 2; }

note() { grep -qxF "$*" "$results/notes" 2>/dev/null || echo "$*" >>"$results/notes"; }
agrees() { # MODE ANSWER
  if [ "$1" = takeover ]; then [[ $2 != *_no_context_takeover* ]]
  else [[ $2 == *server_no_context_takeover* && $2 == *client_no_context_takeover* ]]; fi
}
measure() { # SERVER MODE TEXT CONNS DEPTH: appends "cpu_ns server_bytes client_bytes rss_kb" to the row's file
  local row="$3 $2" command; port=$((port + 1))
  command=${start[$1]//\{port\}/$port}; command=${command//\{mode\}/$2}
  # shellcheck disable=SC2086  # several words
  taskset -c 0 $command >"$results/server" 2>&1 & p=$!
  for _ in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null && break; kill -0 $p 2>/dev/null || break; sleep 0.1; done; sleep 0.3
  taskset -c 1 "$load" 127.0.0.1 $port "$path" "$3" "$4" "$5" "${SECS:-3}" $p >"$results/load" 2>"$results/error" ||
    note "$1, $row: no measurement: $(tail -qn 1 "$results/error" "$results/server" | tr '\n' ' ')"
  kill $p 2>/dev/null; wait $p 2>/dev/null; p=
  [ "$1" = ours ] || note "$1: $(head -n 1 "$results/server")"
  local accepted; accepted=$(sed -n 's/^accepted: //p' "$results/load")
  [ -z "$accepted" ] || note "$1, $2: answered '$accepted'"
  [ -z "$accepted" ] || agrees "$2" "$accepted" || { note "WARNING: $1 did not agree on $2"; [ "$1" != ours ] || rc=1; }
  sed -n 's/.*cpu_ns\/msg=\([0-9]*\).*server_bytes\/msg=\([0-9.]*\) client_bytes\/msg=\([0-9.]*\).*rss_kb=\([0-9]*\).*/\1 \2 \3 \4/p' "$results/load" >>"$results/$1 $row"
}
median() { # SERVER ROW FIELD
  awk -v f="$3" '{ print $f }' "$results/$1 $2" 2>/dev/null | sort -n | awk '{ a[NR] = $1 } END { print NR ? a[int((NR + 1) / 2)] : "-" }'
}
rows=() limits=()
while read -r text conns depth limit; do
  [ -n "$text" ] || continue
  for mode in ${MODES:-takeover no-takeover}; do
    rows+=("$text $mode") limits+=("${limit:--}")
    for _ in $(seq "${ROUNDS:-3}"); do for server in "${servers[@]}"; do measure "$server" "$mode" "$text" "$conns" "$depth"; done; done
  done
done <<< "$LOADS"

line() { printf '%-18s %14s %14s %14s %14s %10s %8s\n' "$@"; }
echo; line 'CPU ns/message' "${columns[@]}" ours/best limit
for i in "${!rows[@]}"; do
  row=${rows[i]} limit=${limits[i]} values=()
  for server in "${columns[@]}"; do values+=("$(median "$server" "$row" 1)"); done
  ratio=$(printf '%s\n' "${values[@]}" | awk 'NR == 1 { x = $1 } NR > 1 && $1 + 0 && (!best || $1 < best) { best = $1 } END { if (x + 0 && best) printf "%.2f", x / best; else print "-" }')
  line "$row" "${values[@]}" "$ratio" "$limit"
  [ "$ours" = - ] || awk -v r="$ratio" -v l="$limit" 'BEGIN { exit !(r + 0 && (l == "-" || r <= l + 0)) }' || rc=1
done
echo; line 'bytes/message' "${columns[@]}" 'to them' ''
for row in "${rows[@]}"; do
  values=() same=
  for server in "${columns[@]}"; do
    value=$(median "$server" "$row" 2) values+=("$value")
    if [ -z "$same" ]; then [ "$value" = - ] || same="$value of $server"
    else
      awk -v x="$value" -v y="${same%% *}" 'BEGIN { exit !(x + 0 && (x > y * 1.05 || x < y / 1.05)) }' &&
        note "WARNING: $row: $server sends $value bytes per message, beside ${same/ of / by }: not the same output, so its CPU time is no like measure"
    fi
  done
  line "$row" "${values[@]}" "$(median "${servers[0]}" "$row" 3)" ''
done
echo; line 'RSS in KB' "${columns[@]}" '' ''
for row in "${rows[@]}"; do
  values=(); for server in "${columns[@]}"; do values+=("$(median "$server" "$row" 4)"); done
  line "$row" "${values[@]}" '' ''
done
echo; echo "level, window, memLevel: $setting"; sort "$results/notes"
exit $rc
