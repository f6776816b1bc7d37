#!/bin/bash
# client.sh CLIENT : echo seen from the client, ours beside picows (Python, on uvloop), in one run.
# CLIENT is the built client-bench. The server, uWebSockets, is pinned to core 0, each client to core 1, in turn,
# ROUNDS times (default 3): our handler, our browser-style WebSocket (for information), and picows.
# Prints medians: CPU time per message of the client's process, messages/s, and the ratio handler / picows.
# LOADS: lines of "bytes depth [limit of the ratio]"; SECS per measurement (default 3). Exit 0 if every ratio is at
# most its limit, 1 if not, 2 if it could not run.
# Needs: a C compiler, python3 with pip and venv, Debian's libuv1 (all fetched on first use into $BENCH_HOME).
set -u
[ $# -eq 1 ] || { sed -n 2,8p "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
export BENCH_HOME=${BENCH_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/duplex-bench}
LOADS=${LOADS:-"20 1
20 50 1.0"}
ours=$1 rc=0 port=$((20000 + $$ % 20000))
[ -x "$ours" ] || { echo "client.sh: no $ours" >&2; exit 2; }
"$here/peers/uws.sh" || exit 2
results=$(mktemp -d) server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$results"' EXIT

# The versions are those that the limits were set with.
venv=$BENCH_HOME/picows python=$BENCH_HOME/picows/bin/python
packages='picows==2.3.1 uvloop==0.23.0'
"$python" -c 'import picows, uvloop' 2>/dev/null ||
  { python3 -m venv "$venv" && "$venv/bin/pip" install -q $packages; } >"$results/log" 2>&1 ||
  { echo "client.sh: cannot install $packages: $(tail -n 1 "$results/log")" >&2; exit 2; }

columns=(handler WebSocket picows)
command() { # COLUMN: how it is started
  case $1 in
    handler) echo "$ours {} handler" ;;
    WebSocket) echo "$ours {} websocket" ;;
    picows) echo "$python $here/peers/picows_client.py {}" ;;
  esac
}
measure() { # COLUMN BYTES DEPTH: appends "cpu_ns messages_per_s" to the row's file
  local line; port=$((port + 1)); line=$(command "$1")
  taskset -c 0 "$BENCH_HOME/uws_echo" $port >"$results/server" 2>&1 & server=$!
  for _ in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null && break; sleep 0.1; done
  # shellcheck disable=SC2086  # several words
  timeout $((${SECS:-3} + 30)) taskset -c 1 ${line/\{\}/ws:\/\/127.0.0.1:$port/ $2 $3 ${SECS:-3}} >"$results/client" 2>"$results/error" ||
    echo "$1, $2 x $3: no measurement: $(tail -n 1 "$results/error")" >&2
  kill $server 2>/dev/null; wait $server 2>/dev/null; server=
  sed -n 's/^messages\/s=\([0-9]*\) cpu_ns\/message=\([0-9]*\)$/\2 \1/p' "$results/client" >>"$results/$1 $2 $3"
}
median() { # COLUMN BYTES DEPTH FIELD
  awk -v f="$4" '{ print $f }' "$results/$1 $2 $3" | sort -n | awk '{ a[NR] = $1 } END { print NR ? a[int((NR + 1) / 2)] : "-" }'
}
line() { printf '%-22s %12s %12s %12s %16s %8s\n' "$@"; }
row() { # FIELD BYTES DEPTH: the medians of all columns
  values=(); for column in "${columns[@]}"; do values+=("$(median "$column" "$2" "$3" "$1")"); done
}

while read -r size depth _; do
  [ -n "$size" ] || continue
  for _ in $(seq "${ROUNDS:-3}"); do for column in "${columns[@]}"; do measure "$column" "$size" "$depth"; done; done
done <<< "$LOADS"
line 'CPU ns/message' "${columns[@]}" handler/picows limit
while read -r size depth limit; do
  [ -n "$size" ] || continue
  row 1 "$size" "$depth"
  # Compared before it is rounded: 1.004 is above 1.0.
  ratio=$(awk -v x="${values[0]}" -v y="${values[2]}" 'BEGIN { if (x + 0 && y + 0) print x / y; else print "-" }')
  line "$size bytes x depth $depth" "${values[@]}" "$([ "$ratio" = - ] && echo - || printf '%.2f' "$ratio")" "${limit:--}"
  awk -v r="$ratio" -v l="${limit:-0}" 'BEGIN { exit !(r + 0 && (l + 0 == 0 || r <= l + 0)) }' || rc=1
done <<< "$LOADS"
echo; line 'messages/s' "${columns[@]}" '' ''
while read -r size depth _; do
  [ -n "$size" ] || continue
  row 2 "$size" "$depth"; line "$size bytes x depth $depth" "${values[@]}" '' ''
done <<< "$LOADS"
exit $rc
